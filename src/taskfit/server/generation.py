"""The endpoints that answer with a model's words, in whatever dialect: a request from the socket to the walk, and the walk's
events back to the socket.

Knows no dialect's grammar: how bytes are read and written is handed in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from taskfit.errors import IncompleteBody, InternalError, Overloaded, TaskfitError, WalkFailed
from taskfit.pipeline.receivers import EventList
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Receive, write_whole
from taskfit.server.body import read_body
from taskfit.server.exchange import Exchange
from taskfit.server.headers import NOTHING_ASKED, answer_head, read_terms
from taskfit.server.relay import Relay
from taskfit.values.answer import Answer, Event
from taskfit.values.request import Dialect, Request, Terms
from taskfit.wire.dialect import BodyDialect, ClientDialect, StreamWriter

WENT_WRONG = "something went wrong inside the gateway"
TOO_SLOW = "the client read too slowly"
SHUTTING_DOWN = "the gateway is shutting down"
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Generation:
    """One endpoint. `read` makes a Request of a body, `write` the body of a whole answer, `new_writer` the writer of a stream
    (None: it has no streams). `complete` adds what the gateway itself keeps to a request; `keep_answer` and `keep_stream` keep
    what was answered, before the client sees its end.
    """

    dialect: Dialect
    read: Callable[[Exchange, bytes, Terms], Request]
    write: Callable[[Event, Request, Walk], bytes]
    new_writer: Callable[[Exchange, Walk], StreamWriter] | None = None
    complete: Callable[[Exchange, Request], Awaitable[Request]] | None = None
    keep_answer: Callable[[Exchange, Walk, bytes], Awaitable[None]] | None = None
    keep_stream: Callable[[Exchange, Walk, StreamWriter], Awaitable[None]] | None = None

    async def __call__(self, exchange: Exchange, receive: Receive) -> None:
        """Answer one request."""
        request = await self._read_whole(exchange, receive)
        walk = exchange.walk = exchange.gateway.walk(request, began=exchange.began)
        if request.is_stream and self.new_writer is not None:
            await self._stream(exchange, walk, self.new_writer(exchange, walk))
        else:
            await self._answer(exchange, walk)

    async def _read_whole(self, exchange: Exchange, receive: Receive) -> Request:
        """The request; what cannot be read, or never comes whole, leaves a record all the same."""
        terms = NOTHING_ASKED
        try:
            terms = read_terms(exchange.headers, exchange.gateway.house.matched_headers)
            body = await read_body(exchange.headers, receive)
            request = exchange.asked = self.read(exchange, body, terms)
            return request if self.complete is None else await self.complete(exchange, request)
        except TaskfitError as error:
            self._record_refusal(exchange, error, terms)
            raise
        except asyncio.CancelledError:
            with suppress(Overloaded):
                self._record_refusal(exchange, IncompleteBody("the client left before its body had come"), terms)
            raise

    def _record_refusal(self, exchange: Exchange, error: TaskfitError, terms: Terms) -> None:
        exchange.record_id = exchange.gateway.record_refusal(
            error,
            request_id=exchange.request_id,
            dialect=self.dialect,
            caller=exchange.caller,
            terms=terms,
            asked="",
            began=exchange.began,
        )

    async def _answer(self, exchange: Exchange, walk: Walk) -> None:
        received = EventList()
        with walk:
            await walk.run(received)
            if len(received.events) != 1:
                raise InternalError(WENT_WRONG, operator_text="a plain request was not answered by one event")
            body = self.write(received.events[0], exchange.asked or walk.request, walk)
        if self.keep_answer is not None:
            await self.keep_answer(exchange, walk, body)
        exchange.is_answered = True
        write_whole(exchange.out, 200, answer_head(walk, is_stream=False), body)

    async def _stream(self, exchange: Exchange, walk: Walk, writer: StreamWriter) -> None:
        """Relay the events. The record is put before the terminal event, so a client that has its answer has left a record."""
        relay = Relay(exchange, walk, writer)
        try:
            with walk:
                await walk.run(relay)
            closing = writer.end()
            if self.keep_stream is not None:
                await self.keep_stream(exchange, walk, writer)
            relay.end(closing)
        except TaskfitError as error:
            relay.break_off(error)
            raise
        except TimeoutError as error:
            exchange.drop()
            raise _failure(TOO_SLOW, "deadline_exceeded") from error
        except asyncio.CancelledError:
            relay.break_off(_failure(SHUTTING_DOWN, "cut_answer"))
            raise
        finally:
            relay.break_off(InternalError(WENT_WRONG))  # whatever it was: nobody may take what there is for whole
            relay.close()


def generation_of(dialect: BodyDialect) -> Generation:
    """The endpoint of a dialect whose bodies say everything there is to say."""

    def read(exchange: Exchange, body: bytes, terms: Terms) -> Request:
        headers = own_headers(exchange, own)
        return read_request(body, request_id=exchange.request_id, terms=terms, caller=exchange.caller, headers=headers)

    own, read_request = names_of(dialect), dialect.read_request
    return Generation(dialect.DIALECT, read, partial(write_generated, dialect), partial(writer_of, dialect))


def names_of(dialect: ClientDialect) -> frozenset[bytes]:
    """The header fields that belong to a dialect, as they stand in a request."""
    return frozenset([name.encode() for name in dialect.FORWARDED_HEADERS])


def own_headers(exchange: Exchange, names: frozenset[bytes]) -> Mapping[str, str]:
    """Those of the caller's header fields, for an upstream of the same dialect."""
    if names.isdisjoint(exchange.headers):
        return _NO_HEADERS
    return {name.decode(): exchange.headers[name].decode("latin-1") for name in sorted(names.intersection(exchange.headers))}


def write_generated(dialect: ClientDialect, event: Event, request: Request, walk: Walk) -> bytes:
    """The body of a whole answer in the client's dialect. Errors: InternalError where it is none."""
    if not isinstance(event, Answer):
        raise InternalError(WENT_WRONG, operator_text="a plain request was not answered by an Answer")
    return dialect.write_answer(event, request, reply_id=walk.id, model=walk.model or "", created=int(walk.at))


def writer_of(dialect: ClientDialect, exchange: Exchange, walk: Walk) -> StreamWriter:
    """The writer of one stream in the client's dialect."""
    return dialect.new_writer(exchange.asked or walk.request, reply_id=walk.id, created=int(walk.at))


def _failure(text: str, reason: str) -> WalkFailed:
    return WalkFailed(text, reason=reason, operator_text=text)
