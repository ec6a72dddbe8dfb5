from datetime import date

import pytest

from taskfit.catalogue.cards import card
from taskfit.catalogue.prices import Listing
from taskfit.values.card import CardFacts, Price

TODAY = date(2026, 11, 20)
FREE = Price(input=0, output=0)


LISTED = Listing(price=Price(input=200_000, cached=20_000, output=1_250_000), context_tokens=400_000, source="a list")


def test_a_listed_model_has_its_price_its_window_and_their_source() -> None:
    made = card("openai/gpt-5.4-nano", listing=LISTED, facts={"has_tools": True, "has_vision": None}, on=TODAY)
    assert (made.id, made.provider, made.name) == ("openai/gpt-5.4-nano", "openai", "gpt-5.4-nano")
    assert (made.price, made.priced_on, made.context_tokens, made.source) == (LISTED.price, TODAY, 400_000, "a list")
    assert (made.has_tools, made.has_vision, made.has_json_schema) == (True, None, None)


def test_a_model_that_no_list_has_is_of_unknown_price() -> None:
    made = card("local/qwen3:4b", on=TODAY)
    assert (made.price, made.priced_on, made.context_tokens, made.source) == (None, None, None, "")


def test_a_name_may_hold_slashes() -> None:
    assert card("together/meta-llama/Llama-3.3-70B-Instruct-Turbo", on=TODAY).name == "meta-llama/Llama-3.3-70B-Instruct-Turbo"


def test_the_operator_goes_before_the_provider_and_the_list() -> None:
    said = CardFacts(price=FREE, context_tokens=8_192, max_output_tokens=1_024, has_tools=False)
    facts = {"has_tools": True, "has_vision": True}
    made = card("openai/gpt-5.4-nano", listing=LISTED, facts=facts, override=said, on=TODAY)
    assert (made.price, made.context_tokens, made.max_output_tokens) == (FREE, 8_192, 1_024)
    assert (made.has_tools, made.has_vision) == (False, True)
    assert made.source == "configuration"


def test_a_local_model_may_be_said_to_be_free() -> None:
    made = card("local/qwen3:4b", override=CardFacts(price=FREE), on=TODAY)
    assert (made.price, made.priced_on) == (FREE, TODAY)


@pytest.mark.parametrize("model_id", ["", "gpt-5.4-nano", "/gpt-5.4-nano", "openai/"])
def test_a_model_without_provider_or_name_is_refused(model_id: str) -> None:
    with pytest.raises(ValueError, match="provider/name"):
        card(model_id, listing=LISTED, on=TODAY)
