"""OpenAI's chat completions: the JSON and the events that the vendor's own API sends.

Source: the vendor's API reference, chat completions and streaming.
"""

from typing import Any

from taskfit.testing.grammar import CREATED_S, Frame, Payload, texts_of
from taskfit.testing.reply import Reply, SeenRequest, cut_evenly
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect

FINISH = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
    "refusal": "stop", "other": "stop",
}  # fmt: skip
ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "Invalid request."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", None, "Your project does not have access to this model."),
    404: ("invalid_request_error", None, "Not found."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", "overloaded", "The engine is currently overloaded, please try again later."),
}


class OpenAIChat:
    """`POST /v1/chat/completions`."""

    dialect: Dialect = "openai-chat"
    newline = b"\n"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says."""
        turns = [(turn.get("role"), "".join(texts_of(turn.get("content")))) for turn in _dicts(request.body.get("messages"))]
        request.model = str(request.body.get("model", ""))
        request.is_stream = request.body.get("stream") is True
        request.text = next((text for role, text in reversed(turns) if role == "user"), "")
        request.prompt = "".join(text for _, text in turns)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `chat.completion`."""
        choice = {"index": 0, "message": _message(reply), "logprobs": None, "finish_reason": FINISH[reply.finish_or_default()]}
        return {
            **self._envelope(request, reply, "chat.completion"),
            "choices": [choice],
            "usage": _usage(request, reply),
            "service_tier": "default",
            "system_fingerprint": "fp_scripted",
        }

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """`chat.completion.chunk` events; usage in a chunk of its own, without choices, if it was asked for."""
        options = request.body.get("stream_options")
        has_usage = isinstance(options, dict) and options.get("include_usage") is True
        head = {
            **self._envelope(request, reply, "chat.completion.chunk"),
            "service_tier": "default",
            "system_fingerprint": "fp_scripted",
        }
        tail: Payload = {"usage": None} if has_usage else {}

        def chunk(delta: Payload, finish: str | None = None) -> Payload:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return {**head, "choices": [choice], **tail}

        key = "refusal" if reply.finish == "refusal" else "content"
        frames = [Frame(part="start", data=chunk({"role": "assistant", "content": _opening(reply), "refusal": None}))]
        frames += [Frame(part="text", data=chunk({"reasoning_content": piece})) for piece in cut_evenly(reply.reasoning, 4)]
        frames += [Frame(part="text", data=chunk({key: piece})) for piece in reply.pieces()]
        for index, call in enumerate(reply.tool_calls):
            frames += [Frame(part="tool", data=chunk({"tool_calls": [piece]})) for piece in _call_pieces(index, call)]
        frames.append(Frame(part="finish", data=chunk({}, FINISH[reply.finish_or_default()])))
        if has_usage:
            frames.append(Frame(part="usage", data={**head, "choices": [], "usage": _usage(request, reply)}))
        return [*frames, Frame(part="end", data=b"[DONE]")]

    def tool_names(self, request: SeenRequest) -> list[str]:
        """The names of the offered functions."""
        functions = [tool.get("function") for tool in _dicts(request.body.get("tools"))]
        return [str(function.get("name")) for function in functions if isinstance(function, dict)]

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """An error object."""
        nearest = 500 if status >= 500 else 400
        kind, code, usual = ERRORS.get(status, ERRORS[nearest])
        return _error(message or usual, kind, code)

    def missing_model(self, request: SeenRequest) -> Payload:
        """`model_not_found`."""
        text = f"The model `{request.model}` does not exist or you do not have access to it."
        return _error(text, "invalid_request_error", "model_not_found")

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """`context_length_exceeded`."""
        text = (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens. "
            "Please reduce the length of the messages."
        )
        return _error(text, "invalid_request_error", "context_length_exceeded", param="messages")

    def stream_error(self, request: SeenRequest) -> Frame:
        """A bare error object as the data of an event."""
        return Frame(part="error", data=self.error(request, 500))

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """`x-request-id`."""
        return (("x-request-id", f"req_{request.number:06d}"),)

    def _envelope(self, request: SeenRequest, reply: Reply, kind: str) -> Payload:
        return {
            "id": f"chatcmpl-{request.number:06d}",
            "object": kind,
            "created": CREATED_S,
            "model": reply.model or request.model,
        }


def _error(message: str, kind: str, code: str | None, param: str | None = None) -> Payload:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _opening(reply: Reply) -> str | None:
    return None if reply.tool_calls and not reply.text else ""


def _message(reply: Reply) -> Payload:
    is_refusal = reply.finish == "refusal"
    message: Payload = {
        "role": "assistant",
        "content": None if is_refusal or (reply.tool_calls and not reply.text) else reply.text,
        "refusal": reply.text if is_refusal else None,
        "annotations": [],
    }
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.tool_calls:
        message["tool_calls"] = [_call(call) for call in reply.tool_calls]
    return message


def _call(call: ToolCall) -> Payload:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_pieces(index: int, call: ToolCall) -> list[Payload]:
    opening = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    return [opening, *({"index": index, "function": {"arguments": piece}} for piece in cut_evenly(call.arguments, 4))]


def _usage(request: SeenRequest, reply: Reply) -> Payload:
    usage = reply.usage(request)
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
