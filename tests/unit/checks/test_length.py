"""The check length over titles, summaries and lists."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.length import Length, LengthSettings
from taskfit.errors import ConfigurationError
from taskfit.values.conversation import ToolCall
from tests.unit.checks.verifying import answered, verdict_of

TITLE = "Invoice 17 is paid"
LIST = "- one\n- two\n\n- three\n"


def check(**settings: object) -> Length:
    return Length("length", msgspec.convert(settings, LengthSettings))


@pytest.mark.parametrize(
    ("settings", "text", "reason"),
    [
        ({"max_chars": 18}, TITLE, None),
        ({"max_chars": 18}, f"\n  {TITLE}  \n", None),
        ({"max_chars": 17}, TITLE, "18 characters, 17 at most are wanted"),
        ({"min_chars": 19}, TITLE, "18 characters, 19 at least are wanted"),
        ({"min_chars": 1}, " ", "0 characters, 1 at least are wanted"),
        ({"max_words": 4, "min_words": 4}, TITLE, None),
        ({"max_words": 3}, TITLE, "4 words, 3 at most are wanted"),
        ({"min_words": 500}, TITLE, "4 words, 500 at least are wanted"),
        ({"max_lines": 3, "min_lines": 3}, LIST, None),
        ({"max_lines": 1}, LIST, "3 lines, 1 at most are wanted"),
        ({"max_chars": 2000, "min_lines": 4}, LIST, "3 lines, 4 at least are wanted"),
        ({"max_chars": 0}, "", None),
        ({"max_chars": 9_999}, "x" * 12_345, "12,345 characters, 9,999 at most are wanted"),
    ],
)
def test_an_answer_keeps_within_its_bounds(settings: dict[str, object], text: str, reason: str | None) -> None:
    verdict = verdict_of(check(**settings), answered(text))
    assert (verdict.judgement, verdict.score) == (("accept", 1.0) if reason is None else ("reject", 0.0))
    assert reason is None or verdict.reason == reason


@given(st.text(max_size=50), st.integers(0, 50), st.integers(0, 50))
def test_what_is_within_both_bounds_is_accepted_and_nothing_else(text: str, one: int, other: int) -> None:
    least, most = sorted((one, other))
    verdict = verdict_of(check(min_chars=least, max_chars=most), answered(text))
    assert (verdict.judgement == "accept") == (least <= len(text.strip()) <= most)


def test_a_call_of_a_tool_without_words_passes() -> None:
    call = ToolCall(id="c1", name="look_up", arguments="{}")
    assert verdict_of(check(min_words=5), answered("", tool_calls=(call,))).judgement == "accept"


def test_a_bare_value_is_the_most_characters() -> None:
    assert msgspec.structs.fields(LengthSettings)[0].name == "max_chars"


@pytest.mark.parametrize(
    ("settings", "told"), [({}, "no bound"), ({"min_words": 5, "max_words": 4}, "min_words: 5 with max_words: 4")]
)
def test_bounds_that_bound_nothing_or_everything_are_a_mistake_of_the_configuration(
    settings: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        check(**settings)
