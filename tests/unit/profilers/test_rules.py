import asyncio
import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.profilers.rules import CUES, RuleProfiler, RuleSettings
from taskfit.protocols import Profiler
from taskfit.values.profile import Kind, Profile
from taskfit.values.request import Outline, Request

NO_CUE: Kind = "unknown"
MUST_KEEP = 0.9
"""The share of PROMPTS whose kind must be found: a floor under changes of the table, no measure of traffic in the field."""

PROMPTS: tuple[tuple[Kind, str], ...] = (
    ("classification", "Classify the following ticket as billing, technical or account.\n\nI was charged twice in March."),
    ("classification", "What is the sentiment of this review: positive, negative or neutral?\n\nThe zip broke."),
    ("classification", "Which category does this transaction belong to: groceries, travel or rent?\n\nREWE SAGT DANKE 34,20"),
    ("classification", "Is this spam? Reply yes or no.\n\nCongratulations, you have been selected for a prize."),
    ("extraction", "Extract the invoice number, date and total from this e-mail.\n\nAttached is invoice 4711 of 3 May."),
    ("extraction", "Pull out every company name mentioned in the article below.\n\nShares of Siemens rose while Bosch fell."),
    ("extraction", "List all the people and places in this text: Anna met Tom in Lyon."),
    ("rewriting", "Rewrite this paragraph so that it sounds friendlier: We cannot accept your return."),
    ("rewriting", "Please proofread my cover letter and correct mistakes.\n\nI am writting to apply for the role."),
    ("rewriting", "Make this message more polite: send me the file now."),
    ("rewriting", "Paraphrase the abstract below without changing its meaning.\n\nWe study the effect of sleep on memory."),
    ("summarisation", "Summarize the following article in three sentences.\n\nThe council met on Tuesday."),
    ("summarisation", "Give me a tl;dr of this thread."),
    ("summarisation", "What are the key takeaways from these meeting notes?\n\n- budget moved to Q3\n- hiring paused"),
    ("summarisation", "Write a short summary of the report below for executives."),
    ("dialogue", "Hello! How are you today?"),
    ("dialogue", "Let's chat about my weekend, I went hiking with my sister."),
    ("dialogue", "I feel lonely since I moved here. Can you talk to me for a bit?"),
    ("question_answering", "Who wrote The Magic Mountain?"),
    ("question_answering", "What is the capital of Australia?"),
    ("question_answering", "When did the Berlin Wall fall?"),
    ("question_answering", "Answer the question using only the passage.\n\nThe Nile is 6,650 km long.\n\nHow long is it?"),
    ("question_answering", "According to the handbook, where is the fire exit?"),
    ("reasoning", "Solve this riddle: I speak without a mouth and hear without ears. What am I?"),
    ("reasoning", "If all bloops are razzies and all razzies are lazzies, must it logically follow that all bloops are lazzies?"),
    ("reasoning", "Weigh the pros and cons of moving our office out of the city."),
    ("mathematics", "Natalia sold clips to 48 friends in April, and half as many in May. How many did she sell altogether?"),
    ("mathematics", "Solve for x: 3x + 7 = 22."),
    ("mathematics", "Calculate the monthly payment on a loan of $20,000 at 5% over four years."),
    ("mathematics", "Compute the integral of x^2 from 0 to 3."),
    ("mathematics", "A shirt costs $20 and is sold at a 25 percent discount. How much does it cost now?"),
    ("code", "Write a Python function that reverses a linked list."),
    ("code", "Why does this fail?\n\n```\nTraceback (most recent call last):\nKeyError: 'id'\n```"),
    ("code", "Refactor this class to use dependency injection."),
    ("code", "Give me a regex that matches ISO dates."),
    ("code", "Write a SQL query for the ten customers with the highest revenue."),
    ("planning", "Create a three-day itinerary for Lisbon with two children."),
    ("planning", "Draft a project plan with milestones for migrating our database."),
    ("planning", "Make me a meal plan for a vegetarian week."),
    ("creative_writing", "Write a poem about the sea in autumn."),
    ("creative_writing", "Tell me a bedtime story about a shy dragon."),
    ("creative_writing", "Write a haiku for my colleague's farewell."),
    ("creative_writing", "Come up with a slogan for a bakery that opens at night."),
    ("translation", "Translate to German: The train leaves at nine."),
    ("translation", "How do you say 'good luck' in Japanese?"),
    ("translation", "I need an accurate translation of this contract clause into French."),
    (NO_CUE, "Tuesday at nine works for me."),
    (NO_CUE, "ok"),
    (NO_CUE, "42"),
    (NO_CUE, "The parcel has not arrived."),
    (NO_CUE, "Bitte um Rückruf."),
)


