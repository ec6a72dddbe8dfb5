import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize  # type: ignore[import-untyped]  # it comes without types

from taskfit.numerics import Floats
from taskfit.training.logistic import fit_logistic, log_loss, predict, probabilities


def drawn(seed: int, rows: int = 120, width: int = 3, scale: float = 1.0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, width)) * scale + random.normal(size=width) * 5
    logits = (features - features.mean(axis=0)) @ random.normal(size=width) / scale
    return features, (random.random(rows) < probabilities(logits)).astype(np.float64)


def by_scipy(features: Floats, right: Floats, ridge: float) -> tuple[float, Floats]:
    """The same penalised likelihood, written down anew and given to a general optimiser."""
    centre, scale = features.mean(axis=0), features.std(axis=0)
    standard = (features - centre) / scale

    def loss(solution: Floats) -> float:
        chance = 1 / (1 + np.exp(-(solution[0] + standard @ solution[1:])))
        likelihood = np.sum(right * np.log(chance) + (1 - right) * np.log(1 - chance))
        return float(-likelihood + ridge / 2 * np.sum(solution[1:] ** 2))

    found = minimize(loss, np.zeros(features.shape[1] + 1), method="BFGS", options={"gtol": 1e-6}).x
    weights = found[1:] / scale
    return float(found[0] - weights @ centre), weights


@pytest.mark.parametrize("ridge", [0.1, 3.0, 100.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_fit_is_that_of_a_general_optimiser(seed: int, ridge: float) -> None:
    features, right = drawn(seed, scale=10.0**seed)
    model = fit_logistic(features, right, ridge=ridge)
    intercept, weights = by_scipy(features, right, ridge)
    assert model.intercept == pytest.approx(intercept, rel=1e-3, abs=1e-3)
    assert np.array(model.weights) * features.std(axis=0) == pytest.approx(weights * features.std(axis=0), rel=1e-3, abs=1e-4)


def test_shares_of_right_are_taken_as_parts_of_rows() -> None:
    features, right = drawn(1)
    doubled = np.concatenate([features, features])
    parts = fit_logistic(features, np.full_like(right, 0.5) + (right - 0.5) * 0.4, ridge=1.0)
    rows = fit_logistic(doubled, np.concatenate([0.3 + 0.4 * right, 0.3 + 0.4 * right]), ridge=2.0)
    assert parts.weights == pytest.approx(rows.weights, abs=1e-6)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(0.01, 1000))
def test_the_units_of_a_feature_do_not_matter(seed: int, shift: float, unit: float) -> None:
    features, right = drawn(seed, rows=40, width=2)
    if right.min() == right.max():
        return
    changed = features * unit + shift
    one, other = fit_logistic(features, right, ridge=1.0), fit_logistic(changed, right, ridge=1.0)
    assert predict(other, changed) == pytest.approx(predict(one, features), abs=1e-5)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_the_mean_confidence_is_the_share_of_right_answers(seed: int) -> None:
    features, right = drawn(seed, rows=60)
    assert predict(fit_logistic(features, right, ridge=1.0), features).mean() == pytest.approx(
        right.mean() if 0 < right.mean() < 1 else (right.sum() + 0.5) / 61, abs=1e-5
    )


def test_what_separates_right_from_wrong_does_not_run_away() -> None:
    features = np.arange(20.0)[:, None]
    model = fit_logistic(features, (features[:, 0] >= 10).astype(np.float64), ridge=0.1)
    assert np.isfinite(model.weights[0])
    assert predict(model, features)[0] < 0.05
    assert predict(model, features)[-1] > 0.95


def test_a_constant_feature_weighs_nothing() -> None:
    features, right = drawn(0)
    model = fit_logistic(np.column_stack([features, np.full(len(right), 3.3)]), right, ridge=1.0)
    assert model.weights[-1] == 0
    assert model.weights[:-1] == pytest.approx(fit_logistic(features, right, ridge=1.0).weights)


@pytest.mark.parametrize(("right", "wanted"), [(1.0, 10.5 / 11), (0.0, 0.5 / 11)])
def test_rows_of_one_kind_give_their_share(right: float, wanted: float) -> None:
    model = fit_logistic(np.arange(10.0)[:, None], np.full(10, right), ridge=1.0)
    assert predict(model, np.array([[5.0]])) == pytest.approx([wanted])


def test_the_loss_is_the_mean_log_likelihood() -> None:
    assert log_loss(np.array([0.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx((np.log(2) + np.log1p(np.exp(2))) / 2)
    assert log_loss(np.array([800.0]), np.array([1.0])) == 0
