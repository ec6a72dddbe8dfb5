"""The prompts of one task out of a table of outcomes."""

from difflib import get_close_matches
from pathlib import Path

from taskfit.errors import ConfigurationError
from taskfit.numerics import np
from taskfit.outcomes.matrix import OutcomeTable

MOST_SHOWN = 60


def of_task(table: OutcomeTable, name: str, *, path: Path) -> OutcomeTable:
    """The prompts of that task; all of them where the table knows of no more than one. Errors: ConfigurationError."""
    tasks = list(dict.fromkeys(table.tasks))
    if len(tasks) <= 1:
        return table
    if name not in tasks:
        near = get_close_matches(name, tasks, n=1)
        shown = ", ".join(task or "(none)" for task in tasks[:MOST_SHOWN])
        try_ = f"\n  try     {near[0]}" if near else ""
        raise ConfigurationError(f"{path}: there is no task {name}\n  wanted  one of: {shown}{try_}")
    return table.of(np.array([place for place, task in enumerate(table.tasks) if task == name], dtype=np.int64))
