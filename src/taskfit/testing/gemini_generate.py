"""Gemini's generateContent: the JSON and the events that the vendor's own API sends.

A stream has no terminal event: it ends with the response, and its last event has a finish reason.
Source: the vendor's API reference, generateContent and streamGenerateContent.
"""

from typing import Any

from taskfit.testing.grammar import Frame, Part, Payload, arguments_of, texts_of
from taskfit.testing.reply import Reply, SeenRequest, cut_evenly
from taskfit.values.request import Dialect

FINISH = {
    "stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY",
    "refusal": "PROHIBITED_CONTENT", "other": "OTHER",
}  # fmt: skip
ERRORS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "The caller does not have permission."),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "An internal error has occurred. Please retry."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


class GeminiGenerate:
    """`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`; the path says both."""

    dialect: Dialect = "gemini-generate"
    newline = b"\r\n"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says; model and streaming are in the path and are not touched."""
        contents = request.body.get("contents")
        turns = [turn for turn in contents if isinstance(turn, dict)] if isinstance(contents, list) else []
        texts = [(turn.get("role", "user"), "".join(texts_of(turn.get("parts")))) for turn in turns]
        system = request.body.get("systemInstruction", request.body.get("system_instruction"))
        instructions = texts_of(system.get("parts")) if isinstance(system, dict) else []
        request.text = next((text for role, text in reversed(texts) if role == "user"), "")
        request.prompt = "".join(instructions) + "".join(text for _, text in texts)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `GenerateContentResponse`."""
        thoughts = [_thought(reply.reasoning)] if reply.reasoning else []
        texts = [{"text": reply.text}] if reply.text else []
        parts = [*thoughts, *texts, *_calls(reply)]
        return _response(request, reply, parts, FINISH[reply.finish_or_default()])

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """A `GenerateContentResponse` for each piece; tool calls come whole, the last piece has the finish reason."""
        pieces: list[tuple[Part, list[Payload]]] = [("text", [_thought(piece)]) for piece in cut_evenly(reply.reasoning, 4)]
        pieces += [("text", [{"text": piece}]) for piece in reply.pieces()]
        pieces += [("tool", [call]) for call in _calls(reply)]
        frames = [Frame(part=part, data=_response(request, reply, parts, None)) for part, parts in pieces]
        last = _response(request, reply, [{"text": ""}], FINISH[reply.finish_or_default()])
        return [*frames, Frame(part="finish", data=last)]

    def tool_names(self, request: SeenRequest) -> list[str]:
        """The names of the offered function declarations."""
        tools = request.body.get("tools")
        groups = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
        keys = ("functionDeclarations", "function_declarations")
        found = [item for group in groups for key in keys for item in group.get(key) or ()]
        return [str(item.get("name")) for item in found if isinstance(item, dict)]

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """An `error` object; a retry time is repeated in its details."""
        name, usual = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        error: Payload = {"code": status, "message": message or usual, "status": name}
        if retry_after is not None and retry_after.isdigit():
            error["details"] = [{"@type": RETRY_INFO, "retryDelay": f"{retry_after}s"}]
        return {"error": error}

    def missing_model(self, request: SeenRequest) -> Payload:
        """`NOT_FOUND`."""
        text = (
            f"models/{request.model} is not found for API version v1beta, or is not supported for generateContent. "
            "Call ListModels to see the list of available models and their supported methods."
        )
        return self.error(request, 404, text)

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """`INVALID_ARGUMENT`, told apart by its text alone."""
        text = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
        return self.error(request, 400, text)

    def stream_error(self, request: SeenRequest) -> Frame:
        """A bare error object as the data of an event."""
        return Frame(part="error", data=self.error(request, 503))

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """None: the vendor sends no id of the request."""
        return ()


def _thought(text: str) -> Payload:
    return {"text": text, "thought": True}


def _calls(reply: Reply) -> list[Payload]:
    calls = [{"id": call.id, "name": call.name, "args": arguments_of(call.arguments)} for call in reply.tool_calls]
    return [{"functionCall": call} for call in calls]


def _response(request: SeenRequest, reply: Reply, parts: list[Payload], finish: str | None) -> Payload:
    candidate: Payload = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(request, reply, is_last=finish is not None),
        "modelVersion": reply.model or request.model,
        "responseId": f"resp{request.number:06d}",
    }


def _usage(request: SeenRequest, reply: Reply, *, is_last: bool) -> Payload:
    """The vendor counts thoughts apart from candidates and leaves out what is zero; before the last event there is no output."""
    usage = reply.usage(request)
    spoken = usage.output_tokens - usage.reasoning_tokens
    counted: dict[str, Any] = {"promptTokenCount": usage.input_tokens}
    if is_last:
        counted["candidatesTokenCount"] = spoken
    counted["totalTokenCount"] = usage.input_tokens + (usage.output_tokens if is_last else 0)
    if usage.cached_tokens:
        counted["cachedContentTokenCount"] = usage.cached_tokens
    counted["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.input_tokens}]
    if usage.reasoning_tokens and is_last:
        counted["thoughtsTokenCount"] = usage.reasoning_tokens
    return counted
