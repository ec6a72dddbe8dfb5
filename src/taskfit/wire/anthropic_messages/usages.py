"""Token counts: this API's in ours, and ours in this API's.

The API counts tokens that were read from or written to the cache apart from `input_tokens`; ours includes them. Knows no prices.
"""

import msgspec

from taskfit.values.usage import Usage
from taskfit.wire import foreign
from taskfit.wire.anthropic_messages.words import Block


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The API's usage, as far as it is read."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class _Tier(msgspec.Struct, frozen=True, kw_only=True):
    service_tier: str | None = None


COUNTS = msgspec.json.Decoder(Counts)
_TIER = msgspec.json.Decoder(_Tier)


def read_usage(counts: Counts | None) -> Usage | None:
    """None where a number lacks or cannot be true."""
    if counts is None or counts.input_tokens is None or counts.output_tokens is None:
        return None
    read, written = counts.cache_read_input_tokens or 0, counts.cache_creation_input_tokens or 0
    thinking = (counts.output_tokens_details.thinking_tokens or 0) if counts.output_tokens_details else 0
    if not foreign.are_plausible(counts.input_tokens, counts.output_tokens, read, written, thinking):
        return None
    if thinking > counts.output_tokens:
        return None
    return Usage(
        input_tokens=counts.input_tokens + read + written, output_tokens=counts.output_tokens, cached_tokens=read,
        cache_write_tokens=written, reasoning_tokens=thinking,
    )  # fmt: skip


def read_tier(raw: msgspec.Raw) -> str | None:
    """The tier that served the answer, in this API's word; None where it is not said."""
    said = foreign.read_or_none(raw, _TIER)
    return said.service_tier if said else None


def write_usage(usage: Usage | None) -> Block:
    """The usage of an answer; zeros where it is unknown, because clients need the numbers."""
    usage = usage or Usage()
    apart = usage.cached_tokens + usage.cache_write_tokens
    fields: Block = {
        "input_tokens": max(0, usage.input_tokens - apart), "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens, "output_tokens": usage.output_tokens,
    }  # fmt: skip
    if usage.reasoning_tokens:
        fields["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return fields
