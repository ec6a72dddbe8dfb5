"""The extension points: what a plug-in promises, and what the house promises it.

A plug-in is a class. It names its configuration type in `Settings`, is built from a name and settings of that type, and is
opened before its first use and closed after its last one. Nothing here knows an implementation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec

from taskfit.values.answer import Answer, Event
from taskfit.values.card import ModelCard
from taskfit.values.condition import Condition
from taskfit.values.kept import KeptResponse
from taskfit.values.plan import Ranking
from taskfit.values.policy import Considered
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.request import Dialect, Request, Role
from taskfit.values.review import CaseState, Delivery, Label, ReviewCase, Source
from taskfit.values.task import Task
from taskfit.values.verdict import Verdict


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a check asks a model: one message of a user, with `instructions` above it.

    `wants_logprobs`: the probabilities of the answer's tokens are wanted too, where the upstream gives them.
    `schema`: JSON text of the schema that the answer shall have. Units: tokens; `temperature` 0 to 2.
    """

    text: str
    instructions: str = ""
    max_output_tokens: int = 256
    temperature: float | None = 0.0
    wants_logprobs: bool = False
    schema: str | None = None


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
    """What every plug-in has. A plug-in's class is called with its configured name and its settings, in a thread: what needs the
    event loop belongs into `open`.
    """

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


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What a router may look at beside the request. `cards` say what is known of every model and `conditions` how it is doing, by
    its id; `lot`, 0 to 1, is what was drawn for this request."""

    cards: Mapping[str, ModelCard]
    conditions: Mapping[str, Condition] = {}
    lot: float = 1.0


class Router(Plugin, Protocol):
    """Ranks the rungs of a task's ladder for a request."""

    def rank(self, request: Request, profile: Profile, task: Task, scene: Scene) -> Ranking | None:
        """Best first, by their ids (`Rung.id`). None: it declines, and the ladder's own order holds. Under 1 ms, without I/O."""
        ...


@runtime_checkable
class ExplainingRouter(Protocol):
    """A router that can say what it weighed."""

    def consider(self, request: Request, profile: Profile, task: Task, scene: Scene) -> tuple[Considered, ...]:
        """Every policy that it knows for this request, the one that it takes first."""
        ...


class Aid(Protocol):
    """What the walk lends to a check. What it asks of models is paid from the walk's cost cap, ends with its deadline, and is
    priced into the check's verdict by the walk.
    """

    @property
    def model(self) -> str:
        """The id of the model that wrote the answer."""
        ...

    @property
    def left_s(self) -> float:
        """Seconds left of the walk's deadline."""
        ...

    async def ask(self, model: str, question: Question) -> Answer:
        """What a model (`provider/model`) answers. Errors: UpstreamError; WalkFailed when time or money is short."""
        ...

    async def ask_again(self, model: str, *, temperature: float | None = None) -> Answer:
        """What a model answers to the caller's own request. Errors: as for `ask`."""
        ...

    def repair(self, text: str, *, what: str) -> None:
        """Put `text` in the place of the answer's text: what was almost right is mended, and `what` says how in the record."""
        ...


class Check(Plugin, Protocol):
    """Judges an answer. The first field of its `Settings` is what a value without a name is taken for: `{length: 500}`."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Accept, reject or unsure, with a score and a reason. Its `cost` and `latency_ms` are filled in by the walk."""
        ...


@runtime_checkable
class PartialCheck(Protocol):
    """A check that can also judge the beginning of an answer, for answers that are delivered early."""

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        """What can be said of what has come so far; None: nothing yet. Only a rejection counts."""
        ...


class NeedsLogprobs(Protocol):
    """A check that reads the probabilities of the answer's tokens has this, and the walk then asks the model for them."""

    needs_logprobs: ClassVar[bool]


class RecordQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records to find, newest first. Units: `since`/`before` seconds since the epoch. None or empty: any."""

    limit: int = 50
    task: str | None = None
    key_id: str | None = None
    outcome: str | None = None
    since: float | None = None
    before: float | None = None


class CaseQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which review cases to find, those due first first. None or empty: any. `is_undecided`: open and claimed ones only; `state`:
    as it is stored, where a claim stays one after its lease.

    Units: seconds since the epoch.
    """

    limit: int = 50
    task: str | None = None
    is_undecided: bool = True
    state: CaseState | None = None
    due_before: float | None = None
    is_overdue_told: bool | None = None
    record_id: str | None = None


class LabelQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which labels to find, oldest first. None: any. Units: seconds since the epoch."""

    source: Source
    task: str | None = None
    since: float | None = None
    limit: int = 100_000


class CaseCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases wait."""

    open: int
    claimed: int
    overdue: int


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
    """Appends records, finds records; never edits one. Also keeps the keys, responses that clients want kept, review cases with
    their messages to webhooks, and labels.

    Records and keys hold no text of a conversation; kept responses, cases, messages and labels do.

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

    def open_case(self, case: ReviewCase, *, deliveries: Sequence[Delivery] = ()) -> None:
        """Keep a new case with its messages, all or none. The same id again changes nothing."""
        ...

    def find_cases(self, query: CaseQuery) -> tuple[ReviewCase, ...]:
        """Cases that match, those due first first; their `request` may be left empty, because it can have megabytes."""
        ...

    def get_case(self, case_id: str) -> ReviewCase | None:
        """One case."""
        ...

    def change_case(self, case: ReviewCase, *, labels: Sequence[Label] = (), deliveries: Sequence[Delivery] = ()) -> bool:
        """Put the case in the place of its predecessor, whose version is one less; False where that is not the stored one, and
        then nothing is kept. The request stays as it was. Labels and messages are kept with the change, all or none."""
        ...

    def count_cases(self, *, now: float) -> CaseCounts:
        """How many wait, and how many of them are overdue."""
        ...

    def append_labels(self, labels: Sequence[Label]) -> None:
        """Keep what people say of records. The same id again changes nothing."""
        ...

    def labels_of(self, record_id: str) -> tuple[Label, ...]:
        """All labels of one record, oldest first."""
        ...

    def find_labels(self, query: LabelQuery) -> tuple[Label, ...]:
        """Labels that match, oldest first."""
        ...

    def put_delivery(self, delivery: Delivery) -> None:
        """Keep a message for a webhook, or what became of it: the same id again puts it in the place of the old one."""
        ...

    def due_deliveries(self, *, now: float, limit: int) -> tuple[Delivery, ...]:
        """Messages that are waiting and whose time has come, oldest first."""
        ...

    def count_deliveries(self) -> int:
        """How many messages are waiting, due or not."""
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


@runtime_checkable
class PackingStore(Protocol):
    """A store that can be given records as it writes them. While a thousand wait for their batch, flat rows leave in the
    processor's caches what requests need; records, each of some forty objects, do not. `append` is then not asked.
    """

    def pack(self, record: Record) -> object:
        """What stands for the record until it is written. Errors: ValueError for one that cannot be stored."""
        ...

    def unpack(self, packed: Any) -> Record:
        """The record again."""
        ...

    def append_packed(self, batch: Sequence[Any]) -> None:
        """As `append`."""
        ...
