"""What holds for both upstreams whose dialect is not the caller's, on real sockets."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from taskfit import errors
from taskfit.pipeline.collect import collect
from taskfit.protocols import Call
from taskfit.providers.anthropic import Anthropic, AnthropicSettings
from taskfit.providers.gemini import Gemini, GeminiSettings
from taskfit.testing import Fault, Reply, ScriptedUpstream
from taskfit.values.answer import Answer, Delta, Event
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.secret import Secret
from taskfit.wire.openai_chat import read_request
from tests.unit.providers.sinks import Events

Upstream: TypeAlias = Anthropic | Gemini
Make: TypeAlias = Callable[[str], Upstream]

KEY = "secret-key-0123456789-0123456789"


def anthropic(url: str) -> Upstream:
    return Anthropic("claude", AnthropicSettings(url=url, key=Secret(KEY)))


def gemini(url: str) -> Upstream:
    return Gemini("google", GeminiSettings(url=url, key=Secret(KEY)))


both = pytest.mark.parametrize("make", [anthropic, gemini])


def request(*, is_stream: bool = False, **fields: Any) -> Request:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "stream": is_stream, **fields}
    return read_request(json.dumps(body).encode(), request_id="req_1", terms=Terms(), caller=Caller(), headers={})


def call(asked: Request, *, model: str = "m", first_byte_s: float = 10.0, total_s: float = 20.0) -> Call:
    return Call(request=asked, model=model, first_byte_s=first_byte_s, total_s=total_s)


async def events_of(provider: Upstream, asked: Call) -> list[Event]:
    seen = Events()
    await provider.stream(asked, seen)
    return seen.events


async def gather(provider: Upstream, asked: Call, seen: list[Event]) -> None:
    await provider.stream(asked, Events(seen))


def ask(make: Make, said: Any, asked: Call) -> list[Event]:
    async def run() -> list[Event]:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": said})
            provider = make(upstream.url)
            await provider.open()
            try:
                return await events_of(provider, asked)
            finally:
                await provider.close()

    return asyncio.run(run())


SAID = Reply(
    "Grüße aus Köln 👋",
    reasoning="They greet. So do I.",
    reasoning_tokens=6,
    input_tokens=30,
    output_tokens=20,
    cached_tokens=8,
    tool_calls=(ToolCall(id="call_1", name="now", arguments='{"zone":"UTC"}'), ToolCall(id="call_2", name="now", arguments="{}")),
    model="m-2026",
)


@both
@pytest.mark.parametrize("is_stream", [False, True])
def test_an_answer_arrives_whole_or_in_deltas(make: Make, is_stream: bool) -> None:
    events = ask(make, SAID, call(request(is_stream=is_stream)))
    assert {type(event) for event in events} == {Delta if is_stream else Answer}
    answer = collect(events)
    assert answer.text == SAID.text
    assert answer.reasoning == SAID.reasoning
    assert [(tool.id, tool.name, json.loads(tool.arguments)) for tool in answer.tool_calls] == [
        ("call_1", "now", {"zone": "UTC"}),
        ("call_2", "now", {}),
    ]
    assert answer.finish == "tool_calls"
    assert answer.model == "m-2026"
    assert answer.response_id
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cached_tokens) == (30, 20, 8)


@both
@pytest.mark.parametrize(
    "fault",
    [Fault.no_done(), Fault.dup_done(), Fault.crlf(), Fault.split_utf8(), Fault.gzip(), Fault.big_line()],
    ids=lambda fault: fault.name,
)
def test_an_unruly_stream_is_read_right(make: Make, fault: Fault) -> None:
    answer = collect(ask(make, fault, call(request(is_stream=True))))
    assert answer.finish == "stop"
    assert answer.text


@both
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("fault", [Fault.nan_usage(), Fault.absurd_usage(), Fault.no_usage()], ids=lambda fault: fault.name)
def test_an_answer_without_a_true_usage_has_none(make: Make, fault: Fault, is_stream: bool) -> None:
    answer = collect(ask(make, fault, call(request(is_stream=is_stream))))
    assert answer.text == "This is an answer."
    assert answer.usage is None


@both
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.reset(), errors.Unreachable),
        (Fault.status(401), errors.UpstreamUnauthorized),
        (Fault.status(429, retry_after="7"), errors.RateLimited),
        (Fault.status(500), errors.UpstreamFailure),
        (Fault.status(503), errors.UpstreamError),
        (Fault.status(400), errors.UpstreamRefused),
        (Fault.context_exceeded(), errors.UpstreamError),
        (Fault.redirect("http://127.0.0.1:1/"), errors.UpstreamError),
        (Fault.error_200(), errors.UpstreamFailure),
        (Fault.midstream_error(), errors.UpstreamError),
        (Fault.html(), errors.InvalidAnswer),
        (Fault.bad_json(), errors.InvalidAnswer),
        (Fault.deep_json(), errors.InvalidAnswer),
        (Fault.empty(), errors.UpstreamError),
        (Fault.cut(), errors.CutAnswer),
        (Fault.gzip_bomb(96 << 20), errors.UpstreamError),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_a_fault_is_one_upstream_error_without_the_key(
    make: Make, fault: Fault, error: type[errors.UpstreamError], is_stream: bool
) -> None:
    with pytest.raises(error) as caught:
        ask(make, fault, call(request(is_stream=is_stream)))
    assert KEY not in str(caught.value) + caught.value.caller_text


@both
@pytest.mark.parametrize(
    "fault", [Fault.cut_stream(), Fault.cut_stream(0), Fault.no_finish(), Fault.zero_chunks()], ids=lambda fault: fault.name
)
def test_a_stream_that_ends_without_a_finish_is_cut(make: Make, fault: Fault) -> None:
    with pytest.raises(errors.CutAnswer):
        ask(make, fault, call(request(is_stream=True)))


@both
def test_a_hint_when_to_come_back_is_kept(make: Make) -> None:
    with pytest.raises(errors.RateLimited) as caught:
        ask(make, Fault.status(429, retry_after="7"), call(request()))
    assert caught.value.retry_after_s == 7
    assert caught.value.status == 429


@both
def test_the_deltas_before_an_error_in_the_stream_arrive(make: Make) -> None:
    async def run() -> str:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": Fault.midstream_error(after=2, said="One two three four")})
            provider = make(upstream.url)
            await provider.open()
            seen: list[Event] = []
            with pytest.raises(errors.UpstreamError):
                await gather(provider, call(request(is_stream=True)), seen)
            await provider.close()
            return collect(seen).text

    assert asyncio.run(run()) == "One two"


@both
def test_a_server_that_says_nothing_is_a_timeout(make: Make) -> None:
    with pytest.raises(errors.UpstreamTimeout):
        ask(make, Fault.hang(), call(request(), first_byte_s=0.05))


@both
def test_cancelling_the_stream_ends_the_call(make: Make) -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": Reply("many words " * 200, chunk_delay_s=0.05)})
            provider = make(upstream.url)
            await provider.open()
            seen = Events()
            running = asyncio.create_task(provider.stream(call(request(is_stream=True)), seen))
            await seen.has_begun.wait()
            running.cancel()
            await asyncio.wait([running])
            await upstream.wait_until(lambda: upstream.requests[0].client_left)
            await provider.close()

    asyncio.run(run())


@both
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
    ],
)
def test_what_cannot_be_carried_is_refused_before_the_call(make: Make, fields: dict[str, Any], param: str) -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": "never said"})
            provider = make(upstream.url)
            await provider.open()
            with pytest.raises(errors.Unsupported) as caught:
                await events_of(provider, call(request(**fields)))
            await provider.close()
            assert caught.value.param == param
            assert upstream.requests == []

    asyncio.run(run())


@both
def test_a_stream_that_is_answered_with_one_body_is_one_delta(make: Make) -> None:
    bodies: dict[str, dict[str, object]] = {
        "Anthropic": {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"},
        "Gemini": {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]},
    }
    body = bodies[type(make("http://127.0.0.1:1")).__name__]
    (event,) = ask(make, Fault.status(200, body), call(request(is_stream=True)))
    assert isinstance(event, Delta)
    assert (event.text, event.finish) == ("Hi", "stop")


@both
def test_calls_one_after_the_other_share_a_socket(make: Make) -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": "Hello"})
            provider = make(upstream.url)
            await provider.open()
            for _ in range(3):
                await events_of(provider, call(request()))
            await provider.close()
            assert len({seen.connection for seen in upstream.requests}) == 1

    asyncio.run(run())
