"""The one row that a request leaves. Everything that is learned, reported or billed is read from these."""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.attempt import Trail
from taskfit.values.money import Usd
from taskfit.values.plan import Plan
from taskfit.values.profile import Profile

Outcome: TypeAlias = Literal["answered", "in_review", "refused", "failed", "timed_out", "cancelled"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request from socket to answer.

    `at` is seconds since the epoch (UTC). `asked` is the model as the caller wrote it, `model` the one that answered.
    `cost` sums all attempts and checks; None where one of them has no known price. `baseline_cost` is what the
    configured baseline model would have cost for the same tokens. `refused` means that the request itself was at fault.
    `in_review` means that the caller has a ticket for the case `review_id`. `filtered_by` is the rung that kept the models after
    it from being asked. `masked` names the kinds of personal data that no model saw, `template` the version of the prompt's.
    `audit_of` is the record whose answer this walk was made to compare with.
    Units: milliseconds; micro-dollars; `confidence` 0 to 1.
    """

    id: str
    request_id: str
    at: float
    dialect: str
    asked: str
    outcome: Outcome
    status: int
    is_stream: bool = False
    task: str | None = None
    surface: str = ""
    session: str | None = None
    key_id: str | None = None
    team: str = ""
    profile: Profile | None = None
    plan: Plan | None = None
    attempts: Trail = ()
    model: str | None = None
    confidence: float | None = None
    is_below_bar: bool = False
    review_id: str | None = None
    filtered_by: str | None = None
    masked: tuple[str, ...] = ()
    template: str | None = None
    cost: Usd | None = None
    baseline: str | None = None
    baseline_cost: Usd | None = None
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    overhead_ms: float = 0.0
    error: str | None = None
    error_text: str | None = None
    audit_of: str | None = None
