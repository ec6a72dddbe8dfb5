"""`GET /v1/records` and `GET /v1/records/{id}`: the evidence. A client's key sees its own records, an admin's all."""

from starlette.datastructures import QueryParams

from taskfit.errors import InvalidRequest, NotFound
from taskfit.protocols import RecordQuery
from taskfit.server.asgi import Receive
from taskfit.server.exchange import Exchange

MAX_LIMIT = 1000
PARAMETERS = ("limit", "task", "outcome", "since", "before")


async def list_records(exchange: Exchange, receive: Receive) -> None:
    """Newest first. Parameters: limit (1 to 1000), task, outcome, since and before (seconds since the epoch)."""
    query = _query(QueryParams(exchange.query), key_id=_own_key(exchange))
    records = await exchange.gateway.find_records(query)
    exchange.send_json({"object": "list", "data": records})


async def show_record(exchange: Exchange, receive: Receive) -> None:
    """One record; one of another key is as good as missing."""
    record = await exchange.gateway.get_record(exchange.tail)
    own = _own_key(exchange)
    if record is None or (own is not None and record.key_id != own):
        raise NotFound("there is no such record; one is written within a second of its answer")
    exchange.send_json(record)


def _own_key(exchange: Exchange) -> str | None:
    return None if exchange.caller.role == "admin" else exchange.caller.key_id


def _query(params: QueryParams, *, key_id: str | None) -> RecordQuery:
    for name in params:
        if name not in (*PARAMETERS, "key"):
            raise InvalidRequest(f"unknown parameter {name[:40]!r}; there are {', '.join(PARAMETERS)}", param=name[:40])
    limit = _number(params, "limit")
    if limit is not None and not (limit.is_integer() and 1 <= limit <= MAX_LIMIT):
        raise InvalidRequest(f"limit wants a whole number from 1 to {MAX_LIMIT}", param="limit")
    return RecordQuery(
        limit=50 if limit is None else int(limit),
        task=params.get("task"),
        outcome=params.get("outcome"),
        key_id=key_id,
        since=_number(params, "since"),
        before=_number(params, "before"),
    )


def _number(params: QueryParams, name: str) -> float | None:
    text = params.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise InvalidRequest(f"{name} wants a number", param=name) from error
    if not abs(number) < 1e12:
        raise InvalidRequest(f"{name} wants a number below 10^12", param=name)
    return number
