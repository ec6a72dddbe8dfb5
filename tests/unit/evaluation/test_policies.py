import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog  # type: ignore[import-untyped]  # it comes without types

from taskfit.evaluation.policies import Tried, best_of, difference, mean_of, measured, mixed_quality, oracle, over_random_mix
from taskfit.numerics import Floats


def tried(quality: list[float], cost: list[float] | None = None) -> Tried:
    return Tried(quality=np.array(quality, dtype=np.float64), cost=None if cost is None else np.array(cost, dtype=np.float64))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 5)), min_size=1, max_size=5), st.floats(0.05, 6))
def test_the_random_mix_is_the_best_that_the_budget_allows(points: list[tuple[float, float]], budget: float) -> None:
    models = [tried([quality], [cost]) for quality, cost in points]
    found = float(mixed_quality(models, np.ones((1, 1)), np.array([budget]))[0])
    reference = linprog(
        [-quality for quality, _ in points], A_ub=[[cost for _, cost in points]], b_ub=[budget],
        A_eq=[[1.0] * len(points)], b_eq=[1.0],
    )  # fmt: skip
    if np.isnan(found):
        assert min(cost for _, cost in points) > budget
        return
    assert found == pytest.approx(-reference.fun, abs=1e-6)


def test_the_oracle_pays_the_cheapest_model_that_is_right() -> None:
    best = oracle([tried([0, 1, 0], [1, 1, 1]), tried([1, 1, 0], [5, 5, 5])])
    assert best.quality.tolist() == [1, 1, 0]
    assert best.cost is not None
    assert best.cost.tolist() == [5, 1, 1]
    assert oracle([tried([0], [1]), tried([1])]).cost is None


def test_the_best_single_model_is_that_of_the_best_mean() -> None:
    assert best_of([tried([0, 1]), tried([1, 1]), tried([1, 0])]) == 1


def test_a_difference_is_paired_by_prompt() -> None:
    random = np.random.default_rng(0)
    common = random.normal(size=300) * 10
    groups = np.arange(300)
    one = Tried(quality=common + 0.1 + random.normal(size=300) * 0.1)
    paired = difference(one, Tried(quality=common), groups, seed=0)
    apart = measured("one", one, groups, seed=0).quality
    assert paired.ci95 is not None
    assert apart.ci95 is not None
    assert paired.ci95.low > 0
    assert apart.ci95.high - apart.ci95.low > 50 * (paired.ci95.high - paired.ci95.low)


def test_a_coin_gains_nothing_over_a_random_mix_and_a_seer_does() -> None:
    random = np.random.default_rng(1)
    weak, strong = (random.random(4000) < 0.5).astype(float), (random.random(4000) < 0.8).astype(float)
    models = [Tried(quality=weak, cost=np.full(4000, 1.0)), Tried(quality=strong, cost=np.full(4000, 10.0))]

    def gain(is_strong: Floats) -> tuple[float, float]:
        mixed = Tried(quality=np.where(is_strong > 0, strong, weak), cost=np.where(is_strong > 0, 10.0, 1.0))
        found = over_random_mix(mixed, models, np.arange(4000), seed=0)
        assert found is not None
        assert found.ci95 is not None
        return found.ci95.low, found.ci95.high

    low, high = gain((random.random(4000) < 0.4).astype(float))
    assert low < 0 < high
    assert gain(((strong > weak) | (random.random(4000) < 0.1)).astype(float))[0] > 0.1


def test_without_costs_there_is_no_mix_at_the_same_cost() -> None:
    assert over_random_mix(tried([1], [1]), [tried([1]), tried([1], [1])], np.arange(1), seed=0) is None


def test_the_mean_is_weighted() -> None:
    assert mean_of(np.array([1.0, 4.0]))(np.array([[2.0, 1.0], [0.0, 3.0]])).tolist() == [2.0, 4.0]
