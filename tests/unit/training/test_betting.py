import numpy as np

from taskfit.training.betting import betting_upper


def test_the_bound_is_below_the_truth_as_seldom_as_it_says() -> None:
    random = np.random.default_rng(0)
    broken = [betting_upper(random.beta(0.2, 3.8, size=150), risk=0.1) < 0.05 for _ in range(300)]
    assert np.mean(broken) <= 0.1


def test_rare_losses_are_bounded_far_more_tightly_than_by_hoeffding() -> None:
    losses = np.where(np.random.default_rng(1).random(400) < 0.03, 0.5, 0.0)
    hoeffding = losses.mean() + np.sqrt(np.log(10) / 800)
    assert losses.mean() < betting_upper(losses, risk=0.1) < losses.mean() + 0.6 * (hoeffding - losses.mean())


def test_without_rows_nothing_is_known() -> None:
    assert betting_upper(np.zeros(0), risk=0.1) == 1.0
    assert betting_upper(np.ones(50), risk=0.1) == 1.0
