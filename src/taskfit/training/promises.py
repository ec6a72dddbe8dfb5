"""Bars that keep a promise: which confidence an answer must reach so that accepted ones are hardly ever wrong.

Three promises. `error` and `loss`: the mean loss among accepted answers is at most `max_error`, with probability `sure` over the
draw of the audited answers, and of a coin with them. `joint`: P(accepted and wrong) is at most `max_error` in the mean over such
draws. They hold for answers that are drawn like the audited ones, whatever the confidence is worth: it only decides how much is
accepted.

Sources: fixed-sequence testing, Angelopoulos et al., Learn then Test (arXiv 2110.01052); conformal risk control, Angelopoulos
et al. (arXiv 2208.02814); the proof for the fall-back is in docs/explanation/guarantees.md.
"""

from hashlib import blake2b
from typing import Final

import msgspec

from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.training.betting import betting_upper
from taskfit.training.binomial import binomial_tail, is_below, least_rows, upper_bound
from taskfit.training.error_curve import expected_errors
from taskfit.training.simultaneous import simultaneous_limits
from taskfit.values.bar import Promise

LEAST_START: Final = 0.25
MOST_START: Final = 0.5
"""Between these shares of the rows lies what the walk's first threshold accepts."""
MOST_LOOKS: Final = 1000
"""Thresholds of the walk at most; further ones would change a bar by less than a thousandth of the rows."""
MOST_BETS: Final = 20
"""The same where bets bound the loss, which takes a pass over all rows each time."""
FALL_BACK_SHARE: Final = 0.05
"""How much of the risk the fall-back may spend."""
FEWEST_FALL_BACK: Final = 6
"""So many times the rows that could do without an error."""
MOST_LIMITED_ROWS: Final = 20_000
"""For more rows limits for all thresholds would take seconds; a few thresholds that share the risk do nearly as well."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is promised; see Bar. `coin` is that of `certify`."""

    promise: Promise
    max_error: float
    sure: float
    coin: float = 1.0


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
    """The bar that keeps the promise. Shapes: as for `certify`."""
    if terms.promise == "joint":
        return control_joint(confidence, loss, max_error=terms.max_error)
    return certify(confidence, loss, max_error=terms.max_error, sure=terms.sure, coin=terms.coin)


