"""Token counts in Google's words, both ways. Google counts thoughts apart from the candidates; the hub's output includes them.

Knows no prices.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.values.usage import Usage
from taskfit.wire import foreign


class _ByModality(msgspec.Struct, rename="camel"):
    modality: str | None = None
    token_count: int | None = None


class _Counts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[_ByModality] | None = None
    candidates_tokens_details: list[_ByModality] | None = None


_COUNTS = msgspec.json.Decoder(_Counts)


def read_usage(raw: Raw, *, is_last: bool) -> Usage | None:
    """The usage of an answer; None where a number cannot be true.

    Google leaves a zero out, but an early chunk without a count of its output would be worse than an estimate: `is_last` says
    whether a finish was seen.
    """
    counts = None if foreign.is_null(raw) else foreign.read_or_none(raw, _COUNTS)
    if counts is None or counts.prompt_token_count is None or (counts.candidates_token_count is None and not is_last):
        return None
    prompt = counts.prompt_token_count + (counts.tool_use_prompt_token_count or 0)
    candidates, thoughts = counts.candidates_token_count or 0, counts.thoughts_token_count or 0
    cached = counts.cached_content_token_count or 0
    heard, spoken = _audio(counts.prompt_tokens_details), _audio(counts.candidates_tokens_details)
    if not foreign.are_plausible(counts.prompt_token_count, prompt, candidates, thoughts, cached, heard, spoken):
        return None
    if cached > prompt or heard > prompt or spoken > candidates:
        return None
    return Usage(
        input_tokens=prompt, output_tokens=candidates + thoughts, cached_tokens=cached, reasoning_tokens=thoughts,
        input_audio_tokens=heard, output_audio_tokens=spoken,
    )  # fmt: skip


def write_usage(usage: Usage) -> dict[str, Any]:
    """A `usageMetadata`; the details only where there is audio."""
    candidates = max(0, usage.output_tokens - usage.reasoning_tokens)
    counts: dict[str, Any] = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": candidates,
        "totalTokenCount": usage.input_tokens + candidates + usage.reasoning_tokens,
    }
    if usage.cached_tokens:
        counts["cachedContentTokenCount"] = usage.cached_tokens
    if usage.reasoning_tokens:
        counts["thoughtsTokenCount"] = usage.reasoning_tokens
    if usage.input_audio_tokens:
        counts["promptTokensDetails"] = _details(usage.input_tokens, usage.input_audio_tokens)
    if usage.output_audio_tokens:
        counts["candidatesTokensDetails"] = _details(candidates, usage.output_audio_tokens)
    return counts


def _audio(details: list[_ByModality] | None) -> int:
    return sum([detail.token_count or 0 for detail in details or () if detail.modality == "AUDIO"])


def _details(tokens: int, audio: int) -> list[dict[str, Any]]:
    said = {"TEXT": max(0, tokens - audio), "AUDIO": audio}
    return [{"modality": modality, "tokenCount": count} for modality, count in said.items() if count]
