"""Bedrock's Converse: signed requests, binary frames, and a server on a real socket that checks both."""

import asyncio
import json
import struct
from binascii import crc32
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.compat import HTTPHeaders  # type: ignore[import-untyped]
from botocore.credentials import Credentials, RefreshableCredentials  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.protocols import Call, Provider
from taskfit.providers import bedrock
from taskfit.providers.bedrock import Bedrock, BedrockSettings, FrameReader, path_of
from taskfit.values.answer import Answer, Delta
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.secret import Secret
from taskfit.wire.openai_chat import read_request
from tests.unit.providers.sinks import Events
from tests.unit.providers.upstreams import Peer, Script, upstream

MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2"
PAIR = Credentials("AKIDEXAMPLE", "secret/key+1")
EVENTS: list[dict[str, Any]] = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Grüß "}}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Gott"}}},
    {"contentBlockStop": {"contentBlockIndex": 0}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {"latencyMs": 1}}},
]
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Grüß Gott"}]}}, "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
}  # fmt: skip


def frame(payload: bytes, **headers: str) -> bytes:
    """One message of the event stream encoding. Source: Smithy, "Amazon Event Stream specification"."""
    fields = b"".join(
        struct.pack("!B", len(name) + 1) + b":" + name.replace("_", "-").encode() + struct.pack("!BH", 7, len(value.encode()))
        + value.encode() for name, value in headers.items()
    )  # fmt: skip
    prelude = struct.pack("!II", 16 + len(fields) + len(payload), len(fields))
    head = prelude + struct.pack("!I", crc32(prelude)) + fields + payload
    return head + struct.pack("!I", crc32(head))


def event(told: dict[str, Any]) -> bytes:
    ((kind, body),) = told.items()
    return frame(json.dumps(body).encode(), event_type=kind, content_type="application/json", message_type="event")


STREAM = b"".join(event(each) for each in EVENTS)


