"""Ridge-penalised logistic regression by Newton's method. Knows numbers only: no verdict, no signal, no answer.

Features are standardised while it is fitted, so that one ridge suits all of them, and the weights that come out are for the
features as they went in.
Source: iteratively reweighted least squares, e.g. Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4.1.
"""

from typing import Final

import msgspec

from taskfit.numerics import Floats, np

MOST_STEPS: Final = 100
MOST_HALVINGS: Final = 30
TOLERANCE: Final = 1e-10
"""Newton's method ends when its promise of improvement, half the squared Newton decrement, is below this per row."""


class Logistic(msgspec.Struct, frozen=True, kw_only=True):
    """P(right) = 1 / (1 + exp(-(intercept + features @ weights))). A feature that was constant has weight 0."""

    intercept: float
    weights: tuple[float, ...]


def fit_logistic(features: Floats, right: Floats, *, ridge: float) -> Logistic:
    """The weights that maximise sum of log-likelihoods - ridge / 2 * |standardised weights|².

    Shapes: features (rows, features), finite; right (rows,) in [0, 1], where a share counts as that much of a row. `ridge` > 0;
    the intercept is not penalised. Where all rows are right, or none, the intercept says so as after half a row more of each
    kind, and all weights are 0.
    """
    rows, width = features.shape
    total = float(right.sum())
    if width == 0 or total in (0.0, float(rows)):
        share = (total + 0.5) / (rows + 1)
        return Logistic(intercept=float(np.log(share / (1 - share))), weights=(0.0,) * width)
    centre, scale = features.mean(axis=0), features.std(axis=0)
    is_constant = scale <= 1e-12 * np.maximum(1.0, np.abs(centre))
    scale = np.where(is_constant, 1.0, scale)
    design = np.column_stack([np.ones(rows), np.where(is_constant, 0.0, (features - centre) / scale)])
    solution = _maximise(design, right, np.array([0.0, *[ridge] * width]))
    weights = solution[1:] / scale
    return Logistic(intercept=float(solution[0] - weights @ centre), weights=tuple(weights.tolist()))


def predict(model: Logistic, features: Floats) -> Floats:
    """P(right) of each row. Shapes: (rows, features) to (rows,)."""
    return probabilities(model.intercept + features @ np.array(model.weights))


def probabilities(logits: Floats) -> Floats:
    """1 / (1 + exp(-logit)), without overflow."""
    power = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, power) / (1.0 + power)


def log_loss(logits: Floats, right: Floats) -> float:
    """Mean negative log-likelihood, in nats."""
    return float(np.mean(np.logaddexp(0.0, logits) - right * logits))


def _maximise(design: Floats, right: Floats, penalty: Floats) -> Floats:
    solution = np.zeros(design.shape[1])
    solution[0] = np.log(right.mean() / (1 - right.mean()))
    loss = _penalised(design, right, penalty, solution)
    for _ in range(MOST_STEPS):
        chance = probabilities(design @ solution)
        gradient = design.T @ (chance - right) + penalty * solution
        curvature = (design.T * (chance * (1 - chance))) @ design + np.diag(np.maximum(penalty, 1e-9))
        step = np.linalg.solve(curvature, gradient)
        if gradient @ step / 2 <= TOLERANCE * len(right):
            return np.asarray(solution - step)
        for halving in range(MOST_HALVINGS):
            tried = solution - step / 2**halving
            tried_loss = _penalised(design, right, penalty, tried)
            if tried_loss < loss:
                break
        else:
            return solution
        solution, loss = tried, tried_loss
    return solution


def _penalised(design: Floats, right: Floats, penalty: Floats, solution: Floats) -> float:
    return len(right) * log_loss(design @ solution, right) + float(penalty @ solution**2) / 2
