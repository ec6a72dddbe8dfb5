import sys
from subprocess import run

import numpy as np
import pytest

from taskfit.errors import ConfigurationError
from taskfit.pipeline.confidence import calibrated
from taskfit.training.calibrating import RIDGES, choose_ridge, fit_calibration, matrix_of
from taskfit.training.logistic import probabilities

WITHOUT_NUMPY = "import sys; sys.modules['numpy'] = None; import taskfit.training.calibrating"


def answers(rows: int, *, seed: int = 0, slope: float = 3.0) -> tuple[list[dict[str, float]], list[float], list[str]]:
    """One feature that tells right from wrong, one that does not, and one that every third row lacks."""
    random = np.random.default_rng(seed)
    telling, idle = random.normal(size=rows), random.normal(size=rows)
    right = (random.random(rows) < probabilities(slope * telling)).astype(np.float64)
    features = [
        {"check.telling": float(telling[row]), "signal.idle": float(idle[row])}
        | ({"signal.seldom": float(telling[row])} if row % 3 else {})
        for row in range(rows)
    ]
    return features, right.tolist(), [f"question {row}" for row in range(rows)]


def test_a_calibration_finds_what_tells_right_from_wrong() -> None:
    features, right, questions = answers(600)
    calibration = fit_calibration(features, right, questions=questions)
    assert calibration.weights["check.telling"] > 5 * abs(calibration.weights["signal.idle"])
    assert calibration.rows == 600


def test_a_confidence_of_08_means_that_four_of_five_are_right() -> None:
    features, right, questions = answers(1000)
    calibration = fit_calibration(features, right, questions=questions)
    fresh, truth, _ = answers(4000, seed=1)
    confidence = np.array([calibrated(row, calibration) for row in fresh])
    for low in (0.1, 0.3, 0.5, 0.7, 0.9):
        inside = (confidence >= low - 0.1) & (confidence < low + 0.1)
        assert confidence[inside].mean() == pytest.approx(np.array(truth)[inside].mean(), abs=0.06)


def test_what_a_row_lacks_counts_as_the_mean_then_and_later() -> None:
    features, right, questions = answers(300)
    calibration = fit_calibration(features, right, questions=questions, ridge=1.0)
    seen = [row["signal.seldom"] for row in features if "signal.seldom" in row]
    assert calibration.missing["signal.seldom"] == pytest.approx(np.mean(seen))
    filled = [{"signal.seldom": float(np.mean(seen)), **row} for row in features]
    again = fit_calibration(filled, right, questions=questions, ridge=1.0)
    assert again.weights == pytest.approx(calibration.weights)


def test_a_feature_that_never_changes_is_left_out() -> None:
    features, right, questions = answers(100)
    calibration = fit_calibration([{**row, "signal.same": 1.0} for row in features], right, questions=questions)
    assert "signal.same" not in calibration.weights


def test_what_is_not_finite_is_missing() -> None:
    filled, missing = matrix_of([{"a": 1.0}, {"a": float("inf")}, {"a": 3.0}, {}], ["a", "b"])
    assert filled[:, 0].tolist() == [1.0, 2.0, 3.0, 2.0]
    assert missing == {"a": 2.0, "b": 0.0}


def test_noise_is_met_with_more_ridge_than_a_clear_signal() -> None:
    random = np.random.default_rng(0)
    noise, right = random.normal(size=(200, 10)), (random.random(200) < 0.5).astype(np.float64)
    questions = [str(row) for row in range(200)]
    clear = (noise[:, 0] > 0).astype(np.float64)
    assert choose_ridge(noise, right, questions=questions, seed=0) == max(RIDGES)
    assert choose_ridge(noise, clear, questions=questions, seed=0) < 10


def test_the_same_rows_give_the_same_calibration() -> None:
    features, right, questions = answers(200)
    one, other = (fit_calibration(features, right, questions=questions) for _ in range(2))
    assert (one.intercept, one.weights) == (other.intercept, other.weights)


@pytest.mark.parametrize(
    ("right", "said"), [([1.0, 0.0] * 5, "at least 30"), ([1.0] * 40, "none of 40 is wrong"), ([0.0] * 40, "none of 40 is right")]
)
def test_rows_that_nothing_can_be_learned_from_are_refused(right: list[float], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        fit_calibration([{"signal.a": 1.0}] * len(right), right, questions=["q"] * len(right))


def test_without_numpy_it_says_what_to_install() -> None:
    done = run([sys.executable, "-c", WITHOUT_NUMPY], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "pip install 'taskfit[fit]'" in done.stderr.splitlines()[-1]
