import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.artefacts.bar import FORM, MOST_BYTES, parse_bar, read_bar, written
from taskfit.errors import ConfigurationError
from taskfit.values.bar import Bar

FULL = {
    "form": FORM, "task": "triage", "promise": "error", "max_error": 0.02, "sure": 0.95, "value": 0.9, "bound": 0.018,
    "rows": 600, "accepted": 400, "errors": 3, "at": 1.5e9, "models": {"a/small": "small-0613", "a/large": ""},
}  # fmt: skip
NAMES = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    rows = draw(st.integers(1, 10**6))
    accepted = draw(st.integers(1, rows))
    max_error = draw(st.floats(0.001, 0.999))
    return Bar(
        task=draw(NAMES),
        promise=draw(st.sampled_from(["error", "joint", "loss"])),
        max_error=max_error,
        sure=draw(st.floats(0.5, 0.999)),
        value=draw(st.none() | st.floats(0, 1)),
        bound=draw(st.floats(0, max_error)),
        rows=rows,
        accepted=accepted,
        errors=draw(st.floats(0, accepted)),
        at=draw(st.floats(0, 1e11)),
        models=draw(st.dictionaries(NAMES, st.text(), min_size=1)),
        prompts=tuple(draw(st.lists(st.text()))),
        calibration=draw(st.text()),
        strong=draw(st.text()),
    )


def body(**changes: object) -> bytes:
    return json.dumps({**FULL, **changes}).encode()


@settings(max_examples=25)
@given(bars())
def test_what_was_written_is_read_back(bar: Bar) -> None:
    assert parse_bar(written(bar), file="bar.json") == bar


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "bar.json"
    file.write_bytes(body())
    assert read_bar(file).models == {"a/small": "small-0613", "a/large": ""}


@pytest.mark.parametrize(("text", "said"), [
    (b"", "is not JSON"),
    (b"[" * 100_000, "is not JSON"),
    (b"[]", "no form"),
    (body(form="taskfit-bar-9"), "taskfit-bar-9"),
    (body(form={"a": 1}), "not a fitted bar"),
    (body(acepted=3), "accepted"),
    (body(value=1.5), "$.value"),
    (body(max_error=0), "$.max_error"),
    (body(sure=1), "$.sure"),
    (body(promise="hope"), "$.promise"),
    (body(models={}), "$.models"),
    (body(rows=300), "400 accepted of 300 rows"),
    (body(errors=401), "401 errors among 400 accepted"),
    (body(bound=0.03), "the bound 0.03 above max_error 0.02"),
    (body(accepted=0, errors=0), "which nothing reached"),
    (body(task=None), "$.task"),
], ids=range(16))  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused_with_its_name(text: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_bar(text, file="bar.json")
    assert str(raised.value).startswith("bar.json: ")
    assert said in str(raised.value)
    assert "wanted" in str(raised.value)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)400 accepted of 300 rows.*401 errors"):
        parse_bar(body(rows=300, errors=401), file="bar.json")


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_bar(tmp_path / "nowhere.json")
    file = tmp_path / "large.json"
    file.write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(ConfigurationError, match="larger"):
        read_bar(file)
