"""One call to one model. The trail of a walk is the tuple of its attempts."""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.money import Usd
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

State: TypeAlias = Literal["running", "answered", "failed", "cut", "stopped", "passed", "cancelled"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call to one model, from the moment before the call.

    `started_ms` counts from the start of the walk; `cost` None means that the price is unknown. `cut` is a stream that
    broke after its first event had been given out; `stopped` one whose beginning a check rejected before that; `passed` a
    filter that lets the request on. `error` is the kind of the failure, `reason` its text for the operator. `dropped` names
    what of the request the upstream's dialect has no place for and does not need.

    `candidate` is its number in the plan. `max_output_tokens` is what the cost cap left room for. An ensemble's `members` are
    its calls, whose sums `usage` and `cost` are, and `combined` says how one answer came of them. A hedge (`is_hedge`) ran
    beside another attempt; the loser of the two is `cancelled`. `is_continuation`: it went on where a cut answer ended.
    `is_given`: it was on its way to the caller before its checks ended.
    """

    model: str
    provider: str
    started_ms: float
    candidate: int = 0
    state: State = "running"
    duration_ms: float | None = None
    first_token_ms: float | None = None
    usage: Usage | None = None
    cost: Usd | None = None
    answered_as: str | None = None
    finish: str | None = None
    error: str | None = None
    reason: str | None = None
    retry_after_s: float | None = None
    dropped: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    confidence: float | None = None
    max_output_tokens: int | None = None
    is_hedge: bool = False
    is_given: bool = False
    is_continuation: bool = False
    members: "tuple[Attempt, ...]" = ()
    combined: str = ""


Trail: TypeAlias = tuple[Attempt, ...]
