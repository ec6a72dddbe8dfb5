"""`POST /v1/chat/completions`: a request from the socket to the walk, and the walk's events back to the socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from taskfit.errors import InternalError, RequestError, TaskfitError, WalkFailed
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Receive, Scope, Send, send_whole
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.headers import answer_headers, cost_comment, read_terms, refuse_later_headers
from taskfit.values.answer import Answer, Delta, Event
from taskfit.values.request import Request, Terms
from taskfit.wire import sse
from taskfit.wire.openai_chat import asks_for_usage, read_request, write_answer, write_delta, write_failure

GRACE_S = 5.0
"""How much longer than the deadline a client may take to read its stream."""


async def chat(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one chat completion."""
    request = await _read(exchange, receive)
    exchange.record_id = None
    walk = exchange.walk = exchange.gateway.walk(request, began=exchange.began)
    if request.is_stream:
        await _stream(exchange, walk, send)
    else:
        await _answer(exchange, walk, send)


async def _read(exchange: Exchange, receive: Receive) -> Request:
    """The request; what cannot be read leaves a record all the same."""
    terms = Terms()
    try:
        terms = read_terms(exchange.headers)
        refuse_later_headers(exchange.headers)
        body = await read_body(exchange.headers, receive)
        return read_request(body, request_id=exchange.request_id, terms=terms, caller=exchange.caller)
    except RequestError as error:
        exchange.record_id = exchange.gateway.record_refusal(
            error,
            request_id=exchange.request_id,
            dialect="openai-chat",
            caller=exchange.caller,
            terms=terms,
            asked="",
            began=exchange.began,
        )
        raise


async def _answer(exchange: Exchange, walk: Walk, send: Send) -> None:
    answer: Event | None = None
    async with walk, aclosing(walk.events()) as events:
        async for event in events:
            answer = event
    if not isinstance(answer, Answer):
        raise InternalError(
            "something went wrong inside the gateway", operator_text="a plain request was not answered by one Answer"
        )
    body = write_answer(answer, reply_id=walk.id, model=walk.model or "", created=int(walk.at))
    exchange.is_answered = True
    await send_whole(send, 200, answer_headers(walk, is_stream=False), body)


async def _stream(exchange: Exchange, walk: Walk, send: Send) -> None:
    """Relay the events. The record is put before the terminal event, so a client that has its answer has left a record."""
    try:
        async with walk:
            async with asyncio.timeout(None) as limit, aclosing(walk.events()) as events:
                async for piece in _pieces(walk, events):
                    if not exchange.is_answered:
                        await _begin(exchange, walk, send)
                        limit.reschedule(_latest_end(walk))
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not exchange.is_answered:
            await _begin(exchange, walk, send)
        await send({"type": "http.response.body", "body": sse.comment(cost_comment(walk)) + sse.DONE_EVENT})
    except TaskfitError as error:
        await _break_off(exchange, error, send)
        raise
    except TimeoutError as error:
        raise WalkFailed(
            "the client read too slowly", reason="deadline_exceeded", operator_text="the client read too slowly"
        ) from error
    except asyncio.CancelledError:
        await _break_off(
            exchange, WalkFailed("the gateway is shutting down", reason="cut_answer", operator_text="shut down"), send
        )
        raise


async def _pieces(walk: Walk, events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    """The stream's bytes, event by event."""
    shows_usage = asks_for_usage(walk.request)
    created, is_first = int(walk.at), True
    async for event in events:
        if isinstance(event, Delta):
            payloads = write_delta(
                event, reply_id=walk.id, model=walk.model or "", created=created, is_first=is_first, shows_usage=shows_usage
            )
            for payload in payloads:
                yield sse.event(payload)
            is_first = False


async def _begin(exchange: Exchange, walk: Walk, send: Send) -> None:
    exchange.is_answered = True
    await send({"type": "http.response.start", "status": 200, "headers": answer_headers(walk, is_stream=True)})


async def _break_off(exchange: Exchange, error: TaskfitError, send: Send) -> None:
    """End a stream that has begun with an error event and without the terminal one, so that nobody takes it for whole."""
    if exchange.is_answered:
        await send({"type": "http.response.body", "body": sse.event(write_failure(error))})


def _latest_end(walk: Walk) -> float | None:
    if walk.plan is None:
        return None
    return asyncio.get_running_loop().time() + walk.plan.deadline_s - walk.elapsed_ms() / 1e3 + GRACE_S
