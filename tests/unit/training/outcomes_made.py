"""Tables of outcomes made up for tests: models of known skill, whose answers agree where they are right."""

import numpy as np

from taskfit.numerics import Floats
from taskfit.outcomes.matrix import OutcomeTable

WRONG_ANSWERS = 3


def table_of(score: Floats, cost: Floats, *, tasks: tuple[str, ...] = (), **said: object) -> OutcomeTable:
    """Everything else is empty, unless it is said. Shapes: score and cost (prompts, models)."""
    rows, models = score.shape
    nothing = np.full((rows, models), np.nan)
    fields = {
        "prompt_ids": tuple(f"p{row}" for row in range(rows)),
        "prompts": tuple(f"what is {row}?" for row in range(rows)),
        "requests": (None,) * rows,
        "tasks": tasks or ("",) * rows,
        "families": ("",) * rows,
        "models": tuple(f"m{model}" for model in range(models)),
        "score": score,
        "cost_usd": cost,
        "latency_s": nothing,
        "confidence": nothing,
        "answers": np.zeros((rows, models), dtype=np.int64),
    }
    return OutcomeTable(**{**fields, **said})


def simulated(skill: Floats, cost: Floats, *, prompts: int, seed: int) -> OutcomeTable:
    """`skill` is P(right) of each model in each task; right answers are the same, wrong ones one of WRONG_ANSWERS others.

    Shapes: skill (tasks, models), cost (models,).
    """
    random = np.random.default_rng(seed)
    tasks, models = skill.shape
    of = np.repeat(np.arange(tasks), prompts)
    score = (random.random((tasks * prompts, models)) < skill[of]).astype(np.float64)
    wrong = random.integers(2, 2 + WRONG_ANSWERS, size=score.shape)
    answers = np.where(score == 1, 1, wrong)
    return table_of(
        score, np.tile(cost, (len(score), 1)), tasks=tuple(f"t{task}" for task in of.tolist()), answers=answers.astype(np.int64)
    )
