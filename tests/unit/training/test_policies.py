"""Which policies there are, and what each would have made of recorded prompts."""

import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.training.policies import MOST_MODELS, Stage, Way, every_way, follow_one, nearest_models, trials_of
from taskfit.values.policy import Policy
from tests.unit.training.outcomes_made import simulated, table_of

NAN = float("nan")


def way(ways: tuple[Way, ...], name: str) -> Way:
    return next(way for way in ways if way.policy.id == name)


def test_a_pair_that_agrees_answers_and_one_that_does_not_is_paid_beside_the_model_behind_it() -> None:
    table = table_of(
        np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]),
        np.tile([1.0, 2.0, 10.0], (3, 1)),
        answers=np.array([[7, 7, 8], [5, 7, 7], [0, 0, 9]]),
        latency_s=np.tile([0.5, 2.0, 4.0], (3, 1)),
    )
    trials = trials_of(table)
    quality, cost, latency = follow_one(trials, way(every_way(trials), "agree(m0, m1) > m2"))
    assert quality.tolist() == [1.0, 1.0, 1.0]
    assert cost.tolist() == [3.0, 13.0, 13.0]
    assert latency.tolist() == [2.0, 6.0, 6.0]


def test_a_third_model_is_asked_and_paid_only_where_the_cheaper_two_differ() -> None:
    table = table_of(
        np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 1.0, NAN, 0.0]]),
        np.tile([2.0, 1.0, 4.0, 10.0], (4, 1)),
        answers=np.array([[7, 5, 7, 8], [5, 7, 7, 9], [4, 5, 6, 9], [7, 7, 0, 9]]),
        latency_s=np.tile([0.5, 2.0, 4.0, 8.0], (4, 1)),
    )
    trials = trials_of(table)
    found = way(every_way(trials), "vote(m1, m0, m2, first to 2) > m3")
    quality, cost, latency = follow_one(trials, found)
    assert quality.tolist() == [1.0, 1.0, 1.0, 1.0]
    assert cost.tolist() == [7.0, 7.0, 17.0, 3.0]
    assert latency.tolist() == [6.0, 6.0, 14.0, 2.0]


def test_a_vote_that_nothing_stands_behind_gives_the_first_answer_where_none_has_the_votes() -> None:
    table = table_of(np.array([[1.0, 0.0, 0.0]]), np.ones((1, 3)), answers=np.array([[4, 5, 6]]))
    last = Way(policy=Policy(rungs=("vote",)), stages=(Stage(models=(0, 1, 2), first_to=2),))
    quality, cost, _ = follow_one(trials_of(table), last)
    assert (quality.tolist(), cost.tolist()) == ([1.0], [3.0])


def test_a_confidence_below_the_bar_or_unknown_moves_up() -> None:
    confidence = np.array([[0.9, NAN], [0.2, NAN], [NAN, NAN], [0.8, NAN]])
    trials = trials_of(table_of(np.tile([0.0, 1.0], (4, 1)), np.tile([1.0, 5.0], (4, 1)), confidence=confidence))
    found = [each for each in every_way(trials) if each.policy.bars == (0.8,)]
    quality, cost, _ = follow_one(trials, found[0])
    assert found[0].policy.rungs == ("m0", "m1")
    assert quality.tolist() == [0.0, 1.0, 1.0, 0.0]
    assert cost.tolist() == [1.0, 6.0, 6.0, 1.0]


def test_bars_are_probabilities_also_where_logarithms_were_recorded() -> None:
    confidence = np.array([[0.9, NAN], [0.2, NAN], [NAN, NAN], [0.8, NAN]])
    score, cost = np.tile([0.0, 1.0], (4, 1)), np.tile([1.0, 5.0], (4, 1))
    plain, logs = (trials_of(table_of(score, cost, confidence=each)) for each in (confidence, np.log(confidence)))
    bars = [[each.policy.bars for each in every_way(trials)] for trials in (plain, logs)]
    assert bars[1][2:] == [pytest.approx(bar) for bar in bars[0][2:]]
    assert follow_one(logs, every_way(logs)[2])[0].tolist() == follow_one(plain, every_way(plain)[2])[0].tolist()


def test_a_confidence_on_another_scale_makes_no_policy() -> None:
    confidence = np.array([[0.9, NAN], [7.0, NAN], [3.0, NAN], [8.0, NAN]])
    trials = trials_of(table_of(np.tile([0.0, 1.0], (4, 1)), np.tile([1.0, 5.0], (4, 1)), confidence=confidence))
    assert [each.policy.id for each in every_way(trials)] == ["m0", "m1"]


def test_a_check_that_rejects_moves_up_and_one_that_never_does_makes_no_policy() -> None:
    table = table_of(np.tile([0.0, 1.0], (4, 1)), np.tile([1.0, 5.0], (4, 1)))
    trials = trials_of(table, verdicts=np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]))
    assert [each.policy.id for each in every_way(trials)] == ["m0", "m1", "m0 > m1"]
    assert follow_one(trials, way(every_way(trials), "m0 > m1"))[0].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_nothing_is_known_of_a_policy_where_an_outcome_that_it_needs_is_not() -> None:
    table = table_of(np.array([[1.0, NAN, 0.0], [NAN, 1.0, 1.0]]), np.ones((2, 3)), answers=np.array([[1, 0, 1], [0, 1, 1]]))
    trials = trials_of(table)
    assert np.isnan(follow_one(trials, way(every_way(trials), "agree(m0, m2) > m1"))[0]).tolist() == [False, True]


def test_the_number_of_policies_is_bounded() -> None:
    models = MOST_MODELS + 8
    skill = np.linspace(0.2, 0.9, models)[None]
    trials = trials_of(simulated(skill, np.geomspace(1, 100, models), prompts=30, seed=1))
    ways = every_way(trials)
    assert len(nearest_models(trials)) == MOST_MODELS
    assert len(ways) < 5_000
    assert [each.policy.id for each in ways[:models]] == list(trials.table.models)


def test_a_cost_that_lacks_is_the_models_mean_and_a_model_without_any_is_told() -> None:
    score = np.ones((2, 2))
    assert trials_of(table_of(score, np.array([[1.0, 4.0], [NAN, 6.0]]))).cost_usd.tolist() == [[1.0, 4.0], [1.0, 6.0]]
    assert trials_of(table_of(score, np.full((2, 2), NAN))).cost_usd.sum() == 0
    with pytest.raises(ConfigurationError, match="no cost of m1 is known"):
        trials_of(table_of(score, np.array([[1.0, NAN], [1.0, NAN]])))


def test_calls_agree_whatever_the_form_in_which_they_were_recorded_and_no_call_agrees_with_none() -> None:
    request = '{"model": "auto", "messages": [], "tools": []}'
    table = table_of(
        np.ones((2, 2)),
        np.ones((2, 2)),
        requests=(request, request),
        responses={(0, 0): "[add(x=1, y=2)]", (0, 1): '{"tool_calls": [{"name": "add", "arguments": {"y": 2, "x": 1}}]}',
                   (1, 0): "[]", (1, 1): "[]"},
        answers=np.array([[3, 4], [5, 5]]),
    )  # fmt: skip
    answers = trials_of(table).table.answers
    assert answers[0, 0] == answers[0, 1] != 0
    assert answers[1].tolist() == [0, 0]
