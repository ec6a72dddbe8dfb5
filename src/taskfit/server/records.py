"""`GET /v1/records` and `GET /v1/records/{id}`: the evidence. A client's key sees its own records, an admin's all."""

from taskfit.errors import NotFound
from taskfit.pipeline.labelled import labelled
from taskfit.protocols import RecordQuery
from taskfit.server.asgi import Receive
from taskfit.server.exchange import Exchange
from taskfit.server.query import read_limit, read_number, read_params
from taskfit.values.record import Record
from taskfit.values.request import Caller
from taskfit.values.review import Label

PARAMETERS = ("limit", "task", "outcome", "since", "before")


async def list_records(exchange: Exchange, receive: Receive) -> None:
    """Newest first. Parameters: limit (1 to 1000), task, outcome, since and before (seconds since the epoch)."""
    params = read_params(exchange.query, PARAMETERS)
    query = RecordQuery(
        limit=read_limit(params),
        task=params.get("task"),
        outcome=params.get("outcome"),
        key_id=_own_key(exchange.caller),
        since=read_number(params, "since"),
        before=read_number(params, "before"),
    )
    exchange.send_json({"object": "list", "data": await exchange.gateway.find_records(query)})


async def show_record(exchange: Exchange, receive: Receive) -> None:
    """One record with its labels; one of another key is as good as missing."""
    record = await visible_record(exchange, exchange.tail)
    labels = await exchange.gateway.reviews.labels_of(record.id)
    exchange.send_json(labelled(record, [label for label in labels if _may_see(exchange.caller, label)]))


async def visible_record(exchange: Exchange, record_id: str) -> Record:
    """The record, if its caller may see it. Errors: NotFound."""
    record = await exchange.gateway.get_record(record_id)
    own = _own_key(exchange.caller)
    if record is None or (own is not None and record.key_id != own):
        raise NotFound("there is no such record; one is written within a second of its answer")
    return record


def _own_key(caller: Caller) -> str | None:
    return None if caller.role == "admin" else caller.key_id


def _may_see(caller: Caller, label: Label) -> bool:
    """A client sees what it has said itself; what reviewers say is for the operator."""
    return caller.role == "admin" or (label.source == "feedback" and label.by == caller.key_id)
