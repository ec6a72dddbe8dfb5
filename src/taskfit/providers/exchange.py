"""One call of an upstream: one request out, events back, whatever the dialect.

Knows no dialect: what is sent and how the answer is read is handed in. Knows no HTTP client either.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from taskfit import errors
from taskfit.protocols import Call, Sink
from taskfit.providers.connection import Connection, Reply, upstream_error
from taskfit.values.answer import Answer, Delta, Event, ToolCallDelta
from taskfit.values.conversation import Refusal, Text, Thinking, ToolCall
from taskfit.values.request import Request
from taskfit.wire.dialect import PayloadReader
from taskfit.wire.streams import DeltaReader

REST_S = 0.25
"""How long a body may take to end after its terminal event, so that its socket can be used again."""


class Outgoing(NamedTuple):
    """A request as it goes out, and how what comes back is read. `new_reader` None: this path has no streams."""

    path: str
    body: bytes
    read_answer: Callable[[bytes], Event]
    new_reader: Callable[[], PayloadReader] | None = None
    headers: Sequence[tuple[str, str]] = ()


async def exchange(connection: Connection, call: Call, sink: Sink, outgoing: Outgoing) -> None:
    """One Answer for a plain request, Deltas for a streamed one.

    Errors: UpstreamError; CutAnswer for a stream that ends without a finish.
    """
    reply = await connection.post(
        outgoing.path, outgoing.body, first_byte_s=call.first_byte_s, total_s=call.total_s, headers=outgoing.headers
    )
    try:
        if not 200 <= reply.status < 300:
            raise upstream_error(reply.status, reply.headers, await reply.read())
        if outgoing.new_reader is None or not call.request.is_stream:
            sink.put(outgoing.read_answer(reply.whole_body() or await reply.read()))
        elif _is_one_body(reply):
            sink.put(_as_one_delta(outgoing.read_answer(await reply.read())))
        else:
            await _relay(reply, DeltaReader(outgoing.new_reader(), sink.put), sink)
    finally:
        await reply.close()


async def _relay(reply: Reply, reader: DeltaReader, sink: Sink) -> None:
    """Every event in the callback that received it: a task is woken at the end, for an error, and when the caller is slow."""
    feed = reader.feed

    def take(piece: bytes) -> bool:
        feed(piece)
        return not (reader.is_done or sink.is_full)

    while await reply.pump(take):
        if reader.is_done:
            reply.release(REST_S)
            break
        await sink.drain()
    reader.finish()


def _is_one_body(reply: Reply) -> bool:
    """Whether a stream was answered with one body, as some servers do for an error inside a 200, and captive portals always."""
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower() in ("application/json", "text/html")


def _as_one_delta(answer: Event) -> Delta:
    """Without `data`: a body is no event, so it is written anew, also for a client of the same dialect."""
    if not isinstance(answer, Answer) or answer.finish is None:
        raise errors.CutAnswer("the upstream answered a stream with one body that does not say why the model stopped")
    signed = [part.signature for part in answer.parts if isinstance(part, Thinking) and part.signature is not None]
    return Delta(
        dialect=answer.dialect,
        response_id=answer.response_id,
        model=answer.model,
        text="".join([part.text for part in answer.parts if isinstance(part, Text)]),
        refusal="".join([part.text for part in answer.parts if isinstance(part, Refusal)]),
        reasoning=answer.reasoning,
        signature=signed[-1] if signed else None,
        tool_calls=tuple([_whole_call(index, call) for index, call in enumerate(answer.tool_calls)]),
        finish=answer.finish,
        usage=answer.usage,
    )


def _whole_call(index: int, call: ToolCall) -> ToolCallDelta:
    return ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments, signature=call.signature)


def forwarded(request: Request, *, but: str = "") -> tuple[tuple[str, str], ...]:
    """The caller's header fields for an upstream of the same dialect, `but` for one that the house sends itself."""
    return tuple([(name, value) for name, value in request.headers.items() if name != but]) if request.headers else ()


def headers_with(own: Mapping[str, str], configured: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The house's headers with the configured ones, which win; names are compared without case."""
    merged = {name.lower(): value for name, value in own.items()} | {name.lower(): value for name, value in configured.items()}
    return tuple(merged.items())
