"""What real checks say of recorded answers: as the walk would have had it, and never by asking a model."""

import json

import pytest

from taskfit.errors import ConfigurationError
from taskfit.numerics import np
from taskfit.training.policies import every_way, trials_of
from taskfit.training.verdicts import verdicts_of
from tests.unit.training.tables import table_of

RIGHT, WRONG = "6 * 7 = 42", "6 * 7 = 43"
TOOL = {"type": "function", "function": {"name": "add", "parameters": {
    "type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"], "additionalProperties": False,
}}}  # fmt: skip
REQUEST = json.dumps({"model": "auto", "messages": [{"role": "user", "content": "Add."}], "tools": [TOOL]})


def test_what_a_check_rejects_is_0_what_it_accepts_1_and_what_was_not_recorded_nan() -> None:
    of = table_of(np.ones((2, 2)), (1.0, 2.0), responses={(0, 0): RIGHT, (1, 0): WRONG, (1, 1): "Nothing to count."})
    np.testing.assert_equal(verdicts_of(of, ["arithmetic"]), [[1, np.nan], [0, 1]])


def test_one_of_several_checks_that_rejects_is_enough() -> None:
    of = table_of(np.ones((3, 1)), (1.0,), responses={(0, 0): RIGHT, (1, 0): WRONG, (2, 0): "I'm sorry, I can't help with that."})
    assert verdicts_of(of, ["refusal", "arithmetic"])[:, 0].tolist() == [1, 0, 0]


def test_recorded_calls_are_held_against_the_tools_that_were_offered() -> None:
    said = {(0, 0): '[{"add": {"x": 1}}]', (1, 0): "[add(x='one')]", (2, 0): "[subtract(x=1)]", (3, 0): "I cannot."}
    of = table_of(np.ones((4, 1)), (1.0,), requests=(REQUEST,) * 4, responses=said)
    assert verdicts_of(of, ["tool_calls"])[:, 0].tolist() == [1, 0, 0, 1]


def test_verdicts_become_cascades() -> None:
    responses = {(row, model): RIGHT if row % 2 else WRONG for row in range(6) for model in range(2)}
    of = table_of(np.ones((6, 2)), (1.0, 2.0), responses=responses)
    ways = every_way(trials_of(of, verdicts=verdicts_of(of, ["arithmetic"])))
    assert ("small", "large") in [way.policy.rungs for way in ways]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no checks are named"),
        (["arithmetics"], "there is no check arithmetics"),
        (["self_check"], "asks a model"),
        (["judge"], "needs settings"),
    ],
)
def test_what_cannot_be_asked_is_complained_about(names: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        verdicts_of(table_of(np.ones((1, 1)), (1.0,), responses={(0, 0): RIGHT}), names)


def test_outcomes_without_responses_are_complained_about() -> None:
    with pytest.raises(ConfigurationError, match="no response was recorded"):
        verdicts_of(table_of(np.ones((1, 1)), (1.0,)), ["arithmetic"])
