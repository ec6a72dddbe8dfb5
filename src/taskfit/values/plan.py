"""What will be tried for one request, in which order, and what was left out and why."""

import msgspec

from taskfit.values.card import ModelCard
from taskfit.values.money import Usd


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One model as a router ranks it; None where the router does not know."""

    model: str
    expected_quality: float | None = None
    expected_latency_s: float | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rung that will be tried. Units: micro-dollars; None: the price is unknown.

    `expected_cost` is for a typical output, `worst_cost` for the longest that the caller allows, or the typical one where
    the caller sets no limit.
    """

    card: ModelCard
    expected_cost: Usd | None = None
    worst_cost: Usd | None = None
    expected_quality: float | None = None
    expected_latency_s: float | None = None


class Dropped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model that was considered and left out; `reason` is for a person."""

    model: str
    reason: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ordered rungs with the limits of the whole walk. Units: seconds; micro-dollars; `bar` 0 to 1.

    `chosen_by` says in a person's words how the task was found.
    """

    task: str
    chosen_by: str
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...] = ()
    checks: tuple[str, ...] = ()
    bar: float = 0.5
    deadline_s: float
    first_byte_s: float | None = None
    max_cost: Usd | None = None
    max_attempts: int = 5
