"""A client that hides nothing: sends one request and keeps every byte that comes back."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taskfit.testing import ScriptedUpstream, SeenRequest
from taskfit.testing.script import Script

DIALECTS = ("openai", "anthropic", "gemini", "responses")
QUESTION = "Which city is it?"


@dataclass
class Seen:
    """Status, headers and body as they came. `chunks` are those of a chunked body; `is_whole` says that the framing held."""

    raw: bytes
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    is_whole: bool = False
    requests: list[SeenRequest] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[bytes]:
        """The data of each event, read as the standard says, for LF and CRLF alike."""
        lines = self.body.replace(b"\r\n", b"\n").split(b"\n")
        return [line.removeprefix(b"data:").removeprefix(b" ") for line in lines if line.startswith(b"data:")]


def call(dialect: str, *, stream: bool, model: str = "m") -> tuple[str, dict[str, Any]]:
    """Path and body of a question with one tool."""
    turn: dict[str, Any] = {"role": "user", "content": QUESTION}
    if dialect == "openai":
        tool: dict[str, Any] = {"type": "function", "function": {"name": "lookup_city", "parameters": {"type": "object"}}}
        options: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        return "/v1/chat/completions", {"model": model, "messages": [turn], "tools": [tool], **options}
    if dialect == "responses":
        tool = {"type": "function", "name": "lookup_city", "parameters": {"type": "object"}}
        options = {"stream": True} if stream else {}
        return "/v1/responses", {"model": model, "input": [turn], "tools": [tool], **options}
    if dialect == "anthropic":
        tool = {"name": "lookup_city", "input_schema": {"type": "object"}}
        options = {"stream": True} if stream else {}
        return "/v1/messages", {"model": model, "max_tokens": 100, "messages": [turn], "tools": [tool], **options}
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    tool = {"functionDeclarations": [{"name": "lookup_city"}]}
    return f"/v1beta/models/{model}:{verb}", {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}], "tools": [tool]}


def request_bytes(path: str, body: Mapping[str, Any] | bytes, *, headers: str = "", method: str = "POST") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: upstream\r\ncontent-length: {len(data)}\r\n{headers}\r\n"
    return head.encode() + data


async def talk(url: str, sent: bytes) -> bytes:
    """Everything that comes back until the upstream closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
    try:
        writer.write(sent)
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def ask(script: Script, dialect: str = "openai", *, stream: bool = False, **members: Any) -> Seen:
    """One question to an upstream of its own, on a connection that closes after it; `members` are added to its body."""
    path, body = call(dialect, stream=stream)
    return post(path, {**body, **members}, script)


def post(
    path: str, body: Mapping[str, Any] | bytes, script: Script = "x", *, headers: str = "", model: str = "m", **options: bool
) -> Seen:
    """One request to an upstream of its own, made with these options."""

    async def run() -> Seen:
        async with ScriptedUpstream(**options) as upstream:
            upstream.script({model: script})
            seen = read(await talk(upstream.url, request_bytes(path, body, headers=f"{headers}connection: close\r\n")))
            seen.requests = upstream.requests
            return seen

    return asyncio.run(run())


def read(raw: bytes) -> Seen:
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    seen = Seen(raw, status=int(first.split(" ")[1]), headers=headers)
    if "transfer-encoding" in headers:
        seen.chunks, seen.is_whole = dechunk(rest)
        seen.body = b"".join(seen.chunks)
    else:
        length = int(headers["content-length"])
        seen.body, seen.is_whole = rest, length == len(rest)
    return seen


def dechunk(rest: bytes) -> tuple[list[bytes], bool]:
    chunks: list[bytes] = []
    while rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            return chunks, rest == b"\r\n"
        chunks.append(rest[:size])
        rest = rest[size + 2 :]
    return chunks, False
