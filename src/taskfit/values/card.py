"""What is known of one model, and what an attempt on it costs.

Prices are kept in integer pico-dollars per token, so that a product of tokens and prices is exact and
rounding happens once, in `cost_of`.
"""

from datetime import date
from decimal import Decimal

import msgspec

from taskfit.values.money import Usd
from taskfit.values.usage import Usage

PICO_PER_MICRO = 1_000_000
PICO_PER_USD_PER_MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Prices of one model on one day.

    Units: integer pico-dollars per token ($1 per million tokens = 1_000_000); None where the kind of token
    has no price of its own. Such a token is charged as plain input or output, which is what vendors do.
    `above_tokens`/`above` is the whole price list for prompts longer than that many tokens, where the vendor has one;
    it may have a further `above` of its own.
    """

    input: int
    output: int
    cached: int | None = None
    cache_write: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    above_tokens: int | None = None
    above: "Price | None" = None


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator says of a model, which goes before what the catalogue knows; None means "not said"."""

    price: Price | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    has_tools: bool | None = None
    has_vision: bool | None = None
    has_json_schema: bool | None = None


class ModelCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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


def pico_per_token(dollars_per_million: Decimal) -> int:
    """Pico-dollars per token of a price in dollars per million tokens.

    Errors: ValueError for a price that is negative, not finite, or not a whole number of pico-dollars.
    """
    if not dollars_per_million.is_finite() or dollars_per_million < 0:
        raise ValueError(f"{dollars_per_million} is not a price")
    pico = dollars_per_million * PICO_PER_USD_PER_MILLION
    if pico != int(pico):
        raise ValueError(f"{dollars_per_million} dollars per million tokens has more than six decimal places")
    return int(pico)


def price_per_million(input: Decimal, output: Decimal, cached: Decimal | None = None) -> Price:
    """The price list of a model with plain prices, in dollars per million tokens.

    Errors: ValueError for a price that is negative, not finite, or has more than six decimal places.
    """
    return Price(
        input=pico_per_token(input),
        output=pico_per_token(output),
        cached=None if cached is None else pico_per_token(cached),
    )


def cost_of(price: Price | None, usage: Usage) -> Usd | None:
    """Price of one attempt; None where the price is unknown.

    Units: integer micro-dollars, rounded half up, once, here.
    Source: the vendors' price pages as collected by genai-prices; cached, cache-written and audio tokens are parts
    of the input and output totals and are charged at their own price instead.
    """
    if price is None:
        return None
    while price.above is not None and price.above_tokens is not None and usage.input_tokens > price.above_tokens:
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
