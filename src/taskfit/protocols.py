"""The extension points: what a plug-in promises, and what the house promises it.

A plug-in is a class. It names its configuration type in `Settings`, is built from a name and settings of that type, and is
opened before its first use and closed after its last one. Nothing here knows an implementation.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

import msgspec

from taskfit.values.answer import Answer, Event
from taskfit.values.card import ModelCard
from taskfit.values.kept import KeptResponse
from taskfit.values.plan import Ranked
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.request import Dialect, Request, Role
from taskfit.values.task import Task
from taskfit.values.verdict import Verdict


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a provider.

    `model` is what the upstream calls the model. Units: seconds from the moment of the call; `total_s` bounds the whole
    answer, `first_byte_s` the wait for its first byte.
    """

    request: Request
    model: str
    first_byte_s: float
    total_s: float


@runtime_checkable
class Plugin(Protocol):
    """What every plug-in has. A plug-in's class is called with its configured name and its settings."""

    Settings: ClassVar[type[msgspec.Struct]]
    name: str

    async def open(self) -> None:
        """Acquire what it needs. Called once, before the first use."""

    async def close(self) -> None:
        """Release it. Called once, also while last calls are under way, which it must let end; should not raise."""


class Sink(Protocol):
    """Takes what a provider gives, as soon as there is something. Nothing here waits but `drain`."""

    def put(self, event: Event) -> None:
        """One event. What it raises ends the call and must not be caught."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether the caller reads more slowly than the upstream speaks. A provider then stops reading and awaits `drain`."""
        ...

    async def drain(self) -> None:
        """Return when there is room again."""

    def note_dropped(self, fields: Sequence[str]) -> None:
        """What of the request the upstream's dialect has no place for and does not need; the caller and the record are told.
        May be called again, for more."""
        ...


class Provider(Plugin, Protocol):
    """Streams events for a request, or raises an UpstreamError; never guesses."""

    dialect: Dialect

    async def stream(self, call: Call, sink: Sink) -> None:
        """One Answer for a plain request; Deltas for a streamed one, one of them with a `finish`; then return.

        Errors: UpstreamError before or between events; Unsupported, before the call, for what this dialect cannot carry.
        A stream that ends without a finish is a CutAnswer. Cancelling the coroutine cancels the call.
        """
        ...

    def card_facts(self) -> Mapping[str, bool | None]:
        """What is known of every model of this upstream: `has_tools`, `has_vision`, `has_json_schema`; empty: nothing."""
        ...

    def price_source(self) -> str | None:
        """The name by which a price list knows this upstream ("openai"); None for a server without list prices."""
        ...


class Profiler(Plugin, Protocol):
    """Tells what a task looks like. May say "unknown"; never fails a request."""

    def profile(self, request: Request) -> Profile:
        """Under 1 ms, without I/O."""
        ...


class Router(Plugin, Protocol):
    """Ranks the pool for a request."""

    def rank(self, request: Request, profile: Profile, task: Task, pool: Sequence[ModelCard]) -> tuple[Ranked, ...] | None:
        """Best first. None: it declines, and the ladder's own order holds. Models that it leaves out are dropped."""
        ...


class Check(Plugin, Protocol):
    """Judges an answer."""

    async def verify(self, request: Request, answer: Answer) -> Verdict:
        """Accept, reject or unsure, with a score, a reason and its cost."""
        ...


class RecordQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records to find, newest first. Units: `since`/`before` seconds since the epoch. None or empty: any."""

    limit: int = 50
    task: str | None = None
    key_id: str | None = None
    outcome: str | None = None
    since: float | None = None
    before: float | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key as the store knows it. `digest` is the hexadecimal SHA-256 of the whole key; the key itself is not kept."""

    id: str
    name: str
    digest: str
    role: Role
    team: str = ""
    created_at: float
    revoked_at: float | None = None


class Store(Plugin, Protocol):
    """Appends records, finds records; never edits one. Also keeps the keys, and responses that clients want kept.

    Records and keys hold no text of a conversation; kept responses do.

    All methods are synchronous and may block: the house calls them from a thread of the store's own, one at a time.
    `Settings` has one field, `url`. Errors: StoreUnavailable, with an operator's text that says what to do.
    """

    def append(self, records: Sequence[Record]) -> None:
        """All of them in one transaction, or none. Appending a record again (same id) changes nothing."""
        ...

    def find(self, query: RecordQuery) -> tuple[Record, ...]:
        """Records that match, newest first."""
        ...

    def get(self, record_id: str) -> Record | None:
        """One record."""
        ...

    def prune(self, *, before: float) -> int:
        """Delete records older than `before` (seconds since the epoch); how many. Kept responses go with them, uncounted."""
        ...

    def keep_response(self, response: KeptResponse) -> bool:
        """Keep a response; whether it is. Keeping the same id again changes nothing, so nobody can put another text under it."""
        ...

    def get_response(self, response_id: str) -> KeptResponse | None:
        """One kept response, whoever it belongs to: whether the caller may see it is the caller's to check."""
        ...

    def delete_response(self, response_id: str) -> bool:
        """Whether there was such a response."""
        ...

    def keys(self) -> tuple[Key, ...]:
        """All keys, revoked ones too."""
        ...

    def add_key(self, key: Key) -> None:
        """Keep a key. Adding the same digest again changes nothing."""
        ...

    def revoke_key(self, key_id: str, *, at: float) -> bool:
        """Whether there was such a key."""
        ...
