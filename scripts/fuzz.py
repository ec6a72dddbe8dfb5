"""Looks for bytes that crash a parser. Not a crash: a RequestError on the side of clients, an UpstreamError on that of upstreams.

    pip install atheris
    python -m scripts.fuzz build/fuzz -max_total_time=3600

libFuzzer's options are taken as they are; the folder keeps what was found worth keeping.

The first byte of an input chooses the parser. Seeds are the transcripts of tests/wire and the recorded requests of tests/clients.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # not in the lock: nothing else needs it

with atheris.instrument_imports(include=["taskfit"]):
    from taskfit.errors import RequestError, UpstreamError
    from taskfit.values.answer import Answer
    from taskfit.values.request import Caller, Request, Terms
    from taskfit.wire import (
        anthropic_messages,
        bedrock_converse,
        gemini_embeddings,
        gemini_generate,
        openai_chat,
        openai_embeddings,
        openai_responses,
    )
    from taskfit.wire.streams import DeltaReader

ROOT = Path(__file__).parents[1]
WHO: dict[str, Any] = {"request_id": "req-1", "terms": Terms(), "caller": Caller(), "headers": {}}
DIALECTS: tuple[Any, ...] = (openai_chat, openai_responses, anthropic_messages, gemini_generate)
FOLDERS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini_generate")


def read(dialect: Any, body: bytes) -> Request:
    more = {"model": "m", "is_stream": False} if dialect is gemini_generate else {}
    request: Request = dialect.read_request(body, **WHO, **more)
    return request


def as_client(dialect: Any, body: bytes) -> None:
    """A request as every upstream would be asked it."""
    with suppress(RequestError):
        request = read(dialect, body)
        conversation = dialect.read_conversation(request)
        for other in DIALECTS:
            with suppress(RequestError):
                other.write_conversation(conversation, model="gemini-3.5-flash", is_stream=True)
        with suppress(RequestError):
            bedrock_converse.write_conversation(conversation, model="anthropic.claude-sonnet-5", is_stream=True)


def as_answer(dialect: Any, body: bytes) -> None:
    """An answer as every client would be told it."""
    with suppress(UpstreamError):
        answer: Answer = dialect.read_answer(body)
        for other, request in ASKED:
            with suppress(UpstreamError):
                other.write_answer(answer, request, reply_id="rec-1", model="m", created=1)


def as_stream(dialect: Any, data: bytes) -> None:
    """A stream in two pieces, as every client would be told it."""
    middle = len(data) // 2
    for other, request in ASKED:
        writer = other.new_writer(request, reply_id="rec-1", created=1)
        reader = DeltaReader(dialect.new_reader(), partial(writer.write, model="m"))
        with suppress(UpstreamError):
            for piece in (data[:middle], data[middle:]):
                reader.feed(piece)
            reader.finish()
            writer.end()


def as_vectors(data: bytes) -> None:
    """Embeddings, both sides."""
    with suppress(RequestError):
        openai_embeddings.read_inputs(openai_embeddings.read_request(data, **WHO))
    with suppress(RequestError):
        gemini_embeddings.read_inputs(gemini_embeddings.read_request(data, model="m", method="batchEmbedContents", **WHO))
    for dialect in (openai_embeddings, gemini_embeddings):
        with suppress(UpstreamError):
            dialect.read_embeddings(data, count=1)


ASKED = [
    (openai_chat, read(openai_chat, b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true}')),
    (openai_responses, read(openai_responses, b'{"model":"m","input":"x","stream":true}')),
    (anthropic_messages, read(anthropic_messages, b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}')),
    (gemini_generate, read(gemini_generate, b'{"contents":[{"parts":[{"text":"x"}]}]}')),
]
WAYS: tuple[Callable[[Any, bytes], None], ...] = (as_client, as_answer, as_stream)


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    if not data:
        return
    chosen, rest = data[0], data[1:]
    if chosen >= len(DIALECTS) * len(WAYS):
        as_vectors(rest)
    else:
        WAYS[chosen // len(DIALECTS)](DIALECTS[chosen % len(DIALECTS)], rest)


def seeds() -> Iterator[bytes]:
    """Transcripts and recorded requests, each with the byte of its parser in front."""
    for number, folder in enumerate(FOLDERS):
        for file in sorted((ROOT / "tests/wire" / folder).rglob("*.sse")):
            yield bytes([2 * len(DIALECTS) + number]) + file.read_bytes()[:20_000]
    paths = ("/chat/completions", "/responses", "/messages", "enerateContent")
    for file in sorted((ROOT / "tests/clients/seen").glob("*.json")):
        for seen in json.loads(file.read_text()):
            for number, path in enumerate(paths):
                if path in seen["path"] and seen.get("body"):
                    yield bytes([number]) + json.dumps(seen["body"]).encode()[:20_000]


def main() -> None:
    """Write the seeds beside what earlier runs found, and look on."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03}").write_bytes(seed)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
