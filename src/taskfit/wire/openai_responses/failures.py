"""Errors of the Responses API: those of OpenAI's other APIs, and what ends a stream that has begun. Knows no HTTP status.

Source: OpenAI's SDKs take an event with a member `error` for a failure; Codex 0.169 takes `response.failed` for one.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.errors import TaskfitError
from taskfit.wire.failures import kind_of
from taskfit.wire.openai_chat.failures import write_failure

__all__ = ["error_of", "write_failure"]

_CODES: Mapping[str, str] = {
    "context_exceeded": "context_length_exceeded",
    "content_refused": "invalid_prompt",
    "upstream_rate_limited": "rate_limit_exceeded",
    "overloaded": "server_is_overloaded",
    "upstream_overloaded": "server_is_overloaded",
}


class _Error(msgspec.Struct):
    error: dict[str, Any]


_error = msgspec.json.Decoder(_Error)


def error_of(error: TaskfitError) -> tuple[dict[str, str], dict[str, Any]]:
    """The error of a failed response (its few codes decide what a client does next), and that of an error event."""
    code = _CODES.get(kind_of(error), "server_error")
    return {"code": code, "message": error.caller_text}, _error.decode(write_failure(error)).error
