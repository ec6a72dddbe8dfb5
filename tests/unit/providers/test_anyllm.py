"""The bridge to any-llm, whose own OpenAI provider speaks to a scripted upstream on a real socket."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from taskfit import errors
from taskfit.protocols import Call, Provider
from taskfit.providers.anyllm import DROPPED, FIELDS, AnyLLM, AnyLLMSettings, error_of, written
from taskfit.testing import Fault, Reply, ScriptedUpstream, SeenRequest
from taskfit.testing.script import Script
from taskfit.values.answer import Answer, Delta
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.secret import Secret
from taskfit.wire import anthropic_messages, openai_chat
from tests.unit.providers.sinks import Events

MODEL = "gpt-5.4-nano"
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


def asked(**fields: object) -> Request:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return openai_chat.read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})


def asked_in_messages(**fields: object) -> Request:
    body = {"model": "auto", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}], **fields}
    return anthropic_messages.read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})


class Talk:
    """What one call gave, and what the upstream saw of it."""

    def __init__(self) -> None:
        self.sink = Events()
        self.seen: list[SeenRequest] = []

    @property
    def events(self) -> list[Any]:
        return self.sink.events


def call(script: Script, request: Request, talk: Talk | None = None, *, timeout_s: float = 20) -> Talk:
    talk = talk or Talk()

    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({MODEL: script})
            provider = AnyLLM("bridge", AnyLLMSettings(
                provider="openai", key=Secret("sk-test-1"), url=f"{upstream.url}/v1", options={"max_retries": 0},
            ))  # fmt: skip
            await provider.open()
            try:
                await provider.stream(Call(request=request, model=MODEL, first_byte_s=timeout_s, total_s=timeout_s), talk.sink)
            finally:
                await provider.close()
                talk.seen = upstream.requests

    asyncio.run(run())
    return talk


def test_it_is_a_provider_that_knows_nothing_of_its_models() -> None:
    provider: Provider = AnyLLM("bridge", AnyLLMSettings(provider="mistral"))
    assert (provider.name, provider.dialect) == ("bridge", "openai-chat")
    assert (provider.card_facts(), provider.price_source()) == ({}, None)


def test_a_whole_answer_comes_back_in_openais_shape() -> None:
    talk = call(Reply("Hello", cached_tokens=2, input_tokens=9, reasoning="Hm."), asked(temperature=0.5, max_completion_tokens=7))
    (answer,) = talk.events
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish, answer.dialect, answer.reasoning) == ("Hello", "stop", "openai-chat", "Hm.")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.cached_tokens) == (9, 2)
    (seen,) = talk.seen
    assert (seen.path, seen.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-test-1")
    assert (seen.body["temperature"], seen.body["max_completion_tokens"]) == (0.5, 7)
    assert "reasoning_effort" not in seen.body


def test_a_stream_comes_back_event_by_event() -> None:
    talk = call(Reply("Hello you there", reasoning="Hm."), asked(stream=True))
    assert all(isinstance(event, Delta) for event in talk.events)
    assert "".join(event.text for event in talk.events) == "Hello you there"
    assert "".join(event.reasoning for event in talk.events) == "Hm."
    assert [event.finish for event in talk.events if event.finish] == ["stop"]
    assert all(event.data is None or event.data.startswith(b"data: {") for event in talk.events)
    assert any(event.usage for event in talk.events)


@pytest.mark.parametrize("is_stream", [False, True])
def test_tool_calls_come_back(is_stream: bool) -> None:
    calls = (ToolCall(id="c1", name="weather", arguments='{"city":"Bonn"}'), ToolCall(id="c2", name="weather", arguments="{}"))
    talk = call(Reply(tool_calls=calls), asked(stream=is_stream, tools=TOOLS))
    if is_stream:
        pieces = [piece for event in talk.events for piece in event.tool_calls]
        assert ["".join(piece.arguments for piece in pieces if piece.index == index) for index in (0, 1)] == [
            '{"city":"Bonn"}', "{}",
        ]  # fmt: skip
        assert [piece.id for piece in pieces if piece.id] == ["c1", "c2"]
    else:
        assert talk.events[0].tool_calls == calls
    assert talk.seen[0].tools == ("weather",)


def test_a_request_of_another_dialect_goes_through_the_hub() -> None:
    talk = call(Reply("Hello"), asked_in_messages(system="Be brief.", stop_sequences=["END"]))
    assert talk.events[0].text == "Hello"
    assert talk.seen[0].body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert talk.seen[0].stops == ("END",)


def test_what_any_llm_has_no_place_for_is_told_or_refused() -> None:
    talk = call(Reply("Hello"), asked(store=True, metadata={"a": "b"}, user=None))
    assert set(talk.sink.dropped) == {"store", "metadata"}
    assert not {"store", "metadata", "user"} & talk.seen[0].body.keys()
    with pytest.raises(errors.Unsupported) as caught:
        call(Reply("Hello"), asked(client_args={"base_url": "http://elsewhere"}))
    assert caught.value.param == "client_args"
    assert not FIELDS & DROPPED.keys()


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (400, errors.UpstreamRefused), (401, errors.UpstreamUnauthorized), (404, errors.UpstreamModelMissing),
        (429, errors.RateLimited), (500, errors.UpstreamFailure), (503, errors.UpstreamOverloaded),
    ],
)  # fmt: skip
def test_a_failed_call_is_the_error_that_its_status_means(
    status: int, wanted: type[errors.UpstreamError], is_stream: bool
) -> None:
    with pytest.raises(wanted) as caught:
        call(Fault.status(status), asked(stream=is_stream))
    assert type(caught.value) is wanted
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault.cut_stream(3, Reply("one two three four", chunk_delay_s=0.01)), errors.UpstreamError),
        (Fault.midstream_error(3, "one two three four"), errors.UpstreamError),
        (Fault.no_finish("one two three four"), errors.CutAnswer),
    ],
    ids=["cut", "error", "no finish"],
)
def test_a_stream_that_breaks_off_is_an_error_after_what_came(fault: Fault, wanted: type[errors.UpstreamError]) -> None:
    talk = Talk()
    with pytest.raises(wanted):
        call(fault, asked(stream=True), talk)
    assert "".join(event.text for event in talk.events).startswith("one")


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(errors.UpstreamTimeout):
        call(Reply("Hello", delay_s=30), asked(), timeout_s=0.2)
    with pytest.raises(errors.UpstreamTimeout):
        call(Reply("Hello you", chunk_delay_s=30), asked(stream=True), timeout_s=0.2)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    async def run() -> None:
        settings = AnyLLMSettings(provider="openai", key=Secret("k"), url="http://127.0.0.1:1/v1", options={"max_retries": 0})
        provider = AnyLLM("bridge", settings)
        await provider.open()
        try:
            await provider.stream(Call(request=asked(), model=MODEL, first_byte_s=10, total_s=10), Events())
        finally:
            await provider.close()

    with pytest.raises(errors.Unreachable):
        asyncio.run(run())


def test_embeddings_are_refused() -> None:
    with pytest.raises(errors.Unsupported):
        call(Reply(""), msgspec.structs.replace(asked(), dialect="gemini-embeddings"))


def test_a_body_that_is_nested_too_deeply_is_the_callers_mistake() -> None:
    deep = msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)
    request = asked()
    with pytest.raises(errors.InvalidRequest):
        call(Reply(""), msgspec.structs.replace(request, fields={**request.fields, "tools": deep}))


def test_a_call_before_it_is_opened_is_our_own_fault() -> None:
    provider = AnyLLM("bridge", AnyLLMSettings(provider="openai"))
    with pytest.raises(errors.InternalError):
        asyncio.run(provider.stream(Call(request=asked(), model=MODEL, first_byte_s=1, total_s=1), Events()))
    asyncio.run(provider.close())


def test_without_the_extra_the_complaint_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "any_llm", None)
    with pytest.raises(errors.ConfigurationError, match=r"pip install 'taskfit\[any-llm\]'"):
        asyncio.run(AnyLLM("bridge", AnyLLMSettings(provider="openai")).open())


@pytest.mark.parametrize("provider", ["nobody", "watsonx", "openai"])
def test_a_provider_that_cannot_be_made_is_a_mistake_of_the_file(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown one; one whose SDK is not installed; one without a key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(errors.ConfigurationError, match="bridge: any-llm"):
        asyncio.run(AnyLLM("bridge", AnyLLMSettings(provider=provider)).open())


class Reported(Exception):
    """An exception as an SDK raises it."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts.pop("text", "it failed"))
        self.__dict__.update(facts)


