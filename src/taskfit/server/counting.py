"""Tokens of a request without asking a model: `POST /v1/messages/count_tokens` and Gemini's `:countTokens`.

Counted here, for the model that would be tried first, whoever serves it. It is an estimate, and `x-taskfit-estimate` says so.
Leaves no record: no model was called.
"""

from collections.abc import Callable

from taskfit.server.asgi import Receive
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.generation import names_of, own_headers
from taskfit.server.headers import ESTIMATE, read_terms
from taskfit.values.request import Request
from taskfit.wire import anthropic_messages, gemini_generate

_OWN = names_of(anthropic_messages)


async def count_messages(exchange: Exchange, receive: Receive) -> None:
    """Anthropic's count."""
    terms = read_terms(exchange.headers, exchange.gateway.house.matched_headers)
    request = anthropic_messages.read_count_request(
        await read_body(exchange.headers, receive),
        request_id=exchange.request_id,
        terms=terms,
        caller=exchange.caller,
        headers=own_headers(exchange, _OWN),
    )
    await _send(exchange, request, anthropic_messages.write_count)


async def count_gemini(exchange: Exchange, receive: Receive) -> None:
    """Gemini's count."""
    terms = read_terms(exchange.headers, exchange.gateway.house.matched_headers)
    request = gemini_generate.read_count_request(
        await read_body(exchange.headers, receive),
        request_id=exchange.request_id,
        terms=terms,
        caller=exchange.caller,
        headers={},
        model=exchange.tail,
    )
    await _send(exchange, request, gemini_generate.write_count)


async def _send(exchange: Exchange, request: Request, write: Callable[[int], bytes]) -> None:
    count = await exchange.gateway.count_aside(request)
    exchange.send_body(write(count.tokens), more=((ESTIMATE.encode(), b"true"),))
