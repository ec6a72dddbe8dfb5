"""The ways in which an upstream goes wrong, each with a name: what `ScriptedUpstream.script` takes in place of a reply.

A fault is its name and a pure function from a request to the acts on its connection. Faults that spoil an answer take
that answer as `said`. Those that spoil a stream's events leave a plain answer whole, unless they say otherwise.
Knows no socket.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from taskfit.testing.acts import JSON, Act, Acts, End, Hang, Headers, plain, stream
from taskfit.testing.answering import answer, frames_as_acts, paused, refuse, stream_headers, whole_as_acts
from taskfit.testing.grammar import Frame, Grammar, Payload, encode, encode_frame
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.testing.tampering import (
    cut_in_half,
    deepened,
    gzipped,
    inflating,
    map_payloads,
    refilled,
    respelled,
    split_inside,
    split_sends,
    unended,
    unruly_events,
    up_to_piece,
    with_header,
    with_numbers,
    with_usage,
    without_choices,
)
from taskfit.values.conversation import ToolCall

Said: TypeAlias = str | Reply
Play: TypeAlias = Callable[[Grammar, SeenRequest], Acts]
Whole: TypeAlias = Callable[[Payload], Payload | bytes]
Frames: TypeAlias = Callable[[list[Frame]], list[Frame]]

ANSWER = "This is an answer."
MANY_BYTES = 'naïve 日本語 😀👩🏽\u200d🚀 "quoted"\n\\ ßé'
HTML = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>"
INPUT_KEYS = ("prompt_tokens", "input_tokens", "promptTokenCount")
SPLIT_PAUSE_S = 0.001


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, made by one of the class methods; `play` gives the acts for a request in a dialect."""

    name: str
    play: Play

    # No answer at all

    @classmethod
    def hang(cls) -> "Fault":
        """Never answers: waits until the client leaves, or the upstream is closed."""
        return cls("hang", _always(Hang()))

    @classmethod
    def reset(cls) -> "Fault":
        """Resets the connection in place of an answer."""
        return cls("reset", _always(End("reset")))

    @classmethod
    def slow(cls, first_byte_s: float, said: Said = ANSWER) -> "Fault":
        """A sound answer, whose first byte comes so many seconds late."""
        return _answering("slow", replace(_reply(said), delay_s=first_byte_s))

    # Errors, said rightly and wrongly

    @classmethod
    def status(cls, code: int, body: Mapping[str, Any] | str | None = None, retry_after: str | None = None) -> "Fault":
        """An error status with the dialect's own body, or with `body`; `retry_after` is sent as it stands."""
        extra: Headers = () if retry_after is None else (("retry-after", retry_after),)

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            if isinstance(body, str):
                return plain(body.encode(), status=code, headers=[("content-type", "text/plain; charset=utf-8"), *extra])
            payload = grammar.error(request, code, retry_after=retry_after) if body is None else dict(body)
            return refuse(grammar, request, code, payload, extra)

        return cls("status", play)

    @classmethod
    def context_exceeded(cls) -> "Fault":
        """The dialect's 400 for a prompt that is too long for the model."""
        return cls("context_exceeded", lambda grammar, request: refuse(grammar, request, 400, grammar.context_exceeded(request)))

    @classmethod
    def error_200(cls) -> "Fault":
        """An error body under status 200."""
        return cls("error_200", lambda grammar, request: refuse(grammar, request, 200, grammar.error(request, 500)))

    @classmethod
    def midstream_error(cls, after: int = 1, said: Said = ANSWER) -> "Fault":
        """The dialect's error event after so many pieces of the answer, then a clean end; an `error_200` to a plain request."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            if not request.is_stream:
                return cls.error_200().play(grammar, request)
            reply = _reply(said)
            before = up_to_piece(grammar.frames(request, reply), after)
            return frames_as_acts(grammar, request, [*before, grammar.stream_error(request, before)], reply)

        return cls("midstream_error", play)

    @classmethod
    def bare_error(cls, after: int = 1, said: Said = ANSWER) -> "Fault":
        """As `midstream_error`, with the other event that a dialect has for it: OpenAI's responses have `error` beside
        `response.failed`; elsewhere it is the same."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            if not request.is_stream:
                return cls.error_200().play(grammar, request)
            reply = _reply(said)
            before = up_to_piece(grammar.frames(request, reply), after)
            return frames_as_acts(grammar, request, [*before, grammar.bare_error(request, before)], reply)

        return cls("bare_error", play)

    @classmethod
    def redirect(cls, to: str, code: int = 307) -> "Fault":
        """Sends the client elsewhere."""
        return cls("redirect", _always(*plain(b"", status=code, headers=[("location", to)])))

    @classmethod
    def html(cls) -> "Fault":
        """A captive portal's page under status 200."""
        return cls("html", _always(*plain(HTML, headers=[("content-type", "text/html; charset=utf-8")])))

    # Answers that break off or have parts missing

    @classmethod
    def cut(cls, said: Said = ANSWER) -> "Fault":
        """Closes after half of the body: short of its Content-Length, or inside a chunk."""
        return cls("cut", lambda grammar, request: cut_in_half(answer(grammar, request, _reply(said))))

    @classmethod
    def cut_stream(cls, after: int = 1, said: Said = ANSWER) -> "Fault":
        """Closes after so many pieces of a stream (0: after the head), without its last chunk; a `cut` to a plain request."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            if not request.is_stream:
                return cls.cut(said).play(grammar, request)
            reply = _reply(said)
            return unended(frames_as_acts(grammar, request, up_to_piece(grammar.frames(request, reply), after), reply))

        return cls("cut_stream", play)

    @classmethod
    def no_done(cls, said: Said = ANSWER) -> "Fault":
        """A stream that ends cleanly after its finish reason, without the terminal event.

        Gemini never has one, and that of OpenAI's responses has the finish reason: there it is a sound stream.
        """
        return _altered("no_done", said, frames=lambda frames: [frame for frame in frames if frame.part != "end"])

    @classmethod
    def no_finish(cls, said: Said = ANSWER) -> "Fault":
        """A stream that ends cleanly with neither finish reason nor usage nor terminal event."""
        gone = ("finish", "usage", "end")
        return _altered("no_finish", said, frames=lambda frames: [frame for frame in frames if frame.part not in gone])

    @classmethod
    def dup_done(cls, said: Said = ANSWER) -> "Fault":
        """A stream that goes on after its terminal event: with a stray piece, and the terminal event again."""

        def repeated(frames: list[Frame]) -> list[Frame]:
            return [*frames, *[frame for frame in frames if frame.part == "text"][-1:], frames[-1]]

        return _altered("dup_done", said, frames=repeated)

    @classmethod
    def empty(cls) -> "Fault":
        """Status 200 and no byte of a body."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            return _framed(grammar, request, [])

        return cls("empty", play)

    @classmethod
    def zero_chunks(cls) -> "Fault":
        """A stream of the terminal event alone (of nothing where that has the finish reason, or where there is none);
        an empty list of answers to a plain request."""
        return _altered(
            "zero_chunks",
            ANSWER,
            whole=without_choices,
            frames=lambda frames: [frame for frame in frames if frame.part == "end"],
        )

    @classmethod
    def no_content(cls) -> "Fault":
        """A sound answer that says nothing."""
        gone = ("text", "tool", "block")
        return _altered("no_content", "", frames=lambda frames: [frame for frame in frames if frame.part not in gone])

    # Usage

    @classmethod
    def no_usage(cls, said: Said = ANSWER) -> "Fault":
        """No usage anywhere."""

        def drop(payload: Payload) -> Payload:
            return with_usage(payload, lambda _usage: None)

        def bare(frames: list[Frame]) -> list[Frame]:
            return map_payloads([frame for frame in frames if frame.part != "usage"], drop)

        return _altered("no_usage", said, whole=drop, frames=bare)

    @classmethod
    def nan_usage(cls, said: Said = ANSWER) -> "Fault":
        """NaN for each count of tokens."""
        return _miscounted("nan_usage", said, lambda _key: math.nan)

    @classmethod
    def absurd_usage(cls, tokens: int = 10**12, said: Said = ANSWER) -> "Fault":
        """A negative count of input tokens and far too many of all others."""
        return _miscounted("absurd_usage", said, lambda key: -5 if key in INPUT_KEYS else tokens)

    # JSON and bytes

    @classmethod
    def bad_json(cls, said: Said = ANSWER, after: int = 0) -> "Fault":
        """JSON that stops half-way, in a body or an event that is framed rightly; in a stream after so many sound pieces."""
        return _altered("bad_json", said, whole=_halved, frames=lambda frames: _changed_piece(frames, _halved, after))

    @classmethod
    def deep_json(cls, depth: int = 100_000, said: Said = ANSWER, after: int = 0) -> "Fault":
        """A member that is nested so deep; in a stream after so many sound pieces."""

        def deepen(payload: Payload) -> bytes:
            return deepened(payload, depth)

        return _altered("deep_json", said, whole=deepen, frames=lambda frames: _changed_piece(frames, deepen, after))

    @classmethod
    def split_utf8(cls, said: Said = MANY_BYTES) -> "Fault":
        """Writes that end inside each multi-byte character and inside each JSON escape; a stream's chunks end there too."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            body = respelled(b"".join(_bodies(grammar, request, _reply(said))))
            if not request.is_stream:
                return split_sends(whole_as_acts(grammar, request, body), SPLIT_PAUSE_S)
            return stream(split_inside(body), headers=stream_headers(grammar, request), delay_s=SPLIT_PAUSE_S)

        return cls("split_utf8", play)

    @classmethod
    def crlf(cls, said: Said = ANSWER) -> "Fault":
        """Events with CRLF line ends, comments, `retry:` and `id:` lines, in writes that end between CR and LF."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            reply = _reply(said)
            if not request.is_stream:
                return answer(grammar, request, reply)
            events = unruly_events(grammar.frames(request, reply))
            return stream(events, headers=stream_headers(grammar, request), delay_s=SPLIT_PAUSE_S)

        return cls("crlf", play)

    @classmethod
    def big_line(cls, size_bytes: int = 2_000_000) -> "Fault":
        """One event, or one string, of that size."""
        return _answering("big_line", Reply("x" * size_bytes, chunks=1))

    @classmethod
    def gzip(cls, said: Said = ANSWER) -> "Fault":
        """Compressed, whether or not the client asked for it."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            packed = gzipped(_bodies(grammar, request, _reply(said)))
            return with_header(_framed(grammar, request, packed), "content-encoding", "gzip")

        return cls("gzip", play)

    @classmethod
    def gzip_bomb(cls, inflated_bytes: int = 64 << 20) -> "Fault":
        """A sound answer that is small on the wire and inflates to that size."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            body = b"".join(_bodies(grammar, request, Reply("@@", chunks=1, output_tokens=1)))
            packed = inflating(body, b"@@", inflated_bytes)
            return with_header(_framed(grammar, request, [packed]), "content-encoding", "gzip")

        return cls("gzip_bomb", play)

    # Framing

    @classmethod
    def long_length(cls, extra_bytes: int = 1000, said: Said = ANSWER) -> "Fault":
        """A Content-Length that promises more than the whole answer, which is followed by a close."""
        reply = _reply(said)
        return cls("long_length", lambda grammar, request: (*_mismeasured(grammar, request, reply, extra_bytes), End("close")))

    @classmethod
    def short_length(cls, missing_bytes: int = 10, said: Said = ANSWER) -> "Fault":
        """A Content-Length that ends before the answer does. The connection stays open, and what is left over lies in wait
        for the next request on it."""
        return cls("short_length", lambda grammar, request: _mismeasured(grammar, request, _reply(said), -missing_bytes))

    @classmethod
    def huge_header(cls, size_bytes: int = 1 << 20, said: Said = ANSWER) -> "Fault":
        """A response header of that size."""
        huge, reply = "a" * size_bytes, _reply(said)
        return cls("huge_header", lambda grammar, request: with_header(answer(grammar, request, reply), "x-huge", huge))

    # What the model itself gets wrong

    @classmethod
    def bad_tool(cls, arguments: str = '{"city": "Par') -> "Fault":
        """A call of the first offered tool, with arguments that are not JSON."""

        def play(grammar: Grammar, request: SeenRequest) -> Acts:
            name = next(iter(request.tools), "lookup")
            return answer(grammar, request, Reply(tool_calls=(ToolCall(id="call_bad", name=name, arguments=arguments),)))

        return cls("bad_tool", play)

    @classmethod
    def unknown_tool(cls, name: str = "no_such_tool") -> "Fault":
        """A call of a tool that was not offered."""
        call = ToolCall(id="call_unknown", name=name, arguments="{}")
        return _answering("unknown_tool", Reply(tool_calls=(call,)))

    @classmethod
    def wrong_model(cls, name: str = "another-model", said: Said = ANSWER) -> "Fault":
        """An answer that names another model than the one asked for."""
        return _answering("wrong_model", replace(_reply(said), model=name))


