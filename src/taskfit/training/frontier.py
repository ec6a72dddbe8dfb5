"""Cost against quality: the non-decreasing convex hull of points, the area under it, and what is saved at a quality.

Pure functions of numbers; several policies, or one router at several trades, are points alike.
Source: RouterBench, arXiv 2403.12031, section 3 (AIQ over a range of costs; "non-decreasing convex hull").
"""

from taskfit.numerics import Floats, np


def hull(cost: Floats, quality: Floats) -> Floats:
    """The corners of the upper hull from the cheapest point to the best one, cost and quality rising strictly.

    What lies between two corners is had by mixing them at random. Shapes: (points,), finite, to (corners, 2).
    """
    order = np.lexsort((-quality, cost))
    corners: list[tuple[float, float]] = []
    for place in order.tolist():
        point = float(cost[place]), float(quality[place])
        if corners and point[1] <= corners[-1][1]:
            continue
        while len(corners) >= 2 and _slope(corners[-2], corners[-1]) <= _slope(corners[-2], point):
            corners.pop()
        corners.append(point)
    return np.array(corners, dtype=np.float64).reshape(-1, 2)


def quality_at(corners: Floats, cost: Floats) -> Floats:
    """The quality that may be had for at most this mean cost; nan where even the cheapest corner is dearer."""
    found = np.interp(cost, corners[:, 0], corners[:, 1])
    return np.asarray(np.where(cost >= corners[0, 0], found, np.nan))


def aiq(points: Floats, low_cost: float, high_cost: float) -> float:
    """Average quality between two costs: the area under the hull of the points, divided by the range of costs.

    Where even the cheapest point is dearer than `low_cost`, its quality counts as 0 up to there: nothing is had for that. Where
    both costs are one, it is the quality at that cost. Shapes: points (points, 2), cost and quality.
    """
    corners = hull(points[:, 0], points[:, 1])
    if high_cost <= low_cost:
        return float(np.nan_to_num(quality_at(corners, np.array([low_cost]))[0]))
    start = max(low_cost, float(corners[0, 0]))
    if start >= high_cost:
        return 0.0
    inside = corners[(corners[:, 0] > start) & (corners[:, 0] < high_cost), 0]
    costs = np.concatenate([[start], inside, [high_cost]])
    return float(np.trapezoid(quality_at(corners, costs), costs)) / (high_cost - low_cost)


def saving_at(points: Floats, quality: float, reference_cost: float) -> float:
    """1 - (least mean cost on the hull at which this quality is had) / `reference_cost`; nan where it is never had.

    Shapes: points (points, 2), cost and quality.
    """
    corners = hull(points[:, 0], points[:, 1])
    if corners[-1, 1] < quality or reference_cost <= 0:
        return float("nan")
    return 1 - float(np.interp(quality, corners[:, 1], corners[:, 0])) / reference_cost


def _slope(start: tuple[float, float], end: tuple[float, float]) -> float:
    """`end` is better; where it is no dearer either, it is infinitely better."""
    rise = end[0] - start[0]
    return (end[1] - start[1]) / rise if rise > 0 else np.inf
