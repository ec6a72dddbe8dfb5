"""Which task a prompt belongs to, by its text, for requests that name none. Abstains where it is not sure enough."""

from collections.abc import Sequence
from typing import Final

from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.text import fit_classes, predict_text
from taskfit.values.fitted import TaskPredictor
from taskfit.values.policy import ALL

LEAST: Final = 0.5
"""Below this probability of its likeliest task a prompt counts as of no task: a wrong task is worse than none."""

FEWEST_PROMPTS: Final = 20
"""Tasks with fewer are not told apart."""


def fit_predictor(table: OutcomeTable, *, seed: int = 0) -> TaskPredictor | None:
    """The predictor of the table's tasks; None where there are fewer than two that have enough prompts."""
    names, counts = np.unique(np.array(table.tasks, dtype=np.str_), return_counts=True)
    known = {name for name, count in zip(names.tolist(), counts.tolist(), strict=True) if name and count >= FEWEST_PROMPTS}
    if len(known) < 2:
        return None
    rows = [row for row, task in enumerate(table.tasks) if task in known]
    prompts = [table.prompts[row] for row in rows]
    return TaskPredictor(text=fit_classes(prompts, [table.tasks[row] for row in rows], seed=seed), least=LEAST)


def predicted_cells(predictor: TaskPredictor, prompts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The cells of each prompt, as features/scoring.py predicts its task."""
    outputs = predict_text(predictor.text, prompts)
    chances = _softmax(outputs)
    best = chances.argmax(axis=1)
    return tuple([
        (f"task:{predictor.text.outputs[place]}", ALL) if chances[row, place] >= predictor.least else (ALL,)
        for row, place in enumerate(best.tolist())
    ])


def _softmax(outputs: Floats) -> Floats:
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
