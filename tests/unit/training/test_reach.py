"""How far texts tell of tasks that were not seen, by tasks that were left out."""

import numpy as np
import pytest

from taskfit.numerics import Floats, Integers
from taskfit.training.reach import FEWEST_TASKS, reach_of


def drawn(seed: int, slopes: Floats, rows: int = 60) -> tuple[Integers, Floats, Floats]:
    """Tasks, gains, and what a text says of each row; a task's gains follow the text with a slope of its own."""
    random = np.random.default_rng(seed)
    task = np.repeat(np.arange(len(slopes)), rows)
    said = random.normal(size=len(task))
    return task, slopes[task] * said + random.normal(size=len(task)) + 3 * random.normal(size=len(slopes))[task], said


def reach(task: Integers, gain: Floats, said: Floats) -> float:
    return reach_of(task, gain, lambda _, out: said[out], seed=0)


def test_what_holds_in_all_tasks_reaches_as_far_as_its_slope() -> None:
    assert reach(*drawn(0, np.full(40, 0.7))) == pytest.approx(0.7, abs=0.06)
    assert reach(*drawn(1, np.full(40, 1.5))) == 1.0


def test_what_is_told_between_tasks_does_not_count() -> None:
    task, gain, _ = drawn(2, np.zeros(40))
    of_task = np.bincount(task, gain)[task] / 60
    assert reach(task, gain, of_task + 1e-3 * np.random.default_rng(3).normal(size=len(task))) == 0.0


@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["nothing", "as often the opposite"])
def test_what_does_not_hold_elsewhere_is_hardly_ever_thought_to(spread: float) -> None:
    random = np.random.default_rng(4)
    wrong = [reach(*drawn(seed, spread * random.choice([-1.0, 1.0], 20))) > 0 for seed in range(200)]
    assert np.mean(wrong) <= 0.10


def test_each_row_is_predicted_once_by_tasks_that_are_not_its_own() -> None:
    task, gain, said = drawn(5, np.full(7, 1.0))
    seen: list[int] = []

    def predict(within: Integers, out: Integers) -> Floats:
        assert not set(task[within]) & set(task[out])
        seen.extend(out.tolist())
        return said[out]

    reach_of(task, gain, predict, seed=0)
    assert sorted(seen) == list(range(len(task)))


@pytest.mark.parametrize("tasks", range(FEWEST_TASKS))
def test_too_few_tasks_tell_nothing(tasks: int) -> None:
    assert reach(*drawn(6, np.full(tasks, 1.0))) == 0.0


def test_a_model_that_says_the_same_of_all_tells_nothing() -> None:
    task, gain, said = drawn(7, np.full(5, 1.0))
    assert reach(task, gain, np.zeros_like(said)) == 0.0
    assert reach(task, gain, np.where(task == 0, said, 0.0)) == 0.0, "one task alone does not show that others follow"
