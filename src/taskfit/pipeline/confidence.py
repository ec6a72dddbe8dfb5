"""One confidence from the verdicts and the signals of an answer. PURE.

Until a task is calibrated the confidence is the lowest score of its checks: it ranks answers, but 0.8 does not mean that four of
five are right. A calibration makes it a probability. Knows no bar: what is done with a confidence is for pipeline/escalate.py.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from taskfit.values.calibration import Calibration
from taskfit.values.verdict import Verdict

CHECK: Final = "check."
SIGNAL: Final = "signal."


def confidence_of(verdicts: Sequence[Verdict], signals: Mapping[str, float], calibration: Calibration | None) -> float | None:
    """Confidence in an answer, 0 to 1.

    Without a calibration the lowest score of the verdicts, None where nothing was checked. `signals` may be empty where the
    calibration weighs none (`weighs_signals`).
    """
    if calibration is None:
        return min([verdict.score for verdict in verdicts]) if verdicts else None
    return calibrated(features_of(verdicts, signals), calibration)


def weighs_signals(calibration: Calibration | None) -> bool:
    """Whether the signals of an answer are worth counting."""
    return calibration is not None and any(name.startswith(SIGNAL) for name in calibration.weights)


def features_of(verdicts: Sequence[Verdict], signals: Mapping[str, float]) -> dict[str, float]:
    """Scores and signals under the names that a calibration knows them by."""
    features = {f"{CHECK}{verdict.check}": verdict.score for verdict in verdicts}
    features.update({f"{SIGNAL}{name}": value for name, value in signals.items()})
    return features


def calibrated(features: Mapping[str, float], calibration: Calibration) -> float:
    """See Calibration. What is not a finite number counts as missing."""
    total = calibration.intercept
    for name, weight in calibration.weights.items():
        value = features.get(name)
        if value is None or not math.isfinite(value):
            value = calibration.missing.get(name, 0.0)
        total += weight * value
    return logistic(total)


def logistic(logit: float) -> float:
    """1 / (1 + exp(-logit)), without overflow."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    power = math.exp(logit)
    return power / (1.0 + power)
