"""Tokens of one attempt, as an upstream counted them or as we estimated them."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens used.

    Units: tokens. `input_tokens` includes cached, cache-written and audio ones and
    `output_tokens` includes reasoning and audio ones, as in the GenAI conventions of
    OpenTelemetry; adapters of dialects that count apart add them up.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    is_estimate: bool = False
