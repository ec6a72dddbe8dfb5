"""How often answers are right at each confidence: the reliability diagram, as numbers with intervals. Fits nothing."""

from typing import Final

import msgspec

from taskfit.evaluation.intervals import Interval, wilson
from taskfit.numerics import Booleans, Floats, np

EDGES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
"""Narrower towards 1, where most answers are and where bars lie."""


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Answers with a confidence from `low` up to `high`; the last bin has 1 in it. `confidence` and `right` are their means, None
    where there are no answers. `ci95` is Wilson's for `right`, where a share of a right answer is rounded into their number."""

    low: float
    high: float
    rows: int
    confidence: float | None
    right: float | None
    ci95: Interval


def reliability(confidence: Floats, right: Floats) -> tuple[Bin, ...]:
    """The bins between EDGES. Shapes: (rows,), both 0 to 1."""
    place = np.digitize(confidence, EDGES[1:-1])
    return tuple([_bin(number, confidence, right, place == number) for number in range(len(EDGES) - 1)])


def _bin(number: int, confidence: Floats, right: Floats, inside: Booleans) -> Bin:
    rows = int(inside.sum())
    return Bin(
        low=EDGES[number],
        high=EDGES[number + 1],
        rows=rows,
        confidence=float(confidence[inside].mean()) if rows else None,
        right=float(right[inside].mean()) if rows else None,
        ci95=wilson(round(float(right[inside].sum())), rows),
    )
