"""A running gateway on a real socket, with scripted models behind it, as tests see it."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import uvloop

from taskfit.assembly import read_configuration
from taskfit.config import Config
from taskfit.pipeline.conditions import Conditions
from taskfit.pipeline.gateway import Gateway
from taskfit.protocols import RecordQuery
from taskfit.server.protocol import TimedProtocol
from taskfit.server.serving import Started, serve
from taskfit.testing import UpstreamThread
from taskfit.values.record import Record

T = TypeVar("T")

CANARY = "sk-CANARY0123456789abcdef0123456789"
CLIENT_KEY = "tf-client-made-up-for-tests-0001"
ADMIN_KEY = "tf-admin-made-up-for-tests-0001"
KEYS = {"TASKFIT_CLIENT_KEY": CLIENT_KEY, "TASKFIT_ADMIN_KEY": ADMIN_KEY}
CHAT = "/v1/chat/completions"
MODELS = ("mini", "general", "expert", "haiku", "flash")
LONG_S = 20.0
CONFIGURATION = """
listen: 127.0.0.1:0
store: "sqlite:{store}"
providers:
  up: {{api: openai, url: "{upstream}/v1", key: {key}}}
  bare: {{api: openai, url: "{upstream}/v1", stream_usage: false}}
  gone: {{api: openai, url: "http://127.0.0.1:{closed}/v1", key: {key}}}
  claude: {{api: anthropic, url: "{upstream}", key: {key}}}
  google: {{api: gemini, url: "{upstream}", key: {key}}}
models:
  mini: {{model: up/mini, price: {{input: 1, output: 2}}}}
  general: {{model: up/general, price: {{input: 10, output: 20}}}}
  expert: {{model: up/expert, price: {{input: 100, output: 200}}}}
  unpriced: up/unpriced
  plain: bare/mini
  haiku: {{model: claude/haiku, price: {{input: 1, output: 5}}}}
  flash: {{model: google/flash, price: {{input: 1, output: 5}}}}
  unreachable: {{model: gone/mini, price: {{input: 1, output: 2}}}}
