"""Linear models with a penalty of its own for each group of features: a mixed model, whose groups are random effects.

The rows are targets = intercept + sum of design_j @ effects_j + noise, where the effects of group j are drawn with variance v_j.
The variances are those of the greatest restricted likelihood (REML), so a group that tells nothing gets a variance near 0, and
with few rows all of them are shrunk more. The effects are the best linear unbiased predictions, which is ridge regression with the
penalties noise / v_j.
Sources: Zhou, Hu, Qiao, Cheng, Zhou, MM algorithms for variance components models (2019), algorithm 1; Henderson (1975);
Hestenes and Stiefel (1952) for conjugate gradients.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, np
from taskfit.training.sparse import Sparse, side_by_side

MOST_ITERATIONS: Final = 200
TOLERANCE: Final = 1e-9
"""Conjugate gradients end when the residual is this share of the target."""

LEAST_SHARE: Final = 1e-6


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Intercepts (outputs,), and the effects of each group of features (width, outputs)."""

    intercepts: Floats
    groups: tuple[Floats, ...]


def variances_of(products: Sequence[Floats], targets: Floats, start: Sequence[float], *, steps: int) -> Floats:
    """The variance of each group's effects as a share of the noise's.

    Shapes: each of products (rows, rows), the inner products of a group's rows; targets (rows, outputs), with the same variances
    for all outputs. `start` is where the search begins, in the same units; each step multiplies by at most a few.
    """
    rows = len(targets)
    shares = np.array([*start, 1.0])
    scale = float(targets.var(axis=0).mean()) or 1.0
    shares *= scale / (1.0 + sum(share * products[place].trace() / rows for place, share in enumerate(start)))
    for _ in range(steps):
        whole = np.diag(np.full(rows, shares[-1]))
        for share, product in zip(shares, products, strict=False):
            whole += share * product
        inverse = np.linalg.inv(whole)
        line = inverse.sum(axis=1)
        projection = inverse - np.outer(line, line) / line.sum()
        fitted = projection @ targets
        outputs = targets.shape[1]
        for place, product in enumerate(products):
            explained = float(np.sum(fitted * (product @ fitted))) / outputs
            shares[place] *= np.sqrt(explained / max(float(np.sum(projection * product)), 1e-300))
        shares[-1] *= np.sqrt(float(np.sum(fitted**2)) / outputs / projection.trace())
    return np.maximum(shares[:-1] / shares[-1], LEAST_SHARE)


def fit_effects(designs: Sequence[Sparse], targets: Floats, shares: Sequence[float]) -> Effects:
    """The effects under these variances, shares of the noise's. Shapes: targets (rows, outputs)."""
    scales = [float(np.sqrt(share)) for share in shares]
    whole = side_by_side([design.scaled(scale) for design, scale in zip(designs, scales, strict=True)])
    solved = solve(whole, np.column_stack([np.ones(len(targets)), targets]))
    ones, rest = solved[:, :1], solved[:, 1:]
    intercepts = rest.sum(axis=0) / ones.sum()
    effects = whole.transposed_times(rest - ones * intercepts)
    ends = np.cumsum([design.width for design in designs])
    groups = [part * scale for part, scale in zip(np.split(effects, ends[:-1]), scales, strict=True)]
    return Effects(intercepts=intercepts, groups=tuple(groups))


def solve(design: Sparse, targets: Floats) -> Floats:
    """The solution of (design @ design.T + 1) x = targets by conjugate gradients, column by column. Shapes: (rows, outputs)."""
    solution = np.zeros_like(targets)
    residual = targets.copy()
    direction = residual.copy()
    square = np.sum(residual**2, axis=0)
    enough = TOLERANCE**2 * np.maximum(square, 1e-300)
    for _ in range(MOST_ITERATIONS):
        if (square <= enough).all():
            break
        image = design.times(design.transposed_times(direction)) + direction
        step = square / np.maximum(np.sum(direction * image, axis=0), 1e-300)
        solution += step * direction
        residual -= step * image
        now = np.sum(residual**2, axis=0)
        direction = residual + now / np.maximum(square, 1e-300) * direction
        square = now
    return solution
