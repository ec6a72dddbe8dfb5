from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.values.card import CardFacts, Price, cost_of, price_per_million
from taskfit.values.usage import Usage

NANO = Price(input=200_000, cached=20_000, output=1_250_000)
TIERED = Price(
    input=1_000_000,
    output=2_000_000,
    above_tokens=100,
    above=Price(input=3_000_000, output=4_000_000, above_tokens=200, above=Price(input=5_000_000, output=6_000_000)),
)


def test_an_unknown_price_gives_an_unknown_cost() -> None:
    assert cost_of(None, Usage(input_tokens=10, output_tokens=10)) is None


def test_cached_tokens_are_charged_at_their_own_price_instead_of_the_plain_one() -> None:
    usage = Usage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)
    assert cost_of(NANO, usage) == 120_000 + 8_000 + 125_000


def test_a_kind_of_token_without_a_price_of_its_own_is_charged_as_a_plain_one() -> None:
    usage = Usage(input_tokens=1_000_000, cache_write_tokens=500_000, input_audio_tokens=100_000)
    assert cost_of(NANO, usage) == 200_000


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [(100, 100), (101, 303), (200, 600), (201, 1005)],
    ids=["up to the first tier", "over the first", "up to the second", "over the second"],
)
def test_a_long_prompt_is_charged_whole_at_the_price_of_its_tier(tokens: int, cost: int) -> None:
    assert cost_of(TIERED, Usage(input_tokens=tokens)) == cost


@pytest.mark.parametrize(("tokens", "cost"), [(2, 0), (3, 1), (7, 1), (8, 2)])
def test_a_cost_is_rounded_half_up_once(tokens: int, cost: int) -> None:
    assert cost_of(Price(input=200_000, output=0), Usage(input_tokens=tokens)) == cost


def test_dollars_per_million_become_pico_dollars_per_token() -> None:
    assert price_per_million(Decimal("0.2"), Decimal("1.25"), Decimal("0.02")) == NANO
    assert price_per_million(Decimal(0), Decimal(0)) == Price(input=0, output=0)


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "-Infinity", "0.0000001"])
def test_what_is_not_a_price_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match=r"price|decimal places"):
        price_per_million(Decimal(price), Decimal(1))


@given(st.decimals(min_value=0, max_value=10_000, places=6), st.integers(min_value=0, max_value=10**9))
def test_tokens_times_price_is_exact(dollars: Decimal, tokens: int) -> None:
    cost = cost_of(price_per_million(dollars, Decimal(0)), Usage(input_tokens=tokens))
    assert cost is not None
    assert abs(cost - dollars * tokens) <= Decimal("0.5")


def test_facts_say_nothing_unless_told() -> None:
    assert all(getattr(CardFacts(), name) is None for name in CardFacts.__struct_fields__)