defaults: {{retries: 0, max_wait: 0s}}
tasks:
  default: {{ladder: [mini, general], deadline: 20s}}
  hurried: {{ladder: [mini, general], deadline: 20s, first_byte: 150ms}}
  checked: {{ladder: [mini, general], deadline: 20s, checks: [refusal]}}
  three: {{ladder: [mini, general, expert], deadline: 20s}}
  fallen: {{ladder: [unreachable, general], deadline: 20s}}
  small: {{ladder: [mini], deadline: 20s, input: {{max_chars: 20}}}}
  abroad: {{ladder: [mini, haiku], deadline: 20s}}
  desk: {{ladder: [general], match: {{surface: desk}}, deadline: 20s}}
  tenant: {{ladder: [general], match: {{headers: {{X-Tenant: acme}}, plan: gold, key: first client}}, deadline: 20s}}
  tested: {{ladder: [general], match: {{when: 'request.headers["x-stage"] == "test"'}}, deadline: 20s}}
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came over the wire; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The text of a plain answer."""
        said: str = self.json["choices"][0]["message"]["content"]
        return said

    @property
    def error(self) -> dict[str, Any]:
        """The error object, after its shape was checked."""
        return error_in(self.body)

    @property
    def payloads(self) -> list[Any]:
        """The JSON payloads of a stream, without the terminal event."""
        return [json.loads(data) for data in self.events if data != "[DONE]"]

    @property
    def events(self) -> list[str]:
        return [line.removeprefix("data: ") for line in self.body.decode().split("\n") if line.startswith("data: ")]

    @property
    def comments(self) -> list[str]:
        return [line.removeprefix(": ") for line in self.body.decode().split("\n") if line.startswith(":")]

    @property
    def streamed_text(self) -> str:
        deltas = [choice["delta"] for payload in self.payloads for choice in payload.get("choices", ())]
        return "".join(delta.get("content") or "" for delta in deltas)


def error_in(body: bytes | str) -> dict[str, Any]:
    """The error object of a body in OpenAI's shape."""
    whole = json.loads(body)
    assert set(whole) == {"error"}
    error: dict[str, Any] = whole["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert all(error[name] for name in ("message", "type", "code"))
    assert "Traceback" not in error["message"]
    return error


def ask(prompt: str = "6 x 7?", *, model: str = "mini", **more: Any) -> dict[str, Any]:
    """The body of a chat completion request."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


class Served:
    """A gateway in a thread with a loop of its own. `settings` is its configuration's text."""

    def __init__(
        self,
        file: Path,
        *,
        upstream: UpstreamThread,
        protocol: type[TimedProtocol] = TimedProtocol,
        environ: Mapping[str, str] = KEYS,
    ) -> None:
        self.file = file
        self.upstream = upstream
        self._protocol = protocol
        self._environ = environ
        self._is_up = threading.Event()
        self._started: Started | None = None
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="gateway")

    def start(self) -> "Served":
        self._thread.start()
        assert self._is_up.wait(LONG_S), "the gateway did not start"
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        """End it in good order; returns once its store is closed."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def stop_soon(self) -> None:
        """Ask it to end, without waiting."""
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)

    @property
    def root(self) -> str:
        assert self._started is not None
        return self._started.url

    @property
    def gateway(self) -> Gateway:
        assert self._started is not None
        return self._started.gateway

    @property
    def new_keys(self) -> Mapping[str, str]:
        assert self._started is not None
        return self._started.new_keys

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `work`, done in the gateway's own loop."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(LONG_S)

    def settle(self) -> None:
        """Wait until no request holds a place in the outbox: each has left its record."""
        outbox = self.gateway.outbox

        async def settled() -> None:
            async with asyncio.timeout(LONG_S / 2):
                while outbox._reserved:  # noqa: ASYNC110  # the outbox has no event for it
                    await asyncio.sleep(0.002)

        self.run(settled)

    def find(self, *, limit: int = 100_000) -> tuple[Record, ...]:
        """The records in the store, newest first."""
        return self.run(lambda: self.gateway.find_records(RecordQuery(limit=limit)))

    def _read(self) -> Config:
        return read_configuration(str(self.file), {})

    def _run(self) -> None:
        try:
            uvloop.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # the test's own thread raises it again
            self._failure = error
            self._is_up.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()

        def started(what: Started) -> None:
            self._started = what
            self._is_up.set()

        await serve(
            self._read(), environ=self._environ, reread=self._read, on_start=started, stop=self._stop, protocol=self._protocol
        )


class House:
    """What one test sees of a running gateway: only the records that came since the test began."""

    key = CLIENT_KEY
    admin_key = ADMIN_KEY

    def __init__(self, served: Served) -> None:
        self.served = served
        self.upstream = served.upstream
        self._before = {record.id for record in served.find()}

    @property
    def root(self) -> str:
        """The address without a path."""
        return self.served.root

    @property
    def url(self) -> str:
        """What an SDK takes as its base URL."""
        return f"{self.root}/v1"

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.root)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def records(self) -> list[Record]:
        """The records of this test's requests, newest first."""
        self.served.settle()
        return [record for record in self.served.find() if record.id not in self._before]

    def last_record(self) -> Record:
        """The record of the one request that this test has sent."""
        records = self.records()
        assert len(records) == 1, f"{len(records)} records: {[(record.outcome, record.error) for record in records]}"
        return records[0]

    def asked(self) -> list[str]:
        """The models that were called, in order."""
        return [request.model for request in self.upstream.requests]

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = CLIENT_KEY,
    ) -> Reply:
        """One request on a connection of its own; the key goes with it unless `key` is None."""
        sent = {"authorization": f"Bearer {key}"} if key is not None else {}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        connection = http.client.HTTPConnection(*self.address, timeout=LONG_S)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, key: str | None = CLIENT_KEY) -> Reply:
        return self.request("GET", path, None, headers, key=key)

    def post(
        self,
        body: Mapping[str, Any] | bytes,
        headers: Mapping[str, str] | None = None,
        *,
        path: str = CHAT,
        key: str | None = CLIENT_KEY,
    ) -> Reply:
        """Send a chat completion request."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, data, {"content-type": "application/json", **(headers or {})}, key=key)

    def ask(self, prompt: str = "6 x 7?", *, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        return self.post(ask(prompt, **more), headers)

    def head(self, body: bytes, *, extra: str = "", length: int | None = None, path: str = CHAT) -> bytes:
        """The bytes of a request, for tests that write to the socket themselves."""
        size = len(body) if length is None else length
        return (
            f"POST {path} HTTP/1.1\r\nhost: {self.address[0]}:{self.address[1]}\r\nauthorization: Bearer {self.key}\r\n"
            f"content-type: application/json\r\n{extra}content-length: {size}\r\n\r\n"
        ).encode() + body

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """A raw connection."""
        with socket.create_connection(self.address, timeout=LONG_S) as connection:
            yield connection

    def raw(self, data: bytes) -> bytes:
        """Everything that comes back for these bytes until the gateway closes."""
        with self.socket() as connection:
            connection.sendall(data)
            return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    pieces = []
    try:
        while piece := connection.recv(65_536):
            pieces.append(piece)
    except ConnectionResetError:
        pass  # closed with bytes of ours unread
    return b"".join(pieces)


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    """What comes up to and with the mark."""
    got = b""
    while mark not in got:
        piece = connection.recv(65_536)
        assert piece, f"closed before {mark!r}: {got!r}"
        got += piece
    return got


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def write_configuration(folder: Path, upstream: UpstreamThread, text: str = CONFIGURATION, **more: Any) -> Path:
    """The file `taskfit.yaml` in this folder."""
    file = folder / "taskfit.yaml"
    file.write_text(text.format(upstream=upstream.url, store=folder / "taskfit.db", key=CANARY, closed=closed_port(), **more))
    return file


@contextmanager
def serving(
    folder: Path, upstream: UpstreamThread, text: str = CONFIGURATION, *, protocol: type[TimedProtocol] = TimedProtocol
) -> Iterator[Served]:
    """A gateway of a test's own."""
    served = Served(write_configuration(folder, upstream, text), upstream=upstream, protocol=protocol).start()
    try:
        yield served
    finally:
        served.stop()


def settle_anew(served: Served) -> None:
    """Wait for the requests of the test before, and forget what is known of the models, so that none is left alone."""
    served.settle()
    served.gateway.conditions = Conditions(served.gateway.clock.monotonic)


def fresh(served: Served) -> House:
    """The house for one test: nothing asked yet, every model answering with its own name."""
    settle_anew(served)
    del served.upstream.requests[:]
    served.upstream.script({model: f"I am {model}." for model in MODELS})
    return House(served)
