"""Limits for the errors among the first rows of a ranking that hold for any number of rows at once.

The proof is in docs/explanation/guarantees.md.
Source: alpha spending, Lan and DeMets, Biometrika 70 (1983) 659, with exact probabilities instead of normal ones.
"""

from functools import lru_cache

from taskfit.numerics import Integers, np


@lru_cache(maxsize=64)
def simultaneous_limits(rows: int, max_error: float, risk: float) -> Integers:
    """How many errors may be among the first n rows, for n from 0 to `rows`; -1: not even none.

    Where each row is wrong with probability `max_error`, the errors come down to a limit, at any n, with probability at most
    `risk`, of which a share of n / rows is spent up to n. The limits never fall, and rise by at most 1 from row to row.
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
