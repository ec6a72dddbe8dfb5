"""`GET /v1/models` in OpenAI's shape: what may stand in a request's `model`."""

from typing import Any

from taskfit.errors import ModelNotFound
from taskfit.pipeline.admit import AUTO, TASK_PREFIX
from taskfit.pipeline.house import House
from taskfit.server.asgi import Receive, Scope, Send
from taskfit.server.exchange import Exchange


async def list_models(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    """`auto`, then tasks, aliases and models."""
    await exchange.send_json({"object": "list", "data": entries(exchange.gateway.house)}, send)


async def show_model(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    """One entry. A model's name holds a slash, so the path's tail is looked up as a whole."""
    for entry in entries(exchange.gateway.house):
        if entry["id"] == exchange.tail:
            await exchange.send_json(entry, send)
            return
    raise ModelNotFound("there is no such model; GET /v1/models lists what there is")


def entries(house: House) -> list[dict[str, Any]]:
    """All names with what they stand for."""
    listed = [_entry(AUTO, "taskfit", {"kind": "auto"})]
    listed += [
        _entry(f"{TASK_PREFIX}{task.name}", "taskfit", {"kind": "task", "ladder": task.ladder}) for task in house.tasks.values()
    ]
    listed += [_entry(alias, "taskfit", {"kind": "alias", "model": model}) for alias, model in house.aliases.items()]
    listed += [
        _entry(card.id, card.provider, {"kind": "model", "context_tokens": card.context_tokens, "priced": card.price is not None})
        for card in house.cards.values()
    ]
    return listed


def _entry(name: str, owner: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner, "taskfit": facts}
