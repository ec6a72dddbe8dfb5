"""The check pattern over labels, prices and letters."""

from time import process_time

import msgspec
import pytest

from taskfit.checks.pattern import Pattern, PatternSettings
from taskfit.errors import ConfigurationError
from taskfit.values.conversation import ToolCall
from tests.unit.checks.verifying import answered, verdict_of


def check(**settings: object) -> Pattern:
    return Pattern("pattern", msgspec.convert(settings, PatternSettings))


@pytest.mark.parametrize(
    ("settings", "text", "reason"),
    [
        ({"must": "^(billing|bug)$"}, " billing\n", None),
        ({"must": "^(billing|bug)$"}, "It is billing.", 'has no match for "^(billing|bug)$"'),
        ({"must": "billing|bug", "where": "whole"}, "bug", None),
        ({"must": "billing|bug", "where": "whole"}, "a bug", 'does not match "billing|bug"'),
        ({"must": [r"\d+ EUR", "(?i)vat"]}, "19 EUR, VAT included", None),
        ({"must": [r"\d+ EUR", "(?i)vat"]}, "19 EUR", 'has no match for "(?i)vat"'),
        ({"must_not": r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"}, "Pay by card.", None),
        ({"must_not": r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"}, "Pay to DE89370400440532013000.",
         r'has "DE89370400440532013000", which "\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b" forbids'),
        ({"must": "Dear", "must_not": ["(?i)lorem", r"\[name\]"]}, "Dear [name],", r'has "[name]", which "\[name\]" forbids'),
        ({"must": "Grüße"}, "Viele Grüße", None),
        ({"must_not": "ü.e"}, "Viele Grüße", 'has "üße", which "ü.e" forbids'),
        ({"must": "."}, "", 'has no match for "."'),
    ],
)  # fmt: skip
def test_what_must_match_does_and_what_must_not_does_not(settings: dict[str, object], text: str, reason: str | None) -> None:
    verdict = verdict_of(check(**settings), answered(text))
    assert (verdict.judgement, verdict.score) == (("accept", 1.0) if reason is None else ("reject", 0.0))
    assert reason is None or verdict.reason == reason


def test_a_call_of_a_tool_without_words_passes() -> None:
    call = ToolCall(id="c1", name="look_up", arguments="{}")
    assert verdict_of(check(must="Dear"), answered("", tool_calls=(call,))).judgement == "accept"


def test_what_is_found_is_quoted_in_part_only() -> None:
    assert len(verdict_of(check(must_not="x+"), answered("x" * 10_000)).reason) < 200


@pytest.mark.parametrize("pattern", ["(billing", "(?=look)", r"(a)\1", "a{5000}"])
def test_a_pattern_that_re2_does_not_know_is_a_mistake_of_the_configuration(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check(must=["fine", pattern])
    assert f"pattern: must: {pattern}\n  found   " in str(caught.value)
    assert capfd.readouterr().err == ""


def test_without_a_pattern_there_is_nothing_to_check() -> None:
    with pytest.raises(ConfigurationError, match="found   no pattern"):
        check()


def test_a_pattern_takes_linear_time_whatever_the_answer() -> None:
    evil = check(must_not="(x+x+)+y")
    began = process_time()
    assert verdict_of(evil, answered("x" * 500_000)).judgement == "accept"
    assert process_time() - began < 1
