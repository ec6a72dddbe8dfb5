"""Exact bounds of a share that was counted: Clopper and Pearson's, and Stevens's with a coin, without scipy.

Counts are whole, so Clopper and Pearson's bound is below the truth more seldom than it says. Where a coin, a number between 0 and
1 that was drawn before anything was counted, says how much of the chance of the very count counts, it is so just as often.
Sources: Clopper and Pearson, Biometrika 26 (1934) 404; Stevens, Biometrika 37 (1950) 117; the continued fraction of the
incomplete beta function is 8.17.22 of the NIST Digital Library of Mathematical Functions, evaluated by Lentz's method.
"""

from math import ceil, exp, lgamma, log, log1p
from typing import Final

TINY: Final = 1e-300
PRECISION: Final = 1e-15
MOST_TERMS: Final = 100_000
HALVINGS: Final = 60
MOST_ROWS: Final = 1e15
"""Nobody has more; what would need them is counted as this."""


def upper_bound(errors: int, rows: int, *, risk: float, coin: float = 1.0) -> float:
    """The share of errors that is exceeded with probability at most `risk`, where `errors` of `rows` were seen.

    With a coin of 1 it is Clopper and Pearson's, the 1 - risk quantile of Beta(errors + 1, rows - errors). 1 where nothing was
    seen, or nothing but errors.
    """
    if errors >= rows:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(errors, rows, middle, coin) > risk else (low, middle)
    return high


def is_below(errors: int, rows: int, *, limit: float, risk: float, coin: float = 1.0) -> bool:
    """Whether the upper bound is at most `limit`; much cheaper than the bound."""
    return errors < rows and _chance(errors, rows, limit, coin) <= risk


def least_rows(max_error: float, *, risk: float) -> int:
    """How many rows without an error bring the upper bound down to `max_error`."""
    rows = max(1, ceil(min(log(risk) / log1p(-max_error), MOST_ROWS)))
    return rows - 1 if rows > 1 and (1 - max_error) ** (rows - 1) <= risk else rows


def binomial_tail(errors: float, rows: float, share: float) -> float:
    """P(X <= errors) of a binomial X of `rows` and `share`; in between whole numbers by the beta function."""
    if 1 - share >= 1 or errors >= rows:  # also what is too small to be told from 0
        return 1.0
    if share >= 1:
        return 0.0
    return incomplete_beta(rows - errors, errors + 1, 1 - share)


def _chance(errors: int, rows: int, share: float, coin: float) -> float:
    """P(X < errors), and of P(X = errors) as much as the coin says; all of it for no error at all, so that no bound is 0."""
    most = binomial_tail(errors, rows, share)
    if coin == 1 or errors == 0 or not 0 < share < 1:
        return most
    ways = lgamma(rows + 1) - lgamma(errors + 1) - lgamma(rows - errors + 1)
    return most - (1 - coin) * exp(ways + errors * log(share) + (rows - errors) * log1p(-share))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 < x < 1."""
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    value = d
    for term in range(1, MOST_TERMS):
        even = term * (b - term) * x / ((a + 2 * term - 1) * (a + 2 * term))
        odd = -(a + term) * (a + b + term) * x / ((a + 2 * term) * (a + 2 * term + 1))
        for step in (even, odd):
            d = _inverse(1 + step * d)
            c = 1 + step / c
            c = c if abs(c) > TINY else TINY
            value *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return value


def _inverse(value: float) -> float:
    return 1 / (value if abs(value) > TINY else TINY)
