"""Where the time of a request goes, stage by stage, without a network: microseconds of the thread's CPU time.

    python bench/stages.py               every stage; `--only walk,app` some of them

Each line is one stage measured alone, so that a regression can be located; the last ones hold those before them.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import uvloop

from taskfit.assembly import Assembly, assemble, read_configuration
from taskfit.pipeline.record import write_record
from taskfit.protocols import Call
from taskfit.server.application import Application
from taskfit.server.exchange import Exchange
from taskfit.server.headers import answer_headers
from taskfit.server.keyring import Keyring, new_key
from taskfit.server.table import ROUTES
from taskfit.values.answer import Event
from taskfit.values.request import Caller, Dialect, Terms
from taskfit.wire.openai_chat import StreamReader, read_answer, read_request, write_request
from taskfit.wire.sse import SseReader

HERE = Path(__file__).resolve().parent
KEY = "tf-client-a-key-made-for-this-benchmark-only"
CHUNKS = 50
USAGE = b'"usage":{"prompt_tokens":182,"completion_tokens":64,"total_tokens":246}'
ANSWER = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"mock-model-2026","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"' + b"The seats stay usable. " * 20 + b'"},"finish_reason":"stop"}],' + USAGE + b"}"
)
CHUNK = b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"mock-model-2026","choices":[%b]%b}'
DELTA = CHUNK % (b'{"index":0,"delta":{"content":"seats stay "},"finish_reason":null}', b"")
LAST = CHUNK % (b'{"index":0,"delta":{},"finish_reason":"stop"}', b"," + USAGE)

Work = Callable[[], object]


class StubProvider:
    """Answers at once, without a connection: what is left is the house's own work."""

    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    dialect: Dialect = "openai-chat"
    name = "stub"

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def card_facts(self) -> Mapping[str, bool | None]:
        return {}

    def price_source(self) -> str | None:
        return None

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        if not call.request.is_stream:
            yield read_answer(ANSWER)
            return
        reader = StreamReader()
        for _ in range(CHUNKS):
            yield reader.read(DELTA)
        yield reader.read(LAST)


def main() -> None:
    """Print a line per stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=[], type=lambda text: text.split(","))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        uvloop.run(_measure(Path(directory), options.only))


async def _measure(directory: Path, only: list[str]) -> None:
    file = directory / "taskfit.yaml"
    file.write_text((HERE / "taskfit.yaml").read_text().replace("@PORT@", "9"))
    async with await assemble(read_configuration(str(file), {})) as assembly:
        assembly.gateway.house.providers["mock"] = StubProvider()  # type: ignore[index]
        stages = await _stages(assembly)
        for name, (work, share) in stages.items():
            if not only or name.split()[0] in only:
                print(f"{name:34s} {await _cost_us(work) / share:8.2f} µs", flush=True)


async def _stages(assembly: Assembly) -> dict[str, tuple[Work, int]]:
    gateway = assembly.gateway
    house = gateway.house
    body = _body("chat")
    request = read_request(body, request_id="req-1", terms=Terms(), caller=Caller())
    profile = house.profiler.profile(request)
    walk = gateway.walk(request)
    async with walk:
        await _drained(walk)
    record = walk.record
    assert record is not None
    application = await _application(assembly)
    scope = _scope()
    encode = msgspec.json.Encoder().encode

    def planned() -> object:
        return gateway.walk(request).prepare()

    async def walked() -> None:
        async with gateway.walk(request) as walk:
            await _drained(walk)

    def recorded() -> object:
        return write_record(
            request, record_id="rec-1", at=0.0, outcome="answered", status=200, latency_ms=1.0, profile=profile, plan=walk.plan,
            trail=walk.trail, accepted=0, baseline=None,
        )  # fmt: skip

    return {
        "read_request": (lambda: read_request(body, request_id="req-1", terms=Terms(), caller=Caller()), 1),
        "profile": (lambda: house.profiler.profile(request), 1),
        "prepare (profile and plan)": (planned, 1),
        "write_request": (lambda: write_request(request, model="mock-model", wants_usage=True), 1),
        "read_answer": (lambda: read_answer(ANSWER), 1),
        "record (made)": (recorded, 1),
        "encode (the record as JSON)": (lambda: encode(record), 1),
        "headers (of the answer)": (lambda: answer_headers(walk, is_stream=False), 1),
        "exchange (door)": (lambda: Exchange(gateway, application.keyring, scope), 1),
        "walk (with a stub provider)": (walked, 1),
        "app (with a stub provider)": (lambda: application(scope, _receiver(body), _ignore), 1),
        "sse (per chunk, framing, reading)": (_read_stream, CHUNKS),
        "stream (app, per chunk)": (lambda: application(scope, _receiver(_body("chat_stream")), _ignore), CHUNKS),
    }


async def _application(assembly: Assembly) -> Application:
    gateway = assembly.gateway
    key, _ = new_key("bench", "client", at=0.0, text=KEY)
    await gateway.outbox.call(lambda: gateway.store.add_key(key))
    keyring = Keyring(gateway, is_auth_on=True)
    await keyring.read()
    return Application(gateway, keyring, ROUTES)


async def _drained(walk: Any) -> None:
    async with aclosing(walk.events()) as events:
        async for _ in events:
            pass


def _body(kind: str) -> bytes:
    body = msgspec.json.decode((HERE / "load" / f"{kind}.json").read_bytes())
    return msgspec.json.encode({**body, "model": "auto"})


def _scope() -> dict[str, Any]:
    headers = [
        (b"host", b"127.0.0.1:8400"), (b"content-type", b"application/json"), (b"authorization", f"Bearer {KEY}".encode()),
    ]  # fmt: skip
    return {
        "type": "http", "path": "/v1/chat/completions", "method": "POST", "headers": headers, "query_string": b"",
        "client": ("127.0.0.1", 1),
    }  # fmt: skip


def _receiver(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _ignore(message: Mapping[str, Any]) -> None:
    """What is sent goes nowhere."""


def _read_stream() -> object:
    frames, reader = SseReader(), StreamReader()
    for _ in range(CHUNKS):
        for payload in frames.feed(b"data: " + DELTA + b"\n\n"):
            reader.read(payload)
    return None


async def _cost_us(work: Work) -> float:
    """Median over batches of the CPU time of this thread alone: the store's thread has its own."""
    samples = []
    for number in range(12):
        began, count = time.thread_time(), 0
        while time.thread_time() - began < 0.04:
            for _ in range(10):
                done = work()
                if asyncio.iscoroutine(done):
                    await done
            count += 10
        samples.append((time.thread_time() - began) / count * 1e6)
        await asyncio.sleep(0.05 if number else 0.2)
    return statistics.median(samples)


if __name__ == "__main__":
    main()
