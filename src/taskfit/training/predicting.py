"""Which task a prompt belongs to, by its text, for requests that name none. Abstains where it is not sure enough."""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.text import distinct_rows, fit_classes, predict_text
from taskfit.values.fitted import TaskPredictor, TextWeights
from taskfit.values.policy import ALL

LEAST: Final = 0.5
"""Below this probability of its likeliest task a prompt counts as of no task: a wrong task is worse than none."""

FEWEST_PROMPTS: Final = 20
"""Tasks with fewer are not told apart."""

MOST_PROMPTS: Final = 4_000
"""Of more a sample is learned from: tasks differ in their commonest words, and many tasks times many prompts take minutes."""

MOST_WEIGHTS: Final = 250_000
"""Beyond so many weights the words that tell least are left out: each request looks its words up, and the server holds them."""

DIGITS: Final = 4


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
    text = fit_classes([table.prompts[row] for row in rows], [table.tasks[row] for row in rows], seed=seed)
    return TaskPredictor(text=slimmed(text, MOST_WEIGHTS), least=LEAST)


def slimmed(model: TextWeights, most: int) -> TextWeights:
    """With at most so many weights, those of the words that move the outputs most, to DIGITS digits."""
    strength = {bucket: sum([weight * weight for weight in each]) for bucket, each in model.weights.items()}
    kept = sorted(strength, key=strength.__getitem__, reverse=True)[: most // max(1, len(model.outputs))]
    weights = {bucket: tuple([float(f"{weight:.{DIGITS}g}") for weight in model.weights[bucket]]) for bucket in sorted(kept)}
    return msgspec.structs.replace(model, weights=weights)


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
