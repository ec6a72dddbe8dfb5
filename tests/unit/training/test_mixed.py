from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import minimize  # type: ignore[import-untyped]  # it comes without types

from taskfit.numerics import Floats
from taskfit.training.mixed import PRIOR_WEIGHT, fit_effects, solve, variances_of
from taskfit.training.sparse import from_dense


def drawn(seed: int, *, rows: int = 80, spread: Sequence[float] = (1.0, 0.2), outputs: int = 1) -> tuple[list[Floats], Floats]:
    random = np.random.default_rng(seed)
    designs = [random.normal(size=(rows, 12)) for _ in spread]
    effects = [random.normal(size=(12, outputs)) * deviation for deviation in spread]
    return designs, 3.0 + sum(d @ e for d, e in zip(designs, effects, strict=True)) + random.normal(size=(rows, outputs))


def penalised(designs: Sequence[Floats], targets: Floats, usual: Sequence[float], logs: Floats) -> float:
    """The restricted likelihood with its prior, written down anew: by an orthogonal basis of what the intercept leaves."""
    rows, outputs = targets.shape
    *variances, noise = np.exp(logs)
    whole = noise * np.eye(rows) + sum(v * d @ d.T for v, d in zip(variances, designs, strict=True))
    basis = np.linalg.qr(np.column_stack([np.ones(rows), np.eye(rows)[:, 1:]]))[0][:, 1:]
    left, contrasts = basis.T @ whole @ basis, basis.T @ targets
    fit = np.sum(contrasts * np.linalg.solve(left, contrasts)) / outputs
    prior = sum(PRIOR_WEIGHT * (np.log(v) + u * noise / v) for v, u in zip(variances, usual, strict=True))
    return float(np.linalg.slogdet(left)[1] + fit + prior) / 2


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_variances_are_the_likeliest_ones_of_a_general_optimiser(outputs: int) -> None:
    designs, targets = drawn(1, outputs=outputs)
    usual = (0.3, 0.3)
    found = variances_of([d @ d.T for d in designs], targets, usual, steps=150)
    # The prior is drawn along with the noise, so the optimum is found for each noise in turn.
    noise = 1.0
    for _ in range(30):

        def loss(logs: Floats, held: float = noise) -> float:
            *variances, free = np.exp(logs)
            prior_only = [PRIOR_WEIGHT * (u * held / v - u * free / v) / 2 for v, u in zip(variances, usual, strict=True)]
            return penalised(designs, targets, usual, logs) + float(sum(prior_only))

        best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000}).x
        if abs(np.exp(best[-1]) - noise) < 1e-5:
            break
        noise = float(np.exp(best[-1]))
    assert found == pytest.approx(np.exp(best[:2] - best[2]), rel=0.01)


def test_many_rows_tell_how_much_a_group_varies() -> None:
    random = np.random.default_rng(5)
    designs = [random.normal(size=(300, 90)) for _ in range(2)]
    effects = [random.normal(size=(90, 1)) * deviation for deviation in (0.5, 0.05)]
    targets = sum(d @ e for d, e in zip(designs, effects, strict=True)) + random.normal(size=(300, 1))
    much, little = variances_of([d @ d.T for d in designs], targets, (0.05, 0.05), steps=25)
    assert 0.15 < much < 0.4, "the truth is 0.25"
    assert little < 0.02, "the truth is 0.0025"


def test_few_rows_leave_what_is_usual() -> None:
    designs, targets = drawn(3, rows=8)
    found = variances_of([d @ d.T / 100 for d in designs], targets, (0.05, 0.01), steps=30)
    assert found == pytest.approx((0.05, 0.01), rel=0.3)


def test_targets_that_are_all_the_same_are_no_obstacle() -> None:
    designs, _ = drawn(0)
    found = variances_of([d @ d.T for d in designs], np.ones((80, 1)), (0.1, 0.1), steps=10)
    assert np.isfinite(found).all()
    made = fit_effects([from_dense(d) for d in designs], np.ones((80, 1)), found)
    assert made.intercepts == pytest.approx([1.0])


def test_effects_are_those_of_ridge_regression_with_a_penalty_for_each_group() -> None:
    designs, targets = drawn(2, outputs=2)
    shares = (0.7, 0.05)
    made = fit_effects([from_dense(d) for d in designs], targets, shares)
    whole = np.column_stack([np.ones(80), *designs])
    penalty = np.diag([0.0, *[1 / shares[0]] * 12, *[1 / shares[1]] * 12])
    by_hand = np.linalg.solve(whole.T @ whole + penalty, whole.T @ targets)
    assert made.intercepts == pytest.approx(by_hand[0], abs=1e-4)
    assert np.vstack(made.groups) == pytest.approx(by_hand[1:], abs=1e-4)


def test_a_constant_of_ones_is_what_none_means_and_another_one_weights_the_rows() -> None:
    designs, targets = drawn(6)
    sparse = [from_dense(d) for d in designs]
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 80)
    plain, ones = (fit_effects(sparse, targets, (0.5, 0.5), constant=each) for each in (None, np.ones(80)))
    assert plain.intercepts == pytest.approx(ones.intercepts)
    made = fit_effects([d.weighted(weights) for d in sparse], targets * weights[:, None], (0.5, 0.5), constant=weights)
    whole = np.column_stack([np.ones(80), *designs])
    by_hand = np.linalg.solve(
        whole.T @ (whole * weights[:, None] ** 2) + np.diag([0.0, *[2.0] * 24]), whole.T @ (targets * weights[:, None] ** 2)
    )
    assert made.intercepts == pytest.approx(by_hand[0], abs=1e-4)


def test_conjugate_gradients_solve_the_system() -> None:
    designs, targets = drawn(4, outputs=3)
    found = solve(from_dense(designs[0]), targets)
    assert found == pytest.approx(np.linalg.solve(designs[0] @ designs[0].T + np.eye(80), targets), abs=1e-4)


def test_a_single_row_says_nothing_of_variances() -> None:
    assert variances_of([np.ones((1, 1))], np.ones((1, 1)), (0.3,), steps=5) == (0.3,)
