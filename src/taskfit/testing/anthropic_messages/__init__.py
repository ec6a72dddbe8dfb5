"""Anthropic's messages: the JSON and the named events that the vendor's own API sends.

Source: the vendor's API reference, messages, streaming and errors.
"""

from collections.abc import Sequence

from taskfit.testing.anthropic_messages import demands, reading
from taskfit.testing.anthropic_messages.blocks import block_frames, blocks
from taskfit.testing.grammar import Complaint, Frame, Part, Payload
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.values.request import Dialect

FINISH = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
    "refusal": "refusal", "other": "pause_turn",
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


class AnthropicMessages:
    """`POST /v1/messages`."""

    dialect: Dialect = "anthropic-messages"
    newline = b"\n"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says."""
        reading.read(request)

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor refuses."""
        return demands.complaint(request)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `message`."""
        return {**_envelope(request, reply), "content": blocks(reply), **_stop(reply), "usage": _usage(request, reply)}

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """`message_start`, the blocks one after the other, `message_delta` with the usage so far, `message_stop`."""
        usage = _usage(request, reply)
        opening = {**usage, "output_tokens": min(1, int(usage["output_tokens"]))}
        message = {**_envelope(request, reply), "content": [], "stop_reason": None, "stop_sequence": None, "usage": opening}
        frames = [_frame("start", {"type": "message_start", "message": message}), _frame("ping", {"type": "ping"})]
        frames += block_frames(reply)
        frames.append(_frame("finish", {"type": "message_delta", "delta": _stop(reply), "usage": _closing_usage(usage)}))
        return [*frames, _frame("end", {"type": "message_stop"})]

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """An `error` object."""
        kind, usual = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        return {"type": "error", "error": {"type": kind, "message": message or usual}, "request_id": _request_id(request)}

    def refusal(self, request: SeenRequest, complaint: Complaint) -> Payload:
        """`invalid_request_error`; the text names the place."""
        return self.error(request, 400, complaint.message)

    def missing_model(self, request: SeenRequest) -> Payload:
        """`not_found_error`."""
        return self.error(request, 404, f"model: {request.model}")

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """`invalid_request_error`, told apart by its text alone."""
        return self.error(request, 400, "prompt is too long: 210000 tokens > 200000 maximum")

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """An `error` event."""
        return _frame("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The same: there is no other."""
        return self.stream_error(request, before)

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """`request-id`."""
        return (("request-id", _request_id(request)),)


def _request_id(request: SeenRequest) -> str:
    return f"req_{request.number:06d}"


def _frame(part: Part, data: Payload) -> Frame:
    return Frame(part=part, event=str(data["type"]), data=data)


def _envelope(request: SeenRequest, reply: Reply) -> Payload:
    return {"id": f"msg_{request.number:06d}", "type": "message", "role": "assistant", "model": reply.model or request.model}


def _stop(reply: Reply) -> Payload:
    reason = "stop_sequence" if reply.stop_sequence else FINISH[reply.finish_or_default()]
    stop: Payload = {"stop_reason": reason, "stop_sequence": reply.stop_sequence}
    if reason == "refusal":
        stop["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return stop


def _usage(request: SeenRequest, reply: Reply) -> Payload:
    """The vendor counts cached and cache-written input apart from `input_tokens`."""
    usage = reply.usage(request)
    thought = {"output_tokens_details": {"thinking_tokens": usage.reasoning_tokens}} if usage.reasoning_tokens else {}
    return {
        "input_tokens": max(0, usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write_tokens, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.output_tokens,
        **thought,
        "service_tier": reply.service_tier or "standard",
    }


def _closing_usage(usage: Payload) -> Payload:
    kept = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens", "output_tokens_details")
    return {key: usage[key] for key in kept if key in usage}
