import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.pipeline.confidence import calibrated, confidence_of, features_of, weighs_signals
from taskfit.values.calibration import Calibration
from taskfit.values.verdict import Verdict

FITTED = Calibration(
    intercept=-1.0, weights={"check.arithmetic": 2.0, "signal.log_chars": -0.5}, missing={"signal.log_chars": 3.0}
)


def verdict(check: str, score: float) -> Verdict:
    return Verdict(check=check, judgement="unsure", score=score)


def test_without_a_calibration_the_lowest_score_counts() -> None:
    assert confidence_of((verdict("a", 0.9), verdict("b", 0.2)), {}, None) == 0.2


def test_without_a_calibration_and_without_a_verdict_nothing_is_said() -> None:
    assert confidence_of((), {"log_chars": 1.0}, None) is None


def test_a_calibration_weighs_verdicts_and_signals() -> None:
    said = confidence_of((verdict("arithmetic", 1.0),), {"log_chars": 4.0}, FITTED)
    assert said == pytest.approx(1 / (1 + math.exp(1.0)))


def test_what_is_missing_counts_as_the_calibration_says() -> None:
    as_if = confidence_of((verdict("arithmetic", 0.0),), {"log_chars": 3.0}, FITTED)
    assert confidence_of((verdict("another", 1.0),), {}, FITTED) == as_if
    assert confidence_of((), {"log_chars": math.nan}, FITTED) == as_if


@given(st.floats(-1e300, 1e300), st.dictionaries(st.sampled_from(["a", "b"]), st.floats(-1e300, 1e300)))
def test_a_confidence_is_between_0_and_1_whatever_the_weights(intercept: float, values: dict[str, float]) -> None:
    calibration = Calibration(intercept=intercept, weights={"signal.a": 1e3, "signal.b": 1.0})
    assert 0 <= calibrated(features_of((), values), calibration) <= 1


def test_signals_are_worth_counting_only_where_they_are_weighed() -> None:
    assert weighs_signals(FITTED)
    assert not weighs_signals(None)
    assert not weighs_signals(Calibration(intercept=0.0, weights={"check.a": 1.0}))
