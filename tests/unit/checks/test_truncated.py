from typing import Any

import pytest

from taskfit.checks.truncated import Truncated, TruncatedSettings
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage
from tests.unit.checks.verifying import answered, verdict_of

CHECK = Truncated("truncated", TruncatedSettings())
STRICT = Truncated("truncated", TruncatedSettings(own_limit="reject"))
CALL = ToolCall(id="c1", name="look_up", arguments="{}")


@pytest.mark.parametrize(
    ("text", "fields", "judgement", "score"),
    [
        ("All good.", {}, "accept", 1.0),
        ("", {"finish": "tool_calls", "tool_calls": (CALL,)}, "accept", 1.0),
        ("I would rather not.", {"finish": "refusal"}, "accept", 1.0),
        ("", {}, "reject", 0.0),
        (" \n\t", {}, "reject", 0.0),
        ("", {"finish": "length"}, "reject", 0.0),
        ("All go", {"finish": "length"}, "reject", 0.0),
        ("", {"finish": "length", "tool_calls": (CALL,)}, "reject", 0.0),
        ("All go", {"finish": "content_filter"}, "reject", 0.0),
        ("All good.", {"finish": None}, "reject", 0.0),
        ("All good.", {"finish": "other"}, "unsure", 0.5),
    ],
)
def test_the_end_of_an_answer_decides(text: str, fields: dict[str, Any], judgement: str, score: float) -> None:
    verdict = verdict_of(CHECK, answered(text, **fields))
    assert (verdict.check, verdict.judgement, verdict.score) == ("truncated", judgement, score)
    assert verdict.reason


def test_who_asks_for_five_tokens_gets_five_tokens() -> None:
    verdict = verdict_of(CHECK, answered("One two three", finish="length"), max_output_tokens=5)
    assert (verdict.judgement, verdict.score) == ("unsure", 0.6)
    assert "limit of 5 tokens" in verdict.reason


def test_a_task_may_insist_on_whole_answers() -> None:
    assert verdict_of(STRICT, answered("One two", finish="length"), max_output_tokens=5).judgement == "reject"


@pytest.mark.parametrize(
    ("usage", "judgement"),
    [
        (Usage(output_tokens=100), "unsure"),
        (Usage(output_tokens=99), "unsure"),
        (Usage(output_tokens=40), "reject"),
        (Usage(output_tokens=40, is_estimate=True), "unsure"),
        (Usage(), "unsure"),
    ],
    ids=["at the limit", "the last token not counted", "far below it", "only estimated", "not counted"],
)
def test_an_answer_cut_below_the_callers_limit_was_cut_by_something_else(usage: Usage, judgement: str) -> None:
    verdict = verdict_of(CHECK, answered("One two", finish="length", usage=usage), max_output_tokens=100)
    assert verdict.judgement == judgement


def test_a_tool_call_that_was_cut_is_rejected_at_any_limit() -> None:
    assert verdict_of(CHECK, answered(finish="length", tool_calls=(CALL,)), max_output_tokens=5).judgement == "reject"
