from datetime import date

import pytest

from taskfit.catalogue.cards import card
from taskfit.values.card import CardFacts, Price

TODAY = date(2026, 11, 20)
FREE = Price(input=0, output=0)


def test_a_listed_model_has_its_price_its_window_and_their_source() -> None:
    made = card("openai/gpt-5.4-nano", price_source="openai", facts={"has_tools": True, "has_vision": None}, on=TODAY)
    assert (made.id, made.provider, made.name) == ("openai/gpt-5.4-nano", "openai", "gpt-5.4-nano")
    assert made.price == Price(input=200_000, cached=20_000, output=1_250_000)
    assert made.priced_on == TODAY
    assert made.context_tokens == 400_000
    assert (made.has_tools, made.has_vision, made.has_json_schema) == (True, None, None)
    assert made.source.startswith("genai-prices ")


@pytest.mark.parametrize(
    ("model_id", "source"),
    [("openai/no-such-model", "openai"), ("mine/gpt-5.4-nano", "no-such-list"), ("local/qwen3:4b", None)],
    ids=["unknown model", "unknown list", "no list"],
)
def test_a_model_that_no_list_has_is_of_unknown_price(model_id: str, source: str | None) -> None:
    made = card(model_id, price_source=source, on=TODAY)
    assert (made.price, made.priced_on, made.context_tokens, made.source) == (None, None, None, "")


def test_a_dated_name_finds_its_model() -> None:
    assert card("openai/gpt-4o-2024-08-06", price_source="openai", on=TODAY).price is not None


def test_a_name_may_hold_slashes() -> None:
    made = card("together/meta-llama/Llama-3.3-70B-Instruct-Turbo", price_source="together", on=TODAY)
    assert made.name == "meta-llama/Llama-3.3-70B-Instruct-Turbo"
    assert made.price is not None


def test_the_operator_goes_before_the_provider_and_the_list() -> None:
    said = CardFacts(price=FREE, context_tokens=8_192, max_output_tokens=1_024, has_tools=False)
    facts = {"has_tools": True, "has_vision": True}
    made = card("openai/gpt-5.4-nano", price_source="openai", facts=facts, override=said, on=TODAY)
    assert (made.price, made.context_tokens, made.max_output_tokens) == (FREE, 8_192, 1_024)
    assert (made.has_tools, made.has_vision) == (False, True)
    assert made.source == "configuration"


def test_a_local_model_may_be_said_to_be_free() -> None:
    made = card("local/qwen3:4b", price_source=None, override=CardFacts(price=FREE), on=TODAY)
    assert (made.price, made.priced_on) == (FREE, TODAY)


@pytest.mark.parametrize("model_id", ["", "gpt-5.4-nano", "/gpt-5.4-nano", "openai/"])
def test_a_model_without_provider_or_name_is_refused(model_id: str) -> None:
    with pytest.raises(ValueError, match="provider/name"):
        card(model_id, price_source="openai", on=TODAY)
