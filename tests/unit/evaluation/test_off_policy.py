"""Estimates of a policy from the records of another one, against a truth that is known because it was made up."""

from typing import Final

import numpy as np
import pytest

from taskfit.evaluation.intervals import bootstrapped_together
from taskfit.evaluation.off_policy import (
    LEAST_PROPENSITY,
    Stratum,
    cross_fitted,
    effective_sample_size,
    inverse_propensities,
    means_of,
    quantiles_of,
)
from taskfit.numerics import Floats

SHARES: Final = np.array([0.5, 0.3, 0.2])
PROPENSITY: Final = np.array([0.15, 0.3, 0.6])  # of the policy that is asked about, in each of three contexts
QUALITY: Final = np.array([0.9, 0.5, 0.2])
TRUTH: Final = float(SHARES @ QUALITY)
ALWAYS: Final = 0.4  # what the other policy makes of every request


def logged(random: np.random.Generator, rows: int, *, model: Floats) -> Stratum:
    """Requests of which a part went, by chance, to the policy that is asked about."""
    context = random.choice(3, size=rows, p=SHARES)
    is_taken = random.random(rows) < PROPENSITY[context]
    reward = (random.random(rows) < np.where(is_taken, QUALITY[context], ALWAYS)).astype(np.float64)
    every = np.ones(rows)
    weight = inverse_propensities(is_taken, PROPENSITY[context])
    return Stratum(member=every, weight=weight, value=reward, model=model[context], seen=every, actual=reward)


def estimates(model: Floats, *, draws: int = 500, rows: int = 300) -> Floats:
    """Shapes: (draws, 4)."""
    random = np.random.default_rng(5)
    return np.array([means_of([logged(random, rows, model=model)])(np.ones((1, rows)))[0] for _ in range(draws)])


@pytest.mark.parametrize("model", [np.zeros(3), QUALITY, np.array([0.1, 0.9, 0.9])], ids=["none", "right", "wrong"])
def test_both_estimates_are_unbiased_whatever_the_direct_model_is(model: Floats) -> None:
    made = estimates(model)
    for column, truth in ((1, TRUTH), (2, TRUTH)):
        error = made[:, column].std() / np.sqrt(len(made))
        assert abs(made[:, column].mean() - truth) < 3.5 * error + 0.002
    assert made[:, 3] == pytest.approx(made[:, 2] - made[:, 0])


def test_a_policy_that_is_seldom_tried_out_counts_fully_beside_where_it_is_chosen_anyway() -> None:
    """Explored are 0.5 % of the requests, among two rungs: of half of the requests the policy is the usual one."""
    random, rows, quality = np.random.default_rng(6), 8_000, np.array([0.9, 0.5])
    propensity, found = np.array([0.9975, 0.0025]), []
    for _ in range(200):
        context = np.arange(rows) % 2
        is_taken = random.random(rows) < propensity[context]
        reward = (random.random(rows) < quality[context]).astype(np.float64)
        every, weight = np.ones(rows), inverse_propensities(is_taken, propensity[context])
        of = Stratum(member=every, weight=weight, value=reward, model=np.zeros(rows), seen=every, actual=reward)
        found.append(means_of([of])(every[None])[0, 1])
    assert np.mean(found) == pytest.approx(quality.mean(), abs=0.02)


def test_a_right_direct_model_makes_the_estimate_steadier() -> None:
    made = estimates(QUALITY)
    assert made[:, 2].std() < made[:, 1].std()


def test_what_really_happened_would_be_the_wrong_answer() -> None:
    assert abs(estimates(QUALITY)[:, 0].mean() - TRUTH) > 0.1


def test_the_intervals_have_the_truth_in_95_of_100_draws() -> None:
    random, rows, hits = np.random.default_rng(1), 200, np.zeros(2)
    for _ in range(300):
        stratum = logged(random, rows, model=QUALITY + 0.1)
        _, plain, robust, _ = bootstrapped_together(means_of([stratum]), np.arange(rows), seed=0, resamples=150)
        for place, figure in enumerate((plain, robust)):
            assert figure.ci95 is not None
            hits[place] += figure.ci95.low <= TRUTH <= figure.ci95.high
    assert ((hits / 300 >= 0.92) & (hits / 300 <= 0.98)).all(), hits / 300


def test_where_the_policy_was_never_taken_nothing_is_known() -> None:
    every = np.ones(5)
    stratum = Stratum(member=every, weight=0 * every, value=every, model=every, seen=every, actual=every)
    assert np.isnan(means_of([stratum])(np.ones((2, 5)))).all()
    assert np.isnan(quantiles_of([stratum], 0.5)(np.ones((1, 5)))[0, 1])


def test_strata_count_by_the_requests_that_they_stand_for() -> None:
    first, second = np.array([1.0, 1, 1, 0]), np.array([0.0, 0, 0, 1])
    value, none = np.array([1.0, 1, 1, 5]), np.zeros(4)
    strata = [
        Stratum(member=first, weight=np.array([7.0, 0, 0, 0]), value=value, model=none, seen=first, actual=none),
        Stratum(member=second, weight=second, value=value, model=none, seen=second, actual=none),
    ]
    assert means_of(strata)(np.ones((1, 4)))[0].tolist() == [0.0, 2.0, 2.0, 2.0]
    assert quantiles_of(strata, 0.5)(np.ones((1, 4)))[0].tolist() == [0.0, 1.0, 1.0]
    assert quantiles_of(strata, 0.8)(np.ones((1, 4)))[0, 1] == 5.0


def test_quantiles_are_those_of_numpy() -> None:
    random = np.random.default_rng(2)
    values, counts = random.exponential(size=50), random.integers(1, 4, size=50).astype(np.float64)
    every = np.ones(50)
    stratum = Stratum(member=every, weight=every, value=values, model=0 * every, seen=every, actual=values)
    for share in (0.1, 0.5, 0.95):
        reference = float(np.quantile(values, share, weights=counts, method="inverted_cdf"))
        assert quantiles_of([stratum], share)(counts[None, :])[0].tolist() == pytest.approx([reference, reference, 0.0])


def test_weights_are_clipped_and_tell_how_much_they_are_worth() -> None:
    weight = inverse_propensities(np.array([True, True, False]), np.array([1e-9, 0.5, 0.5]))
    assert weight.tolist() == [1 / LEAST_PROPENSITY, 2.0, 0.0]
    assert effective_sample_size(np.array([3.0, 3, 0, 3])) == pytest.approx(3.0)
    assert effective_sample_size(weight) < 1.03
    assert effective_sample_size(np.zeros(3)) == 0.0


def test_no_request_tells_the_direct_model_what_to_expect_of_itself() -> None:
    random = np.random.default_rng(3)
    value, action = random.random(60), random.integers(2, size=60)
    is_known = random.random(60) < 0.7
    expected = cross_fitted(value, is_known, action, np.arange(60))
    for row in range(60):
        other = value.copy()
        other[row] = 99.0
        assert cross_fitted(other, is_known, action, np.arange(60))[row] == expected[row]
    assert expected[action == 0].mean() == pytest.approx(value[is_known & (action == 0)].mean(), abs=0.05)
