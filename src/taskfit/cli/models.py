"""`taskfit models`: the models in use, what they cost and where that is known from."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskfit.cli.application import FAILED, SETTINGS
from taskfit.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from taskfit.values.card import ModelCard, Price

UNKNOWN = "unknown"
PRICE_KEYS = ("input", "output", "cached", "cache_write", "input_audio", "output_audio")
PICO_PER_USD_PER_MILLION = 1_000_000

app = typer.Typer(help="List the models in use and what is known of them.", no_args_is_help=True, **SETTINGS)


@app.command("list")
def list_models(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the models in use and their prices.

    Prices are in dollars per million tokens. A capability with a ? may be there or not: nobody has said so.
    """
    from taskfit.assembly import model_cards
    from taskfit.cli.opened import configuration
    from taskfit.cli.output import print_json, print_table

    read = configuration(config)
    cards = model_cards(read)
    if as_json:
        print_json([_facts(card, _aliases_of(card.id, read.aliases)) for card in cards.values()])
        return
    heads = ("alias", "model", "$/M in", "$/M out", "window", "capabilities", "price from", "on")
    print_table(heads, [_row(card, _aliases_of(card.id, read.aliases)) for card in cards.values()])


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="An alias, or provider/model.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show everything that is known of one model."""
    from taskfit.assembly import model_cards
    from taskfit.catalogue.names import nearest
    from taskfit.cli.opened import configuration
    from taskfit.cli.output import print_json

    read = configuration(config)
    cards = model_cards(read)
    card = cards.get(read.aliases.get(name, name))
    if card is None:
        near = nearest(name, [*read.aliases, *cards])
        typer.echo(f"there is no model or alias {name}\n  try     {', '.join(near) or 'taskfit models list'}", err=True)
        raise typer.Exit(FAILED)
    facts = _facts(card, _aliases_of(card.id, read.aliases))
    if as_json:
        print_json(facts)
        return
    for line in _lines(card, facts):
        typer.echo(line)


def _aliases_of(model: str, aliases: Any) -> list[str]:
    return [alias for alias, pinned in aliases.items() if pinned == model]


def _per_million(pico: int | None) -> Decimal | None:
    return None if pico is None else Decimal(pico) / PICO_PER_USD_PER_MILLION


def _said(price: "Price | None", key: str) -> str:
    dollars = None if price is None else _per_million(getattr(price, key))
    return UNKNOWN if dollars is None else f"{dollars.normalize():f}"


def _capabilities(card: "ModelCard") -> str:
    """What it can do; a `?` where that is not known, which is not the same as not being able to."""
    facts = (("tools", card.has_tools), ("vision", card.has_vision), ("json_schema", card.has_json_schema))
    return " ".join(f"{name}?" if can is None else name for name, can in facts if can is not False) or "none"


def _row(card: "ModelCard", aliases: list[str]) -> tuple[str, ...]:
    return (
        ", ".join(aliases) or "-",
        card.id,
        _said(card.price, "input"),
        _said(card.price, "output"),
        f"{card.context_tokens}" if card.context_tokens else UNKNOWN,
        _capabilities(card),
        card.source or "no list",
        f"{card.priced_on}" if card.priced_on else "-",
    )


def _facts(card: "ModelCard", aliases: list[str]) -> dict[str, Any]:
    """For programs: null is unknown; prices are dollars per million tokens."""
    price = card.price
    return {
        "id": card.id,
        "aliases": aliases,
        "price": None if price is None else {key: _number(getattr(price, key)) for key in PRICE_KEYS},
        "priced_on": card.priced_on,
        "source": card.source,
        "context_tokens": card.context_tokens,
        "max_output_tokens": card.max_output_tokens,
        "has_tools": card.has_tools,
        "has_vision": card.has_vision,
        "has_json_schema": card.has_json_schema,
    }


def _number(pico: int | None) -> float | None:
    dollars = _per_million(pico)
    return None if dollars is None else float(dollars)


def _lines(card: "ModelCard", facts: dict[str, Any]) -> list[str]:
    lines = [f"model         {card.id}", f"aliases       {', '.join(facts['aliases']) or '-'}"]
    if card.price is None:
        lines.append("price         unknown: say it under models, as {model: …, price: {input: …, output: …}}")
    else:
        prices = [f"{key} {_said(card.price, key)}" for key in PRICE_KEYS if getattr(card.price, key) is not None]
        lines.append(f"price         $ per million tokens: {', '.join(prices)}")
        if card.price.above_tokens is not None:
            lines.append(f"              other prices for prompts over {card.price.above_tokens} tokens")
        lines.append(f"price from    {card.source}, for {card.priced_on}")
    lines.append(f"window        {_tokens(card.context_tokens)}")
    lines.append(f"max output    {_tokens(card.max_output_tokens)}")
    named = (("tools", card.has_tools), ("vision", card.has_vision), ("json schema", card.has_json_schema))
    return lines + [f"{name:13} {UNKNOWN if can is None else 'yes' if can else 'no'}" for name, can in named]


def _tokens(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number} tokens"
