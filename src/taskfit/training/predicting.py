"""Which task a prompt belongs to, by its text, for requests that name none.

Abstains where it is not sure enough, and where the prompt is like those of no task.
"""

from collections.abc import Sequence
from typing import Final

from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.classes import distances, fit_classes
from taskfit.training.text import distinct_rows, predict_text
from taskfit.values.fitted import TaskPredictor
from taskfit.values.policy import ALL

LEAST: Final = 0.5
"""Below this probability of its likeliest task a prompt counts as of no task: a wrong task is worse than none."""

FEWEST_PROMPTS: Final = 20
"""Tasks with fewer are not told apart."""

MOST_PROMPTS: Final = 4_000
"""Of more a sample is learned from: tasks differ in their commonest words, and many tasks times many prompts take minutes."""

MOST_WEIGHTS: Final = 250_000
"""Beyond so many weights the words that tell least are left out: each request looks its words up, and the server holds them."""


def fit_predictor(table: OutcomeTable, *, seed: int = 0) -> TaskPredictor | None:
    """The predictor of the table's tasks; None where there are fewer than two that have enough prompts."""
    names, counts = np.unique(np.array(table.tasks, dtype=np.str_), return_counts=True)
    known = {name for name, count in zip(names.tolist(), counts.tolist(), strict=True) if name and count >= FEWEST_PROMPTS}
    if len(known) < 2:
        return None
    rows = [row for row, task in enumerate(table.tasks) if task in known]
    if len(rows) > MOST_PROMPTS:
        picked = distinct_rows([table.prompts[row] for row in rows], most=MOST_PROMPTS, seed=seed)
        rows = [rows[place] for place in sorted(picked.tolist())]
    texts, labels = [table.prompts[row] for row in rows], [table.tasks[row] for row in rows]
    if len(set(labels)) < 2:
        return None  # none of a rare task is in the sample
    made = fit_classes(texts, labels, most_weights=MOST_WEIGHTS, seed=seed)
    return TaskPredictor(text=made.text, least=LEAST, sharpness=made.sharpness, reach=made.reach)


def predicted_cells(predictor: TaskPredictor, prompts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The cells of each prompt, as features/scoring.py predicts its task."""
    outputs = predict_text(predictor.text, prompts)
    best = outputs.argmax(axis=1)
    is_told = _softmax(predictor.sharpness * outputs).max(axis=1) >= predictor.least
    if predictor.reach:
        is_told &= distances(outputs, best) <= np.array(predictor.reach)[best]
    names = predictor.text.outputs
    return tuple([
        (f"task:{names[place]}", ALL) if told else (ALL,) for place, told in zip(best.tolist(), is_told.tolist(), strict=True)
    ])


def _softmax(outputs: Floats) -> Floats:
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
