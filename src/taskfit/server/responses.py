"""OpenAI's responses: `POST /v1/responses`, and the kept ones by their id.

The gateway keeps what was asked and answered itself, unless the request says `store: false`, so that a conversation can go on
with any model of any vendor. A kept response belongs to the key that made it.
"""

import asyncio
import logging
from functools import partial
from urllib.parse import parse_qsl

from taskfit.errors import InvalidRequest, NotFound, StoreUnavailable, Unsupported, UpstreamError
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Receive
from taskfit.server.body import MAX_BODY_BYTES
from taskfit.server.exchange import Exchange
from taskfit.server.generation import Generation, names_of, own_headers, write_generated, writer_of
from taskfit.server.headers import STORE
from taskfit.values.kept import KeptResponse
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire import openai_responses
from taskfit.wire.dialect import StreamWriter
from taskfit.wire.openai_responses import history
from taskfit.wire.openai_responses.writers import EventWriter

KEEP_WITHIN_S = 1.0
"""How long an answer waits for its response to be kept."""
MAX_TALK_BYTES = MAX_BODY_BYTES
MAX_TALK_TURNS = 1000
PREVIOUS = "previous_response_id"

log = logging.getLogger("taskfit.server")

_OWN = names_of(openai_responses)


async def show_response(exchange: Exchange, receive: Receive) -> None:
    """One kept response, as its client got it. Errors: NotFound, Unsupported."""
    if (b"stream", b"true") in parse_qsl(exchange.query):
        raise Unsupported("stream: a kept response is told as a whole only", param="stream")
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
        headers=own_headers(exchange, _OWN),
    )


async def _complete(exchange: Exchange, request: Request) -> Request:
    """The request with all that went before. Errors: InvalidRequest for what is not kept, and for a talk that is too long."""
    previous = openai_responses.previous_id(request)
    if previous is None:
        return request
    chain = await exchange.gateway.outbox.call(lambda: _chain(exchange, previous))
    return history.expand(request, [kept.data for kept in reversed(chain)])


def _chain(exchange: Exchange, response_id: str | None) -> list[KeptResponse]:
    """A kept response and those before it, the newest first; each holds its own part of the talk only. In the store's thread."""
    chain: list[KeptResponse] = []
    size = 0
    while response_id is not None:
        kept = exchange.gateway.store.get_response(response_id)
        if kept is None or not _may_see(exchange.caller, kept):
            what = "an earlier response of this conversation is no longer kept" if chain else "no such response is kept"
            raise InvalidRequest(f"{PREVIOUS}: {what}; send the whole conversation as input", param=PREVIOUS)
        size += len(kept.data)
        if size > MAX_TALK_BYTES or len(chain) >= MAX_TALK_TURNS:
            text = f"{PREVIOUS}: the conversation is over {MAX_TALK_BYTES} bytes or {MAX_TALK_TURNS} turns"
            raise InvalidRequest(text, param=PREVIOUS)
        chain.append(kept)
        response_id = history.previous_of(kept.data)
    return chain


async def _kept(exchange: Exchange, response_id: str) -> KeptResponse:
    """A response that the caller may see; one of another key is as good as missing. Errors: NotFound, StoreUnavailable."""
    if "/" in response_id:
        raise NotFound("there is no such route")
    gateway = exchange.gateway
    kept = await gateway.outbox.call(lambda: gateway.store.get_response(response_id))
    if kept is None or not _may_see(exchange.caller, kept):
        raise NotFound("there is no such response")
    return kept


def _may_see(caller: Caller, kept: KeptResponse) -> bool:
    return kept.key_id == caller.key_id or caller.role == "admin"


async def _keep_answer(exchange: Exchange, walk: Walk, body: bytes) -> None:
    """Keep a response under the id that its client got. The answer is worth more than its memory: a store that fails, or takes
    too long, is logged and not waited for."""
    asked = exchange.asked or walk.request
    if not openai_responses.is_stored(asked) or STORE.encode() in exchange.headers:
        return
    try:
        if not await _keep(exchange, walk, asked, body):
            log.warning("response_not_kept", extra={"request_id": exchange.request_id, "reason": "its id is known already"})
    except (StoreUnavailable, UpstreamError, TimeoutError) as error:
        reason = str(error)[:500] or "the store is slow"
        log.warning("response_not_kept", extra={"request_id": exchange.request_id, "reason": reason})


async def _keep(exchange: Exchange, walk: Walk, asked: Request, body: bytes) -> bool:
    """Whether it is kept: not where it has no id, or one that was kept before, which some servers give twice."""
    gateway, caller = exchange.gateway, exchange.caller
    response_id = history.response_id(body)
    if response_id is None:
        return False
    if gateway.outbox.failing:
        raise StoreUnavailable("the store cannot be written at the moment", operator_text=str(gateway.outbox.failing))
    kept = KeptResponse(id=response_id, key_id=caller.key_id, team=caller.team, at=walk.at, data=history.keep(asked, body))
    return await asyncio.wait_for(gateway.outbox.call(lambda: gateway.store.keep_response(kept)), KEEP_WITHIN_S)


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
