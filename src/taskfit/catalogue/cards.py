"""Makes a model's card from what the operator says, what its provider promises of all its models, and the price list.

Knows neither the configuration's form nor the network nor where prices are read: everything comes in as values.
"""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from taskfit.catalogue.prices import Listing
from taskfit.values.card import CardFacts, ModelCard

T = TypeVar("T")

FROM_OPERATOR = "configuration"


def card(
    model_id: str,
    *,
    listing: Listing | None = None,
    facts: Mapping[str, bool | None] = {},
    override: CardFacts | None = None,
    on: date,
) -> ModelCard:
    """The card of the model `provider/name` as known on a day.

    The operator's word (`override`) goes before that of the provider's adapter (`facts`: has_tools, has_vision,
    has_json_schema) and of the price list (`listing`, None where it does not know the model).
    A price that is in neither is None: unknown, not zero.
    Errors: ValueError when `model_id` is not `provider/name`.
    """
    provider, _, name = model_id.partition("/")
    if not provider or not name:
        raise ValueError(f"a model is written provider/name, not {model_id!r}")
    said = override or CardFacts()
    listed = listing or Listing(source="")
    price = _first(said.price, listed.price)
    return ModelCard(
        id=model_id,
        provider=provider,
        name=name,
        price=price,
        priced_on=on if price is not None else None,
        context_tokens=_first(said.context_tokens, listed.context_tokens),
        max_output_tokens=said.max_output_tokens,
        has_tools=_first(said.has_tools, facts.get("has_tools")),
        has_vision=_first(said.has_vision, facts.get("has_vision")),
        has_json_schema=_first(said.has_json_schema, facts.get("has_json_schema")),
        source=FROM_OPERATOR if said.price is not None else listed.source,
    )


def _first(said: T | None, otherwise: T | None) -> T | None:
    return otherwise if said is None else said
