import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # it comes without types

from taskfit.evaluation import intervals
from taskfit.evaluation.intervals import Interval, bootstrapped, wilson
from taskfit.evaluation.policies import mean_of
from taskfit.numerics import Floats


def has(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval.low <= truth <= interval.high


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_s_interval_is_that_of_scipy(successes: int, trials: int) -> None:
    successes = min(successes, trials)
    reference = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    mine = wilson(successes, trials)
    assert (mine.low, mine.high) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_where_nothing_was_tried_nothing_is_known() -> None:
    assert wilson(0, 0) == Interval(low=0.0, high=1.0)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_wilson_s_interval_has_the_truth_in_95_of_100_draws(share: float) -> None:
    drawn = np.random.default_rng(0).binomial(80, share, size=4000)
    assert np.mean([has(wilson(int(count), 80), share) for count in drawn]) == pytest.approx(0.95, abs=0.025)


def test_the_bootstrap_s_interval_is_that_of_scipy() -> None:
    values = np.random.default_rng(3).exponential(size=200)
    mine = bootstrapped(mean_of(values), np.arange(200), seed=0, resamples=9000)
    reference = stats.bootstrap(
        (values,), np.mean, n_resamples=9000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert mine.value == pytest.approx(values.mean())
    assert mine.ci95 is not None
    assert (mine.ci95.low, mine.ci95.high) == pytest.approx((reference.low, reference.high), abs=0.01)


def test_the_interval_of_a_paired_difference_has_the_truth_in_95_of_100_draws() -> None:
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        common = random.normal(size=100)
        one, other = common + random.normal(size=100) * 0.3 + 0.1, common + random.normal(size=100) * 0.3
        hits += has(bootstrapped(mean_of(one - other), np.arange(100), seed=0, resamples=500).ci95, 0.1)
    assert hits / 400 == pytest.approx(0.95, abs=0.035)


def test_rows_that_ask_the_same_are_drawn_together() -> None:
    random = np.random.default_rng(0)
    hits, naive_hits = 0, 0
    for _ in range(300):
        values = np.repeat(random.normal(size=40), 5)
        hits += has(bootstrapped(mean_of(values), np.repeat(np.arange(40), 5), seed=0, resamples=400).ci95, 0.0)
        naive_hits += has(bootstrapped(mean_of(values), np.arange(200), seed=0, resamples=400).ci95, 0.0)
    assert hits / 300 > 0.9
    assert naive_hits / 300 < 0.75


def test_the_same_seed_gives_the_same_interval_however_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=50)
    whole = bootstrapped(mean_of(values), np.arange(50), seed=5)
    monkeypatch.setattr(intervals, "CHUNK_CELLS", 1000)
    assert bootstrapped(mean_of(values), np.arange(50), seed=5) == whole
    assert bootstrapped(mean_of(values), np.arange(50), seed=6) != whole


def test_there_is_no_interval_where_the_statistic_is_often_undefined() -> None:
    def mostly_defined(weights: Floats) -> Floats:
        return np.where(weights[:, 0] < 3, 1.0, np.nan)

    assert bootstrapped(mostly_defined, np.arange(10), seed=0).value == 1
    assert bootstrapped(mostly_defined, np.arange(10), seed=0).ci95 is None
    assert bootstrapped(lambda weights: np.full(len(weights), np.nan), np.arange(10), seed=0).value is None
