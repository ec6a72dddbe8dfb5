"""Work of more than a few milliseconds is done beside the event loop, and what a hostile text costs is bounded."""

import asyncio
import json
from time import process_time
from typing import Any

import pytest

from taskfit.checks.arithmetic import Arithmetic, ArithmeticSettings
from taskfit.checks.code import Code, CodeSettings
from taskfit.checks.expansion import MOST_FOLD, most_plain_chars, without_sentences
from taskfit.checks.grounded import Grounded, GroundedSettings
from taskfit.checks.json_schema import JsonSchema, JsonSchemaSettings
from taskfit.checks.json_text import has_huge_number
from taskfit.checks.judge import Judge, JudgeSettings
from taskfit.checks.pattern import Pattern, PatternSettings
from taskfit.checks.pleas import find_plea
from taskfit.checks.self_check import SelfCheck, SelfCheckSettings
from taskfit.checks.tool_calls import ToolCalls, ToolCallsSettings
from taskfit.protocols import Check
from taskfit.testing.aid import ScriptedAid
from taskfit.values.answer import Answer
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Request
from tests.unit.checks.verifying import answered, asked, verdict_of

SENTENCE = "\ufdfa"
DOCUMENT = "Answer from it.\n<document>\nThe sky is blue, and the sea is as green as grass.\n</document>\nQuestion: which is it?"


def wanting(schema: object) -> Request:
    return asked(fields={"response_format": {"type": "json_schema", "json_schema": {"name": "t", "schema": schema}}})


def offering(schema: object) -> Request:
    return asked(fields={
        "model": "auto", "messages": [{"role": "user", "content": "Call."}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": schema}}],
    })  # fmt: skip


def talking(text: str) -> Request:
    return asked(prompt=text, fields={"model": "auto", "messages": [{"role": "user", "content": text}]})


def has_left_the_loop(check: Check, answer: Answer, request: Request | None = None) -> bool:
    """Whether the verdict was not yet there when the loop came round again. A thread's result takes a turn more."""

    async def verify() -> bool:
        await check.open()
        task = asyncio.create_task(check.verify(request or asked(), answer, ScriptedAid("yes")))
        await asyncio.sleep(0)
        is_there = task.done()
        await asyncio.wait([task])
        await check.close()
        return not is_there

    return asyncio.run(verify())


PATTERNED = {"type": "object", "title": "of test_aside", "properties": {"a": {"pattern": "^a{3,9}$"}}}
CALL = answered(tool_calls=(ToolCall(id="c", name="look", arguments="{}"),))


@pytest.mark.parametrize(
    ("check", "answer", "request_"),
    [
        (Code("code", CodeSettings()), answered("\n" * 20_000), None),
        (Grounded("grounded", GroundedSettings()), answered(SENTENCE * 1_200), talking(DOCUMENT)),
        (Grounded("grounded", GroundedSettings()), answered("The sky is blue."), talking(DOCUMENT + SENTENCE * 1_200)),
        (SelfCheck("self_check", SelfCheckSettings(model="m")), answered(SENTENCE * 300), None),
        (Judge("judge", JudgeSettings(model="m")), answered(SENTENCE * 300), None),
        (Judge("judge", JudgeSettings(model="m")), answered("a" * 11_000), None),
        (Pattern("pattern", PatternSettings(must_not=("x", "y"))), answered("a" * 26_000), None),
        (Arithmetic("arithmetic", ArithmeticSettings()), answered("a " * 11_000), None),
        (Arithmetic("arithmetic", ArithmeticSettings()), answered("1+1=2 " * 101), None),
        (JsonSchema("json_schema", JsonSchemaSettings()), answered("{}"), wanting(PATTERNED | {"title": "new to json_schema"})),
        (ToolCalls("tool_calls", ToolCallsSettings()), CALL, offering(PATTERNED | {"title": "new to tool_calls"})),
    ],
)  # fmt: skip
def test_long_work_is_done_beside_the_event_loop(check: Check, answer: Answer, request_: Request | None) -> None:
    assert has_left_the_loop(check, answer, request_)


@pytest.mark.parametrize(
    ("check", "answer", "request_"),
    [
        (Grounded("grounded", GroundedSettings()), answered("The sky is blue."), talking(DOCUMENT)),
        (Pattern("pattern", PatternSettings(must_not="x")), answered("a" * 1_000), None),
        (Arithmetic("arithmetic", ArithmeticSettings()), answered("1+1=2 " * 50), None),
        (JsonSchema("json_schema", JsonSchemaSettings()), answered("{}"), wanting({"type": "object", "title": "short"})),
    ],
)
def test_short_work_is_done_at_once(check: Check, answer: Answer, request_: Request | None) -> None:
    assert not has_left_the_loop(check, answer, request_)


@pytest.mark.parametrize("text", ["1" * 401, "[1, -" + "1" * 900_000 + "]", '{"a": 0.' + "1" * 401 + "}", '"a", ' + "2" * 401])
def test_a_number_of_very_many_digits_is_refused_at_once(text: str) -> None:
    before = process_time()
    verdict = verdict_of(JsonSchema("json_schema", JsonSchemaSettings()), answered(text), request=wanting({}))
    assert (verdict.judgement, has_huge_number(text)) == ("reject", True)
    assert process_time() - before < 0.5


@pytest.mark.parametrize("text", ["1" * 400, json.dumps("1" * 5_000), json.dumps({'a\\"': '\\"' + "1" * 900}), "[" + "11," * 900])
def test_many_digits_in_strings_and_in_several_numbers_are_none(text: str) -> None:
    assert not has_huge_number(text)


def test_such_a_number_in_a_fence_of_json_is_refused() -> None:
    verdict = verdict_of(Code("code", CodeSettings()), answered("```json\n" + "1" * 150_000 + "\n```"))
    assert (verdict.judgement, "400 digits" in verdict.reason) == ("reject", True)


@pytest.mark.parametrize("piece", [SENTENCE, "\u3316", "\ufdfb\u0390", "\u1f80\u0344"])
def test_signs_that_become_many_are_searched_in_bounded_time(piece: str) -> None:
    before = process_time()
    find_plea(piece * (20_000 // len(piece)))
    assert process_time() - before < 1


def test_the_bound_of_a_plain_text_holds() -> None:
    import unicodedata

    signs: list[Any] = [chr(code) for code in range(0x110000) if unicodedata.decomposition(chr(code))]
    assert max([len(unicodedata.normalize(form, sign)) for sign in signs for form in ("NFKC", "NFKD")]) == MOST_FOLD
    assert most_plain_chars("a" * 9) == 9
    assert max([len(unicodedata.normalize("NFKD", without_sentences(sign))) for sign in signs]) == 7
