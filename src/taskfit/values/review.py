"""People: when a person decides, the case that waits for one, what was decided, and what users say of answers."""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.attempt import Trail

When: TypeAlias = Literal["never", "when_unsure", "always"]
Mode: TypeAlias = Literal["wait", "provisional", "ticket"]
Overdue: TypeAlias = Literal["nothing", "webhook", "release", "reject"]
CaseState: TypeAlias = Literal["open", "claimed", "approved", "rejected", "edited", "expired"]
Decision: TypeAlias = Literal["approve", "reject", "edit"]
Source: TypeAlias = Literal["feedback", "review", "audit"]
Receiver: TypeAlias = Literal["webhook", "callback"]


class ReviewRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a person decides, and what the caller gets meanwhile.

    `when_unsure`: no answer reached the bar, or none came. `share` of all requests is looked at whatever the checks say. `mode`:
    `wait` holds the caller until the decision or its deadline, and then gives what `ticket` gives; `provisional` gives the best
    answer now; `ticket` gives 202 with the case's id. `due_s`: when a case is overdue. `on_overdue`: tell the `webhook`,
    `release` the best answer, or `reject` it. Units: seconds; 0 to 1.
    """

    when: When = "never"
    share: float = 0.0
    mode: Mode = "wait"
    due_s: float = 86_400.0
    on_overdue: Overdue = "nothing"
    webhook: str | None = None


class ReviewCase(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that waits for a person, or did.

    `request` is the body as the client sent it, in `dialect`; `answer` the text of the best answer (None: there is none),
    `decided` that of the decision. `version` counts changes, for optimistic locking. `claimed_until`: a claim is a lease.
    `webhook` is told when the case opens, is overdue and is decided; `callback` is the caller's own address, told when it is
    decided. Units: seconds since the epoch; `minutes` is what the reviewer says the work took.
    """

    id: str
    record_id: str
    task: str
    at: float
    due_at: float
    why: str
    dialect: str
    request: bytes
    attempts: Trail = ()
    answer: str | None = None
    model: str | None = None
    confidence: float | None = None
    is_streamed: bool = False
    key_id: str | None = None
    team: str = ""
    webhook: str | None = None
    callback: str | None = None
    on_overdue: Overdue = "nothing"
    is_overdue_told: bool = False
    state: CaseState = "open"
    version: int = 1
    claimed_by: str | None = None
    claimed_until: float | None = None
    decided: str | None = None
    decided_by: str | None = None
    decided_at: float | None = None
    comment: str = ""
    minutes: float | None = None

    @property
    def is_decided(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state not in ("open", "claimed")


class Label(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says of a recorded answer, or an audit. `is_good` None: not said; `score` is 0 to 1; `corrected` is the right
    answer.

    `model` is the rung whose answer is judged, empty: the one whose answer was given. An audit compares the answer of the first
    rung with that of the last, and keeps the `confidence` that the first one had, whatever became of it, what its upstream called
    the model (`answered_as`), and what the request's instructions are known by (`prompt`).
    Units: `at` seconds since the epoch.
    """

    id: str
    record_id: str
    at: float
    source: Source
    by: str = ""
    is_good: bool | None = None
    score: float | None = None
    comment: str = ""
    corrected: str | None = None
    model: str = ""
    task: str = ""
    confidence: float | None = None
    answered_as: str = ""
    prompt: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message that must reach a webhook: kept until it has, or until it is given up.

    `event` is `review.opened`, `review.overdue` or `review.decided`; `to` says whose address it is: the operator's webhook, or
    the one that a caller gave. Units: seconds since the epoch.
    """

    id: str
    url: str
    event: str
    body: bytes
    next_at: float
    tries: int = 0
    state: Literal["waiting", "delivered", "given_up"] = "waiting"
    error: str = ""
    to: Receiver = "webhook"
