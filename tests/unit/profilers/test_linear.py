"""The linear profiler: what it makes of requests as people write them, how long it takes, and what weights it refuses."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.profilers.linear import SHIPPED, LinearProfiler, LinearSettings, shipped
from taskfit.profilers.rules import kind_of
from taskfit.profilers.weights import FORM, ProfilerFile, decode, encode
from taskfit.protocols import Profiler
from taskfit.values.fitted import TextWeights
from taskfit.values.profile import Kind
from taskfit.values.request import Outline
from tests.unit.profilers.prompts import REALISTIC
from tests.unit.profilers.test_rules import PROMPTS, asked

SHIPPED_PATH = Path(__file__).parents[3] / "src" / "taskfit" / "profilers" / SHIPPED
LINEAR = LinearProfiler("linear", LinearSettings())
SMALL = TextWeights(
    outputs=("code", "dialogue"),
    intercepts=(0.5, -0.5),
    weights={7: (1.27, -1.27), 65_535: (0.01, 0.0), 9: (0.001, 0.001)},
    surface={"length": (0.1, -0.1)},
)


def outline_of(instructions: str, prompt: str) -> Outline:
    return Outline(text_chars=len(prompt), message_count=1, prompt=prompt, instructions=instructions)


def shares(pairs: Sequence[tuple[Kind, Kind]]) -> tuple[float, float]:
    """Coverage, and accuracy where a kind is told."""
    told = [(found, wanted) for found, wanted in pairs if found != "unknown"]
    return len(told) / len(pairs), sum([found == wanted for found, wanted in told]) / len(told)


def test_it_tells_more_and_more_rightly_than_the_rules_of_requests_that_people_write() -> None:
    outlines = [(outline_of(instructions, prompt), kind) for kind, instructions, prompt in REALISTIC]
    coverage, accuracy = shares([(LINEAR.kind_of(outline)[0], kind) for outline, kind in outlines])
    by_rules = shares([(kind_of(outline), kind) for outline, kind in outlines])
    assert coverage >= 0.55 > by_rules[0]
    assert accuracy >= 0.70 > by_rules[1]


def test_it_tells_what_the_rules_tell() -> None:
    kinds = [(LINEAR.profile(asked(prompt)).kind, kind) for kind, prompt in PROMPTS if kind != "unknown"]
    coverage, accuracy = shares(kinds)
    assert coverage >= 0.95
    assert accuracy >= 0.95


def test_instructions_that_say_a_kind_outright_decide_alone() -> None:
    request = asked("Write a Python function that sorts.", instructions="Translate what the user says into French.")
    profile = LINEAR.profile(request)
    assert (profile.kind, profile.confidence) == ("translation", None)


def test_it_abstains_below_the_least_probability() -> None:
    request = asked("Tuesday, maybe.")
    unsure = LinearProfiler("linear", LinearSettings(least=1.0)).profile(request)
    sure = LinearProfiler("linear", LinearSettings(least=0.0)).profile(request)
    assert unsure.kind == "unknown"
    assert sure.kind != "unknown"
    assert unsure.confidence == sure.confidence is not None


def test_needs_and_what_it_is_told_to_tell_are_in_the_profile() -> None:
    profiler: Profiler = LinearProfiler("linear", LinearSettings(tells=("language", "sensitivity")))
    profile = profiler.profile(asked("Bitte schreibe eine Mail an jane@example.org, dass wir sie einladen.", has_tools=True))
    assert (profile.language, profile.sensitivity, profile.needs_tools) == ("de", "personal", True)
    assert LINEAR.profile(asked("Bitte schreibe an jane@example.org.")).sensitivity == "none"


@settings(max_examples=30)
@given(st.text(max_size=2_000), st.text(max_size=600))
def test_any_text_has_a_profile(prompt: str, instructions: str) -> None:
    profile = LINEAR.profile(asked(prompt, instructions=instructions))
    assert profile.kind in get_args(Kind)
    assert profile.confidence is None or 0 <= profile.confidence <= 1


def test_a_request_takes_less_than_a_millisecond() -> None:
    prompt = "".join([f"Summarise what customer {number} wrote about the late parcel and the courier. " for number in range(15)])
    request = asked(prompt[:1_000], instructions="You are the assistant of a shop.")
    times = []
    for _ in range(200):
        before = time.thread_time()
        LINEAR.profile(request)
        times.append(time.thread_time() - before)
    assert quantiles(times, n=100)[49] < 0.6e-3  # twice what is promised: machines differ
    assert min(times) < 0.3e-3


def test_theshipped_weights_are_small_and_of_every_kind() -> None:
    raw = SHIPPED_PATH.read_bytes()
    assert len(raw) < 300_000
    assert set(shipped().outputs) == set(get_args(Kind)) - {"unknown"}
    assert "made up" in msgspec.json.decode(raw, type=ProfilerFile).made_from


def test_weights_survive_as_steps_of_one_scale() -> None:
    raw = encode(SMALL, made_from="two", most=2)
    again = decode(raw, name="two")
    assert set(again.weights) == {7, 65_535}
    assert again.weights[7] == pytest.approx((1.27, -1.27))
    assert again.intercepts == SMALL.intercepts
    assert again.surface == SMALL.surface


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"form": "taskfit-profiler-0"}, "weights of taskfit-profiler-0"),
        ({"features": "features-0"}, f"features-0\n  wanted  {FORM}, {DEFINITION}"),
        ({"intercepts": [1.0]}, "do not fit"),
        ({"weights": {"7": [1]}}, "do not fit"),
        ({"weights": {"65536": [1, 2]}}, "do not fit"),
        ({"weights": {"7": [1, 200]}}, "text that is no such file"),
        ({"kinds": ["code", "poetry"]}, "text that is no such file"),
        ({"more": 1}, "text that is no such file"),
        ({"kinds": ["code", "code"]}, "the kinds code, code"),
        ({"kinds": ["code", "unknown"]}, "the kinds code, unknown"),
        ({"surface": {"size": [1, 2]}}, "the unknown surface feature size"),
        ({"intercepts": [1e300, 0]}, "numbers that are too large"),
        ({"scale": 0}, "a scale that is not above 0"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(changes: dict[str, object], found: str, tmp_path: Path) -> None:
    made = msgspec.json.decode(encode(SMALL, made_from="two", most=2)) | changes
    path = tmp_path / "kinds.json"
    path.write_bytes(msgspec.json.encode(made))
    with pytest.raises(ConfigurationError) as caught:
        LinearProfiler("linear", LinearSettings(weights=str(path)))
    assert found in str(caught.value)


def test_weights_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a file that cannot be read"):
        LinearProfiler("linear", LinearSettings(weights=str(tmp_path / "none.json")))
