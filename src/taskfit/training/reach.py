"""Whether what texts tell of a gain holds in tasks that were not seen: fitted without some tasks, tried on those.

Only what is told within a task counts, as there the text is all that there is to go by. Where texts do not show that they tell
something of tasks that were left out, an unseen task gets the gain that is common to all. Its requests are then ranked as a
random mix ranks them, and not below it, as a model of other tasks' texts may well do.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from taskfit.numerics import Floats, Integers, np

GROUPS: Final = 5
FEWEST_TASKS: Final = 3
CAUTION: Final = 1.645
"""How many standard errors the slope must be above zero: 95 %, one-sided."""

Predict: TypeAlias = Callable[[Integers, Integers], Floats]
"""The gain expected of the second rows by what was fitted on the first, as of tasks that are not known."""


def reach_of(task: Integers, gain: Floats, predict: Predict, *, seed: int) -> float:
    """How far texts tell of an unseen task's gain, 0 to 1: the slope of the gain on what was expected, within tasks left out.

    0 where the slope is not surely above zero, by its jackknife over the tasks, or there are fewer than FEWEST_TASKS of them.
    Shapes: task (rows,), places from 0 on; gain (rows,).
    """
    tasks = int(task.max(initial=-1)) + 1
    if tasks < FEWEST_TASKS:
        return 0.0
    group = np.random.default_rng(seed).permutation(tasks) % GROUPS
    together, square = np.zeros(tasks), np.zeros(tasks)
    for number in range(min(GROUPS, tasks)):
        is_out = group[task] == number
        out = np.flatnonzero(is_out)
        expected = _within(predict(np.flatnonzero(~is_out), out), task[out], tasks)
        together += np.bincount(task[out], expected * gain[out], tasks)
        square += np.bincount(task[out], expected**2, tasks)
    if not square.sum():
        return 0.0
    rest = square.sum() - square
    if not rest.all():
        return 0.0  # all of it comes from one task
    without = (together.sum() - together) / rest
    slope = float(together.sum() / square.sum())
    error = float(np.sqrt((tasks - 1) / tasks * np.sum((without - without.mean()) ** 2)))
    return min(slope, 1.0) if slope > CAUTION * error else 0.0


def _within(values: Floats, task: Integers, tasks: int) -> Floats:
    """Less the mean of their task. Shapes: (rows,)."""
    rows = np.maximum(np.bincount(task, minlength=tasks), 1)
    return np.asarray(values - (np.bincount(task, values, tasks) / rows)[task])