class Response:
    """A response as an SDK keeps it."""

    def __init__(self, status_code: int, headers: Mapping[str, str]) -> None:
        self.status_code = status_code
        self.headers = headers


def test_an_exceptions_facts_decide_not_its_words() -> None:
    inner = Reported(response=Response(429, {"Retry-After": "7"}), body={"message": "slow", "code": "rate_limit_exceeded"})
    error = error_of(Reported(text="unauthorized 401", original_exception=inner, status_code=None))
    assert type(error) is errors.RateLimited
    assert error.retry_after_s == 7
    assert type(error_of(Reported(status_code=200))) is errors.UpstreamFailure   # an error inside a success
    too_long = {"error": {"code": "context_length_exceeded"}}
    assert type(error_of(Reported(body=too_long, status_code=400))) is errors.ContextExceeded
    assert type(error_of(ConnectionResetError("gone"))) is errors.Unreachable
    assert type(error_of(NotImplementedError("no streams"))) is errors.Unsupported
    assert type(error_of(ValueError("odd"))) is errors.UpstreamFailure


def test_a_key_in_an_exceptions_text_is_not_repeated() -> None:
    error = error_of(Reported(text="bad key sk-abcdefghijkl0123", status_code=401))
    assert "sk-abcdef" not in str(error)


def test_a_chain_of_exceptions_may_be_a_circle() -> None:
    one, two = Reported(), Reported()
    one.original_exception, two.original_exception = two, one   # type: ignore[attr-defined]  # set at run time, as SDKs do
    assert type(error_of(one)) is errors.UpstreamFailure


@pytest.mark.parametrize("answer", [None, "text", {"choices": []}, object()])
def test_what_is_no_completion_is_an_invalid_answer(answer: object) -> None:
    with pytest.raises(errors.InvalidAnswer):
        written(answer, "message")
