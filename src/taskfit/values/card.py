"""What is known of one model, and what an attempt on it costs.

Prices are kept in integer pico-dollars per token, so that a product of tokens and prices is exact and
rounding happens once, in `cost_of`.
"""

from datetime import date

import msgspec

from taskfit.values.money import Usd
from taskfit.values.usage import Usage

PICO_PER_MICRO = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of one model on one day.

    Units: integer pico-dollars per token ($1 per million tokens = 1_000_000); None where the kind of token
    has no price of its own. Such a token is charged as plain input or output, which is what vendors do.
    `above_tokens`/`above` is the price list for prompts longer than that many tokens, where the vendor has one.
    """

    input: int
    output: int
    cached: int | None = None
    cache_write: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    above_tokens: int | None = None
    above: "Price | None" = None


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One model of one provider.

    `id` is `provider/name`; `name` is what the upstream calls it. None means that the fact is not known:
    an unknown price is never zero, and an unknown capability is never taken for a missing one.
    Units: tokens; `priced_on` is the day for which the price was read.
    """

    id: str
    provider: str
    name: str
    price: Price | None = None
    priced_on: date | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    has_tools: bool | None = None
    has_vision: bool | None = None
    has_json_schema: bool | None = None
    source: str = ""


def cost_of(price: Price | None, usage: Usage) -> Usd | None:
    """Price of one attempt; None where the price is unknown.

    Units: integer micro-dollars, rounded half up, once, here.
    Source: the vendors' price pages as collected by genai-prices; cached, cache-written and audio tokens are parts
    of the input and output totals and are charged at their own price instead.
    """
    if price is None:
        return None
    if price.above is not None and price.above_tokens is not None and usage.input_tokens > price.above_tokens:
        price = price.above
    pico = usage.input_tokens * price.input + usage.output_tokens * price.output
    if usage.cached_tokens and price.cached is not None:
        pico += usage.cached_tokens * (price.cached - price.input)
    if usage.cache_write_tokens and price.cache_write is not None:
        pico += usage.cache_write_tokens * (price.cache_write - price.input)
    if usage.input_audio_tokens and price.input_audio is not None:
        pico += usage.input_audio_tokens * (price.input_audio - price.input)
    if usage.output_audio_tokens and price.output_audio is not None:
        pico += usage.output_audio_tokens * (price.output_audio - price.output)
    return (pico + PICO_PER_MICRO // 2) // PICO_PER_MICRO
