"""The official client against the scripted upstream."""

import asyncio
from collections.abc import Awaitable, Callable

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from taskfit.testing import Fault, Reply, ScriptedUpstream, SeenRequest
from taskfit.testing.faults import MANY_BYTES
from taskfit.values.conversation import ToolCall
from tests.unit.testing.wire import QUESTION, ask

ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
WEATHER = ToolCall(id="call_1", name="weather", arguments='{"city": "Zürich", "days": 3}')


def with_client(upstream_does: Callable[[ScriptedUpstream, AsyncOpenAI], Awaitable[None]]) -> None:
    async def run() -> None:
        async with (
            ScriptedUpstream() as upstream,
            AsyncOpenAI(base_url=upstream.url + "/v1", api_key="a-key", max_retries=0) as client,
        ):
            await upstream_does(upstream, client)

    asyncio.run(run())


async def streamed(client: AsyncOpenAI, *, include_usage: bool = False) -> list[ChatCompletionChunk]:
    stream = await client.chat.completions.create(
        model="mini",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": include_usage},
    )
    return [chunk async for chunk in stream]


def test_a_plain_answer_has_text_usage_and_ids() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": Reply("Bern.", input_tokens=12, output_tokens=3, cached_tokens=8, finish="length")})
        answered = await client.chat.completions.with_raw_response.create(
            model="mini", messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
        )
        completion = answered.parse()
        assert completion.choices[0].message.content == "Bern."
        assert completion.choices[0].finish_reason == "length"
        assert completion.model == "mini"
        assert completion.usage is not None
        assert completion.usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}) == {
            "prompt_tokens": 12,
            "completion_tokens": 3,
            "total_tokens": 15,
        }
        assert completion.usage.prompt_tokens_details is not None
        assert completion.usage.prompt_tokens_details.cached_tokens == 8
        assert answered.headers["x-request-id"] == "req_000001"

    with_client(check)


def test_the_upstream_keeps_what_it_has_seen() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": "Bern."})
        await client.chat.completions.create(
            model="mini",
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "One, "}, {"type": "text", "text": "two?"}]},
                {"role": "assistant", "content": "Three."},
            ],
        )
        (request,) = upstream.requests
        assert (request.dialect, request.model, request.is_stream) == ("openai-chat", "mini", False)
        assert (request.text, request.prompt) == ("One, two?", "Be brief.One, two?Three.")
        assert request.headers["authorization"] == "Bearer a-key"
        assert request.body["messages"][0]["role"] == "system"
        assert not request.client_left

    with_client(check)


def test_tokens_are_counted_from_the_texts_by_default() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": "12345"})
        completion = await client.chat.completions.create(model="mini", messages=[{"role": "user", "content": "123456789"}])
        assert completion.usage is not None
        assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (3, 2)

    with_client(check)


def test_a_stream_ends_with_its_usage_if_that_was_asked_for() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": Reply("It is Bern, I think.", input_tokens=7, output_tokens=5, cached_tokens=2)})
        *chunks, last = await streamed(client, include_usage=True)
        assert [chunk.choices[0].delta.content for chunk in chunks] == ["", "It", " is", " Bern,", " I", " think.", None]
        assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 6 + ["stop"]
        assert all(chunk.usage is None for chunk in chunks)
        assert last.choices == []
        assert last.usage is not None
        assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (7, 5)
        assert len({chunk.id for chunk in [*chunks, last]}) == 1

    with_client(check)


def test_a_stream_has_no_usage_unless_that_was_asked_for() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": "Bern."})
        chunks = await streamed(client)
        assert all(chunk.choices and "usage" not in chunk.model_fields_set for chunk in chunks)

    with_client(check)


def test_tool_calls_are_streamed_in_pieces() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        second = ToolCall(id="call_2", name="time", arguments="{}")
        upstream.script({"mini": Reply(tool_calls=[WEATHER, second])})
        chunks = await streamed(client)
        calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
        openings = [call for call in calls if call.id]
        assert [(call.index, call.id, call.function and call.function.name) for call in openings] == [
            (0, "call_1", "weather"),
            (1, "call_2", "time"),
        ]
        pieces = [call.function.arguments or "" for call in calls if call.index == 0 and call.function]
        assert len([piece for piece in pieces if piece]) > 1
        assert "".join(pieces) == WEATHER.arguments
        assert chunks[-1].choices[0].finish_reason == "tool_calls"

    with_client(check)


def test_a_plain_answer_carries_tool_calls_without_content() -> None:
    message = ask(Reply(tool_calls=[WEATHER])).json["choices"][0]
    assert message["finish_reason"] == "tool_calls"
    assert message["message"]["content"] is None
    assert message["message"]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": WEATHER.arguments}}
    ]


def test_a_refusal_is_told_apart_from_content() -> None:
    message = ask(Reply("I cannot help with that.", finish="refusal")).json["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "I cannot help with that.")
    deltas = ask(Reply("I cannot.", finish="refusal", chunks=1), stream=True).events
    assert b'"delta":{"refusal":"I cannot."}' in b"".join(deltas)


def test_the_client_raises_what_a_429_means() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": [Fault.status(429, retry_after="1"), Reply("ok")]})
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(model="mini", messages=ASKED)
        assert caught.value.code == "rate_limit_exceeded"
        assert caught.value.response.headers["retry-after"] == "1"
        completion = await client.chat.completions.create(model="mini", messages=ASKED)
        assert completion.choices[0].message.content == "ok"

    with_client(check)


def test_a_model_without_a_script_does_not_exist() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model="nobody", messages=ASKED)
        assert caught.value.code == "model_not_found"
        assert "`nobody`" in caught.value.message

    with_client(check)


def test_scripted_models_are_listed_apart_from_the_calls() -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": "a", "general": "b"})
        assert [model.id async for model in client.models.list()] == ["mini", "general"]
        assert upstream.requests == []
        assert [request.path for request in upstream.other_requests] == ["/v1/models"]

    with_client(check)


def test_reasoning_comes_before_the_text() -> None:
    events = ask(Reply("Bern.", reasoning="Let me think about it.", reasoning_tokens=40), stream=True).events
    joined = b"".join(events)
    assert joined.index(b"reasoning_content") < joined.index(b"Bern.")
    assert b'"reasoning_tokens":40' in joined


def test_a_script_may_answer_by_the_request() -> None:
    def shout(request: SeenRequest) -> Reply:
        return Reply(request.text.upper())

    assert ask(shout).json["choices"][0]["message"]["content"] == QUESTION.upper()


@pytest.mark.parametrize(
    "fault",
    [Fault.split_utf8(), Fault.gzip(MANY_BYTES), Fault.no_done(MANY_BYTES), Fault.dup_done(MANY_BYTES)],
    ids=lambda fault: fault.name,
)
def test_what_is_odd_but_allowed_is_read_by_the_official_client(fault: Fault) -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": fault})
        chunks = await streamed(client, include_usage=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == MANY_BYTES

    with_client(check)


@pytest.mark.parametrize("fault", [Fault.reset(), Fault.cut_stream(after=1), Fault.cut()], ids=lambda fault: fault.name)
def test_what_breaks_off_is_an_error_to_the_official_client(fault: Fault) -> None:
    async def check(upstream: ScriptedUpstream, client: AsyncOpenAI) -> None:
        upstream.script({"mini": fault})
        with pytest.raises(openai.APIConnectionError):
            await streamed(client)

    with_client(check)
