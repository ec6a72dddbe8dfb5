from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.refusal import Refusal, RefusalSettings, find_refusal
from taskfit.values.answer import Finish
from taskfit.values.conversation import ToolCall
from tests.unit.checks.verifying import answered, verdict_of

CHECK = Refusal("refusal", RefusalSettings())


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I'm sorry, but I can't help with that.", "i can't help"),
        ("I\u2019m sorry, but I can\u2019t assist with that request.", "i can't assist"),
        ("Sorry, I cannot provide medical advice.", "i cannot provide"),
        ("As an AI language model, I don't have access to real-time data.", "i don't have access"),
        ("**I'm unable to help** with this.", "i'm unable to help"),
        ("I understand that this matters to you. However, I can't assist with that.", "i can't assist"),
        ("Unfortunately, I am not able to access external sites.", "i am not able to access"),
        ("I must decline.", "i must decline"),
        ("I don't know.", "i don't know"),
        ("I am not sure.", "i am not sure"),
        ("  \n I do not have enough information to answer.", "i do not have enough"),
        ("The context does not mention a price.", "the context does not"),
        ("I'M   SORRY, BUT I  CANNOT\tCOMPLY.", "i cannot comply"),
    ],
)
def test_a_refusal_is_rejected_with_the_phrase(text: str, phrase: str) -> None:
    verdict = verdict_of(CHECK, answered(text))
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert verdict.reason == f'the answer opens with "{phrase}"'


@pytest.mark.parametrize(
    "text",
    [
        "The capital of Australia is Canberra.",
        "I can help with that. First, open the settings.",
        "I can't believe how simple this is: the answer is 42.",
        '"I don\'t know" is what she said.',
        "Dear Tom,\nI'm sorry to say that I don't know the date yet.",
        "The customer says that he can't help his neighbour.",
        "billing",
        "",
        "x " * 300 + "I can't help with that.",
        "Sorry to hear that! Your parcel should arrive tomorrow.",
    ],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    verdict = verdict_of(CHECK, answered(text))
    assert (verdict.judgement, verdict.score) == ("accept", 1.0)


@pytest.mark.parametrize("finish", ["refusal", "content_filter"])
def test_the_upstreams_word_goes_first(finish: Finish) -> None:
    verdict = verdict_of(CHECK, answered("The capital is Canberra.", finish=finish))
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)


def test_a_tool_call_is_no_refusal_whatever_is_said_beside_it() -> None:
    fields: dict[str, Any] = {"finish": "tool_calls", "tool_calls": (ToolCall(id="c1", name="look_up", arguments="{}"),)}
    assert verdict_of(CHECK, answered("I don't know, let me look.", **fields)).judgement == "accept"


@given(st.text(max_size=1_000))
def test_any_text_can_be_read(text: str) -> None:
    phrase = find_refusal(text)
    assert phrase is None or phrase.isprintable()


def test_only_the_head_of_a_long_answer_is_read() -> None:
    assert find_refusal("sorry, " * 1_000_000) is None
