"""`POST /v1/chat/completions`: a request from the socket to the walk, and the walk's events back to the socket."""

import asyncio
from contextlib import aclosing, suppress

from taskfit.errors import IncompleteBody, InternalError, Overloaded, RequestError, TaskfitError, WalkFailed
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Receive, Scope, Send, send_whole
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.headers import NOTHING_ASKED, answer_head, cost_comment, read_terms
from taskfit.values.answer import Answer, Delta, Event
from taskfit.values.request import Request, Terms
from taskfit.wire import sse
from taskfit.wire.openai_chat import asks_for_usage, read_request, write_answer, write_delta, write_failure

WENT_WRONG = "something went wrong inside the gateway"
TOO_SLOW = "the client read too slowly"
SHUTTING_DOWN = "the gateway is shutting down"
GRACE_S = 5.0
"""How much longer than the deadline a client may take to read its stream."""


async def chat(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one chat completion."""
    request = await _read(exchange, receive)
    walk = exchange.walk = exchange.gateway.walk(request, began=exchange.began)
    if request.is_stream:
        await _stream(exchange, walk, send)
    else:
        await _answer(exchange, walk, send)


async def _read(exchange: Exchange, receive: Receive) -> Request:
    """The request; what cannot be read, or never comes whole, leaves a record all the same."""
    terms = NOTHING_ASKED
    try:
        terms = read_terms(exchange.headers)
        body = await read_body(exchange.headers, receive)
        return read_request(body, request_id=exchange.request_id, terms=terms, caller=exchange.caller)
    except RequestError as error:
        _record_refusal(exchange, error, terms)
        raise
    except asyncio.CancelledError:
        with suppress(Overloaded):
            _record_refusal(exchange, IncompleteBody("the client left before its body had come"), terms)
        raise


def _record_refusal(exchange: Exchange, error: RequestError, terms: Terms) -> None:
    exchange.record_id = exchange.gateway.record_refusal(
        error,
        request_id=exchange.request_id,
        dialect="openai-chat",
        caller=exchange.caller,
        terms=terms,
        asked="",
        began=exchange.began,
    )


async def _answer(exchange: Exchange, walk: Walk, send: Send) -> None:
    answer: Event | None = None
    async with walk, aclosing(walk.events()) as events:
        async for event in events:
            answer = event
        if not isinstance(answer, Answer):
            raise InternalError(WENT_WRONG, operator_text="a plain request was not answered by one Answer")
    body = write_answer(answer, reply_id=walk.id, model=walk.model or "", created=int(walk.at))
    exchange.is_answered = True
    await send_whole(send, 200, answer_head(walk, is_stream=False), body)


async def _stream(exchange: Exchange, walk: Walk, send: Send) -> None:
    """Relay the events. The record is put before the terminal event, so a client that has its answer has left a record."""
    try:
        async with walk:
            await _relay(exchange, walk, send)
        if not exchange.is_answered:
            await _begin(exchange, walk, send)
        await send({"type": "http.response.body", "body": sse.comment(cost_comment(walk)) + sse.DONE_EVENT})
    except TaskfitError as error:
        await _break_off(exchange, error, send)
        raise
    except TimeoutError as error:
        exchange.drop()
        raise _failure(TOO_SLOW, "deadline_exceeded") from error
    except asyncio.CancelledError:
        await _break_off(exchange, _failure(SHUTTING_DOWN, "cut_answer"), send)
        raise


async def _relay(exchange: Exchange, walk: Walk, send: Send) -> None:
    """Every event as soon as it comes. Errors: TimeoutError when the client takes far longer than the walk may."""
    shows_usage, model = asks_for_usage(walk.request), ""
    async with asyncio.timeout(None) as limit, aclosing(walk.events()) as events:
        async for event in events:
            assert isinstance(event, Delta)
            is_first = not exchange.is_answered
            if is_first:
                model = walk.model or ""
                await _begin(exchange, walk, send)
                limit.reschedule(_latest_end(walk))
            for payload in write_delta(event, walk.id, model, int(walk.at), is_first=is_first, shows_usage=shows_usage):
                await send({"type": "http.response.body", "body": sse.event(payload), "more_body": True})


async def _begin(exchange: Exchange, walk: Walk, send: Send) -> None:
    exchange.is_answered = True
    await send({"type": "http.response.start", "status": 200, "headers": answer_head(walk, is_stream=True)})


async def _break_off(exchange: Exchange, error: TaskfitError, send: Send) -> None:
    """End a stream that has begun with an error event and without the terminal one, so that nobody takes it for whole."""
    if exchange.is_answered:
        await send({"type": "http.response.body", "body": sse.event(write_failure(error))})


def _failure(text: str, reason: str) -> WalkFailed:
    return WalkFailed(text, reason=reason, operator_text=text)


def _latest_end(walk: Walk) -> float | None:
    if walk.plan is None:
        return None
    return asyncio.get_running_loop().time() + walk.plan.deadline_s - walk.elapsed_ms() / 1e3 + GRACE_S
