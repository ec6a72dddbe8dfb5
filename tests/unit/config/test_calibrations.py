import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.config.calibrations import FORM, LARGEST, MOST_BYTES, parse_calibration, read_calibration, written
from taskfit.errors import ConfigurationError
from taskfit.values.calibration import Calibration

NUMBERS = st.floats(-LARGEST, LARGEST)
NAMES = st.from_regex(r"(check|signal)\.[a-z_]{1,20}", fullmatch=True)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    weights = draw(st.dictionaries(NAMES, NUMBERS, min_size=1))
    missing = draw(st.dictionaries(st.sampled_from(sorted(weights)), NUMBERS))
    return Calibration(intercept=draw(NUMBERS), weights=weights, missing=missing, rows=draw(st.integers(0, 10**6)), fitted_at=1.5)


def file_with(**changes: object) -> bytes:
    return json.dumps({"form": FORM, "intercept": 0.5, "weights": {"check.arithmetic": 2.0}, **changes}).encode()


def complaint_about(body: bytes) -> str:
    with pytest.raises(ConfigurationError) as raised:
        parse_calibration(body, file="c.json")
    return str(raised.value)


@given(calibrations())
def test_what_was_written_is_read_back(calibration: Calibration) -> None:
    assert parse_calibration(written(calibration), file="c.json") == calibration


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_bytes(file_with())
    assert read_calibration(file) == Calibration(intercept=0.5, weights={"check.arithmetic": 2.0})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "no form"),
        (b'{"intercept": 0, "weights": {}}', "no form"),
        (file_with(form="taskfit-calibration-9"), "taskfit-calibration-9"),
        (file_with(weigths={}), "weights"),
        (file_with(weights={}), "length >= 1"),
        (file_with(intercept="high"), "$.intercept"),
        (file_with(weights={"check.a": 1e300}), "<= 1000000000.0"),
        (file_with().replace(b"0.5", b"NaN"), "is not JSON"),
        (file_with(weights={"arithmetic": 1.0}), "check.NAME or signal.NAME"),
        (file_with(missing={"check.arithmetics": 1.0}), "check.arithmetic"),
        (file_with(rows=-1), "$.rows"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_name(body: bytes, said: str) -> None:
    text = complaint_about(body)
    assert text.startswith("c.json: ")
    assert said in text
    assert "wanted" in text


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_calibration(tmp_path / "nowhere.json")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_calibration(tmp_path)
    file = tmp_path / "large.json"
    file.write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(ConfigurationError, match="larger"):
        read_calibration(file)
