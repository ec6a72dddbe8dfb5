"""From a reply to the acts that send it in one dialect. Knows no fault and no socket."""

from taskfit.testing.acts import EVENTS, JSON, Acts, Headers, Pause, plain, stream
from taskfit.testing.grammar import Frame, Grammar, Payload, encode, encode_frame
from taskfit.testing.reply import Reply, SeenRequest


def answer(grammar: Grammar, request: SeenRequest, reply: Reply) -> Acts:
    """The whole answer, plain or streamed as the request wants it."""
    if request.is_stream:
        return paused(reply, frames_as_acts(grammar, request, grammar.frames(request, reply), reply))
    return paused(reply, whole_as_acts(grammar, request, grammar.whole(request, reply)))


def refuse(grammar: Grammar, request: SeenRequest, status: int, payload: Payload, headers: Headers = ()) -> Acts:
    """An error with the dialect's own body."""
    return plain(encode(payload), status=status, headers=[*JSON, *grammar.headers(request), *headers])


def whole_as_acts(grammar: Grammar, request: SeenRequest, payload: Payload | bytes) -> Acts:
    """A plain body under a head of the dialect."""
    return plain(encode(payload), headers=[*JSON, *grammar.headers(request)])


def frames_as_acts(grammar: Grammar, request: SeenRequest, frames: list[Frame], reply: Reply) -> Acts:
    """Events under a head of the dialect."""
    pieces = [encode_frame(frame, grammar.newline) for frame in frames]
    return stream(pieces, headers=stream_headers(grammar, request), delay_s=reply.chunk_delay_s)


def stream_headers(grammar: Grammar, request: SeenRequest) -> Headers:
    """The headers of a stream in the dialect."""
    return [*EVENTS, *grammar.headers(request)]


def paused(reply: Reply, acts: Acts) -> Acts:
    """The same after the reply's delay."""
    return (Pause(reply.delay_s), *acts) if reply.delay_s else acts
