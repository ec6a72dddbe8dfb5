"""Whose turn it is, and what is written down of the clients."""

import asyncio
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

import pytest

from taskfit.testing import Fault, Reply, ScriptedUpstream, SeenRequest, UpstreamThread
from tests.unit.testing.wire import DIALECTS, ask, call, read, request_bytes, talk

CLOSE = "connection: close\r\n"


def with_upstream(check: Callable[[ScriptedUpstream], Awaitable[None]], **options: bool) -> None:
    async def run() -> None:
        async with ScriptedUpstream(**options) as upstream:
            await check(upstream)

    asyncio.run(run())


async def text_from(upstream: ScriptedUpstream, model: str = "m") -> str:
    path, body = call("openai", stream=False, model=model)
    seen = read(await talk(upstream.url, request_bytes(path, body, headers=CLOSE)))
    return str(seen.json["choices"][0]["message"]["content"] if seen.status == 200 else seen.json["error"]["message"])


def test_a_list_is_used_up_and_its_last_entry_stays() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"m": ["one", Reply("two"), lambda request: f"three, as call {request.number}"]})
        said = [await text_from(upstream) for _ in range(4)]
        assert said == ["one", "two", "three, as call 3", "three, as call 4"]

    with_upstream(check)


def test_the_callers_list_is_not_used_up() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        turns: list[str | Reply | Fault | Callable[[SeenRequest], str | Reply | Fault]] = ["one", "two"]
        upstream.script({"m": turns})
        await text_from(upstream)
        assert turns == ["one", "two"]

    with_upstream(check)


def test_a_new_script_replaces_that_of_its_model_only() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"m": "old", "n": "kept"})
        upstream.script({"m": "new"})
        assert [await text_from(upstream, model) for model in ("m", "n")] == ["new", "kept"]

    with_upstream(check)


def test_a_function_may_answer_with_a_fault() -> None:
    assert ask(lambda _: Fault.status(503)).status == 503


def test_a_function_that_fails_is_named_in_a_500() -> None:
    def broken(request: SeenRequest) -> Reply:
        raise LookupError("no such row")

    seen = ask(broken)
    assert seen.status == 500
    assert seen.json["error"]["message"] == "the script of 'm' failed: LookupError: no such row"


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="the script of 'm' is empty"):
        ScriptedUpstream().script({"m": []})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_model_without_a_script_is_unknown_in_each_vendors_words(dialect: str) -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        path, body = call(dialect, stream=True, model="nobody")
        seen = read(await talk(upstream.url, request_bytes(path, body, headers=CLOSE)))
        expected = {
            "openai": "The model `nobody` does not exist or you do not have access to it.",
            "anthropic": "model: nobody",
            "gemini": "models/nobody is not found for API version v1beta",
            "responses": "The model `nobody` does not exist or you do not have access to it.",
        }
        assert seen.status == 404
        assert seen.json["error"]["message"].startswith(expected[dialect])

    with_upstream(check)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused_in_the_dialect(dialect: str, body: bytes) -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        path, _ = call(dialect, stream=False)
        seen = read(await talk(upstream.url, request_bytes(path, body, headers=CLOSE)))
        assert seen.status == 400
        assert "could not parse" in seen.json["error"]["message"]
        assert upstream.requests[0].raw == body

    with_upstream(check)


KEYS = [("openai", "messages"), ("anthropic", "messages"), ("gemini", "contents"), ("responses", "input")]


@pytest.mark.parametrize(("dialect", "key"), KEYS)
def test_a_body_of_wrong_types_is_answered_all_the_same_where_nobody_is_strict(dialect: str, key: str) -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"m": "fine"})
        path, body = call(dialect, stream=False)
        odd_list: list[object] = [5, None, {"role": 1}, {"role": "user", "content": 7, "parts": 7}]
        values: list[object] = [None, 5, "text", odd_list, {}]
        for value in values:
            odd = {**body, key: value, "tools": value, "system": value, "systemInstruction": value}
            assert read(await talk(upstream.url, request_bytes(path, odd, headers=CLOSE))).status == 200

    with_upstream(check, is_strict=False)


def test_models_are_listed_in_the_dialect_that_asks() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"mini": "a", "general": "b"})

        async def listed(path: str, headers: str = "") -> dict[str, object]:
            sent = request_bytes(path, b"", headers=headers + CLOSE, method="GET")
            found: dict[str, object] = read(await talk(upstream.url, sent)).json
            return found

        openai, anthropic = await listed("/v1/models"), await listed("/v1/models", "anthropic-version: 2023-06-01\r\n")
        gemini = await listed("/v1beta/models")
        assert openai["object"] == "list"
        assert (anthropic["first_id"], anthropic["last_id"], anthropic["has_more"]) == ("mini", "general", False)
        assert [row["name"] for row in gemini["models"]] == ["models/mini", "models/general"]  # type: ignore[attr-defined] # JSON
        assert len(upstream.other_requests) == 3

    with_upstream(check)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/chat/completions"), ("POST", "/v2/x"), ("POST", "/v1/models/m:countTokens")]
)
def test_an_unknown_path_is_a_404(method: str, path: str) -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        seen = read(await talk(upstream.url, request_bytes(path, b"{}", headers=CLOSE, method=method)))
        assert (seen.status, seen.json["error"]["message"]) == (404, f"Invalid URL ({method} {path})")
        assert upstream.requests == []

    with_upstream(check)


