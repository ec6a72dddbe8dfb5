"""One request at the door: its headers, its caller and how it is answered when something goes wrong."""

from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.errors import TaskfitError
from taskfit.pipeline.gateway import Gateway
from taskfit.pipeline.stream import Walk
from taskfit.server.asgi import Scope, Send, send_whole
from taskfit.server.headers import failure_head, plain_head, request_id
from taskfit.server.keyring import Keyring
from taskfit.server.protocol import CONNECTION, TimedProtocol
from taskfit.values.request import Caller
from taskfit.wire.openai_chat import status_of, write_failure


class Exchange:
    """What every endpoint needs. `began` is monotonic, in seconds. `tail` is what the path's `{name}` matched."""

    __slots__ = (
        "began", "caller", "connection", "gateway", "headers", "is_answered",
        "keyring", "record_id", "request_id", "tail", "walk",
    )  # fmt: skip

    def __init__(self, gateway: Gateway, keyring: Keyring, scope: Scope) -> None:
        self.gateway = gateway
        self.keyring = keyring
        self.began = gateway.clock.monotonic()
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.request_id = request_id(self.headers)
        self.caller = NOBODY
        self.tail = ""
        self.walk: Walk | None = None
        self.record_id: str | None = None
        self.is_answered = False
        self.connection: TimedProtocol | None = scope.get(CONNECTION)

    def drop(self) -> None:
        """Close the connection at once, without waiting for a client that does not read."""
        if self.connection is not None:
            self.connection.transport.abort()

    async def send_json(self, value: Any, send: Send, *, status: int = 200) -> None:
        """Answer with a value as JSON."""
        self.is_answered = True
        await send_whole(send, status, plain_head(self.request_id), msgspec.json.encode(value))

    async def fail(self, error: TaskfitError, send: Send) -> None:
        """Answer with an error, unless an answer has begun."""
        if self.is_answered:
            return
        head = failure_head(error, request_id=self.request_id, record_id=self.record_id, walk=self.walk)
        self.is_answered = True
        await send_whole(send, status_of(error), head, write_failure(error))


NOBODY = Caller()
