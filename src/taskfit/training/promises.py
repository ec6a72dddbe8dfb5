"""Bars that keep a promise: which confidence an answer must reach so that accepted ones are hardly ever wrong.

Three promises. `error` and `loss`: the mean loss among accepted answers is at most `max_error`, with probability `sure` over the
draw of the audited answers. `joint`: P(accepted and wrong) is at most `max_error` in the mean over such draws. They hold for
answers that are drawn like the audited ones, whatever the confidence is worth: it only decides how much is accepted.

Sources: fixed-sequence testing, Angelopoulos et al., Learn then Test (arXiv 2110.01052); conformal risk control, Angelopoulos
et al. (arXiv 2208.02814); the proof for the fall-back is in docs/explanation/guarantees.md.
"""

from functools import lru_cache
from typing import Final

import msgspec

from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.training.betting import betting_upper
from taskfit.training.binomial import clopper_pearson_upper, is_below, least_rows
from taskfit.values.bar import Promise

LOOKS: Final = 20
"""Thresholds lie at least a twentieth of the rows apart: the more there are, the closer to the limit the walk ends."""
FALL_BACK_SHARE: Final = 0.05
"""How much of the risk the fall-back may spend."""
MOST_FALL_BACK_ROWS: Final = 20_000
"""With more rows the walk does not stumble, and the fall-back's limits would take seconds."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is promised; see Bar."""

    promise: Promise
    max_error: float
    sure: float


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """The loosest bar that keeps the promise; `value` None: there is none, and `bound` is that of the strictest threshold.

    `errors` is the sum of the losses of the `accepted` of `rows`, `bound` the upper bound of their mean; for the joint promise
    that of the joint risk.
    """

    value: float | None
    bound: float
    rows: int
    accepted: int
    errors: float


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """Rows from the surest on. `ends` are the numbers of rows that a bar can accept: equal confidences are accepted together.

    Shapes: confidence, lost (rows,), where `lost` is the sum of the losses so far; ends (distinct confidences,).
    """

    confidence: Floats
    lost: Floats
    ends: Integers

    def bar(self, accepted: int) -> float:
        """The confidence of the last of these rows."""
        return float(self.confidence[accepted - 1])


