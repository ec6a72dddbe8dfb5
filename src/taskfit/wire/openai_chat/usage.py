"""The member `usage`, both ways. Knows no prices.

Source: OpenAI's `CompletionUsage`, which counts as the hub does; DeepSeek's names for what a cache gave are read too.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from taskfit.values.usage import Usage
from taskfit.wire.foreign import ABSURD_TOKENS

_Count = Annotated[int, Meta(ge=0, le=ABSURD_TOKENS)]


class _InputDetails(msgspec.Struct):
    cached_tokens: _Count | None = None
    cache_write_tokens: _Count | None = None
    audio_tokens: _Count | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: _Count | None = None
    audio_tokens: _Count | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: _Count | None = None


_usage = msgspec.json.Decoder(_Usage | None, strict=False)


def read_usage(raw: Raw | UnsetType) -> Usage | None:
    """The tokens used; None where nothing is said, or nothing that can be true."""
    if raw is UNSET:
        return None
    try:
        usage = _usage.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None  # negative, absurd or no numbers: usage is unknown, which the record says
    if usage is None or usage.prompt_tokens is None:
        return None
    if usage.prompt_tokens_details is None and usage.completion_tokens_details is None and usage.prompt_cache_hit_tokens is None:
        return Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens or 0)
    inputs = usage.prompt_tokens_details or _InputDetails()
    outputs = usage.completion_tokens_details or _OutputDetails()
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens or 0,
        cached_tokens=inputs.cached_tokens or usage.prompt_cache_hit_tokens or 0,
        cache_write_tokens=inputs.cache_write_tokens or 0,
        reasoning_tokens=outputs.reasoning_tokens or 0,
        input_audio_tokens=inputs.audio_tokens or 0,
        output_audio_tokens=outputs.audio_tokens or 0,
    )


def usage_of(usage: Usage) -> dict[str, Any]:
    """The member for a client."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "audio_tokens": usage.input_audio_tokens,
            **({"cache_write_tokens": usage.cache_write_tokens} if usage.cache_write_tokens else {}),
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": usage.output_audio_tokens},
    }
