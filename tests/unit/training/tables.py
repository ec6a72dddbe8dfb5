"""What the tests of training and evaluation share: small tables of outcomes, made up for them."""

from collections.abc import Sequence
from typing import Any

from taskfit.numerics import Floats, np
from taskfit.outcomes.matrix import NO_ANSWER, OutcomeTable
from taskfit.training.policies import Trials, trials_of


def table_of(score: Any, cost: Sequence[float], **more: Any) -> OutcomeTable:
    """Scores of each prompt (a line) by each model (a column), and what each model costs. The rest is made up, unless given."""
    matrix: Floats = np.asarray(score, dtype=np.float64)
    rows, models = matrix.shape
    names = tuple([f"question {row}" for row in range(rows)])
    return OutcomeTable(**{
        "prompt_ids": names,
        "prompts": names,
        "requests": (None,) * rows,
        "tasks": ("",) * rows,
        "families": ("",) * rows,
        "models": ("small", "large", "third", "fourth")[:models],
        "score": matrix,
        "cost_usd": np.tile(np.asarray(cost, dtype=np.float64), (rows, 1)),
        "latency_s": np.full(matrix.shape, np.nan),
        "confidence": np.full(matrix.shape, np.nan),
        "answers": np.full(matrix.shape, NO_ANSWER, dtype=np.int64),
        **more,
    })


def trials(score: Any, cost: Sequence[float], **more: Any) -> Trials:
    """The same with costs without gaps."""
    return trials_of(table_of(score, cost, **more))


def silent(doing: str, share: float) -> None:
    """A progress that nobody watches."""
