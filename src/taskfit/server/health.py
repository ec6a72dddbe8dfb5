"""`/healthz`: the process lives. `/readyz`: it can take requests, and what is wrong if it cannot, or only just can."""

from taskfit.server.asgi import Receive
from taskfit.server.exchange import Exchange

READY, NOT_READY = 200, 503


async def healthz(exchange: Exchange, receive: Receive) -> None:
    """Always 200."""
    exchange.send_json({"status": "ok"})


async def readyz(exchange: Exchange, receive: Receive) -> None:
    """503 while draining or when no more records can be kept. A failing store is told while requests still go on."""
    outbox = exchange.gateway.outbox
    status = "draining" if exchange.gateway.is_draining else "full" if outbox.is_full else "degraded" if outbox.failing else "ok"
    store = "failing" if outbox.failing else "ok"
    facts = {"status": status, "store": store, "records_waiting": outbox.depth, "records_lost": outbox.lost}
    exchange.send_json(facts, status=NOT_READY if status in ("draining", "full") else READY)
