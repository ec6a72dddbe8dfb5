"""Anthropic's messages: the JSON and the named events that the vendor's own API sends.

Source: the vendor's API reference, messages, streaming and errors.
"""

from taskfit.testing.grammar import Frame, Part, Payload, arguments_of, texts_of
from taskfit.testing.reply import Reply, SeenRequest, cut_evenly
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect

FINISH = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
    "refusal": "refusal", "other": "stop_sequence",
}  # fmt: skip
ERRORS = {
    400: ("invalid_request_error", "Invalid request."),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low."),
    403: ("permission_error", "Your API key does not have permission to use this resource."),
    404: ("not_found_error", "Not found."),
    413: ("request_too_large", "Request exceeds the maximum size."),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    500: ("api_error", "Internal server error"),
    504: ("timeout_error", "The request timed out."),
    529: ("overloaded_error", "Overloaded"),
}
SIGNATURE = "c2NyaXB0ZWQ="


class AnthropicMessages:
    """`POST /v1/messages`."""

    dialect: Dialect = "anthropic-messages"
    newline = b"\n"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says."""
        messages = request.body.get("messages")
        turns = [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
        texts = [(turn.get("role"), "".join(texts_of(turn.get("content")))) for turn in turns]
        request.model = str(request.body.get("model", ""))
        request.is_stream = request.body.get("stream") is True
        request.text = next((text for role, text in reversed(texts) if role == "user"), "")
        request.prompt = "".join(texts_of(request.body.get("system"))) + "".join(text for _, text in texts)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `message`."""
        stop = FINISH[reply.finish_or_default()]
        return {
            **_envelope(request, reply),
            "content": _blocks(reply),
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": _usage(request, reply),
        }

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """`message_start`, the blocks one after the other, `message_delta` with the usage so far, `message_stop`."""
        usage = _usage(request, reply)
        opening = {**usage, "output_tokens": min(1, int(usage["output_tokens"]))}
        message = {**_envelope(request, reply), "content": [], "stop_reason": None, "stop_sequence": None, "usage": opening}
        frames = [_frame("start", {"type": "message_start", "message": message}), _frame("ping", {"type": "ping"})]
        index = 0
        if reply.reasoning:
            frames += _thinking_frames(index, reply.reasoning)
            index += 1
        if reply.text or not reply.tool_calls:
            frames += _text_frames(index, reply.pieces())
            index += 1
        for offset, call in enumerate(reply.tool_calls):
            frames += _call_frames(index + offset, call)
        stop = {"stop_reason": FINISH[reply.finish_or_default()], "stop_sequence": None}
        frames.append(_frame("finish", {"type": "message_delta", "delta": stop, "usage": _closing_usage(usage)}))
        return [*frames, _frame("end", {"type": "message_stop"})]

    def tool_names(self, request: SeenRequest) -> list[str]:
        """The names of the offered tools."""
        tools = request.body.get("tools")
        return [str(tool.get("name")) for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """An `error` object."""
        kind, usual = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        return {"type": "error", "error": {"type": kind, "message": message or usual}, "request_id": _request_id(request)}

    def missing_model(self, request: SeenRequest) -> Payload:
        """`not_found_error`."""
        return self.error(request, 404, f"model: {request.model}")

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """`invalid_request_error`, told apart by its text alone."""
        return self.error(request, 400, "prompt is too long: 210000 tokens > 200000 maximum")

    def stream_error(self, request: SeenRequest) -> Frame:
        """An `error` event."""
        return _frame("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """`request-id`."""
        return (("request-id", _request_id(request)),)


def _request_id(request: SeenRequest) -> str:
    return f"req_{request.number:06d}"


def _frame(part: Part, data: Payload) -> Frame:
    return Frame(part=part, event=str(data["type"]), data=data)


def _envelope(request: SeenRequest, reply: Reply) -> Payload:
    return {"id": f"msg_{request.number:06d}", "type": "message", "role": "assistant", "model": reply.model or request.model}


def _blocks(reply: Reply) -> list[Payload]:
    blocks: list[Payload] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": SIGNATURE})
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    return blocks + [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments_of(call.arguments)} for call in reply.tool_calls
    ]


def _block_frames(index: int, opening: Payload, deltas: list[tuple[Part, Payload]]) -> list[Frame]:
    start = _frame("block", {"type": "content_block_start", "index": index, "content_block": opening})
    middle = [_frame(part, {"type": "content_block_delta", "index": index, "delta": delta}) for part, delta in deltas]
    return [start, *middle, _frame("block", {"type": "content_block_stop", "index": index})]


def _thinking_frames(index: int, reasoning: str) -> list[Frame]:
    deltas: list[tuple[Part, Payload]] = [
        ("text", {"type": "thinking_delta", "thinking": piece}) for piece in cut_evenly(reasoning, 4)
    ]
    deltas.append(("block", {"type": "signature_delta", "signature": SIGNATURE}))
    return _block_frames(index, {"type": "thinking", "thinking": "", "signature": ""}, deltas)


def _text_frames(index: int, pieces: tuple[str, ...]) -> list[Frame]:
    deltas: list[tuple[Part, Payload]] = [("text", {"type": "text_delta", "text": piece}) for piece in pieces]
    return _block_frames(index, {"type": "text", "text": ""}, deltas)


def _call_frames(index: int, call: ToolCall) -> list[Frame]:
    pieces = ("", *cut_evenly(call.arguments, 4))
    deltas: list[tuple[Part, Payload]] = [("tool", {"type": "input_json_delta", "partial_json": piece}) for piece in pieces]
    return _block_frames(index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas)


def _usage(request: SeenRequest, reply: Reply) -> Payload:
    """The vendor counts cached and cache-written input apart from `input_tokens`."""
    usage = reply.usage(request)
    return {
        "input_tokens": max(0, usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write_tokens, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.output_tokens,
        "service_tier": "standard",
    }


def _closing_usage(usage: Payload) -> Payload:
    kept = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    return {key: usage[key] for key in kept}