def certify(confidence: Floats, loss: Floats, *, max_error: float, sure: float, coin: float = 1.0) -> Certified:
    """The bar above which the mean loss is at most `max_error`, with probability `sure`.

    A walk from strict to loose over thresholds that are fixed before a loss is looked at ends before the first one whose upper
    bound is too high. Where losses are 0 or 1 the bound is exact, a share of the risk is kept for a fall-back (limits that hold
    for all thresholds at once, wherever the walk ended), and of the thresholds that passed the loosest is taken at which a smooth
    curve through all rows passes as well. Elsewhere losses are bounded by betting.
    Shapes: (rows,), in an order that says nothing of the losses; confidence finite, loss 0 to 1; 0 < max_error, sure < 1. `coin`,
    above 0 and at most 1, is drawn with the rows, evenly and whatever the losses, see binomial.py: the probability is over it
    too. 1 is right for any rows, and accepts less.
    """
    ranked, risk = rank_rows(confidence, loss), risk_of(sure)
    if not is_zero_or_one(loss):
        return _by_betting(confidence, loss, ranked, max_error=max_error, risk=risk)
    looks = looks_of(ranked, max_error=max_error, risk=risk)
    if not len(looks):
        return _nothing(ranked)
    kept = FALL_BACK_SHARE * risk if has_fall_back(len(loss), max_error=max_error, risk=risk) else 0.0
    errors = np.rint(ranked.lost[looks - 1]).astype(np.int64)
    is_walked = _walk(errors, looks, max_error=max_error, risk=risk - kept, coin=coin)
    has_passed = is_walked
    if kept:
        has_passed = is_walked | _fallen(errors, looks, rows=len(loss), max_error=max_error, risk=kept)
    if not has_passed.any():
        return _nothing(ranked, first=int(looks[0]), risk=risk - kept, coin=coin)
    place = _prudent(ranked, looks, np.flatnonzero(has_passed), max_error=max_error, risk=risk)
    accepted, wrong = int(looks[place]), int(errors[place])
    bound = upper_bound(wrong, accepted, risk=risk - kept, coin=coin) if is_walked[place] else max_error
    return Certified(
        value=ranked.bar(accepted),
        bound=min(max(bound, wrong / accepted), max_error),
        rows=len(loss),
        accepted=accepted,
        errors=float(wrong),
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


def coin_of(first: str) -> float:
    """The coin of rows of which the first has this id: drawn with the rows, and the same when more come after them, so that
    nobody draws until he likes it."""
    drawn = int.from_bytes(blake2b(first.encode("utf-8", "replace"), digest_size=8, person=b"coin").digest(), "big")
    return (drawn + 1) / 2**64


def looks_of(ranked: Ranked, *, max_error: float, risk: float, most: int = MOST_LOOKS) -> Integers:
    """How many rows the thresholds of the walk accept, from strict to loose; empty where even all of them are too few.

    The first accepts twice what could do without an error, at least a quarter of the rows and, where that can do, at most half
    of them: a walk that starts where one error is too many stops at once.
    """
    rows, least = len(ranked.lost), least_rows(max_error, risk=risk)
    wanted = min(max(2 * least, LEAST_START * rows), max(least, MOST_START * rows))
    step = max(1, rows // most)
    looks: list[int] = []
    for end in ranked.ends.tolist():
        if end >= wanted:
            looks.append(end)
            wanted = end + step
    return np.array(looks, dtype=np.int64)


def has_fall_back(rows: int, *, max_error: float, risk: float) -> bool:
    """Whether there are rows enough, so that what is kept for the fall-back does not cost the walk its start."""
    return FEWEST_FALL_BACK * least_rows(max_error, risk=risk) <= rows


def is_zero_or_one(loss: Floats) -> bool:
    """Whether every loss is all or nothing."""
    return bool(np.isin(loss, (0.0, 1.0)).all())


def _walk(errors: Integers, looks: Integers, *, max_error: float, risk: float, coin: float) -> Booleans:
    """Which thresholds stand before the first failure."""
    has_passed = np.zeros(len(looks), dtype=np.bool_)
    for place, (wrong, accepted) in enumerate(zip(errors.tolist(), looks.tolist(), strict=True)):
        if not is_below(wrong, accepted, limit=max_error, risk=risk, coin=coin):
            break
        has_passed[place] = True
    return has_passed


def _fallen(errors: Integers, looks: Integers, *, rows: int, max_error: float, risk: float) -> Booleans:
    """Which thresholds pass wherever the walk ended."""
    if rows <= MOST_LIMITED_ROWS:
        return np.asarray(errors <= simultaneous_limits(rows, max_error, risk)[looks])
    has_passed = np.zeros(len(looks), dtype=np.bool_)
    tried = range(0, len(looks), -(-len(looks) // MOST_BETS))
    for place in tried:
        has_passed[place] = is_below(int(errors[place]), int(looks[place]), limit=max_error, risk=risk / len(tried))
    return has_passed


def _prudent(ranked: Ranked, looks: Integers, passed: Integers, *, max_error: float, risk: float) -> int:
    """Of the places that passed the last one that passes by the smooth curve as well; the first where none does.

    A walk ends where the luck of its rows ends, so its last thresholds owe more to luck than others. What is expected is no
    whole number: a half is taken off, the middle of what rounds to the same.
    """
    expected = expected_errors(np.diff(ranked.lost, prepend=0.0), ranked.ends)
    for place in reversed(passed.tolist()):
        accepted = int(looks[place])
        if binomial_tail(max(0.0, float(expected[accepted - 1]) - 0.5), accepted, max_error) <= risk:
            return int(place)
    return int(passed[0])


def _by_betting(confidence: Floats, loss: Floats, ranked: Ranked, *, max_error: float, risk: float) -> Certified:
    looks = looks_of(ranked, max_error=max_error, risk=risk, most=MOST_BETS)
    if not len(looks):
        return _nothing(ranked)
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


def _nothing(ranked: Ranked, *, first: int = 0, risk: float = 0.0, coin: float = 1.0) -> Certified:
    errors = round(float(ranked.lost[first - 1])) if first else 0
    bound = upper_bound(errors, first, risk=risk, coin=coin) if first else 1.0
    return Certified(value=None, bound=bound, rows=len(ranked.lost), accepted=0, errors=0.0)
