"""What will be tried for one request, in which order, and what was left out and why."""

import msgspec

from taskfit.values.card import ModelCard
from taskfit.values.money import Usd
from taskfit.values.policy import Routing
from taskfit.values.review import When
from taskfit.values.task import Deliver, Form

TYPICAL_OUTPUT_TOKENS = 256
"""What an answer is taken to cost when nothing is known of its length."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One rung as a router ranks it, by its id (`Rung.id`: that of its model, if it is a single one); None where the router does
    not know. `is_reserve`: it is asked only where no rung before it has answered."""

    model: str
    expected_quality: float | None = None
    expected_latency_s: float | None = None
    is_reserve: bool = False


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """The rungs, best first; a rung that is left out is dropped. `routing` says which policy this is, and why; `bar` is the
    confidence from which on answers are good enough for it, where the policy has one of its own."""

    rungs: tuple[Ranked, ...]
    routing: Routing | None = None
    bar: float | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rung that will be tried, or another provider of its model (`is_alternate`); `is_reserve`: only where nobody before it
    has answered.

    `rung` is its place in the ladder. `expected_cost` is for a typical output, `worst_cost` for the longest that the caller
    allows, or the typical one where the caller sets no limit; both are for all calls of the rung, but the expected one of a rung
    with `first_to` for those that are made at least. `card` writes the answer: for an ensemble the first of its `members`, or
    its `merger` where that one writes. `first_to`: how many votes end the asking of members (see Rung). `ready_in_s`: it asked
    to be left alone for so long. Units: micro-dollars, None: the price is unknown; seconds.
    """

    card: ModelCard
    rung: int = 0
    is_alternate: bool = False
    is_reserve: bool = False
    form: Form = "single"
    members: tuple[ModelCard, ...] = ()
    merger: ModelCard | None = None
    first_to: int | None = None
    ready_in_s: float = 0.0
    expected_cost: Usd | None = None
    worst_cost: Usd | None = None
    expected_quality: float | None = None
    expected_latency_s: float | None = None


class Dropped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model that was considered and left out; `reason` is for a person."""

    model: str
    reason: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ordered rungs with the limits of the whole walk. Units: seconds; micro-dollars; tokens; `bar` 0 to 1.

    `chosen_by` says in a person's words how the task was found. `input_tokens` is the estimate that costs are made of,
    `choices` how many answers the caller asks for, `max_output_tokens` the caller's own limit on each. `max_wait_s` is how long
    the walk waits for a model that limits its rate when there is no other, `retries` how often it calls a failing one again
    then. `review` says when a person decides;
    `is_sampled`: this request is one of those that are looked at whatever the checks say; `is_audited`: one of those whose first
    answer is compared with the last rung's, whatever becomes of it. `lapsed` says why the bar that was fitted does not hold: the
    last rung then answers. `routing` is which policy the router took, and why. `trusted_rung` is the place of the rung that needs
    no bar, because others are measured by it: where the bar was fitted, or is a policy's own.
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
    max_wait_s: float = 10.0
    retries: int = 1
    continues_cut: bool = False
    hedge_after_s: float | None = None
    deliver: Deliver = "checked"
    review: When = "never"
    is_sampled: bool = False
    is_audited: bool = False
    lapsed: str = ""
    routing: Routing | None = None
    trusted_rung: int | None = None
    input_tokens: int = 0
    max_output_tokens: int | None = None
    choices: int = 1