def rank_rows(confidence: Floats, loss: Floats) -> Ranked:
    """The rows in falling order of their confidence. Shapes: (rows,); confidence finite, loss 0 to 1."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    is_last: Booleans = np.append(ordered[1:] != ordered[:-1], np.ones(min(1, len(ordered)), dtype=bool))
    return Ranked(confidence=ordered, lost=np.cumsum(loss[order]), ends=np.flatnonzero(is_last) + 1)


def keep(confidence: Floats, loss: Floats, terms: Terms) -> Certified:
    """The loosest bar that keeps the promise. Shapes: as for `certify`."""
    if terms.promise == "joint":
        return control_joint(confidence, loss, max_error=terms.max_error)
    return certify(confidence, loss, max_error=terms.max_error, sure=terms.sure)


def certify(confidence: Floats, loss: Floats, *, max_error: float, sure: float) -> Certified:
    """The bar above which the mean loss is at most `max_error`, with probability `sure`.

    A walk from strict to loose over thresholds that are fixed before a loss is looked at ends before the first one whose upper
    bound is too high: Clopper and Pearson's where each loss is 0 or 1, else by betting. Where losses are 0 or 1 a share of the
    risk is kept for a fall-back: limits that hold for all thresholds at once, wherever the walk ended.
    Shapes: (rows,), in an order that says nothing of the losses; confidence finite, loss 0 to 1; 0 < max_error, sure < 1.
    """
    ranked, risk = rank_rows(confidence, loss), risk_of(sure)
    looks = looks_of(ranked, max_error=max_error, risk=risk)
    if not len(looks):
        return _nothing(ranked)
    if not is_zero_or_one(loss):
        return _by_betting(confidence, loss, ranked, looks, max_error=max_error, risk=risk)
    kept = FALL_BACK_SHARE * risk if has_fall_back(len(loss), max_error=max_error, risk=risk) else 0.0
    walked = _walk(ranked, looks, max_error=max_error, risk=risk - kept)
    fallen = _fall_back(ranked, looks, max_error=max_error, risk=kept) if kept else 0
    accepted = max(walked, fallen)
    if not accepted:
        return _nothing(ranked, first=int(looks[0]), risk=risk - kept)
    errors = round(float(ranked.lost[accepted - 1]))
    bound = clopper_pearson_upper(errors, accepted, risk=risk - kept) if walked >= fallen else max_error
    return Certified(
        value=ranked.bar(accepted), bound=min(bound, max_error), rows=len(loss), accepted=accepted, errors=float(errors)
    )


def control_joint(confidence: Floats, loss: Floats, *, max_error: float) -> Certified:
    """The loosest bar with (sum of the accepted losses + 1) / (rows + 1) <= max_error: the joint risk is then at most `max_error`
    in the mean over draws. Shapes: as for `certify`.
    """
    ranked = rank_rows(confidence, loss)
    bounds = (ranked.lost[ranked.ends - 1] + 1) / (len(loss) + 1)
    kept = int(np.count_nonzero(bounds <= max_error + 1e-12))
    if not kept:
        return msgspec.structs.replace(_nothing(ranked), bound=1 / (len(loss) + 1))
    accepted = int(ranked.ends[kept - 1])
    return Certified(
        value=ranked.bar(accepted),
        bound=float(bounds[kept - 1]),
        rows=len(loss),
        accepted=accepted,
        errors=float(ranked.lost[accepted - 1]),
    )


def risk_of(sure: float) -> float:
    """1 - sure, without the error of its rounding: that of 0.9 is 0.1."""
    return round(1 - sure, 12)


def looks_of(ranked: Ranked, *, max_error: float, risk: float) -> Integers:
    """How many rows the thresholds of the walk accept, from strict to loose; empty where even all of them are too few.

    The first accepts three times what could do without an error, or half of the rows, but never fewer than can do: a walk that
    starts where one error is too many stops at once.
    """
    rows, least = len(ranked.lost), least_rows(max_error, risk=risk)
    wanted = max(least, min(3 * least, rows // 2))
    step = max(1, rows // LOOKS)
    looks: list[int] = []
    for end in ranked.ends.tolist():
        if end >= wanted:
            looks.append(end)
            wanted = end + step
    return np.array(looks, dtype=np.int64)


def has_fall_back(rows: int, *, max_error: float, risk: float) -> bool:
    """Whether there are rows enough, so that what is kept for the fall-back does not cost the walk its start."""
    return 6 * least_rows(max_error, risk=risk) <= rows <= MOST_FALL_BACK_ROWS


@lru_cache(maxsize=64)
def simultaneous_limits(rows: int, max_error: float, risk: float) -> Integers:
    """How many errors may be among the first n rows, for n from 0 to `rows`; -1: not even none.

    Where each row is wrong with probability `max_error`, the errors come down to a limit, at any n, with probability at most
    `risk`, of which a share of n / rows is spent up to n. The limits never fall, and rise by at most 1 from row to row.
    Source: alpha spending, Lan and DeMets, Biometrika 70 (1983) 659, with exact probabilities instead of normal ones.
    """
    limits = np.full(rows + 1, -1, dtype=np.int64)
    chances = np.zeros(int(rows * max_error) + 3)
    chances[0] = 1.0
    spent, limit = 0.0, -1
    for row in range(1, rows + 1):
        chances[1:] = chances[1:] * (1 - max_error) + chances[:-1] * max_error
        chances[0] *= 1 - max_error
        if limit + 1 < len(chances) and spent + chances[limit + 1] <= risk * row / rows:
            limit += 1
            spent += float(chances[limit])
            chances[limit] = 0.0
        limits[row] = limit
    return limits


def is_zero_or_one(loss: Floats) -> bool:
    """Whether every loss is all or nothing."""
    return bool(np.isin(loss, (0.0, 1.0)).all())


def _walk(ranked: Ranked, looks: Integers, *, max_error: float, risk: float) -> int:
    """How many rows the last threshold before the first failure accepts; 0: none."""
    accepted = 0
    for look in looks.tolist():
        if not is_below(round(float(ranked.lost[look - 1])), look, limit=max_error, risk=risk):
            break
        accepted = look
    return accepted


def _fall_back(ranked: Ranked, looks: Integers, *, max_error: float, risk: float) -> int:
    limits = simultaneous_limits(len(ranked.lost), max_error, risk)
    passed = looks[np.rint(ranked.lost[looks - 1]) <= limits[looks]]
    return int(passed[-1]) if len(passed) else 0


def _by_betting(confidence: Floats, loss: Floats, ranked: Ranked, looks: Integers, *, max_error: float, risk: float) -> Certified:
    best = _nothing(ranked, first=int(looks[0]), risk=risk)
    for look in looks.tolist():
        bar = ranked.bar(look)
        bound = betting_upper(loss[confidence >= bar], risk=risk)
        if bound > max_error:
            if best.value is None:
                best = msgspec.structs.replace(best, bound=bound)
            break
        best = Certified(value=bar, bound=bound, rows=len(loss), accepted=look, errors=float(ranked.lost[look - 1]))
    return best


def _nothing(ranked: Ranked, *, first: int = 0, risk: float = 0.0) -> Certified:
    errors = float(ranked.lost[first - 1]) if first else 0.0
    bound = clopper_pearson_upper(errors, first, risk=risk) if first else 1.0
    return Certified(value=None, bound=bound, rows=len(ranked.lost), accepted=0, errors=0.0)
