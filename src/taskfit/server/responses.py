"""OpenAI's responses: `POST /v1/responses`, and the kept ones by their id.

The gateway keeps what was asked and answered itself, unless the request says `store: false`, so that a conversation can go on
with any model of any vendor. A kept response belongs to the key that made it.
"""

import logging
from functools import partial

from taskfit.errors import InvalidRequest, NotFound, StoreUnavailable, UpstreamError
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Receive
from taskfit.server.exchange import Exchange
from taskfit.server.generation import Generation, own_headers, write_generated, writer_of
from taskfit.server.headers import STORE
from taskfit.values.kept import KeptResponse
from taskfit.values.request import Request, Terms
from taskfit.wire import openai_responses
from taskfit.wire.dialect import StreamWriter
from taskfit.wire.openai_responses import history
from taskfit.wire.openai_responses.writers import EventWriter

log = logging.getLogger("taskfit.server")


async def show_response(exchange: Exchange, receive: Receive) -> None:
    """One kept response, as its client got it."""
    exchange.send_body(history.response_of((await _kept(exchange, exchange.tail)).data))


async def delete_response(exchange: Exchange, receive: Receive) -> None:
    """Forget one kept response, with all that was asked for it."""
    kept = await _kept(exchange, exchange.tail)
    gateway = exchange.gateway
    await gateway.outbox.call(lambda: gateway.store.delete_response(kept.id))
    exchange.send_json({"id": kept.id, "object": "response", "deleted": True})


def _read(exchange: Exchange, body: bytes, terms: Terms) -> Request:
    return openai_responses.read_request(
        body,
        request_id=exchange.request_id,
        terms=terms,
        caller=exchange.caller,
        headers=own_headers(exchange, openai_responses.FORWARDED_HEADERS),
    )


async def _complete(exchange: Exchange, request: Request) -> Request:
    """The request with all that went before. Errors: InvalidRequest for a response that is not kept."""
    previous = openai_responses.previous_id(request)
    if previous is None:
        return request
    try:
        return history.expand(request, (await _kept(exchange, previous)).data)
    except NotFound as error:
        raise InvalidRequest(
            "previous_response_id: no such response is kept; send the whole conversation as input", param="previous_response_id"
        ) from error


async def _kept(exchange: Exchange, response_id: str) -> KeptResponse:
    """A response that the caller may see; one of another key is as good as missing. Errors: NotFound, StoreUnavailable."""
    gateway, caller = exchange.gateway, exchange.caller
    kept = await gateway.outbox.call(lambda: gateway.store.get_response(response_id))
    if kept is None or (kept.key_id != caller.key_id and caller.role != "admin"):
        raise NotFound("there is no such response")
    return kept


async def _keep_answer(exchange: Exchange, walk: Walk, body: bytes) -> None:
    """Keep a response under the id that its client got. A failing store is logged: the answer is worth more than its memory."""
    if not openai_responses.is_stored(walk.request) or STORE.encode() in exchange.headers:
        return
    try:
        response_id = history.response_id(body)
        if response_id is None:
            return
        gateway, caller = exchange.gateway, exchange.caller
        kept = KeptResponse(
            id=response_id, key_id=caller.key_id, team=caller.team, at=walk.at, data=history.keep(walk.request, body)
        )
        await gateway.outbox.call(lambda: gateway.store.keep_response(kept))
    except (StoreUnavailable, UpstreamError) as error:
        log.warning("response_not_kept", extra={"request_id": exchange.request_id, "reason": str(error)[:500]})


async def _keep_stream(exchange: Exchange, walk: Walk, writer: StreamWriter) -> None:
    assert isinstance(writer, EventWriter)
    if writer.response:
        await _keep_answer(exchange, walk, writer.response)


RESPONSES = Generation(
    openai_responses.DIALECT,
    _read,
    partial(write_generated, openai_responses),
    partial(writer_of, openai_responses),
    complete=_complete,
    keep_answer=_keep_answer,
    keep_stream=_keep_stream,
)
