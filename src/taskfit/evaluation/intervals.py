"""Intervals: Wilson's for a share, and the paired bootstrap for anything that is computed from rows. Seeded, so that they repeat.

The bootstrap draws questions, not rows: rows that ask the same are not independent. It holds fixed what was fitted, so it covers
the chance in which questions were asked, and not that of the fit. Knows no metric.
Sources: Wilson, JASA 22 (1927) 209; Efron and Tibshirani, An Introduction to the Bootstrap (1993), 13.3 (percentile interval).
"""

from collections.abc import Callable
from math import sqrt
from statistics import NormalDist
from typing import Final

import msgspec

from taskfit.numerics import Floats, Integers, np

LEVEL: Final = 0.95
RESAMPLES: Final = 2000
CHUNK_CELLS: Final = 4_000_000
"""How many weights are held at once; bounds the memory to some tens of MiB."""

MOST_UNDEFINED: Final = 0.005

Statistic = Callable[[Floats], Floats]
"""Weights of the rows, a resample a line, to one figure each, or to several. nan: undefined there.

Shapes: (resamples, rows) to (resamples,), or to (resamples, figures) where several are bootstrapped together.
"""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """Low and high end of an interval at 95%."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{self.low:.3f}, {self.high:.3f}]"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its interval at 95%; None where it cannot be had."""

    value: float | None
    ci95: Interval | None = None


def wilson(successes: int, trials: int, *, level: float = LEVEL) -> Interval:
    """The interval of a share of which `successes` of `trials` were seen; 0 to 1 where nothing was tried."""
    if not trials:
        return Interval(low=0.0, high=1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else centre - half
    return Interval(low=low, high=1.0 if successes == trials else centre + half)


def bootstrapped(statistic: Statistic, groups: Integers, *, seed: int, resamples: int = RESAMPLES) -> Figure:
    """The statistic on all rows, with its percentile interval over resamples of the groups; see `bootstrapped_together`."""
    (figure,) = bootstrapped_together(lambda weights: statistic(weights)[:, None], groups, seed=seed, resamples=resamples)
    return figure


def bootstrapped_together(
    statistics: Statistic, groups: Integers, *, seed: int, resamples: int = RESAMPLES
) -> tuple[Figure, ...]:
    """Several statistics at once: `statistics` gives (resamples, figures).

    The same groups and seed give the same resamples, so intervals of two statistics belong together, and that of their difference
    is the paired one. No interval where more than 0.5% of the resamples leave a statistic undefined.
    Shapes: groups (rows,), numbered from 0 without gaps.
    """
    rows = len(groups)
    values = statistics(np.ones((1, rows)))[0]
    random = np.random.default_rng(seed)
    chunk = max(1, CHUNK_CELLS // max(1, rows))
    drawn: list[Floats] = []
    for start in range(0, resamples, chunk):
        counts = _counts(random, int(groups.max()) + 1, min(chunk, resamples - start))
        drawn.append(statistics(counts[:, groups]))
    figures = np.concatenate(drawn)
    return tuple(_figure(float(value), figures[:, place]) for place, value in enumerate(values))


def _figure(value: float, resampled: Floats) -> Figure:
    is_defined = np.isfinite(resampled)
    if not np.isfinite(value):
        return Figure(value=None)
    if 1 - is_defined.mean() > MOST_UNDEFINED:
        return Figure(value=value)
    low, high = np.quantile(resampled[is_defined], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Figure(value=value, ci95=Interval(low=float(low), high=float(high)))


def _counts(random: np.random.Generator, groups: int, resamples: int) -> Floats:
    """How often each group is drawn. Shapes: (resamples, groups)."""
    drawn = random.integers(groups, size=(resamples, groups)) + groups * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * groups).reshape(resamples, groups).astype(np.float64)
