"""Costs by our cards against genai-prices' own, and against figures written out."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import ModelPrice, Tier, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.catalogue.prices import find_listing, price_from
from taskfit.values.card import Price, cost_of
from taskfit.values.money import usd_from_decimal
from taskfit.values.usage import Usage

TODAY = date(2026, 11, 20)
VENDORS = ("openai", "anthropic", "google", "groq", "mistral", "x-ai", "together", "cohere", "fireworks")
MODELS = tuple(
    (vendor.id, model.id)
    for vendor in providers
    if vendor.id in VENDORS
    for model in [model for model in vendor.models if find_listing(vendor.id, model.id, on=TODAY)][:40]
    if (listing := find_listing(vendor.id, model.id, on=TODAY)) is not None and listing.price is not None
)
TIERED = tuple(
    (vendor.id, model.id)
    for vendor in providers
    if vendor.id in ("anthropic", "google", "openai", "x-ai")
    for model in vendor.models
    if (listing := find_listing(vendor.id, model.id, on=TODAY)) is not None
    if listing.price is not None and listing.price.above is not None
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    cached, written, plain = (draw(st.integers(0, limit)) for limit in (300_000, 100_000, 400_000))
    return Usage(
        input_tokens=cached + written + plain,
        output_tokens=draw(st.integers(0, 200_000)),
        cached_tokens=cached,
        cache_write_tokens=written,
    )


def their_cost(vendor: str, model: str, usage: Usage) -> int:
    calculated = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
        ),
        model,
        provider_id=vendor,
        genai_request_timestamp=datetime.combine(TODAY, time(12, tzinfo=UTC)),
    )
    return usd_from_decimal(calculated.total_price)


def test_the_sample_is_large_enough_to_mean_something() -> None:
    assert len(MODELS) >= 100
    assert len({vendor for vendor, _ in MODELS}) >= 7
    assert len(TIERED) >= 10


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MODELS + TIERED), usages())
def test_a_cost_is_that_of_genai_prices_to_the_micro_dollar(listed: tuple[str, str], usage: Usage) -> None:
    vendor, model = listed
    ours = cost_of(price_on(vendor, model, TODAY), usage)
    assert ours == their_cost(vendor, model, usage)


@pytest.mark.parametrize(
    ("model_id", "usage", "micro_dollars"),
    [
        ("openai/gpt-5.4-nano", Usage(input_tokens=1_000_000, output_tokens=1_000_000), 1_450_000),
        ("openai/gpt-5.4-nano", Usage(input_tokens=1_000_000, cached_tokens=500_000, output_tokens=0), 110_000),
        # $2 input, $2.50 written to the cache, $0.20 read from it, $10 output
        (
            "anthropic/claude-sonnet-5",
            Usage(input_tokens=100_000, cache_write_tokens=20_000, cached_tokens=50_000, output_tokens=1_000),
            60_000 + 50_000 + 10_000 + 10_000,
        ),
        # $1.25 and $10 up to 200,000 tokens of prompt, $2.50 and $15 for longer ones
        ("google/gemini-2.5-pro", Usage(input_tokens=200_000, output_tokens=1_000), 250_000 + 10_000),
        ("google/gemini-2.5-pro", Usage(input_tokens=200_001, output_tokens=1_000), 500_003 + 15_000),
        ("google/gemini-2.5-flash", Usage(input_tokens=1_000, input_audio_tokens=600, output_tokens=0), 120 + 600),
    ],
)
def test_costs_written_out(model_id: str, usage: Usage, micro_dollars: int) -> None:
    provider, _, name = model_id.partition("/")
    assert cost_of(price_on(provider, name, TODAY), usage) == micro_dollars


def price_on(vendor: str, model: str, day: date) -> Price:
    listing = find_listing(vendor, model, on=day)
    assert listing is not None
    assert listing.price is not None
    return listing.price


def test_a_price_is_that_of_its_day() -> None:
    assert price_on("google", "gemini-3.6-flash", date(2026, 12, 31)).input == 750_000
    assert price_on("google", "gemini-3.6-flash", date(2027, 1, 1)).input == 1_500_000


def test_a_price_that_changes_with_the_hour_is_the_dearest_of_the_day() -> None:
    price = price_on("deepseek", "deepseek-v4-pro", TODAY)
    assert (price.input, price.output) == (1_320_000, 3_960_000)


@pytest.mark.parametrize(
    ("prices", "why"),
    [
        ({}, "nothing is known"),
        ({"input_mtok": Decimal(1)}, "the output has no price"),
        ({"input_mtok": Decimal(1), "output_mtok": Decimal(1), "requests_kcount": Decimal(5)}, "a fee for each request"),
        ({"input_mtok": Decimal(1), "output_mtok": Decimal(1), "output_image_mtok": Decimal(30)}, "images at their own price"),
        ({"input_mtok": Decimal(2), "output_mtok": Decimal(8), "output_reasoning_mtok": Decimal(3)}, "reasoning apart"),
        ({"input_mtok": Decimal(-1), "output_mtok": Decimal(1)}, "a negative price"),
        ({"input_mtok": Decimal("NaN"), "output_mtok": Decimal(1)}, "not a number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_said_is_unknown_and_not_zero(prices: dict[str, Decimal], why: str) -> None:
    assert price_from(ModelPrice(**prices)) is None


def test_several_tiers_nest() -> None:
    tiered = TieredPrices(base=Decimal(1), tiers=[Tier(start=100, price=Decimal(2)), Tier(start=200, price=Decimal(3))])
    late = TieredPrices(base=Decimal(5), tiers=[Tier(start=200, price=Decimal(7))])
    assert price_from(ModelPrice(input_mtok=tiered, output_mtok=late)) == Price(
        input=1_000_000,
        output=5_000_000,
        above_tokens=100,
        above=Price(
            input=2_000_000,
            output=5_000_000,
            above_tokens=200,
            above=Price(input=3_000_000, output=7_000_000),
        ),
    )


def test_a_binary_fraction_in_the_data_becomes_the_price_that_was_meant() -> None:
    price = price_from(ModelPrice(input_mtok=Decimal("0.18000000000000002"), output_mtok=Decimal("0.13999999999999999")))
    assert price == Price(input=180_000, output=140_000)
