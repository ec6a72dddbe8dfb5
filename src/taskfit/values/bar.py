"""A bar that was fitted to an error budget, with what it was fitted on and for how long it holds."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

Promise: TypeAlias = Literal["error", "joint", "loss"]

MOST_SURE: Final = 0.999999999
"""More cannot be told from certainty, of which no sample is enough."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """The confidence from which on answers of a task's cheaper rungs are accepted.

    `promise` says what is promised: `error`: among accepted answers at most `max_error` are wrong, with probability `sure`;
    `joint`: P(accepted and wrong) is at most `max_error` in the mean over calibrations; `loss`: accepted answers are at most
    `max_error` worse than those of `strong`, with probability `sure`. `value` None: nothing may be accepted.

    `bound` is the upper bound at the bar, `errors` the wrong ones (or the lost quality) among the `accepted` of `rows`
    audited answers; `is_audited`: of audits, so that later audits can speak against it. It holds for `models` (the rungs'
    ids, with the version that answered where the upstream told it), for `prompts` (hashes of the instructions and the
    template's version) and for one calibration, by its fingerprint. `at`: seconds since the epoch.
    """

    task: str
    promise: Promise
    max_error: float
    sure: float
    value: float | None
    bound: float
    rows: int
    accepted: int
    errors: float
    at: float
    models: Mapping[str, str]
    prompts: tuple[str, ...] = ()
    calibration: str = ""
    strong: str = ""
    is_audited: bool = True
