"""Reads an upstream's failed answer once: from its status and its structured fields, never from words in a message.

Understands the error bodies of OpenAI, Anthropic and Gemini and of servers that resemble them; anything else counts by its
status alone. Texts lose whatever looks like a key, and for the caller also addresses. Knows no sockets.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from taskfit.errors import (
    ContentRefused,
    ContextExceeded,
    RateLimited,
    UpstreamError,
    UpstreamFailure,
    UpstreamModelMissing,
    UpstreamOverloaded,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnauthorized,
)

MAX_MESSAGE_CHARS: Final = 300
MAX_RETRY_AFTER_S: Final = 3600.0
_MAX_PARSED_BYTES: Final = 1024 * 1024
_MAX_SCANNED_CHARS: Final = 4096

_BY_STATUS: Final[Mapping[int, type[UpstreamError]]] = {
    400: UpstreamRefused,
    401: UpstreamUnauthorized,
    403: UpstreamUnauthorized,
    404: UpstreamModelMissing,
    408: UpstreamTimeout,
    413: UpstreamRefused,
    422: UpstreamRefused,
    429: RateLimited,
    503: UpstreamOverloaded,
    504: UpstreamTimeout,
    529: UpstreamOverloaded,
}

# What a refusal (400, 413, 422) may really be, by its code.
_BY_REFUSAL_CODE: Final[Mapping[str, type[UpstreamError]]] = {
    "context_length_exceeded": ContextExceeded,
    "exceed_context_size_error": ContextExceeded,   # llama.cpp
    "content_filter": ContentRefused,
    "content_policy_violation": ContentRefused,
    "model_not_found": UpstreamModelMissing,
    "invalid_api_key": UpstreamUnauthorized,
    "API_KEY_INVALID": UpstreamUnauthorized,        # Gemini's reason under a 400
}

# An error inside an answer whose status was 200 (Anthropic's and OpenAI's streams), by its code or type.
_BY_CODE: Final[Mapping[str, type[UpstreamError]]] = {
    **_BY_REFUSAL_CODE,
    "insufficient_quota": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_error": RateLimited,
    "overloaded_error": UpstreamOverloaded,
    "timeout_error": UpstreamTimeout,
    "authentication_error": UpstreamUnauthorized,
    "permission_error": UpstreamUnauthorized,
    "not_found_error": UpstreamModelMissing,
    "invalid_request_error": UpstreamRefused,
    "request_too_large": UpstreamRefused,
    "RESOURCE_EXHAUSTED": RateLimited,
    "UNAVAILABLE": UpstreamOverloaded,
    "DEADLINE_EXCEEDED": UpstreamTimeout,
    "INVALID_ARGUMENT": UpstreamRefused,
    "UNAUTHENTICATED": UpstreamUnauthorized,
    "PERMISSION_DENIED": UpstreamUnauthorized,
    "NOT_FOUND": UpstreamModelMissing,
}

_TOLD_TO_CALLERS: Final = (UpstreamRefused, ContextExceeded, ContentRefused)

_KEYS: Final = re.compile(r"\b(?:Bearer\s+\S+|[sr]k-[\w*-]{4,}|AIza[\w*-]{8,})", re.IGNORECASE)
_TOKENS: Final = re.compile(r"[A-Za-z0-9_+/=-]{32,}")
_ADDRESSES: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{0,15}://\S+|\bwww\.\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\blocalhost(?::\d+)?\b")


def upstream_error(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
    """The error that a failed answer means. `headers` has names in lower case; `body` is the whole body, inflated.

    Also for an error object inside an answer with status 200: its code or type decides then.
    """
    told = _Told(body)
    wanted = _class_of(status, told.words)
    message = _without_keys(told.message)
    is_told = issubclass(wanted, _TOLD_TO_CALLERS) and bool(message)
    caller_message = _printable(_ADDRESSES.sub("***", message))
    return wanted(
        f"HTTP {status}{_named(told.words)}: {_printable(message) or 'no message'}",
        caller_text=f"{wanted.summary()}: {caller_message}" if is_told else "",
        status=status,
        retry_after_s=_retry_after_s(headers, told.retry_delay),
    )


def _class_of(status: int, words: tuple[str, ...]) -> type[UpstreamError]:
    table: Mapping[str, type[UpstreamError]] = {}
    if status in (400, 413, 422):
        table = _BY_REFUSAL_CODE
    elif 200 <= status < 300:
        table = _BY_CODE
    for word in words:
        if word in table:
            return table[word]
    return _BY_STATUS.get(status, UpstreamFailure)


class _Told:
    """What an error body says. `words` are its machine-readable ones, the most specific first."""

    def __init__(self, body: bytes) -> None:
        self.words: tuple[str, ...] = ()
        self.message = ""
        self.retry_delay: object = None
        whole = _decode(body)
        if isinstance(whole, list) and whole:
            whole = whole[0]   # Gemini streams a JSON array
        if not isinstance(whole, dict):
            self.message = body[: _MAX_SCANNED_CHARS * 4].decode("utf-8", "replace").strip()
            return
        error = whole.get("error")
        if isinstance(error, dict):
            self._read(error)
        else:
            self._read(whole)
            self.message = error if isinstance(error, str) else self.message or _text(whole.get("detail"))

    def _read(self, error: dict[str, Any]) -> None:
        details = error.get("details")
        details = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
        reasons = [each.get("reason") for each in details]
        words = (*reasons, error.get("code"), error.get("type"), error.get("status"))
        self.words = tuple(word for word in words if isinstance(word, str))
        self.message = _text(error.get("message"))
        self.retry_delay = next((each["retryDelay"] for each in details if "retryDelay" in each), None)


def _decode(body: bytes) -> object:
    if len(body) > _MAX_PARSED_BYTES:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


def _text(value: object) -> str:
    """A message; structured ones (FastAPI's lists of complaints) as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _named(words: tuple[str, ...]) -> str:
    known = [_printable(_without_keys(word))[:64] for word in words]
    return f" ({', '.join(known)})" if known else ""


def _without_keys(text: str) -> str:
    if len(text) > _MAX_SCANNED_CHARS:
        kept = text[:_MAX_SCANNED_CHARS]
        text = kept.rsplit(None, 1)[0]   # the last word may be half a key
    return _TOKENS.sub(lambda match: "***" if _is_secret(match[0]) else match[0], _KEYS.sub("***", text))


def _is_secret(token: str) -> bool:
    return len(token) >= 40 or any(character.isdigit() for character in token)


def _printable(text: str) -> str:
    escaped = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "replace").decode() for letter in text.strip()
    )
    return escaped if len(escaped) <= MAX_MESSAGE_CHARS else escaped[: MAX_MESSAGE_CHARS - 1] + "…"


def _retry_after_s(headers: Mapping[str, str], retry_delay: object) -> float | None:
    """Seconds to wait, 0 to 3600; None where nothing usable was said. The body's word counts only without a header's."""
    found = _number(headers.get("retry-after-ms"), 0.001)
    if found is None:
        found = _number(headers.get("retry-after"), 1.0)
    if found is None:
        found = _seconds_until(headers.get("retry-after"), headers.get("date"))
    if found is None and isinstance(retry_delay, str) and retry_delay.endswith("s"):
        found = _number(retry_delay[:-1], 1.0)
    return found


def _number(text: str | None, unit_s: float) -> float | None:
    if text is None or not re.fullmatch(r"\d{1,15}(?:\.\d{1,15})?", text.strip(), re.ASCII):
        return None
    return min(float(text) * unit_s, MAX_RETRY_AFTER_S)


def _seconds_until(text: str | None, date: str | None) -> float | None:
    """An HTTP date, counted from the answer's own date where it has one: its clock is the one that was meant."""
    at = _date(text)
    if at is None:
        return None
    seconds = (at - (_date(date) or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(seconds) else None


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
