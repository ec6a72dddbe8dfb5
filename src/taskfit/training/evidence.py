"""What is missing where no bar keeps a promise: how many rows, and how much any bar would have to let go up."""

from collections.abc import Sequence
from math import ceil
from typing import Final

import msgspec

from taskfit.numerics import Floats
from taskfit.training.binomial import binomial_tail, least_rows
from taskfit.training.promises import FALL_BACK_SHARE, FEWEST_FALL_BACK, MOST_BETS, looks_of, rank_rows, risk_of

MOST_ROWS: Final = 1e9


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What a promise takes. `least_rows` are the accepted rows that do without an error; `more_rows` how many audited rows more
    would do if errors went on as they are, None: none would, because even the surest answers are wrong too often."""

    least_rows: int
    more_rows: int | None


def least_escalated_share(base_error: float, max_error: float) -> float:
    """The share of requests that any bar must let go up, whatever the confidence: with a base error above `max_error` at least
    (base - max) / (1 - max), and that only if every answer that goes up is wrong.

    Source: arXiv 2606.29054, and counting.
    """
    return max(0.0, (base_error - max_error) / (1 - max_error))


def missing_evidence(confidence: Floats, loss: Floats, *, max_error: float, sure: float) -> Missing:
    """What the promises `error` and `loss` take: more rows let the walk's first threshold pass, or the fall-back another one.

    Shapes: as for `certify`.
    """
    risk, rows = risk_of(sure), len(loss)
    least = least_rows(max_error, risk=risk)
    if not rows:
        return Missing(least_rows=least, more_rows=least)
    ranked = rank_rows(confidence, loss)

    def wanted(looks: Sequence[int], risk: float) -> list[float]:
        """As many rows as bring the bound down at one of these thresholds, if errors go on as they are."""
        needs = [(look, rows_for(float(ranked.lost[look - 1]) / look, max_error=max_error, risk=risk)) for look in looks]
        return [need / (look / rows) for look, need in needs if need is not None]

    looks = looks_of(ranked, max_error=max_error, risk=risk, most=MOST_BETS).tolist()
    first = looks[:1] or [end for end in ranked.ends.tolist() if 2 * end >= rows]
    behind = [max(need, FEWEST_FALL_BACK * least) for need in wanted(looks[1:], FALL_BACK_SHARE * risk)]
    least_wanted = min([*wanted(first, risk), *behind], default=None)
    return Missing(least_rows=least, more_rows=None if least_wanted is None else max(1, ceil(least_wanted) - rows))


def missing_for_joint(rows: int, *, max_error: float) -> Missing:
    """What the promise `joint` takes: (0 + 1) / (rows + 1) <= max_error."""
    least = ceil(min(1 / max_error, MOST_ROWS) - 1 - 1e-9)
    return Missing(least_rows=least, more_rows=max(0, least - rows))


def rows_for(rate: float, *, max_error: float, risk: float) -> int | None:
    """How many accepted rows bring the upper bound down to `max_error` if that share of them is wrong; None: none."""
    if rate >= max_error:
        return None
    low, high = 0.0, float(least_rows(max_error, risk=risk))
    while binomial_tail(rate * high, high, max_error) > risk:
        low, high = high, 2 * high
        if high > MOST_ROWS:
            return None
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if binomial_tail(rate * middle, middle, max_error) <= risk else (middle, high)
    return ceil(high)