def answers(body: bytes, *, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{extra}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(body: bytes, size: int) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n"
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def serving(answer: bytes) -> Script:
    async def script(peer: Peer) -> None:
        while True:
            await peer.answer(answer)

    return script


def asked(**fields: object) -> Request:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return read_request(json.dumps(body).encode(), request_id="r", terms=Terms(), caller=Caller(), headers={})


def settings(**given: Any) -> BedrockSettings:
    keys = {"access_key": Secret(PAIR.access_key), "secret_key": Secret(PAIR.secret_key)}
    return BedrockSettings(**{"region": "eu-west-1", **({} if "key" in given or "credentials" in given else keys), **given})


def call(
    answer: bytes, *, request: Request | None = None, model: str = MODEL, timeout_s: float = 10, **given: Any
) -> tuple[list[Any], bytes, Events]:
    """Events, the raw request that the server saw, and the sink."""

    async def run() -> tuple[list[Any], bytes, Events]:
        async with upstream(serving(answer)) as server:
            provider, sink = Bedrock("aws", settings(url=server.url, **given)), Events()
            await provider.open()
            try:
                await provider.stream(
                    Call(request=request or asked(), model=model, first_byte_s=timeout_s, total_s=timeout_s), sink
                )
            finally:
                await provider.close()
            return sink.events, server.requests[0], sink

    return asyncio.run(run())


def signature_of(raw: bytes, credentials: Credentials) -> tuple[str, str]:
    """The authorization that came, and the one that botocore makes of the very request that came."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    request = AWSRequest(method="POST", url=f"http://{fields['host']}{line.split()[1]}", data=body)
    names = fields["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request.headers = HTTPHeaders()
    for name in names:
        request.headers[name] = fields[name]
    request.context["timestamp"] = fields["x-amz-date"]
    signer = SigV4Auth(credentials, "bedrock", "eu-west-1")
    wanted = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return fields["authorization"].partition("Signature=")[2], wanted


def test_it_is_a_provider_of_its_dialect() -> None:
    provider: Provider = Bedrock("aws", settings())
    assert (provider.name, provider.dialect, provider.price_source()) == ("aws", "bedrock-converse", "aws")
    assert provider.card_facts() == {}


@pytest.mark.parametrize("model", [MODEL, ARN])
@pytest.mark.parametrize("token", [None, "session/token=="])
def test_a_request_is_signed_as_aws_checks_it(model: str, token: str | None) -> None:
    given: dict[str, Any] = {} if token is None else {"session_token": Secret(token)}
    _, raw, _ = call(answers(json.dumps(ANSWER).encode()), model=model, **given)
    came, wanted = signature_of(raw, Credentials(PAIR.access_key, PAIR.secret_key, token))
    assert came == wanted
    assert (b"x-amz-security-token: session/token==" in raw) == (token is not None)
    came, wanted = signature_of(raw.replace(b'"Hi"', b'"Ho"'), Credentials(PAIR.access_key, PAIR.secret_key, token))
    assert came != wanted


def test_a_models_id_is_escaped_in_the_path() -> None:
    assert path_of(MODEL, is_stream=False) == "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    assert path_of(ARN, is_stream=True).endswith("application-inference-profile%2Fa1b2/converse-stream")
    assert path_of("ü?#/..", is_stream=False) == "/model/%C3%BC%3F%23%2F../converse"


def test_a_key_goes_out_as_it_is_and_nothing_is_signed() -> None:
    _, raw, _ = call(answers(json.dumps(ANSWER).encode()), key=Secret("bedrock-api-key-1"))
    assert b"authorization: Bearer bedrock-api-key-1\r\n" in raw
    assert b"x-amz-date" not in raw


def test_a_whole_answer_is_told_with_what_was_left_out() -> None:
    (answer,), raw, sink = call(answers(json.dumps(ANSWER).encode()), request=asked(seed=3, max_completion_tokens=9))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish) == ("Grüß Gott", "stop")
    body = json.loads(raw.partition(b"\r\n\r\n")[2])
    assert body == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"maxTokens": 9}}
    assert "seed" in sink.dropped


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_a_stream_is_told_event_by_event_in_any_chunking(size: int) -> None:
    deltas, raw, _ = call(chunked(STREAM, size), request=asked(stream=True))
    assert raw.startswith(b"POST /model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream HTTP/1.1\r\n")
    assert [(delta.text, delta.finish) for delta in deltas] == [("Grüß ", None), ("Gott", None), ("", "stop"), ("", None)]
    assert deltas[-1].usage.input_tokens == 3


def test_a_stream_that_ends_without_a_reason_is_cut() -> None:
    with pytest.raises(errors.CutAnswer):
        call(chunked(b"".join(event(each) for each in EVENTS[:4]), 50), request=asked(stream=True))


def test_what_comes_after_the_last_event_is_nobodys_answer() -> None:
    deltas, _, _ = call(chunked(STREAM + b"garbage", 10_000), request=asked(stream=True))
    assert deltas[-1].is_terminal


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        (frame(b'{"message":"slow down"}', exception_type="throttlingException", message_type="exception"), errors.RateLimited),
        (frame(b'{"message":"x"}', exception_type="modelStreamErrorException", message_type="exception"), errors.UpstreamFailure),
        (frame(b"", error_code="InternalFailure", error_message="boom", message_type="error"), errors.UpstreamFailure),
        (frame(b"not json", event_type="metadata", message_type="event"), errors.InvalidAnswer),
        (b"HTTP is not an event stream, nor is this", errors.InvalidAnswer),
        (STREAM[:20] + b"\xff" + STREAM[21:], errors.InvalidAnswer),
    ],
)  # fmt: skip
def test_an_error_in_the_stream_is_told_after_what_came_before(last: bytes, wanted: type[errors.UpstreamError]) -> None:
    sink = Events()

    async def run() -> None:
        async with upstream(serving(chunked(event(EVENTS[1]) + last, 10_000))) as server:
            provider = Bedrock("aws", settings(url=server.url))
            await provider.open()
            try:
                await provider.stream(Call(request=asked(stream=True), model=MODEL, first_byte_s=10, total_s=10), sink)
            finally:
                await provider.close()

    with pytest.raises(wanted) as caught:
        asyncio.run(run())
    assert type(caught.value) is wanted
    assert [delta.text for delta in sink.events if isinstance(delta, Delta)] == ["Grüß "]


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("400 Bad Request", errors.UpstreamRefused), ("403 Forbidden", errors.UpstreamUnauthorized),
        ("404 Not Found", errors.UpstreamModelMissing), ("408 Timeout", errors.UpstreamTimeout),
        ("424 Failed", errors.UpstreamFailure), ("429 Too Many", errors.RateLimited), ("503 Busy", errors.UpstreamOverloaded),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_failed_call_is_the_error_it_means(status: str, wanted: type[errors.UpstreamError], is_stream: bool) -> None:
    with pytest.raises(wanted, match="not today"):
        call(answers(b'{"message":"not today"}', status=status), request=asked(stream=is_stream))


def test_a_slow_caller_is_waited_for() -> None:
    class Slow(Events):
        def __init__(self) -> None:
            super().__init__()
            self.has_drained = asyncio.Event()

        @property
        def is_full(self) -> bool:  # type: ignore[override]  # a property, as in the protocol
            return not self.has_drained.is_set()

        async def drain(self) -> None:
            self.has_drained.set()

    async def run() -> list[Any]:
        sink = Slow()

        async def script(peer: Peer) -> None:
            body = chunked(STREAM, len(STREAM) // 2)
            await peer.answer(body[:-400])
            await sink.has_drained.wait()
            await peer.send(body[-400:])

        async with upstream(script) as server:
            provider = Bedrock("aws", settings(url=server.url))
            await provider.open()
            await provider.stream(Call(request=asked(stream=True), model=MODEL, first_byte_s=10, total_s=10), sink)
            await provider.close()
            return sink.events

    assert len(asyncio.run(run())) == 4


def test_embeddings_are_refused_before_a_call() -> None:
    request = msgspec.structs.replace(asked(), dialect="openai-embeddings")
    with pytest.raises(errors.Unsupported):
        call(answers(b"{}"), request=request)


@pytest.mark.parametrize(
    "given",
    [
        {}, {"access_key": Secret("a")}, {"secret_key": Secret("b")}, {"key": Secret("k"), "credentials": "aws"},
        {"key": Secret("k"), "access_key": Secret("a"), "secret_key": Secret("b")}, {"key": Secret("k"), "region": "eu west"},
        {"key": Secret("k"), "region": ""}, {"key": Secret("k"), "url": "ftp://x"},
        {"key": Secret("k"), "headers": {"host": "x"}},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_say_so(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BedrockSettings(**{"region": "eu-west-1", **given})


def test_the_regions_address_holds_unless_another_is_given() -> None:
    assert settings().address == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert settings(url="https://vpce.example/base/").address == "https://vpce.example/base"


def test_botocores_own_search_is_used_only_when_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    _, raw, _ = call(answers(json.dumps(ANSWER).encode()), credentials="aws")
    assert b"Credential=AKIDENV/" in raw
    _, raw, _ = call(answers(json.dumps(ANSWER).encode()))
    assert b"Credential=AKIDEXAMPLE/" in raw
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(errors.ConfigurationError, match="no AWS credentials"):
        call(answers(b""), credentials="aws")


def test_credentials_that_run_out_are_renewed_beside_the_event_loop() -> None:
    asked_for: list[str] = []

    def renewed() -> dict[str, str]:
        asked_for.append("again")
        if len(asked_for) > 1:
            raise OSError("no role any more")
        return {"access_key": "AKIDNEW", "secret_key": "s", "token": "t", "expiry_time": "2026-01-01T00:00:00Z"}

    stale = RefreshableCredentials.create_from_metadata(
        {"access_key": "AKIDOLD", "secret_key": "s", "token": "t", "expiry_time": "2020-01-01T00:00:00Z"}, renewed, "test"
    )
    with pytest.raises(errors.UpstreamUnauthorized, match="could not be renewed"):
        asyncio.run(bedrock._freeze(stale))   # what it was given has run out, too
    assert asked_for


def test_without_the_extra_the_complaint_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "botocore.eventstream", None)
    with pytest.raises(errors.ConfigurationError, match=r"pip install 'taskfit\[bedrock\]'"):
        asyncio.run(Bedrock("aws", settings()).open())


@given(st.binary(max_size=200), st.integers(0, len(STREAM)))
def test_no_bytes_crash_the_reader_of_frames(garbage: bytes, cut: int) -> None:
    reader = FrameReader()
    try:
        for chunk in (STREAM[:cut] + garbage, garbage):
            assert all(isinstance(delta, Delta) for delta in reader.feed(chunk))
        reader.finish()
    except errors.UpstreamError:
        pass


@given(st.lists(st.integers(1, len(STREAM)), max_size=8))
def test_any_chunking_gives_the_same_deltas(cuts: list[int]) -> None:
    places = sorted({0, *cuts, len(STREAM)})
    reader = FrameReader()
    deltas = [delta for start, end in pairwise(places) for delta in reader.feed(STREAM[start:end])]
    assert deltas == list(FrameReader().feed(STREAM))
    assert reader.is_done
