"""An upper bound of the mean of losses between 0 and 1, by betting against every mean that is too high.

Who bets on losses below a mean that is the true one cannot grow rich: with probability 1 - risk the wealth never reaches
1 / risk. So a mean against which it was reached is refused. Where most losses are 0 this is much tighter than Hoeffding's bound.
Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS B 86 (2024) 1; with the bets of
Bates et al., Distribution-free, risk-controlling prediction sets, JACM 68 (2021), theorem 5.
"""

from math import log
from typing import Final

from taskfit.numerics import Floats, np

HALVINGS: Final = 40


def betting_upper(losses: Floats, *, risk: float) -> float:
    """The mean loss that is exceeded with probability at most `risk`. Shapes: (rows,), each 0 to 1, in an order that says nothing
    of them; 1 without rows."""
    bets = _bets(losses, risk)
    low, high = 0.0, 1.0
    if not _is_refused(losses, bets, 1.0, risk):
        return 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _is_refused(losses, bets, middle, risk) else (middle, high)
    return high


def _bets(losses: Floats, risk: float) -> Floats:
    """Each made of the losses before it only."""
    rows = len(losses)
    counts = np.arange(1, rows + 1)
    means = (0.5 + np.cumsum(losses)) / (counts + 1)
    variances = (0.25 + np.cumsum((losses - means) ** 2)) / (counts + 1)
    before = np.concatenate([[0.25], variances[:-1]])[:rows]
    return np.minimum(1.0, np.sqrt(2 * log(1 / risk) / (max(rows, 1) * before)))


def _is_refused(losses: Floats, bets: Floats, mean: float, risk: float) -> bool:
    if not len(losses):
        return False
    with np.errstate(divide="ignore"):
        wealth = np.cumsum(np.log(1 - bets * (losses - mean)))
    return bool(wealth.max() >= log(1 / risk))
