"""What `taskfit router ladder` prints: the rungs that a ladder should have, as a table and as they are written in a ladder."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import typer

from taskfit.cli.output import counted, print_table
from taskfit.routers.advice import Advice
from taskfit.routers.idle import DOLLARS_PER
from taskfit.values.task import rung_of

HEADS: Final = ("rungs", "with", f"USD per {DOLLARS_PER:,}", "saving", "quality at most")
CAVEAT: Final = (
    "This is what the table expects, of outcomes that it was fitted on; the best of many policies looks a little better than it "
    "is. What it comes to on others: taskfit replay OUTCOMES --config taskfit.yaml --task NAME"
)
OVERALL: Final = (
    "Quality and cost are means over all tasks: take `fit: {{overall: {dial:.4g}}}`. With `fit: {dial:.4g}` each task is held to "
    "its own best model, and together they cost more."
)
DIAL: Final = "Take `fit: {dial:.4g}`: this ladder has another cheapest model, of which the dial counts."
_PLAIN: Final = re.compile(r"(?!(?:true|false|null)\b)[A-Za-z][\w./-]*", re.IGNORECASE)
"""What YAML takes for text without quotation marks."""


def as_written(rung: str) -> str:
    """How a rung of the table is written in a ladder."""
    read = rung_of(rung)
    if read.form == "single":
        return _name(rung)
    models = f"[{', '.join(map(_name, read.models))}]"
    if read.first_to is None:
        return f"{{{read.form}: {models}}}"
    return f"{{{read.form}: {{models: {models}, first_to: {read.first_to}}}}}"


def print_ladders(found: Sequence[Advice], *, cells: int, task: str | None, fit: float) -> None:
    """Each ladder by what it adds to the one before it; the last one is written out."""
    first, last = found[0], found[-1]
    of = f"task {task}" if task is not None else "all requests" if cells == 1 else f"{counted(cells, 'task')}, by their prompts"
    typer.echo(f"{of}: a mean quality of {last.quality:.3f}; the best single model is {first.rungs[0]}\n")
    print_table(HEADS, [
        (
            str(len(each.rungs)), ", ".join(each.added), f"{each.cost_usd * DOLLARS_PER:.4g}", f"{each.saving:.1%}",
            f"{each.most_quality:.3f}",
        )
        for each in found
    ])  # fmt: skip
    if len(found) == 1:
        typer.echo("\nNo policy more would save 1 % of its cost for each rung.")
        return
    typer.echo("\nladder:")
    for rung in last.rungs:
        typer.echo(f"  - {as_written(rung)}")
    if cells > 1:
        typer.echo(f"\n{OVERALL.format(dial=last.dial)}")
    elif fit < 1:
        typer.echo(f"\n{DIAL.format(dial=last.dial)}")
    typer.echo(f"\n{CAVEAT}")


def ladders_json(found: Sequence[Advice], *, task: str | None) -> dict[str, Any]:
    """The same for programs."""
    return {
        "task": task,
        "best_single": found[0].rungs[0],
        "ladders": list(found),
        "ladder": [as_written(rung) for rung in found[-1].rungs],
    }


def _name(model: str) -> str:
    return model if _PLAIN.fullmatch(model) else json.dumps(model, ensure_ascii=False)
