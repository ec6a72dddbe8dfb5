"""List prices of one day, from the price data that comes with genai-prices.

Reads the bundled data only: nothing is fetched, ever. The data takes a tenth of a second to import, so that is done on the
first question. Knows no card and no configuration.

What a `Price` cannot say makes the price unknown rather than wrong: a fee for each request, tokens of images, videos,
reasoning or citations at a price of their own, a missing input or output price. What depends on the use of an extra is left
out: web searches, and the surcharge for one-hour cache writes, which usage does not tell from five-minute ones.
"""

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from taskfit.values.card import PICO_PER_USD_PER_MILLION, Price

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

    _Listed: TypeAlias = Decimal | TieredPrices

SOURCE = "genai-prices"

_HALF_HOURS = tuple(time(hour, minute, tzinfo=UTC) for hour in range(24) for minute in (0, 30))

_PRICE_FIELDS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cached",
    "cache_write_mtok": "cache_write",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
}
# Charged only where an extra is used, or a refinement of a price that is known: the rest of the price stays right without.
_IGNORED = frozenset({"web_searches_kcount", "storage_searches_kcount", "cache_write_1h_mtok", "cache_audio_read_mtok"})


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What the price list says of one model; None: nothing. Units: `context_tokens` tokens."""

    price: Price | None = None
    context_tokens: int | None = None
    source: str


def find_listing(provider: str, name: str, *, on: date) -> Listing | None:
    """The entry of the model `name` in the price list of `provider` (genai-prices' id), None where there is no such model.

    Names match as genai-prices matches them: dated and fine-tuned names find their model.
    """
    import genai_prices
    from genai_prices.data import providers

    found = next((listed for listed in providers if listed.id == provider), None)
    model = found.find_model(name, all_providers=providers) if found is not None else None
    if model is None:
        return None
    return Listing(
        price=price_from(_prices_on(model, on)),
        context_tokens=model.context_window,
        source=f"{SOURCE} {genai_prices.__version__}",
    )


def price_from(listed: "ModelPrice") -> Price | None:
    """The price in our units; None where a Price cannot say it. Rounded to whole pico-dollars per token, half up.

    A few prices are binary fractions or thirds of a cent in the data; rounding those moves a micro-dollar in two million tokens.
    """
    prices: dict[str, _Listed] = {key: value for key, value in vars(listed).items() if value is not None}
    if "input_mtok" not in prices or "output_mtok" not in prices:
        return None
    if not all(_can_say(key, price, prices["output_mtok"]) for key, price in prices.items()):
        return None
    starts = sorted({tier.start for price in prices.values() if not isinstance(price, Decimal) for tier in price.tiers})
    built: Price | None = None
    above_tokens: int | None = None
    for start in (*reversed(starts), None):
        rates = {field: _pico(_rate(prices[key], start)) for key, field in _PRICE_FIELDS.items() if key in prices}
        built = Price(**rates, above_tokens=above_tokens, above=built)
        above_tokens = start
    return built


def _can_say(key: str, price: "_Listed", output: "_Listed") -> bool:
    if key == "output_reasoning_mtok":
        return price == output
    if key in _IGNORED:
        return True
    rates = [price] if isinstance(price, Decimal) else [price.base, *(tier.price for tier in price.tiers)]
    return key in _PRICE_FIELDS and all(rate.is_finite() and rate >= 0 for rate in rates)


def _rate(price: "_Listed", start: int | None) -> Decimal:
    """Dollars per million tokens for a prompt just over `start` tokens; None: for a short one."""
    if isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if start is not None and tier.start <= start]
    return reached[-1] if reached else price.base


def _pico(dollars_per_million: Decimal) -> int:
    return int((dollars_per_million * PICO_PER_USD_PER_MILLION).to_integral_value(ROUND_HALF_UP))


def _prices_on(model: "ModelInfo", on: date) -> "ModelPrice":
    """The prices of that day; where they change with the hour, the dearest ones, so that no budget is held too low."""
    by_moment = [model.get_prices(datetime.combine(on, moment)) for moment in _HALF_HOURS]
    return max(by_moment, key=_dearness)


def _dearness(listed: "ModelPrice") -> Decimal:
    return sum((_rate(price, None) for price in (listed.input_mtok, listed.output_mtok) if price is not None), Decimal(0))
