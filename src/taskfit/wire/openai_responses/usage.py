"""Tokens, as the Responses API counts them: cached ones within the input, reasoning within the output.

Knows no prices.
"""

from typing import Any

import msgspec

from taskfit.values.usage import Usage
from taskfit.wire import foreign


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


_usage = msgspec.json.Decoder(_Usage | None)


def read_usage(raw: msgspec.Raw) -> Usage | None:
    """The counts; None where there are none, or a number cannot be true."""
    counts = foreign.read_or_none(raw, _usage)
    if counts is None:
        return None
    inputs, outputs = counts.input_tokens_details or _InputDetails(), counts.output_tokens_details or _OutputDetails()
    cached, written = inputs.cached_tokens or 0, inputs.cache_write_tokens or 0
    reasoning = outputs.reasoning_tokens or 0
    if not foreign.are_plausible(counts.input_tokens, counts.output_tokens, cached, written, reasoning):
        return None
    return Usage(
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """The object `usage` of a response; the API has no place for sound."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
