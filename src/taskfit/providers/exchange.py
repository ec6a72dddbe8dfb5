"""One call of an upstream that speaks another dialect than the caller: one request out, events back.

Knows no dialect: what is written and how it is read is handed in. Knows no HTTP client either.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Protocol

from taskfit import errors
from taskfit.protocols import Call
from taskfit.providers.connection import Connection, Reply, upstream_error
from taskfit.values.answer import Answer, Delta, Event, ToolCallDelta
from taskfit.values.conversation import Conversation
from taskfit.wire.openai_chat import read_conversation
from taskfit.wire.sse import DONE, SseReader


class PayloadReader(Protocol):
    """Reads the payloads of one stream, in their order."""

    def read(self, payload: bytes) -> Delta | None:
        """The delta of one payload; None where it says nothing."""
        ...


async def exchange(
    connection: Connection,
    call: Call,
    *,
    prepare: Callable[[Call], tuple[str, bytes]],
    read_answer: Callable[[bytes], Answer],
    new_reader: Callable[[], PayloadReader],
) -> AsyncGenerator[Event, None]:
    """One Answer for a plain request, Deltas for a streamed one. `prepare` gives path and body.

    Errors: RequestError from `prepare`, before the call; UpstreamError; CutAnswer for a stream that ends without a finish.
    """
    path, body = prepare(call)
    reply = await connection.post(path, body, first_byte_s=call.first_byte_s, total_s=call.total_s)
    try:
        if not 200 <= reply.status < 300:
            raise upstream_error(reply.status, reply.headers, await reply.read())
        if not call.request.is_stream:
            yield read_answer(await reply.read())
        elif _is_one_body(reply):
            yield _as_one_delta(read_answer(await reply.read()))
        else:
            async with aclosing(_deltas(reply, new_reader())) as deltas:
                async for delta in deltas:
                    yield delta
    finally:
        await reply.close()


def conversation_of(call: Call) -> Conversation:
    """The request in the hub's words. Errors: Unsupported, InvalidRequest."""
    if call.request.dialect != "openai-chat":
        raise errors.Unsupported(f"requests in the dialect {call.request.dialect} cannot be carried to a model of another API")
    return read_conversation(call.request)


def _is_one_body(reply: Reply) -> bool:
    """Whether a stream was answered with one body, as some servers do for an error inside a 200, and captive portals always."""
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower() in ("application/json", "text/html")


async def _deltas(reply: Reply, reader: PayloadReader) -> AsyncGenerator[Delta, None]:
    has_finish = False
    async with aclosing(_payloads(reply)) as payloads:
        async for payload in payloads:
            delta = reader.read(payload)
            if delta is not None:
                has_finish = has_finish or delta.finish is not None
                yield delta
    if not has_finish:
        raise errors.CutAnswer("the stream ended without saying why the model stopped")


async def _payloads(reply: Reply) -> AsyncGenerator[bytes, None]:
    events = SseReader()
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            for payload in events.feed(chunk):
                if payload != DONE:
                    yield payload
    for payload in events.finish():
        if payload != DONE:
            yield payload


def _as_one_delta(answer: Answer) -> Delta:
    if answer.finish is None:
        raise errors.CutAnswer("the upstream answered a stream with one body that does not say why the model stopped")
    return Delta(
        dialect=answer.dialect,
        data=answer.data,
        response_id=answer.response_id,
        model=answer.model,
        text=answer.text,
        reasoning=answer.reasoning,
        tool_calls=tuple(
            ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments)
            for index, call in enumerate(answer.tool_calls)
        ),
        finish=answer.finish,
        usage=answer.usage,
    )


def headers_with(own: Mapping[str, str], configured: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The house's headers with the configured ones, which win; names are compared without case."""
    merged = {name.lower(): value for name, value in own.items()} | {name.lower(): value for name, value in configured.items()}
    return tuple(merged.items())
