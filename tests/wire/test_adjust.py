"""Adjusted requests, in every dialect of clients: what changes, and that nothing else does, byte for byte."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.protocols import Question
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_responses
from taskfit.wire.added_turns import GO_ON, with_continuation
from taskfit.wire.adjust import (
    question_request,
    with_logprobs,
    with_output_limit,
    with_temperature,
)
from taskfit.wire.dialects import conversation_of

CLIENTS: tuple[Dialect, ...] = ("openai-chat", "openai-responses", "anthropic-messages", "gemini-generate")
SAID: dict[Dialect, dict[str, Any]] = {
    "openai-chat": {"model": "auto", "messages": [{"role": "user", "content": "Hi"}]},
    "openai-responses": {"model": "auto", "input": "Hi"},
    "anthropic-messages": {"model": "auto", "max_tokens": 4096, "messages": [{"role": "user", "content": "Hi"}]},
    "gemini-generate": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}
ODD = b'{ "x" : [1.0 ,2e0],"\\u00e9":null }'


def read(dialect: Dialect, body: bytes, headers: dict[str, str] | None = None) -> Request:
    said: dict[str, Any] = {"request_id": "r1", "terms": Terms(), "caller": Caller(), "headers": headers or {}}
    match dialect:
        case "openai-chat":
            return openai_chat.read_request(body, **said)
        case "openai-responses":
            return openai_responses.read_request(body, **said)
        case "anthropic-messages":
            return anthropic_messages.read_request(body, **said)
        case _:
            return gemini_generate.read_request(body, **said, model="auto", is_stream=False)


def request(dialect: Dialect, headers: dict[str, str] | None = None, **fields: Any) -> Request:
    return read(dialect, json.dumps({**SAID[dialect], **fields}).encode(), headers)


def body(adjusted: Request) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(msgspec.json.encode(adjusted.fields))
    return said


def limits(adjusted: Request) -> dict[str, Any]:
    said = body(adjusted)
    found = {**said, **said.get("generationConfig", {}), **said.get("generation_config", {})}
    names = ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens")
    return {name: found[name] for name in names if name in found}


# --- the limit of output tokens


@pytest.mark.parametrize(("dialect", "fields", "tokens", "expected"), [
    ("openai-chat", {}, 50, {"max_tokens": 50}),
    ("openai-chat", {"max_tokens": None}, 50, {"max_tokens": 50}),
    ("openai-chat", {"max_completion_tokens": None}, 50, {"max_completion_tokens": 50}),
    ("openai-chat", {"max_tokens": 80}, 50, {"max_tokens": 50}),
    ("openai-chat", {"max_completion_tokens": 80}, 50, {"max_completion_tokens": 50}),
    ("openai-chat", {"max_completion_tokens": 80, "max_tokens": 40}, 50, {"max_completion_tokens": 50, "max_tokens": 40}),
    ("openai-chat", {"max_completion_tokens": 80, "max_tokens": 90}, 50, {"max_completion_tokens": 50, "max_tokens": 50}),
    ("openai-chat", {"max_tokens": 40}, 50, {"max_tokens": 40}),
    ("openai-responses", {}, 50, {"max_output_tokens": 50}),
    ("openai-responses", {"max_output_tokens": 80}, 50, {"max_output_tokens": 50}),
    ("openai-responses", {"max_output_tokens": 80}, 5, {"max_output_tokens": 16}),
    ("openai-responses", {"max_output_tokens": 9}, 5, {"max_output_tokens": 9}),
    ("anthropic-messages", {}, 50, {"max_tokens": 50}),
    ("anthropic-messages", {"max_tokens": 0}, 50, {"max_tokens": 0}),
    ("gemini-generate", {}, 50, {"maxOutputTokens": 50}),
    ("gemini-generate", {"generationConfig": None}, 50, {"maxOutputTokens": 50}),
    ("gemini-generate", {"generationConfig": {"maxOutputTokens": 80}}, 50, {"maxOutputTokens": 50}),
    ("gemini-generate", {"generation_config": {"max_output_tokens": 80}}, 50, {"max_output_tokens": 50}),
    ("gemini-generate", {"generation_config": {"topK": 3}}, 50, {"maxOutputTokens": 50}),
    ("gemini-generate", {"generationConfig": {"maxOutputTokens": 80.0}}, 50, {"maxOutputTokens": 50}),
    ("gemini-generate", {"generationConfig": {"maxOutputTokens": 20}}, 50, {"maxOutputTokens": 20}),
])  # fmt: skip
def test_a_limit_is_lowered_where_the_client_says_it(
    dialect: Dialect, fields: dict[str, Any], tokens: int, expected: dict[str, int]
) -> None:
    adjusted = with_output_limit(request(dialect, **fields), tokens)
    assert limits(adjusted) == expected
    assert adjusted.outline.max_output_tokens == next(iter(expected.values()))
    assert read(dialect, msgspec.json.encode(adjusted.fields)).outline == adjusted.outline


def test_a_model_that_refuses_the_older_name_gets_the_newer_one() -> None:
    assert limits(with_output_limit(request("openai-chat"), 50, model="openai/gpt-5.4-nano")) == {"max_completion_tokens": 50}


@pytest.mark.parametrize(("tokens", "thinking", "expected"), [
    (3000, {"type": "enabled", "budget_tokens": 2000}, {"type": "enabled", "budget_tokens": 2000}),
    (2000, {"type": "enabled", "budget_tokens": 2000, "more": 1}, {"type": "enabled", "budget_tokens": 1500, "more": 1}),
    (1100, {"type": "enabled", "budget_tokens": 2000}, {"type": "enabled", "budget_tokens": 1024}),
    (1024, {"type": "enabled", "budget_tokens": 2000}, None),
    (500, {"type": "adaptive"}, {"type": "adaptive"}),
    (500, {"type": "disabled"}, {"type": "disabled"}),
])  # fmt: skip
def test_a_budget_of_thoughts_stays_below_the_limit(
    tokens: int, thinking: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    adjusted = body(with_output_limit(request("anthropic-messages", thinking=thinking), tokens))
    assert adjusted["max_tokens"] == tokens
    assert adjusted.get("thinking") == expected


def test_interleaved_thoughts_may_have_more_than_the_limit() -> None:
    headers = {"anthropic-beta": "interleaved-thinking-2025-05-14"}
    thinking = {"type": "enabled", "budget_tokens": 2000}
    asked = request("anthropic-messages", headers, thinking=thinking)
    assert body(with_output_limit(asked, 500))["thinking"] == thinking


@given(st.sampled_from(CLIENTS), st.integers(1, 10_000), st.integers(-5, 10_000))
def test_a_limit_is_never_raised_and_setting_it_twice_changes_nothing(dialect: Dialect, said: int, tokens: int) -> None:
    name = {"openai-chat": "max_tokens", "anthropic-messages": "max_tokens", "openai-responses": "max_output_tokens"}.get(dialect)
    fields = {name: said} if name else {"generationConfig": {"maxOutputTokens": said}}
    adjusted = with_output_limit(request(dialect, **fields), tokens)
    assert adjusted.outline.max_output_tokens is not None
    assert adjusted.outline.max_output_tokens <= said
    assert with_output_limit(adjusted, tokens) is adjusted


# --- temperature


@pytest.mark.parametrize(("dialect", "fields", "model", "expected"), [
    ("openai-chat", {}, "", 1.5),
    ("openai-chat", {"temperature": 0}, "gpt-4o", 1.5),
    ("openai-chat", {}, "openai/o3", None),
    ("openai-chat", {}, "gpt-5.4", 1.5),
    ("openai-chat", {"reasoning_effort": "low"}, "gpt-5.4", None),
    ("openai-responses", {}, "", 1.5),
    ("openai-responses", {"reasoning": {"effort": "high"}}, "gpt-5.4", None),
    ("openai-responses", {"reasoning": {"effort": "none"}}, "gpt-5.4", 1.5),
    ("anthropic-messages", {}, "", 1.0),
    ("anthropic-messages", {"temperature": 0.2, "top_p": 0.5}, "", 1.0),
    ("anthropic-messages", {"top_p": 0.5}, "", None),
    ("anthropic-messages", {"thinking": {"type": "adaptive"}}, "", None),
    ("anthropic-messages", {"thinking": {"type": "disabled"}}, "claude-haiku-4-5", 1.0),
    ("anthropic-messages", {}, "anthropic/claude-opus-4.7", None),
])  # fmt: skip
def test_a_temperature_is_set_unless_it_would_be_refused(
    dialect: Dialect, fields: dict[str, Any], model: str, expected: float | None
) -> None:
    asked = request(dialect, **fields)
    adjusted = with_temperature(asked, 1.5, model=model)
    assert body(adjusted).get("temperature") == expected
    assert (adjusted is asked) == (expected is None)


def test_googles_temperature_is_in_its_generation_config() -> None:
    asked = request("gemini-generate", generation_config={"temperature": 0.1, "topK": 3})
    assert body(with_temperature(asked, 0.9))["generation_config"] == {"temperature": 0.9, "topK": 3}


# --- probabilities


def test_probabilities_are_asked_for_in_the_words_of_each_dialect() -> None:
    chat = body(with_logprobs(request("openai-chat")))
    assert (chat["logprobs"], chat["top_logprobs"]) == (True, 5)
    responses = body(with_logprobs(request("openai-responses", include=["reasoning.encrypted_content"])))
    assert responses["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert responses["top_logprobs"] == 5
    google = body(with_logprobs(request("gemini-generate")))
    assert google["generationConfig"] == {"responseLogprobs": True, "logprobs": 5}
    anthropic = request("anthropic-messages")
    assert with_logprobs(anthropic) is anthropic


def test_the_clients_own_number_of_alternatives_holds() -> None:
    assert body(with_logprobs(request("openai-chat", logprobs=True, top_logprobs=2)))["top_logprobs"] == 2
    asked = request("openai-responses", include=["message.output_text.logprobs"], top_logprobs=3)
    assert body(with_logprobs(asked)) == body(asked)
    google = request("gemini-generate", generation_config={"response_logprobs": False, "logprobs": 1})
    assert body(with_logprobs(google))["generation_config"] == {"response_logprobs": True, "logprobs": 1}


@pytest.mark.parametrize(("model", "upstream"), [
    ("anthropic/claude-haiku-4-5", None), ("o3", None), ("", "anthropic-messages"), ("nova", "bedrock-converse"),
])  # fmt: skip
def test_probabilities_are_not_asked_of_who_has_none(model: str, upstream: Dialect | None) -> None:
    asked = request("openai-chat")
    assert with_logprobs(asked, model=model, upstream=upstream) is asked


# --- going on


@pytest.mark.parametrize("dialect", CLIENTS)
def test_a_continuation_is_two_turns_more_that_every_other_dialect_can_read(dialect: Dialect) -> None:
    asked = request(dialect)
    adjusted = with_continuation(asked, "The first ")
    read_turns = conversation_of(adjusted).messages
    turns = [(turn.role, "".join([getattr(part, "text", "") for part in turn.parts])) for turn in read_turns]
    assert turns == [("user", "Hi"), ("assistant", "The first "), ("user", GO_ON)]
    assert adjusted.outline.prompt == "Hi"
    reread = read(dialect, msgspec.json.encode(adjusted.fields)).outline
    assert (adjusted.outline.message_count, adjusted.outline.text_chars) == (reread.message_count, reread.text_chars)


@pytest.mark.parametrize("dialect", CLIENTS)
def test_without_a_text_there_is_nothing_to_go_on_from(dialect: Dialect) -> None:
    asked = request(dialect)
    assert with_continuation(asked, " \n") is asked


def test_earlier_turns_keep_their_bytes() -> None:
    turn = b'{ "role":"user","content" : "\\u00e9", "odd":1.0 }'
    asked = read("openai-chat", b'{"model":"m","messages":[ ' + turn + b" ]}")
    assert bytes(with_continuation(asked, "a").fields["messages"]).startswith(b"[" + turn + b",")


def test_turns_that_stand_alone_become_a_list() -> None:
    google = request("gemini-generate", contents={"parts": {"text": "Hi"}})
    assert body(with_continuation(google, "a"))["contents"][0] == {"parts": {"text": "Hi"}}
    kept = request("openai-responses", input=None, previous_response_id="resp_1")
    assert [item["role"] for item in body(with_continuation(kept, "a"))["input"]] == ["assistant", "user"]


def test_half_a_character_is_no_reason_to_fail() -> None:
    assert body(with_continuation(request("openai-chat"), "a\ud800"))["messages"][1]["content"] == "a?"


# --- nothing else changes

ADJUSTMENTS: tuple[tuple[Callable[[Request], Request], set[str]], ...] = (
    (lambda asked: with_output_limit(asked, 20), {"max_tokens", "max_output_tokens", "generationConfig"}),
    (lambda asked: with_temperature(asked, 0.5), {"temperature", "generationConfig"}),
    (with_logprobs, {"logprobs", "top_logprobs", "include", "generationConfig"}),
    (lambda asked: with_continuation(asked, "So far"), {"messages", "input", "contents"}),
)


@pytest.mark.parametrize("dialect", CLIENTS)
@pytest.mark.parametrize("place", range(len(ADJUSTMENTS)))
def test_every_other_member_keeps_its_bytes(dialect: Dialect, place: int) -> None:
    adjust, changed = ADJUSTMENTS[place]
    said = msgspec.json.encode(SAID[dialect])
    asked = read(dialect, said[:-1] + b',"odd":' + ODD + b',"\\u006eull":null, "generationConfig" :{"x":' + ODD + b"}}")
    adjusted = adjust(asked)
    kept = [name for name in asked.fields if name not in changed]
    assert {name: bytes(adjusted.fields[name]) for name in kept} == {name: bytes(asked.fields[name]) for name in kept}
    assert ODD in bytes(adjusted.fields["generationConfig"])
    assert set(adjusted.fields) - set(asked.fields) <= changed
    assert (adjusted.id, adjusted.model, adjusted.terms) == (asked.id, asked.model, asked.terms)


NAMES = ["thinking", "reasoning", "reasoning_effort", "include", "generationConfig", "top_logprobs", "max_tokens"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "budget_tokens", "effort", "role", "x"]), inner, max_size=3)
    ),
)


@given(
    st.sampled_from(CLIENTS),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
    st.sampled_from(range(len(ADJUSTMENTS))),
)  # fmt: skip
def test_whatever_a_client_sends_only_a_refusal_comes_out(dialect: Dialect, fields: dict[str, Any], place: int) -> None:
    try:
        adjusted = ADJUSTMENTS[place][0](request(dialect, **fields))
    except InvalidRequest:
        return
    json.loads(msgspec.json.encode(adjusted.fields))


# --- a check's own question


def asked_by_a_check(question: Question, model: str = "a/small", upstream: Dialect | None = None) -> Request:
    terms = Terms(task="t", deadline_s=3.0)
    return question_request(
        question, model=model, request_id="q1", caller=Caller(key_id="k"), terms=terms, upstream=upstream
    )  # fmt: skip


def test_a_question_becomes_a_chat_request() -> None:
    schema = '{"type": "object", "properties": {}, "additionalProperties": false}'
    question = Question(text="Right?", instructions="One word.", max_output_tokens=9, wants_logprobs=True, schema=schema)
    made = asked_by_a_check(question)
    assert body(made) == {
        "model": "a/small",
        "messages": [{"role": "system", "content": "One word."}, {"role": "user", "content": "Right?"}],
        "max_tokens": 9,
        "temperature": 0.0,
        "response_format": {
            "type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": json.loads(schema)},
        },
        "logprobs": True,
        "top_logprobs": 5,
    }  # fmt: skip
    assert (made.id, made.caller.key_id, made.terms.task, made.is_stream) == ("q1", "k", "t", False)
    assert made.outline.max_output_tokens == 9


def test_a_question_says_no_more_than_it_must() -> None:
    made = asked_by_a_check(Question(text="Right?", temperature=None))
    assert set(body(made)) == {"model", "messages", "max_tokens"}
    assert [message["role"] for message in body(made)["messages"]] == ["user"]


@pytest.mark.parametrize(("model", "upstream", "expected"), [
    ("openai/gpt-5-nano", None, {"max_completion_tokens"}),
    ("openai/gpt-5.4-nano", None, {"max_completion_tokens", "temperature", "logprobs", "top_logprobs"}),
    ("anthropic/claude-haiku-4-5", None, {"max_tokens", "temperature"}),
    ("cloud/nova", "bedrock-converse", {"max_tokens", "temperature"}),
])  # fmt: skip
def test_a_question_leaves_out_what_the_model_refuses(model: str, upstream: Dialect | None, expected: set[str]) -> None:
    made = asked_by_a_check(Question(text="Right?", wants_logprobs=True), model, upstream)
    assert set(body(made)) - {"model", "messages"} == expected


def test_half_a_character_in_a_question_is_no_reason_to_fail() -> None:
    assert body(asked_by_a_check(Question(text="a\ud800b")))["messages"][0]["content"] == "a?b"


def test_a_schema_that_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="response_format"):
        asked_by_a_check(Question(text="Right?", schema="{"))


@pytest.mark.parametrize("write", [
    lambda conversation: anthropic_messages.write_conversation(conversation, model="claude-haiku-4-5", is_stream=False),
    lambda conversation: gemini_generate.write_conversation(conversation, model="gemini-2.5-flash", is_stream=False),
    lambda conversation: openai_responses.write_conversation(conversation, model="gpt-5.4", is_stream=False),
])  # fmt: skip
def test_a_question_can_be_put_to_a_model_of_any_api(write: Callable[[Any], Any]) -> None:
    question = Question(text="Right?", instructions="One word.", schema='{"type": "object", "properties": {}}')
    assert write(conversation_of(asked_by_a_check(question))).body