def test_a_gemini_model_may_be_spelled_with_escapes_and_under_v1() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"tuned/a:b": "fine"})
        path = "/v1/models/tuned%2Fa%3Ab:generateContent"
        body = {"contents": [{"parts": [{"text": "?"}]}]}
        assert read(await talk(upstream.url, request_bytes(path, body, headers=CLOSE))).status == 200
        assert upstream.requests[0].model == "tuned/a:b"

    with_upstream(check)


def test_a_hanging_upstream_notices_that_its_client_left() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"m": Fault.hang()})
        path, body = call("openai", stream=False)
        _, writer = await asyncio.open_connection("127.0.0.1", int(upstream.url.rsplit(":", 1)[1]))
        writer.write(request_bytes(path, body))
        await upstream.wait_until(lambda: len(upstream.requests) == 1)
        assert not upstream.requests[0].client_left
        writer.close()
        await writer.wait_closed()
        await upstream.wait_until(lambda: upstream.requests[0].client_left)

    with_upstream(check)


def test_a_client_that_leaves_in_the_middle_of_a_stream_is_noticed() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        upstream.script({"m": Reply("one two three", chunk_delay_s=30)})
        path, body = call("openai", stream=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(upstream.url.rsplit(":", 1)[1]))
        writer.write(request_bytes(path, body))
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        await upstream.wait_until(lambda: upstream.requests[0].client_left)

    with_upstream(check)


def test_a_client_that_reads_everything_has_not_left() -> None:
    for stream in (False, True):
        (request,) = ask("It is Bern.", stream=stream).requests
        assert not request.client_left


def test_waiting_for_what_never_happens_ends() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        with pytest.raises(TimeoutError):
            await upstream.wait_until(lambda: False, timeout_s=0.01)

    with_upstream(check)


def test_an_upstream_has_no_address_before_it_is_started() -> None:
    with pytest.raises(RuntimeError, match="before it is started"):
        _ = ScriptedUpstream().url


def test_closing_ends_connections_that_hang_idle_or_stream() -> None:
    async def run() -> None:
        upstream = ScriptedUpstream()
        await upstream.start()
        upstream.script({"m": [Fault.hang(), Reply("one two", chunk_delay_s=60)]})
        port = int(upstream.url.rsplit(":", 1)[1])
        clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in clients[:2]:
            path, body = call("openai", stream=True)
            writer.write(request_bytes(path, body))
        await upstream.wait_until(lambda: len(upstream.requests) == 2)
        async with asyncio.timeout(2):
            await upstream.close()
            await upstream.close()
        for reader, writer in clients:
            await read_to_the_end(reader)
            writer.close()
            await wait_closed(writer)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    asyncio.run(run())


async def read_to_the_end(reader: asyncio.StreamReader) -> None:
    try:
        await reader.read()
    except ConnectionError:
        pass  # the upstream may have closed with bytes unread, which is a reset


async def wait_closed(writer: asyncio.StreamWriter) -> None:
    try:
        await writer.wait_closed()
    except ConnectionError:
        pass  # the same


def test_an_upstream_is_started_once() -> None:
    async def check(upstream: ScriptedUpstream) -> None:
        with pytest.raises(RuntimeError, match="already started"):
            await upstream.start()

    with_upstream(check)


def post(url: str, body: dict[str, object]) -> dict[str, object]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        found: dict[str, object] = json.loads(response.read())
        return found


def test_a_thread_serves_synchronous_code() -> None:
    with UpstreamThread() as upstream:
        upstream.script({"m": ["Bern.", Fault.status(529)]})
        path, body = call("anthropic", stream=False)
        assert post(upstream.url + path, body)["content"] == [{"type": "text", "text": "Bern."}]
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(upstream.url + path, body)
        caught.value.close()
        assert caught.value.code == 529
        upstream.wait_until(lambda: len(upstream.requests) == 2)
        assert upstream.other_requests == []


def test_a_stopped_thread_is_gone_and_stopping_again_does_nothing() -> None:
    before = set(threading.enumerate())
    upstream = UpstreamThread()
    upstream.start()
    with pytest.raises(RuntimeError, match="already started"):
        upstream.start()
    port = int(upstream.url.rsplit(":", 1)[1])
    upstream.stop()
    upstream.stop()
    assert "scripted-upstream" not in {thread.name for thread in set(threading.enumerate()) - before}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_thread_says_why_it_cannot_listen() -> None:
    with UpstreamThread() as first:
        second = UpstreamThread()
        with pytest.raises(OSError, match="address already in use"):
            second.start(int(first.url.rsplit(":", 1)[1]))
        second.stop()


def test_a_thread_stops_while_a_client_waits() -> None:
    with UpstreamThread() as upstream:
        upstream.script({"m": Fault.hang()})
        path, body = call("openai", stream=False)
        with socket.create_connection(("127.0.0.1", int(upstream.url.rsplit(":", 1)[1])), timeout=5) as client:
            client.sendall(request_bytes(path, body))
            upstream.wait_until(lambda: len(upstream.requests) == 1)
            upstream.stop()
            assert client.recv(100) == b""
