import json
import math

import pytest

from taskfit.errors import ConfigurationError
from taskfit.evaluation.evidence import gather
from taskfit.training.recorded import recorded_answer, recorded_request
from tests.unit.evaluation.recorded import outcome

WRONG_SUM = "6 * 7 = 43\n#### 43"


def test_the_real_checks_and_signals_are_asked() -> None:
    (right, wrong) = gather(
        [outcome("1", "weak", 1, response="6 * 7 = 42"), outcome("2", "weak", 0, response=WRONG_SUM)], ("arithmetic", "surface")
    )
    assert right.features["check.arithmetic"] == 1
    assert (wrong.features["check.arithmetic"], wrong.is_rejected) == (0, True)
    assert not right.is_rejected
    assert wrong.features["signal.has_final_mark"] == 1


def test_checks_stop_at_the_first_rejection_as_the_walk_does() -> None:
    (found,) = gather([outcome("1", "weak", 0, response=WRONG_SUM)], ("arithmetic", "refusal"))
    assert set(found.features) == {"check.arithmetic"}


def test_only_what_is_named_is_told() -> None:
    rows = [outcome("1", "weak", 1, response="42", confidence=-0.5)]
    assert set(gather(rows, ("refusal",))[0].features) == {"check.refusal"}
    assert not any("logprob" in name for name in gather(rows, ("surface",))[0].features)


def test_the_score_is_not_looked_at() -> None:
    one, other = gather([outcome("1", "m", score, response=WRONG_SUM) for score in (0, 1)], ("arithmetic", "surface"))
    assert one == other


def test_a_recorded_confidence_is_the_log_probability_of_the_answer() -> None:
    answer = recorded_answer(outcome("1", "m", 1, answer="C", confidence=-0.25))
    assert answer.text == "C"
    assert answer.choices[0].logprobs is not None
    assert [(token.token, token.logprob) for token in answer.choices[0].logprobs] == [("C", -0.25)]


def test_a_probability_near_1_is_weighed_on_the_scale_of_its_odds() -> None:
    sure, surer, unsure = gather([outcome("1", "m", 1, answer="C", confidence=log) for log in (-1e-3, -1e-6, -2.0)], ("logprob",))
    assert set(sure.features) == {"signal.log_odds"}
    assert surer.features["signal.log_odds"] - sure.features["signal.log_odds"] == pytest.approx(math.log(1000), abs=0.01)
    assert (unsure.is_rejected, sure.is_rejected) == (True, False)


def test_a_check_of_log_probabilities_without_any_is_weighed_as_it_is() -> None:
    assert gather([outcome("1", "m", 1, answer="C")], ("logprob",))[0].features == {"check.logprob": 0.5}


def test_a_recorded_request_is_read_as_the_server_reads_it() -> None:
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "6 x 7?"}]
    request = recorded_request(outcome("1", "m", 1, request=json.dumps({"model": "m", "messages": messages})))
    assert (request.outline.instructions, request.outline.prompt) == ("Be short.", "6 x 7?")
    assert recorded_request(outcome("1", "m", 1)).outline.prompt == "question 1"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "no signals are named"),
        (("arithmetics",), "one of: .*arithmetic"),
        (("self_check",), "self_check asks a model"),
    ],
)
def test_what_cannot_be_asked_is_complained_about(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        gather([outcome("1", "m", 1, response="42")], names)


def test_what_was_not_recorded_is_complained_about() -> None:
    with pytest.raises(ConfigurationError, match="no answer of m was recorded"):
        gather([outcome("1", "m", 1)], ("surface",))
    with pytest.raises(ConfigurationError, match="its request cannot be read"):
        gather([outcome("1", "m", 1, request="{", response="42")], ("surface",))
