import math

import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.bar_report import in_words, report_on
from taskfit.evaluation.promises import Answers, measure_promise, plain_sequence, plug_in, split_by_group
from taskfit.evaluation.reliability import reliability
from taskfit.training.outcome_rows import as_probabilities
from taskfit.training.promises import Terms, keep

ERROR = Terms(promise="error", max_error=0.1, sure=0.9)


def answers(rows: int = 900) -> Answers:
    random = np.random.default_rng(0)
    confidence = random.random(rows)
    loss = (random.random(rows) < 0.4 * (1 - confidence)).astype(np.float64)
    return Answers(task="t", model="m", confidence=confidence, loss=loss, group=np.arange(rows))


def test_the_rule_that_looks_right_breaks_its_promise_half_of_the_time_and_ours_as_seldom_as_it_says() -> None:
    report = measure_promise(answers(), ERROR, rows=300, splits=100, seed=1)
    looks_right, plain, ours = report.held_out
    assert (looks_right.rule, plain.rule, ours.rule) == ("plug-in", "plain fixed sequence", "taskfit")
    assert looks_right.broken_share > 0.3
    assert ours.broken_share <= 0.1
    assert report.drawn[2].broken_share <= 0.1
    assert ours.accepted_share > 0.15
    assert ours.ci95.low <= ours.broken_share <= ours.ci95.high


def test_the_joint_promise_is_measured_by_what_is_accepted_and_wrong() -> None:
    report = measure_promise(answers(), Terms(promise="joint", max_error=0.05, sure=0.9), rows=150, splits=60, seed=0)
    assert [kept.rule for kept in report.held_out] == ["plug-in", "taskfit"]
    assert report.drawn[1].risk <= 0.05
    assert report.drawn[1].accepted_share > 0.3


def test_the_same_seed_gives_the_same_figures() -> None:
    one, other = (measure_promise(answers(), ERROR, rows=100, splits=10, seed=3) for _ in range(2))
    assert one == other


def test_rows_that_ask_the_same_are_on_one_side_of_a_split() -> None:
    group = np.tile(np.arange(50), 3)
    fitted, left = split_by_group(group, 40, np.random.default_rng(0))
    assert len(set(fitted.tolist())) == 40
    assert not set(group[fitted]) & set(group[left])


def test_baselines_on_rows_that_can_be_counted_by_hand() -> None:
    confidence = np.linspace(1, 0, 100)
    loss = np.zeros(100)
    loss[[80, 90, 95]] = 1
    assert plug_in(confidence, loss, max_error=0.02) == confidence[89]
    assert plug_in(confidence, loss, max_error=0.02, is_joint=True) == confidence[94]
    assert plain_sequence(confidence, loss, max_error=0.1, sure=0.9) == confidence[-1]
    assert plain_sequence(confidence, np.ones(100), max_error=0.1, sure=0.9) is None


def test_the_reliability_diagram_counts_each_answer_once() -> None:
    confidence = np.array([0.0, 0.05, 0.1, 0.92, 1.0, 1.0])
    bins = reliability(confidence, np.array([0.0, 1.0, 1.0, 1.0, 1.0, 0.0]))
    assert sum(each.rows for each in bins) == 6
    assert (bins[0].rows, bins[0].right, bins[0].confidence) == (2, 0.5, 0.025)
    assert (bins[-1].rows, bins[-1].right, bins[1].right) == (2, 0.5, 1.0)
    assert (bins[5].right, bins[5].ci95.low, bins[5].ci95.high) == (None, 0.0, 1.0)
    assert bins[-1].ci95.low < 0.5 < bins[-1].ci95.high


@pytest.mark.parametrize(("terms", "said"), [
    (ERROR, "with 90% probability at most 10% of accepted answers are wrong"),
    (Terms(promise="joint", max_error=0.025, sure=0.9), "in the mean over draws of the audited answers, at most 2.5% of all"),
    (Terms(promise="loss", max_error=0.1, sure=0.95), "with 95% probability accepted answers are in the mean at most 10% worse"),
], ids=["error", "joint", "loss"])  # fmt: skip
def test_a_promise_is_put_into_words(terms: Terms, said: str) -> None:
    assert in_words(terms).startswith(said)


def test_a_report_says_what_was_found_or_what_it_takes() -> None:
    data = answers()
    found = report_on("t", ERROR, keep(data.confidence, data.loss, ERROR), data.confidence, data.loss)
    assert (found.is_certified, found.why, found.more_rows) == (True, "", 0)
    assert found.accepted_share == found.accepted / found.rows
    assert found.least_escalated_share == pytest.approx((data.loss.mean() - 0.1) / 0.9)
    few = report_on("t", ERROR, keep(data.confidence[:15], data.loss[:15], ERROR), data.confidence[:15], data.loss[:15])
    assert few.why.startswith("not enough evidence: 22 correct rows or more are needed; there are 15 rows")
    none = report_on("t", ERROR, keep(data.confidence[:0], data.loss[:0], ERROR), data.confidence[:0], data.loss[:0])
    assert none.why == "not enough evidence: 22 correct rows or more are needed; there are none"
    wrong = np.ones(200)
    hopeless = report_on("t", ERROR, keep(data.confidence[:200], wrong, ERROR), data.confidence[:200], wrong)
    assert "no number of rows helps" in hopeless.why


def test_logarithms_of_probabilities_become_probabilities_and_nothing_else_does() -> None:
    assert as_probabilities(np.array([0.0, -1.0]), of="m").tolist() == [1.0, pytest.approx(math.exp(-1))]
    assert as_probabilities(np.array([0.0, 1.0]), of="m").tolist() == [0.0, 1.0]
    with pytest.raises(ConfigurationError, match=r"m: confidence -1 beside 0\.5"):
        as_probabilities(np.array([0.5, -1.0]), of="m")
    with pytest.raises(ConfigurationError, match="confidence 7"):
        as_probabilities(np.array([0.5, 7.0]), of="m")
