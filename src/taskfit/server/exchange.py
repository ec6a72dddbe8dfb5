"""One request at the door: its headers, its caller and how it is answered when something goes wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from taskfit.errors import InReview, TaskfitError
from taskfit.pipeline.gateway import Gateway
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Outlet, Scope, write_whole
from taskfit.server.asker import FailureWriter, dialect_of, failure_writer
from taskfit.server.headers import CLOSING_KINDS, failure_head, plain_head, request_id
from taskfit.server.keyring import Keyring
from taskfit.server.protocol import CONNECTION, OUTLET, TimedProtocol
from taskfit.values.request import Caller, Request
from taskfit.wire.failures import status_of


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller gets whose answer waits for a person, with 202. Units: seconds since the epoch."""

    id: str
    object: str = "review"
    status: str = "pending"
    poll: str
    due_at: float

    @classmethod
    def of(cls, error: InReview) -> "Ticket":
        """That of one case."""
        return cls(id=error.case_id, poll=f"/v1/reviews/{error.case_id}", due_at=error.due_at)


class Exchange:
    """What every endpoint needs. `began` is monotonic, in seconds. `tail` is what the path's `{name}` matched. `asked` is the
    request as the caller wrote it, before the gateway added what it keeps.

    `write_failure` is that of the route's dialect; None: the caller is answered in the dialect that its headers tell.
    """

    __slots__ = (
        "asked", "began", "caller", "connection", "gateway", "headers", "is_answered", "keyring", "out", "query", "record_id",
        "request_id", "stream_media", "tail", "walk", "write_failure",
    )  # fmt: skip

    def __init__(self, gateway: Gateway, keyring: Keyring, scope: Scope) -> None:
        self.gateway = gateway
        self.keyring = keyring
        self.began = gateway.clock.monotonic()
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.query: bytes = scope["query_string"]
        self.out: Outlet = scope.pop(OUTLET)  # which holds the scope: a cycle would leave every request to the collector
        self.request_id = request_id(self.headers)
        self.caller = NOBODY
        self.tail = ""
        self.asked: Request | None = None
        self.walk: Walk | None = None
        self.record_id: str | None = None
        self.is_answered = False
        self.connection: TimedProtocol | None = scope.get(CONNECTION)
        self.stream_media = "text/event-stream; charset=utf-8"
        self.write_failure: FailureWriter | None = None

    def drop(self) -> None:
        """Close the connection at once, without waiting for a client that does not read."""
        if self.connection is not None:
            self.connection.transport.abort()

    def send_json(self, value: Any, *, status: int = 200) -> None:
        """Answer with a value as JSON."""
        self.send_body(msgspec.json.encode(value), status=status)

    def send_body(self, body: bytes, *, status: int = 200, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Answer with JSON that is written already, and `more` headers."""
        self.is_answered = True
        write_whole(self.out, status, plain_head(self.request_id, more), body)

    def fail(self, error: TaskfitError) -> None:
        """Answer with an error, unless an answer has begun."""
        if self.is_answered:
            return
        head = failure_head(error, request_id=self.request_id, record_id=self.record_id, walk=self.walk)
        self.is_answered = True
        if isinstance(error, InReview):
            write_whole(self.out, status_of(error), head, msgspec.json.encode(Ticket.of(error)))
            return
        write = self.write_failure or failure_writer(dialect_of(self.headers, self.query))
        body = write(error, request_id=self.request_id)
        write_whole(self.out, status_of(error), head, body, closes=error.kind in CLOSING_KINDS)


NOBODY = Caller()
