"""The list of models in each vendor's shape. The member `taskfit` says what a name stands for; clients skip it.
Knows no catalogue.

Source: `GET /v1/models` of OpenAI and of Anthropic, `GET /v1beta/models` of Google, as their SDKs read them in November 2026.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from taskfit.values.listing import Listed
from taskfit.values.request import Dialect

_UNDATED = "1970-01-01T00:00:00Z"
_GENERATING = ("generateContent", "streamGenerateContent", "countTokens")
_EMBEDDING = ("embedContent", "batchEmbedContents")


def write_models(listed: Sequence[Listed], dialect: Dialect) -> bytes:
    """All of them."""
    entries = [_ENTRIES.get(dialect, _openai_entry)(entry) for entry in listed]
    match dialect:
        case "anthropic-messages":
            ends = (listed[0].id, listed[-1].id) if listed else (None, None)
            return msgspec.json.encode({"data": entries, "has_more": False, "first_id": ends[0], "last_id": ends[1]})
        case "gemini-generate":
            return msgspec.json.encode({"models": entries})
        case _:
            return msgspec.json.encode({"object": "list", "data": entries})


def write_model(entry: Listed, dialect: Dialect) -> bytes:
    """One of them."""
    return msgspec.json.encode(_ENTRIES.get(dialect, _openai_entry)(entry))


def _openai_entry(entry: Listed) -> dict[str, Any]:
    owner = entry.card.provider if entry.kind == "model" and entry.card is not None else "taskfit"
    return {"id": entry.id, "object": "model", "created": 0, "owned_by": owner, "taskfit": _facts(entry)}


def _anthropic_entry(entry: Listed) -> dict[str, Any]:
    return {
        "type": "model", "id": entry.id, "display_name": entry.id, "created_at": _UNDATED, "lifecycle": "active",
        "taskfit": _facts(entry),
    }  # fmt: skip


def _gemini_entry(entry: Listed) -> dict[str, Any]:
    """Google's SDK refuses members that it does not know, so there is none of ours."""
    fields: dict[str, Any] = {
        "name": f"models/{entry.id}", "displayName": entry.id,
        "supportedGenerationMethods": _GENERATING if entry.kind in ("auto", "task") else _GENERATING + _EMBEDDING,
    }  # fmt: skip
    if entry.card is not None and entry.card.context_tokens is not None:
        fields["inputTokenLimit"] = entry.card.context_tokens
    if entry.card is not None and entry.card.max_output_tokens is not None:
        fields["outputTokenLimit"] = entry.card.max_output_tokens
    return fields


def _facts(entry: Listed) -> dict[str, Any]:
    match entry.kind:
        case "task":
            return {"kind": "task", "ladder": entry.ladder}
        case "alias":
            return {"kind": "alias", "model": entry.stands_for}
        case "model" if entry.card is not None:
            return {"kind": "model", "context_tokens": entry.card.context_tokens, "priced": entry.card.price is not None}
        case _:
            return {"kind": entry.kind}


_ENTRIES: dict[Dialect, Callable[[Listed], dict[str, Any]]] = {
    "anthropic-messages": _anthropic_entry, "gemini-generate": _gemini_entry,
}  # fmt: skip
