"""Linear models with a penalty of its own for each group of features: a mixed model, whose groups are random effects.

The rows are targets = constant * intercept + sum of design_j @ effects_j + noise, where the effects of group j are drawn with
variance v_j. The variances are the likeliest ones (restricted likelihood), drawn towards what is usual, so that a group that
tells nothing is shrunk away and few rows do not run wild. The effects are the best linear unbiased predictions under them: ridge
regression with the penalties noise / v_j.
Sources: Zhou, Hu, Qiao, Cheng, Zhou, MM algorithms for variance components models (2019), algorithm 1; Henderson, Biometrics 31
(1975) 423; Hestenes and Stiefel (1952) for conjugate gradients.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, np
from taskfit.training.sparse import Sparse, side_by_side

MOST_ITERATIONS: Final = 200
TOLERANCE: Final = 1e-5
"""Conjugate gradients end when the residual is this share of the target. Held-out figures are those of 1e-9 to three digits
(57 tasks of MMLU, November 2026)."""

PRIOR_WEIGHT: Final = 10.0
"""How many effects' worth of evidence the usual variances are."""

LEAST_NOISE: Final = 1e-3
"""As a share of the targets' variance: what is told without an error leaves no noise to measure by."""


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Intercepts (outputs,), and the effects of each group of features (width, outputs)."""

    intercepts: Floats
    groups: tuple[Floats, ...]


def variances_of(
    products: Sequence[Floats], targets: Floats, usual: Sequence[float], *, steps: int, constant: Floats | None = None
) -> tuple[float, ...]:
    """The variance of each group's effects as a share of the noise's.

    They maximise the mean over the outputs of the restricted likelihood + that of PRIOR_WEIGHT effects whose squares are the
    `usual` variance, by a few steps of a minorisation, each of which raises it. Shapes: each of products (rows, rows), the inner
    products of a group's rows; targets (rows, outputs), which have the variances in common; constant (rows,), ones if None. Of a
    single row they are the usual ones.
    """
    rows, outputs = targets.shape
    if rows < 2:
        return tuple(usual)  # one row has no spread, so it says nothing of any
    ones = np.ones(rows) if constant is None else constant
    spread = float(targets.var(axis=0).mean() or 1.0)
    noise = spread / (1.0 + sum(usual))
    variances = np.array(usual) * noise
    for _ in range(steps):
        whole = np.diag(np.full(rows, noise))
        for variance, product in zip(variances, products, strict=True):
            whole += variance * product
        inverse = np.linalg.inv(whole)
        line = inverse @ ones
        projection = inverse - np.outer(line, line) / (line @ ones)
        fitted = projection @ targets
        prior = np.array(usual) * noise
        for place, product in enumerate(products):
            explained = float(np.sum(fitted * (product @ fitted))) / outputs + PRIOR_WEIGHT * prior[place] / variances[place] ** 2
            paid = float(np.sum(projection * product)) + PRIOR_WEIGHT / variances[place]
            variances[place] *= np.sqrt(explained / paid)
        noise *= float(np.sqrt(np.sum(fitted**2) / outputs / projection.trace()))
        noise = max(noise, LEAST_NOISE * spread)
    return tuple((variances / noise).tolist())


def fit_effects(
    designs: Sequence[Sparse], targets: Floats, shares: Sequence[float], *, constant: Floats | None = None
) -> Effects:
    """The effects under these variances, shares of the noise's.

    Shapes: targets (rows, outputs); constant (rows,), ones if None.
    """
    ones = np.ones(len(targets)) if constant is None else constant
    scales = [float(np.sqrt(share)) for share in shares]
    whole = side_by_side([design.scaled(scale) for design, scale in zip(designs, scales, strict=True)])
    solved = solve(whole, np.column_stack([ones, targets]))
    intercepts = ones @ solved[:, 1:] / (ones @ solved[:, 0])
    effects = whole.transposed_times(solved[:, 1:] - solved[:, :1] * intercepts)
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