def asked(prompt: str, *, instructions: str = "", **outline: bool) -> Request:
    text_chars = len(prompt) + len(instructions)
    return Request(
        id="r1",
        dialect="openai-chat",
        model="auto",
        is_stream=False,
        fields={},
        outline=Outline(text_chars=text_chars, message_count=1, prompt=prompt, instructions=instructions, **outline),
    )


PROFILER: Profiler = RuleProfiler("rules", RuleSettings())


def kind_found(prompt: str, *, instructions: str = "") -> Kind:
    return PROFILER.profile(asked(prompt, instructions=instructions)).kind


def test_the_kind_of_labelled_prompts_is_found() -> None:
    missed = [f"{kind}: {kind_found(prompt)}: {prompt[:60]}" for kind, prompt in PROMPTS if kind_found(prompt) != kind]
    assert 1 - len(missed) / len(PROMPTS) >= MUST_KEEP, "\n".join(missed)


@pytest.mark.parametrize("prompt", [prompt for kind, prompt in PROMPTS if kind == NO_CUE])
def test_a_prompt_without_a_cue_is_of_unknown_kind(prompt: str) -> None:
    assert kind_found(prompt) == "unknown"


def test_equally_strong_cues_for_two_kinds_are_unknown() -> None:
    assert kind_found("Translate and summarize this.") == "unknown"


def test_an_instruction_counts_at_either_end_of_a_long_prompt() -> None:
    material = "The parcel has not arrived and the courier does not answer. " * 200
    assert kind_found(f"Summarize this:\n{material}") == "summarisation"
    assert kind_found(f"{material}\nSummarize this.") == "summarisation"
    assert kind_found(f"{material} Summarize this. {material}") == "unknown"


def test_the_instructions_count_too() -> None:
    assert kind_found("I was charged twice.", instructions="Classify each message by topic.") == "classification"


def test_a_word_that_merely_contains_a_cue_is_none() -> None:
    assert kind_found("Improve that airplane, and explanations of history.") == "unknown"


def test_needs_and_size_come_from_the_outline() -> None:
    request = asked("x" * 9, has_tools=True, has_schema=True, has_images=True)
    assert PROFILER.profile(request) == Profile(
        input_tokens=3 + 4, kind="unknown", needs_tools=True, needs_schema=True, needs_vision=True
    )
    assert PROFILER.profile(asked("")).input_tokens == 4


def test_every_kind_but_other_and_unknown_has_cues() -> None:
    assert set(CUES) == set(get_args(Kind)) - {"other", "unknown"}


@given(st.text(max_size=3_000), st.text(max_size=1_500))
def test_any_text_has_a_profile(prompt: str, instructions: str) -> None:
    found = PROFILER.profile(asked(prompt, instructions=instructions))
    assert found.kind in get_args(Kind)
    assert found.input_tokens >= 4


def test_a_megabyte_is_profiled_as_fast_as_a_page() -> None:
    request = asked("Summarize: " + "word " * 200_000)
    before = time.process_time()
    for _ in range(100):
        PROFILER.profile(request)
    assert time.process_time() - before < 0.5


def test_it_opens_and_closes_without_ado() -> None:
    asyncio.run(PROFILER.open())
    asyncio.run(PROFILER.close())
