"""`POST /v1/explain`: what would be done with a chat completion request, without calling a model."""

from taskfit.server.asgi import Receive
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.headers import read_terms
from taskfit.wire.openai_chat import read_request


async def explain(exchange: Exchange, receive: Receive) -> None:
    """Takes the body and the headers of `POST /v1/chat/completions`; answers with the profile and the plan."""
    terms = read_terms(exchange.headers, exchange.gateway.house.matched_headers)
    body = await read_body(exchange.headers, receive)
    request = read_request(body, request_id=exchange.request_id, terms=terms, caller=exchange.caller, headers={})
    exchange.send_json(await exchange.gateway.explain_aside(request))
