"""What a dialect does: for clients that speak it, and for upstreams that speak it. A dialect is a package that has these names.

N dialects of clients and M of upstreams make N + M packages: what crosses goes through the hub (`values/conversation.py`,
`values/answer.py`); what does not cross goes out as it came in.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from taskfit.errors import TaskfitError
from taskfit.values.answer import Answer, Delta
from taskfit.values.conversation import Conversation
from taskfit.values.request import Caller, Dialect, Request, Terms


class Written(NamedTuple):
    """A request for an upstream, and what of it the upstream's dialect has no place for and does not need (documented)."""

    body: bytes
    dropped: tuple[str, ...] = ()


class StreamWriter(Protocol):
    """Writes one stream for a client, event by event, with their frames; keeps what the grammar of its dialect needs.

    A Delta of the client's own dialect whose `data` is not None goes out as it came.
    """

    def write(self, delta: Delta, *, model: str) -> bytes:
        """The events for one Delta; empty where the client sees nothing of it. `model` stands in for an upstream's silence."""
        ...

    def end(self) -> bytes:
        """Everything that comes after the last Delta: open blocks closed, finish, usage, the terminal event."""
        ...

    def fail(self, error: TaskfitError) -> bytes:
        """The error event that ends a stream which has begun; nothing may come after it."""
        ...

    def ping(self) -> bytes:
        """What keeps an idle connection alive and changes nothing."""
        ...

    def comment(self, text: str) -> bytes:
        """What a reader skips and a person may read; empty where the grammar has no such thing."""
        ...


class ClientDialect(Protocol):
    """The side that clients see. `FORWARDED_HEADERS` are the header fields that belong to the dialect, in lower case.

    Beside these, each has a `read_request`, which makes a Request of a body; what it takes differs, because Google has the model
    in the path.
    """

    DIALECT: Dialect
    FORWARDED_HEADERS: tuple[str, ...]

    def read_conversation(self, request: Request) -> Conversation:
        """Errors: Unsupported, with `param`, for what the hub cannot carry; InvalidRequest."""
        ...

    def write_answer(self, answer: Answer, request: Request, *, reply_id: str, model: str, created: int) -> bytes:
        """The body of a whole answer. Units: `created` in seconds since the epoch."""
        ...

    def new_writer(self, request: Request, *, reply_id: str, created: int) -> StreamWriter:
        """For one stream."""
        ...

    def write_failure(self, error: TaskfitError, *, request_id: str) -> bytes:
        """The body of an error reply."""
        ...


class BodyDialect(ClientDialect, Protocol):
    """A dialect whose bodies say everything there is to say."""

    def read_request(
        self, body: bytes, *, request_id: str, terms: Terms, caller: Caller, headers: Mapping[str, str]
    ) -> Request:
        """Errors: InvalidRequest, which names the field and what was wanted."""
        ...


HubReader: TypeAlias = Callable[[Request], Conversation]
"""`read_conversation` of a dialect."""


class PayloadReader(Protocol):
    """Reads the payloads of one upstream's stream, in their order."""

    def read(self, payload: bytes, frame: bytes) -> Sequence[Delta]:
        """The Deltas of one event. `frame` is the whole event as it came; the first Delta has it as its `data`.

        Errors: the UpstreamError that an error event stands for; InvalidAnswer.
        """
        ...


class UpstreamDialect(Protocol):
    """The side that upstreams see.

    Beside these, each that clients speak too has a `write_straight(request, *, model, ...) -> Written` for a request of its own
    dialect: everything goes out as it came, but for the model's name and for what another vendor's model thought or signed.
    """

    DIALECT: Dialect

    def write_conversation(self, conversation: Conversation, *, model: str, is_stream: bool) -> Written:
        """A request that came in another dialect. Errors: Unsupported, InvalidRequest; both with `param`."""
        ...

    def read_answer(self, body: bytes) -> Answer:
        """Errors: the UpstreamError that an error inside a success stands for; InvalidAnswer."""
        ...

    def new_reader(self) -> PayloadReader:
        """For one stream."""
        ...
