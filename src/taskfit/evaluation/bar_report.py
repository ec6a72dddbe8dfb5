"""What there is to say of a bar before anyone relies on it: the promise in words, its evidence, and what it takes where there is
none. The names of the fields are those of the JSON that `taskfit calibrate --json` prints."""

import msgspec

from taskfit.evaluation.reliability import Bin, reliability
from taskfit.numerics import Floats, np
from taskfit.training.evidence import Missing, least_escalated_share, missing_evidence, missing_for_joint
from taskfit.training.promises import Certified, Terms, is_zero_or_one
from taskfit.values.bar import Promise


class BarReport(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted bar, or why there is none.

    `bar` None: nothing may be accepted. `bound` is the upper bound at the bar, of what is promised; without one that of the
    strictest bar that was looked at. `coin` is what it was made with (training/binomial.py), None: a bound that has none. `rows`
    were judged, `accepted` of them reach the bar, and `errors` of these are wrong (or so much quality is lost). `base_error` is
    that of all rows, and `least_escalated_share` what it forces any bar to let go up. `least_rows` without an error would do;
    `more_rows` would probably do if errors go on as they are, None: none would.
    """

    task: str
    promise: Promise
    max_error: float
    sure: float
    means: str
    is_certified: bool
    bar: float | None
    accepted_share: float
    rows: int
    accepted: int
    errors: float
    bound: float
    coin: float | None
    base_error: float | None
    least_escalated_share: float
    least_rows: int
    more_rows: int | None
    why: str
    reliability: tuple[Bin, ...]


def report_on(task: str, terms: Terms, certified: Certified, confidence: Floats, loss: Floats, *, strong: str = "") -> BarReport:
    """All of it, from the rows that the bar was fitted on. Shapes: (rows,), both 0 to 1."""
    rows = certified.rows
    base = float(loss.mean()) if rows else None
    missing = (
        missing_for_joint(rows, max_error=terms.max_error)
        if terms.promise == "joint"
        else missing_evidence(confidence, loss, max_error=terms.max_error, sure=terms.sure)
    )
    is_certified = certified.value is not None
    return BarReport(
        task=task,
        promise=terms.promise,
        max_error=terms.max_error,
        sure=terms.sure,
        means=in_words(terms, strong=strong),
        is_certified=is_certified,
        bar=certified.value,
        accepted_share=certified.accepted / rows if rows else 0.0,
        rows=rows,
        accepted=certified.accepted,
        errors=certified.errors,
        bound=certified.bound,
        coin=terms.coin if terms.promise != "joint" and is_zero_or_one(loss) else None,
        base_error=base,
        least_escalated_share=0.0 if base is None or terms.promise == "joint" else least_escalated_share(base, terms.max_error),
        least_rows=missing.least_rows,
        more_rows=0 if is_certified else missing.more_rows,
        why="" if is_certified else why_not(missing, rows, terms),
        reliability=reliability(confidence, np.clip(1.0 - loss, 0.0, 1.0)),
    )


def in_words(terms: Terms, *, strong: str = "") -> str:
    """The promise."""
    most = percent(terms.max_error)
    if terms.promise == "joint":
        return f"in the mean over draws of the audited answers, at most {most} of all answers are accepted and wrong"
    sure = f"with {percent(terms.sure)} probability"
    if terms.promise == "loss":
        return f"{sure} accepted answers are in the mean at most {most} worse than those of {strong or 'the strong model'}"
    return f"{sure} at most {most} of accepted answers are wrong"


def why_not(missing: Missing, rows: int, terms: Terms) -> str:
    """Why there is no bar, and what would help."""
    least = f"not enough evidence: {missing.least_rows} correct rows or more are needed"
    if not rows:
        return f"{least}; there are none"
    if missing.more_rows is None:
        return (
            f"{least}; even the surest of these {rows} are wrong more often than {percent(terms.max_error)}, so no number of "
            "rows helps, but a better check, a better model or a higher max_error may"
        )
    return f"{least}; there are {rows} rows, and with errors as they are about {missing.more_rows} more are needed"


def percent(share: float) -> str:
    """0.02 as 2%, 0.125 as 12.5%."""
    return f"{share * 100:.4g}%"
