import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.numerics import Floats
from taskfit.training.binomial import is_below
from taskfit.training.error_curve import expected_errors
from taskfit.training.evidence import least_escalated_share, missing_evidence, missing_for_joint, rows_for
from taskfit.training.promises import Terms, certify, coin_of, control_joint, has_fall_back, keep, looks_of, rank_rows
from taskfit.training.simultaneous import simultaneous_limits


def answers(rows: int, *, seed: int, best: float = 0.01, worst: float = 0.6) -> tuple[Floats, Floats]:
    """Confidences between 0 and 1, and answers that are wrong the more often the lower they are."""
    random = np.random.default_rng(seed)
    confidence = random.random(rows)
    return confidence, (random.random(rows) < worst + (best - worst) * confidence).astype(np.float64)


def risk_above(bar: float, *, best: float = 0.01, worst: float = 0.6) -> float:
    """The true error among answers with at least that confidence."""
    return worst + (best - worst) * (1 + bar) / 2


def test_a_promise_is_broken_as_seldom_as_it_says() -> None:
    bars = [certify(*answers(300, seed=seed), max_error=0.2, sure=0.9).value for seed in range(300)]
    broken = [bar is not None and risk_above(bar) > 0.2 for bar in bars]
    assert np.mean(broken) <= 0.1
    assert np.mean([bar is not None for bar in bars]) > 0.8


def test_where_the_confidence_says_nothing_a_false_promise_is_as_rare() -> None:
    """The worst case: the error is just above the limit at every bar, so that every bar breaks the promise."""
    random = np.random.default_rng(0)
    found = [
        certify(random.random(300), (random.random(300) < 0.101).astype(float), max_error=0.1, sure=0.9).value is not None
        for _ in range(400)
    ]
    assert np.mean(found) <= 0.1 + 0.02


def test_the_fall_back_saves_what_a_few_confident_errors_would_end() -> None:
    confidence, loss = answers(1500, seed=1, best=0.0, worst=0.15)
    loss[np.argsort(-confidence)[:400]] = np.tile([1.0, 0.0, 0.0, 0.0], 100)
    ranked = rank_rows(confidence, loss)
    first = int(looks_of(ranked, max_error=0.2, risk=0.1)[0])
    assert ranked.lost[first - 1] > 0.2 * first
    found = certify(confidence, loss, max_error=0.2, sure=0.9)
    assert found.value is not None
    assert found.accepted > 900
    assert found.bound == 0.2


@pytest.mark.parametrize("error", [0.05, 0.2])
def test_limits_for_all_thresholds_at_once_are_met_by_chance_as_seldom_as_they_say(error: float) -> None:
    limits = simultaneous_limits(400, error, 0.05)
    assert limits[0] == -1
    assert set(np.diff(limits)) <= {0, 1}
    wrong = np.random.default_rng(0).random((4000, 400)) < error
    met = (np.cumsum(wrong, axis=1) <= limits[1:]).any(axis=1).mean()
    assert 0.02 < met <= 0.05 + 0.01


def test_114_right_answers_and_no_fewer_carry_two_percent() -> None:
    confidence = np.linspace(0.5, 1, 114)
    assert certify(confidence, np.zeros(114), max_error=0.02, sure=0.9).value == 0.5
    assert certify(confidence[1:], np.zeros(113), max_error=0.02, sure=0.9).value is None
    assert missing_evidence(confidence[1:], np.zeros(113), max_error=0.02, sure=0.9).more_rows == 1
    assert missing_evidence(confidence[:0], np.zeros(0), max_error=0.02, sure=0.9).least_rows == 114


def test_answers_of_one_confidence_are_accepted_together_or_not_at_all() -> None:
    confidence = np.repeat([1.0, 0.9, 0.1], 100)
    loss = np.concatenate([np.zeros(200), np.ones(100)])
    found = certify(confidence, loss, max_error=0.1, sure=0.9)
    assert (found.value, found.accepted, found.errors, found.rows) == (0.9, 200, 0.0, 300)
    assert rank_rows(confidence, loss).ends.tolist() == [100, 200, 300]


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_what_is_accepted_is_what_reaches_the_bar_and_its_bound_keeps_the_limit(seed: int) -> None:
    confidence, loss = answers(200, seed=seed)
    confidence = np.round(confidence, 1 + seed % 2)
    found = certify(confidence, loss, max_error=0.2, sure=0.9)
    if found.value is None:
        assert (found.accepted, found.errors) == (0, 0.0)
        return
    accepted = confidence >= found.value
    assert (found.accepted, found.errors) == (accepted.sum(), loss[accepted].sum())
    assert loss[accepted].mean() < found.bound <= 0.2


def test_losses_between_right_and_wrong_are_bounded_too() -> None:
    random = np.random.default_rng(0)
    confidence = random.random(400)
    loss = np.clip(0.5 * (1 - confidence) + random.normal(0, 0.05, 400), 0, 1)
    found = certify(confidence, loss, max_error=0.15, sure=0.9)
    assert found.value is not None
    assert 0.1 < found.errors / found.accepted < found.bound <= 0.15
    broken = 0
    for _ in range(60):
        again = random.random(200)
        bar = certify(again, 0.5 * (1 - again) * (random.random(200) < 0.5), max_error=0.05, sure=0.9).value
        broken += bar is not None and 0.5 * 0.5 * (1 - bar) / 2 > 0.05
    assert broken <= 0.1 * 60 + 3


