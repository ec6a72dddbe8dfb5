"""The words of Anthropic's Messages API that are needed on both sides."""

from collections.abc import Mapping
from typing import TypeAlias

from taskfit.values.answer import Finish
from taskfit.values.conversation import CacheTtl
from taskfit.values.request import Dialect

Block: TypeAlias = dict[str, object]

DIALECT: Dialect = "anthropic-messages"

FORWARDED_HEADERS: tuple[str, ...] = ("anthropic-beta", "anthropic-version")
"""The caller's header fields that go to an upstream of the same dialect; names in lower case."""

THREAD = "thread"
"""The field that asks the vendor to hold a conversation."""

FINISHES: Mapping[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}
"""What a stop reason means; any other one is "other" (`pause_turn`, for one)."""

STOP_REASONS: Mapping[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "other": "end_turn",
}

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")

SERVICE_TIERS: Mapping[str, str] = {"auto": "auto", "standard_only": "default"}
"""A request's tier in this API, and the same in the hub, whose words are OpenAI's."""

SERVED_TIERS: Mapping[str, str] = {"standard": "default"}
"""An answer's tier in this API, where the hub has another word for it."""


def cache_control(ttl: CacheTtl) -> Block:
    """A cache mark. Five minutes are what the API takes where nothing is said."""
    return {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}


def stop_reason(finish: Finish | None, *, stop_sequence: str | None, has_calls: bool) -> str:
    """The word for why an answer ended. Clients act on a call only after "tool_use", which some servers do not say."""
    if finish in ("stop", None):
        if has_calls:
            return "tool_use"
        if stop_sequence is not None:
            return "stop_sequence"
    return STOP_REASONS[finish or "stop"]