def _reply(said: Said) -> Reply:
    return Reply(said) if isinstance(said, str) else said


def _always(*acts: Act) -> Play:
    return lambda _grammar, _request: acts


def _answering(name: str, reply: Reply) -> Fault:
    return Fault(name, lambda grammar, request: answer(grammar, request, reply))


def _unchanged(payload: Payload) -> Payload | bytes:
    return payload


def _altered(name: str, said: Said, *, frames: Frames, whole: Whole = _unchanged) -> Fault:
    """The fault that changes the payload of a plain answer, or the frames of a stream."""
    reply = _reply(said)

    def play(grammar: Grammar, request: SeenRequest) -> Acts:
        if request.is_stream:
            return paused(reply, frames_as_acts(grammar, request, frames(grammar.frames(request, reply)), reply))
        return paused(reply, whole_as_acts(grammar, request, whole(grammar.whole(request, reply))))

    return Fault(name, play)


def _miscounted(name: str, said: Said, number: Callable[[str], float]) -> Fault:
    def recount(payload: Payload) -> Payload:
        return with_usage(payload, lambda usage: with_numbers(usage, number))

    return _altered(name, said, whole=recount, frames=lambda frames: map_payloads(frames, recount))


def _halved(payload: Payload) -> bytes:
    data = encode(payload)
    return data[: len(data) // 2]


def _changed_piece(frames: list[Frame], change: Callable[[Payload], bytes], after: int) -> list[Frame]:
    """The frames with the data of one piece of the answer changed; of the last one where there are fewer."""
    places = [position for position, frame in enumerate(frames) if frame.part in ("text", "tool")] or [0]
    place = places[min(after, len(places) - 1)]
    data = frames[place].data
    assert isinstance(data, dict)
    return [*frames[:place], refilled(frames[place], change(data)), *frames[place + 1 :]]


def _bodies(grammar: Grammar, request: SeenRequest, reply: Reply) -> list[bytes]:
    """The body of the answer: whole, or an item for each event."""
    if request.is_stream:
        return [encode_frame(frame, grammar.newline) for frame in grammar.frames(request, reply)]
    return [encode(grammar.whole(request, reply))]


def _framed(grammar: Grammar, request: SeenRequest, bodies: list[bytes]) -> Acts:
    if request.is_stream:
        return stream(bodies, headers=stream_headers(grammar, request))
    return whole_as_acts(grammar, request, b"".join(bodies))


def _mismeasured(grammar: Grammar, request: SeenRequest, reply: Reply, difference: int) -> Acts:
    """The answer, also a streamed one, under a Content-Length that is wrong by so many bytes."""
    body = b"".join(_bodies(grammar, request, reply))
    headers = stream_headers(grammar, request) if request.is_stream else [*JSON, *grammar.headers(request)]
    return plain(body, headers=headers, length=max(0, len(body) + difference))