def test_the_joint_risk_is_kept_in_the_mean() -> None:
    risks = []
    for seed in range(300):
        bar = control_joint(*answers(100, seed=seed), max_error=0.08).value
        risks.append(0.0 if bar is None else (1 - bar) * risk_above(bar))
    assert np.mean(risks) <= 0.08
    assert np.mean(risks) > 0.065


def test_the_joint_risk_takes_fewer_rows_and_says_how_many() -> None:
    confidence = np.linspace(0, 1, 24)
    assert keep(confidence, np.zeros(24), Terms(promise="joint", max_error=0.04, sure=0.95)).accepted == 24
    assert keep(confidence[1:], np.zeros(23), Terms(promise="joint", max_error=0.04, sure=0.95)).value is None
    assert missing_for_joint(23, max_error=0.04).more_rows == 1


def test_more_rows_are_asked_for_only_where_they_would_help() -> None:
    confidence, loss = answers(60, seed=0, best=0.0, worst=0.1)
    missing = missing_evidence(confidence, loss, max_error=0.1, sure=0.95)
    assert missing.least_rows == 29
    hopeless = missing_evidence(confidence, np.ones(60), max_error=0.1, sure=0.95)
    assert hopeless.more_rows is None
    early = np.zeros(150)
    early[3:54:10] = 1
    missing = missing_evidence(np.linspace(1, 0, 150), early, max_error=0.1, sure=0.95)
    assert missing.more_rows is None or missing.more_rows >= 20
    wanted = rows_for(0.05, max_error=0.1, risk=0.05)
    assert wanted is not None
    assert 100 < wanted < 300
    assert rows_for(0.1, max_error=0.1, risk=0.05) is None


def test_what_must_go_up_whatever_the_bar_follows_from_the_base_error() -> None:
    assert least_escalated_share(0.25, 0.1) == pytest.approx(1 / 6)
    assert least_escalated_share(0.05, 0.1) == 0.0


def test_the_bar_goes_back_from_where_only_the_luck_of_its_rows_ends_the_walk() -> None:
    """The last rows are all wrong, and the walk has errors to spare for a few of them; the curve sees them coming."""
    confidence = np.linspace(1, 0, 400)
    loss = np.zeros(400)
    loss[20:200:8] = loss[260:] = 1
    found = certify(confidence, loss, max_error=0.2, sure=0.9)
    lost = np.cumsum(loss)
    furthest = max(rows for rows in range(100, 400) if is_below(int(lost[rows - 1]), rows, limit=0.2, risk=0.095))
    assert found.value is not None
    assert 200 < found.accepted < furthest - 10
    assert found.errors == lost[found.accepted - 1]


def test_the_curve_expects_as_many_errors_as_there_are_and_knows_no_order_among_equals() -> None:
    confidence, loss = answers(500, seed=2)
    ranked = rank_rows(np.round(confidence, 1), loss)
    expected = expected_errors(np.diff(ranked.lost, prepend=0.0), ranked.ends)
    assert expected[-1] == pytest.approx(loss.sum(), rel=1e-3)
    rates = np.diff(expected, prepend=0.0)
    assert len(np.unique(np.round(rates, 9))) == len(ranked.ends)
    assert np.all(np.diff(rates) >= -1e-9)
    truth = np.cumsum(0.6 - 0.59 * np.round(ranked.confidence, 1))
    assert np.abs(expected - truth).max() < 25


def test_rows_that_begin_alike_have_one_coin_and_others_all_kinds_of_coins() -> None:
    coins = [coin_of(f"record-{number}") for number in range(2000)]
    assert coin_of("record-7") == coins[7]
    assert 0 < min(coins) < 0.01
    assert 0.99 < max(coins) <= 1
    assert np.mean(coins) == pytest.approx(0.5, abs=0.02)


def test_a_coin_accepts_no_less_and_breaks_no_more_promises_than_are_allowed() -> None:
    random = np.random.default_rng(0)
    wide = [certify(*answers(200, seed=seed), max_error=0.2, sure=0.9) for seed in range(60)]
    exact = [certify(*answers(200, seed=seed), max_error=0.2, sure=0.9, coin=random.random()) for seed in range(60)]
    assert sum(each.accepted for each in exact) > sum(each.accepted for each in wide)
    pairs = [(random.random(300), (random.random(300) < 0.1005).astype(float)) for _ in range(500)]
    false = [certify(*pair, max_error=0.1, sure=0.9, coin=random.random()).value is not None for pair in pairs]
    assert 0.05 < np.mean(false) <= 0.1 + 0.03


def test_the_fall_back_is_kept_only_where_the_walk_can_do_without_its_share() -> None:
    assert not has_fall_back(120, max_error=0.1, risk=0.1)
    assert has_fall_back(200, max_error=0.1, risk=0.1)


@pytest.mark.parametrize("rows", [20_000, 20_001])
def test_one_row_more_takes_no_fall_back_away(rows: int) -> None:
    loss = np.zeros(rows)
    loss[: 3 * rows // 10 : 8] = 1
    assert certify(np.linspace(1, 0, rows), loss, max_error=0.1, sure=0.95).accepted > 0.9 * rows


def test_nothing_at_all_is_no_evidence() -> None:
    for promise in ("error", "joint", "loss"):
        found = keep(np.zeros(0), np.zeros(0), Terms(promise=promise, max_error=0.1, sure=0.9))
        assert (found.value, found.bound, found.rows) == (None, 1.0, 0)
