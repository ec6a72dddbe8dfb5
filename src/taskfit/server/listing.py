"""What may stand in a request's `model`, in the shape of the vendor whose client asks."""

from taskfit.errors import ModelNotFound
from taskfit.pipeline.admit import AUTO, TASK_PREFIX
from taskfit.pipeline.house import House
from taskfit.server.asgi import Receive
from taskfit.server.asker import dialect_of
from taskfit.server.exchange import Exchange
from taskfit.values.listing import Listed
from taskfit.values.request import Dialect
from taskfit.wire.models import write_model, write_models


async def list_models(exchange: Exchange, receive: Receive) -> None:
    """`auto`, then tasks, aliases and models."""
    _send_list(exchange, dialect_of(exchange.headers, exchange.query))


async def show_model(exchange: Exchange, receive: Receive) -> None:
    """One entry. A model's name holds a slash, so the path's tail is looked up as a whole."""
    _send_one(exchange, dialect_of(exchange.headers, exchange.query))


async def list_gemini_models(exchange: Exchange, receive: Receive) -> None:
    """The same for the path that only Gemini's clients know."""
    _send_list(exchange, "gemini-generate")


async def show_gemini_model(exchange: Exchange, receive: Receive) -> None:
    """The same for the path that only Gemini's clients know."""
    _send_one(exchange, "gemini-generate")


def entries(house: House) -> tuple[Listed, ...]:
    """All names with what they stand for."""
    cards = house.cards
    return (
        Listed(id=AUTO, kind="auto"),
        *[
            Listed(id=f"{TASK_PREFIX}{task.name}", kind="task", ladder=tuple([rung.id for rung in task.ladder]))
            for task in house.tasks.values()
        ],
        *[Listed(id=alias, kind="alias", stands_for=model, card=cards[model]) for alias, model in house.aliases.items()],
        *[Listed(id=card.id, kind="model", card=card) for card in cards.values()],
    )


def _send_list(exchange: Exchange, dialect: Dialect) -> None:
    exchange.send_body(write_models(entries(exchange.gateway.house), dialect))


def _send_one(exchange: Exchange, dialect: Dialect) -> None:
    for entry in entries(exchange.gateway.house):
        if entry.id == exchange.tail:
            exchange.send_body(write_model(entry, dialect))
            return
    raise ModelNotFound("there is no such model; GET /v1/models lists what there is")
