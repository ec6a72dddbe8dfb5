"""Gemini's generateContent: the model and the wish for a stream are in the path, the form of the stream in `alt`."""

from functools import partial
from urllib.parse import parse_qsl

from taskfit.pipeline.stream import Walk
from taskfit.server.exchange import Exchange
from taskfit.server.generation import Generation, names_of, own_headers, write_generated
from taskfit.values.request import Request, Terms
from taskfit.wire import gemini_generate
from taskfit.wire.dialect import StreamWriter

_OWN = names_of(gemini_generate)


def _read(exchange: Exchange, body: bytes, terms: Terms, *, is_stream: bool) -> Request:
    return gemini_generate.read_request(
        body,
        request_id=exchange.request_id,
        terms=terms,
        caller=exchange.caller,
        headers=own_headers(exchange, _OWN),
        model=exchange.tail,
        is_stream=is_stream,
    )


def _new_writer(exchange: Exchange, walk: Walk) -> StreamWriter:
    """Server-sent events with `alt=sse`; without it a JSON array with an element for each chunk, which is the API's default."""
    if (b"alt", b"sse") in parse_qsl(exchange.query):
        return gemini_generate.new_writer(walk.request, reply_id=walk.id, created=int(walk.at))
    exchange.stream_media = "application/json"
    return gemini_generate.new_array_writer(walk.request, reply_id=walk.id, created=int(walk.at))


GENERATE = Generation("gemini-generate", partial(_read, is_stream=False), partial(write_generated, gemini_generate))
STREAM = Generation("gemini-generate", partial(_read, is_stream=True), partial(write_generated, gemini_generate), _new_writer)
