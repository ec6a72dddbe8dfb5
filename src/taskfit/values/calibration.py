"""How verdicts and signals become one confidence: a logistic model, as data."""

from collections.abc import Mapping

import msgspec


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """confidence = 1 / (1 + exp(-(intercept + sum of weight * feature))).

    Features are named `check.NAME` (the score of that check's verdict, 0 to 1) and `signal.NAME` (pipeline/signals.py); one that
    is missing for an answer counts as its `missing` value, 0 where none is given. `rows` and `fitted_at` (seconds since the
    epoch) say what it was fitted on.
    """

    intercept: float
    weights: Mapping[str, float]
    missing: Mapping[str, float] = {}
    rows: int = 0
    fitted_at: float = 0.0
