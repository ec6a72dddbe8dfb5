"""Whether a fitted bar still holds: the contract beside it, and the test that may be looked at at any time."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from taskfit.pipeline.drift import Drift, confidence_mark, holds, template_mark
from taskfit.values.bar import Bar
from taskfit.values.calibration import Calibration
from taskfit.values.task import CheckUse, ErrorBudget, Rung, Task, TemplateUse

TASK = Task(
    name="triage",
    ladder=(Rung(models=("a/small",)), Rung(models=("a/large",))),
    error_budget=ErrorBudget(max_error=0.02, sure=0.95),
    template=TemplateUse(source="{{ text }}", version="3"),
    calibration=Calibration(intercept=0.5, weights={"check.length": 1.0}),
)
BAR = Bar(
    task="triage", promise="error", max_error=0.02, sure=0.95, value=0.9, bound=0.018, rows=600, accepted=400, errors=3.0,
    at=1e9, models={"a/small": "small-0613", "a/large": ""}, prompts=("", "0123456789abcdef", "template:3"),
    calibration=confidence_mark(TASK),
)  # fmt: skip


def answered(error: float, rows: int, chance: random.Random) -> Iterator[float]:
    return (float(chance.random() < error) for _ in range(rows))


def alarmed_after(drift: Drift, wrongs: Iterator[float]) -> int | None:
    """After how many more answers there is an alarm."""
    for number, wrong in enumerate(wrongs, start=1):
        drift = drift.after(wrong)
        if drift.is_alarmed:
            return number
    return None


def test_a_promise_that_is_kept_to_the_limit_gives_an_alarm_as_seldom_as_it_says() -> None:
    chance = random.Random(0)
    alarms = [alarmed_after(Drift(max_error=0.1, sure=0.9), answered(0.1, 600, chance)) is not None for _ in range(150)]
    assert sum(alarms) / 150 <= 0.1 + 0.04


def test_an_error_that_is_three_times_the_limit_is_found_soon() -> None:
    chance = random.Random(1)
    found = sorted(alarmed_after(Drift(max_error=0.05, sure=0.95), answered(0.15, 2000, chance)) or 9999 for _ in range(40))
    assert found[20] < 100


def test_an_error_that_rises_after_a_thousand_good_answers_is_found_too() -> None:
    chance = random.Random(2)
    kept = Drift(max_error=0.05, sure=0.95)
    for wrong in answered(0.02, 1000, chance):
        kept = kept.after(wrong)
    assert not kept.is_alarmed
    found = sorted(alarmed_after(kept, answered(0.15, 2000, chance)) or 9999 for _ in range(20))
    assert found[10] < 250


def test_who_bets_cannot_expect_to_win_against_a_promise_that_is_kept() -> None:
    """The mean wealth after one more answer is never more than before, whatever has come before."""
    drift = Drift(max_error=0.1, sure=0.9)
    for wrong in (0.0, 0.0, 1.0, 0.5, 0.0, 1.0, 1.0):
        ahead = 0.9 * drift.after(0.0).wealth + 0.1 * drift.after(1.0).wealth
        assert ahead == pytest.approx(drift.wealth)
        drift = drift.after(wrong)
    assert (drift.rows, drift.errors) == (7, 3.5)
    assert Drift(max_error=0.1, sure=0.9).wealth == pytest.approx(1.0)


def test_an_alarm_stays_an_alarm_and_its_wealth_stays_a_number() -> None:
    drift = Drift(max_error=0.02, sure=0.95)
    for _ in range(800):
        drift = drift.after(1.0)
    assert drift.wealth < float("inf")
    for _ in range(500):
        drift = drift.after(0.0)
    assert drift.is_alarmed


def test_a_bar_holds_for_the_contract_that_it_was_fitted_on() -> None:
    assert holds(BAR, TASK) == ""
    assert template_mark(TASK) == "template:3"


@pytest.mark.parametrize(("changes", "said"), [
    ({"name": "other"}, "the task triage"),
    ({"ladder": (Rung(models=("a/tiny",)), Rung(models=("a/large",)))}, "a/small, a/large, which is now a/tiny, a/large"),
    ({"template": TemplateUse(source="", version="4")}, "the template 3, which is now 4"),
    ({"template": None}, "the template 3, which is now none"),
    ({"calibration": Calibration(intercept=0.6, weights={"check.length": 1.0})}, "another calibration"),
    ({"calibration": None}, "another calibration"),
    ({"checks": (CheckUse(name="length"),)}, "other checks"),
    ({"error_budget": ErrorBudget(max_error=0.01, sure=0.95)}, "max_error 0.02, and 0.01 is wanted"),
    ({"error_budget": ErrorBudget(max_error=0.02, sure=0.99)}, "sure by 0.95, and 0.99 is wanted"),
    ({"error_budget": ErrorBudget(max_error=0.02, sure=0.95, promise="loss")}, "the promise error, and loss is wanted"),
])  # fmt: skip
def test_it_lapses_when_what_it_was_fitted_on_changes(changes: dict[str, Any], said: str) -> None:
    assert said in holds(BAR, msgspec.structs.replace(TASK, **changes))


def test_it_stays_when_less_is_promised_and_when_a_calibration_is_fitted_again_to_the_same() -> None:
    assert holds(BAR, msgspec.structs.replace(TASK, error_budget=ErrorBudget(max_error=0.05, sure=0.9))) == ""
    again = Calibration(intercept=0.5, weights={"check.length": 1.0}, rows=9, fitted_at=5.0)
    assert holds(BAR, msgspec.structs.replace(TASK, calibration=again)) == ""
    assert holds(msgspec.structs.replace(BAR, value=None), TASK) == "no bar was found that keeps the promise"
    assert holds(msgspec.structs.replace(BAR, prompts=()), msgspec.structs.replace(TASK, template=None)) == ""
