"""OpenAI's chat completions: the JSON and the events that the vendor's own API sends.

A reasoning's text goes out as `reasoning_content`, as compatible servers send it; the vendor's own API never shows it.
Source: the vendor's API reference, chat completions and streaming.
"""

from collections.abc import Sequence

from taskfit.testing.grammar import CREATED_S, Complaint, Frame, Payload
from taskfit.testing.openai_chat import demands, reading
from taskfit.testing.openai_errors import OpenAIErrors
from taskfit.testing.reply import Reply, SeenRequest, by_turns, by_word, cut_evenly
from taskfit.testing.tolerant import at
from taskfit.values.answer import TokenLogprob
from taskfit.values.conversation import Citation, ToolCall
from taskfit.values.request import Dialect

FINISH = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
    "refusal": "stop", "other": "stop",
}  # fmt: skip


class OpenAIChat(OpenAIErrors):
    """`POST /v1/chat/completions`."""

    dialect: Dialect = "openai-chat"
    newline = b"\n"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says."""
        reading.read(request)

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor refuses."""
        return demands.complaint(request.body)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `chat.completion`."""
        finish = FINISH[reply.finish_or_default()]
        logprobs = _logprobs(reply.logprobs) if _wants_logprobs(request) else None
        choices: list[Payload] = [{"index": 0, "message": _message(reply), "logprobs": logprobs, "finish_reason": finish}]
        for index, text in enumerate(reply.others(request), start=1):
            choices.append({"index": index, "message": _message(Reply(text)), "logprobs": None, "finish_reason": "stop"})
        return {
            **_envelope(request, reply, "chat.completion"),
            "choices": choices,
            "usage": _usage(request, reply),
            **_trailer(reply),
        }

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """`chat.completion.chunk` events; usage in a chunk of its own, without choices, if it was asked for."""
        has_usage = at(request.body, "stream_options", "include_usage") is True
        head = {**_envelope(request, reply, "chat.completion.chunk"), **_trailer(reply)}
        chunks = _Chunks(head, {"usage": None} if has_usage else {})
        rows = [_spoken_frames(chunks, request, reply)]
        rows += [_other_frames(chunks, index, text) for index, text in enumerate(reply.others(request), start=1)]
        frames = by_turns(rows)
        if has_usage:
            frames.append(Frame(part="usage", data={**head, "choices": [], "usage": _usage(request, reply)}))
        return [*frames, Frame(part="end", data=b"[DONE]")]

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """A bare error object as the data of an event."""
        return Frame(part="error", data=self.error(request, 500))

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The same: there is no other."""
        return self.stream_error(request, before)


class _Chunks:
    """Makes the chunks of one stream."""

    def __init__(self, head: Payload, tail: Payload) -> None:
        self._head = head
        self._tail = tail

    def make(self, delta: Payload, *, index: int = 0, finish: str | None = None, logprobs: Payload | None = None) -> Payload:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**self._head, "choices": [choice], **self._tail}


def _spoken_frames(chunks: _Chunks, request: SeenRequest, reply: Reply) -> list[Frame]:
    opening = None if reply.tool_calls and not reply.text else ""
    frames = [Frame(part="start", data=chunks.make({"role": "assistant", "content": opening, "refusal": None}))]
    frames += [Frame(part="text", data=chunks.make({"reasoning_content": piece})) for piece in cut_evenly(reply.reasoning, 4)]
    logprobs = _piece_logprobs(reply) if _wants_logprobs(request) else []
    for position, piece in enumerate(reply.spoken_pieces()):
        told = logprobs[position] if position < len(logprobs) else None
        frames.append(Frame(part="text", data=chunks.make({"content": piece}, logprobs=told)))
    frames += [Frame(part="text", data=chunks.make({"refusal": piece})) for piece in reply.refused_pieces()]
    if reply.citations:
        frames.append(Frame(part="block", data=chunks.make({"annotations": _annotations(reply.citations)})))
    calls = [_call_pieces(index, call) for index, call in enumerate(reply.tool_calls)]
    ordered = by_turns(calls) if reply.is_interleaved else [piece for pieces in calls for piece in pieces]
    frames += [Frame(part="tool", data=chunks.make({"tool_calls": [piece]})) for piece in ordered]
    return [*frames, Frame(part="finish", data=chunks.make({}, finish=FINISH[reply.finish_or_default()]))]


def _other_frames(chunks: _Chunks, index: int, text: str) -> list[Frame]:
    """Those of a further choice."""
    opening = chunks.make({"role": "assistant", "content": "", "refusal": None}, index=index)
    middle = [Frame(part="text", data=chunks.make({"content": piece}, index=index)) for piece in by_word(text)]
    return [Frame(part="start", data=opening), *middle, Frame(part="finish", data=chunks.make({}, index=index, finish="stop"))]


def _envelope(request: SeenRequest, reply: Reply, kind: str) -> Payload:
    return {
        "id": f"chatcmpl-{request.number:06d}",
        "object": kind,
        "created": CREATED_S,
        "model": reply.model or request.model,
    }


def _trailer(reply: Reply) -> Payload:
    return {"service_tier": reply.service_tier or "default", "system_fingerprint": "fp_scripted"}


def _message(reply: Reply) -> Payload:
    refusal = reply.refused()
    message: Payload = {
        "role": "assistant",
        "content": None if not reply.spoken() and (refusal or reply.tool_calls) else reply.spoken(),
        "refusal": refusal or None,
        "annotations": _annotations(reply.citations),
    }
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.tool_calls:
        message["tool_calls"] = [_call(call) for call in reply.tool_calls]
    return message


def _annotations(citations: Sequence[Citation]) -> list[Payload]:
    """Pages only: a document of the request cannot be cited."""
    return [{"type": "url_citation", "url_citation": url_citation(item)} for item in citations if item.url is not None]


def url_citation(item: Citation) -> Payload:
    """A page as the vendor shows it."""
    return {"url": item.url, "title": item.title or "", "start_index": item.start or 0, "end_index": item.end or 0}


def _call(call: ToolCall) -> Payload:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_pieces(index: int, call: ToolCall) -> list[Payload]:
    opening = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    return [opening, *({"index": index, "function": {"arguments": piece}} for piece in cut_evenly(call.arguments, 4))]


def _wants_logprobs(request: SeenRequest) -> bool:
    return request.body.get("logprobs") is True


def _logprobs(items: Sequence[TokenLogprob]) -> Payload:
    return {"content": [token_logprob(item) for item in items], "refusal": None}


def _piece_logprobs(reply: Reply) -> list[Payload]:
    """One for each piece where the pieces are the tokens, else all with the first."""
    if tuple([item.token for item in reply.logprobs]) == reply.pieces():
        return [_logprobs([item]) for item in reply.logprobs]
    return [_logprobs(reply.logprobs)] if reply.logprobs else []


def token_logprob(item: TokenLogprob) -> Payload:
    """One token as the vendor shows it."""
    top = [{"token": token, "logprob": logprob, "bytes": list(token.encode())} for token, logprob in item.top]
    return {"token": item.token, "logprob": item.logprob, "bytes": list(item.token.encode()), "top_logprobs": top}


def _usage(request: SeenRequest, reply: Reply) -> Payload:
    usage = reply.usage(request)
    written = {"cache_write_tokens": usage.cache_write_tokens} if usage.cache_write_tokens else {}
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "audio_tokens": usage.input_audio_tokens,
            **written,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.output_audio_tokens,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
