"""Which vendor's client is asking, where the path does not tell: all of them ask for `GET /v1/models`."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from taskfit.values.request import Dialect
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat

FailureWriter: TypeAlias = Callable[..., bytes]
"""`write_failure` of a dialect."""


def dialect_of(headers: Mapping[bytes, bytes], query: bytes) -> Dialect:
    """`x-goog-api-key` or `?key=` means Gemini, `anthropic-version` means Anthropic, everything else OpenAI."""
    if b"x-goog-api-key" in headers or query.startswith(b"key=") or b"&key=" in query:
        return "gemini-generate"
    return "anthropic-messages" if b"anthropic-version" in headers else "openai-chat"


def failure_writer(dialect: Dialect) -> FailureWriter:
    """How this dialect tells errors."""
    return _WRITERS.get(dialect, openai_chat.write_failure)


_WRITERS: Mapping[Dialect, FailureWriter] = {
    "anthropic-messages": anthropic_messages.write_failure,
    "gemini-generate": gemini_generate.write_failure,
}
