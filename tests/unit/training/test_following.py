import msgspec
import pytest

from taskfit.errors import ConfigurationError
from taskfit.numerics import np
from taskfit.training.following import ways_of
from taskfit.training.policies import Stage, every_way
from taskfit.values.policy import Policy
from tests.unit.training.tables import trials

MODELS = ("small", "large", "third")
VOTE = "vote(third, small, large, first to 2)"


def test_every_policy_that_can_be_fitted_is_followed_as_it_was_fitted() -> None:
    chance = np.random.default_rng(0)
    answers, confidence = chance.integers(0, 3, (40, 4)), chance.random((40, 4))
    of = trials(chance.random((40, 4)), (3.0, 2.0, 1.0, 4.0), answers=answers, confidence=confidence)
    ways = every_way(msgspec.structs.replace(of, verdicts=(chance.random((40, 4)) < 0.5).astype(float)))
    assert {stage.gate for way in ways for stage in way.stages} == {"none", "agreement", "votes", "bar", "check"}
    assert ways_of([way.policy for way in ways], of.table.models) == ways


def test_members_are_found_in_whatever_order_the_models_stand() -> None:
    (way,) = ways_of([Policy(rungs=("agree(large, small)", "third"))], ("large", "third", "small"))
    assert way.stages[0] == Stage(models=(0, 2), gate="agreement")


def test_the_members_of_a_vote_are_asked_in_the_order_in_which_they_stand() -> None:
    behind, last = ways_of([Policy(rungs=(VOTE, "huge")), Policy(rungs=("huge", VOTE))], (*MODELS, "huge"))
    assert behind.stages[0] == Stage(models=(2, 0, 1), gate="votes", first_to=2)
    assert last.stages[1] == Stage(models=(2, 0, 1), first_to=2)
    with pytest.raises(ConfigurationError, match=r"these outcomes have no vote\(third, small, large, first to 2\)"):
        ways_of([Policy(rungs=(VOTE, "small"))], ("small", "large"))


def test_a_bar_of_no_number_is_a_check() -> None:
    barred, checked = ways_of([Policy(rungs=("small", "large"), bars=(0.5,)), Policy(rungs=("small", "large"))], MODELS)
    assert (barred.stages[0].gate, barred.stages[0].bar, checked.stages[0].gate) == ("bar", 0.5, "check")


def test_a_rung_that_these_models_cannot_make_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"agree\(small, huge\) > large cannot be followed"):
        ways_of([Policy(rungs=("agree(small, huge)", "large"))], MODELS)
