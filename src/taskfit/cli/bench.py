"""`taskfit bench`: what a ladder would have made of recorded answers. Calls no model and needs no configuration."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskfit.cli.application import SETTINGS
from taskfit.cli.bench_promises import promises
from taskfit.cli.options import JsonOption

if TYPE_CHECKING:
    from taskfit.evaluation.escalation import CascadeReport
    from taskfit.outcomes.reading import Outcome

DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", help="A table of outcomes (.parquet, .csv, .jsonl), or a folder with `outcomes` in it.")
]
StrongOption = Annotated[str, typer.Option(metavar="NAME", help="The model that is asked last.")]
TaskOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only the prompts of this task.")]
SeedOption = Annotated[int, typer.Option(help="For the folds and the bootstrap; the same seed gives the same figures.")]

app = typer.Typer(help="Measure a ladder on recorded answers.", no_args_is_help=True, **SETTINGS)
app.command()(promises)


@app.command()
def cascade(
    data: DataArgument,
    *,
    weak: Annotated[str, typer.Option(metavar="NAME", help="The model that answers first.")],
    strong: StrongOption,
    signals: Annotated[
        str, typer.Option(metavar="NAMES", help="Checks to run, and `surface` for what can be counted in an answer.")
    ] = "surface",
    task: TaskOption = None,
    folds: Annotated[int, typer.Option(min=2, max=50, help="Each is judged by what was learned from the others.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="How often the folds are drawn; figures are the mean.")] = 5,
    seed: SeedOption = 0,
    cost: Annotated[
        str | None, typer.Option(metavar="WEAK,STRONG", help="USD for 1,000 calls of each, instead of recorded costs.")
    ] = None,
    against: Annotated[float | None, typer.Option(metavar="APGR", help="A published APGR to compare with.")] = None,
    save: Annotated[
        Path | None, typer.Option("--save-calibration", metavar="FILE", help="Fit on all rows, and write what a task can name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """A weak model answers, real checks judge it, and the least confident answers go to a strong one.

    Confidence is fitted on other folds than it is measured on.
    """
    from taskfit.cli.bench_tables import print_cascade
    from taskfit.cli.output import print_json

    names, calls = [name.strip() for name in signals.split(",") if name.strip()], _calls(cost)
    found, contaminated = _answered(data, (weak, strong), task)
    tasks = list(dict.fromkeys(pair[0].task for pair in found))
    if save is not None and len(tasks) > 1:
        raise typer.BadParameter(f"one calibration is for one task; there are {', '.join(tasks)}", param_hint="--task")
    reports, skipped = _measured(found, signals=names, folds=folds, repeats=repeats, seed=seed, calls=calls)
    if as_json:
        print_json({"contaminated": contaminated, "against": against, "tasks": reports, "skipped": skipped})
    else:
        for report in reports:
            print_cascade(report, contaminated=contaminated, against=against)
        for name, why in skipped.items():
            typer.echo(f"{name}: not measured: {why}", err=True)
    if save is not None:
        _save(save, found, names, seed)


@app.command()
def agreement(
    data: DataArgument,
    *,
    pair: Annotated[
        str, typer.Option(metavar="A,B", help="Two cheap models; or more, of which the pair is chosen on other folds.")
    ],
    strong: StrongOption,
    task: TaskOption = None,
    folds: Annotated[int, typer.Option(min=2, max=50, help="In each, a pair is measured that was chosen on the others.")] = 5,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Two cheap models answer; where they do not give the same answer, a strong one is asked."""
    from taskfit.cli.bench_tables import print_agreement
    from taskfit.cli.output import print_json
    from taskfit.evaluation.agreement import measure_agreement

    names = [name.strip() for name in pair.split(",") if name.strip()]
    if len(names) < 2 or len({*names, strong}) != len(names) + 1:
        raise typer.BadParameter(f"{pair!r} is not two models, each once, beside {strong!r}", param_hint="--pair")
    found, contaminated = _answered(data, (*names, strong), task)
    report = measure_agreement(found, folds=folds, seed=seed)
    if as_json:
        print_json({"contaminated": contaminated, "agreement": report})
        return
    print_agreement(report, contaminated=contaminated)


def _answered(data: Path, models: Sequence[str], task: str | None) -> tuple[list[tuple["Outcome", ...]], int]:
    """The prompts that all of these models answered, and how many rows were left out as contaminated."""
    from taskfit.errors import ConfigurationError
    from taskfit.outcomes.reading import answered_by_all, read_outcomes

    read = read_outcomes(data, models=models)
    tasks = list(dict.fromkeys(outcome.task for outcome in read.rows))
    if task is not None and task not in tasks:
        raise ConfigurationError(f"{data}: there is no task {task}\n  wanted  one of: {', '.join(tasks)}")
    found = [row for row in answered_by_all(read.rows, models) if task in (None, row[0].task)]
    if not found:
        raise ConfigurationError(f"{data}: no prompt was answered by all of {', '.join(models)}")
    return found, read.contaminated


def _measured(pairs: Sequence[tuple["Outcome", ...]], **how: Any) -> tuple[list["CascadeReport"], dict[str, str]]:
    """The reports of all tasks, and why some have none: too few answers, or none that is wrong. Errors: where none has one."""
    from taskfit.errors import ConfigurationError
    from taskfit.evaluation.escalation import measure_cascade

    tasks: dict[str, list[tuple[Outcome, ...]]] = {}
    for pair in pairs:
        tasks.setdefault(pair[0].task, []).append(pair)
    reports: list[CascadeReport] = []
    skipped: dict[str, str] = {}
    for name, mine in tasks.items():
        try:
            reports.append(measure_cascade(mine, **how))
        except ConfigurationError as error:
            if len(tasks) == 1:
                raise
            skipped[name] = str(error)
    if not reports:
        raise ConfigurationError("\n".join(f"{name}: not measured: {why}" for name, why in skipped.items()))
    return reports, skipped


def _calls(cost: str | None) -> tuple[float, float] | None:
    """USD for one call of each. Errors: typer.BadParameter."""
    if cost is None:
        return None
    try:
        weak, strong = [float(part) / 1000 for part in cost.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{cost!r} is not two numbers such as 0.24,24.7", param_hint="--cost") from error
    if not (0 <= weak < math.inf and 0 < strong < math.inf):
        raise typer.BadParameter(f"{cost!r}: a price is not below 0, and that of the strong model above it", param_hint="--cost")
    return weak, strong


def _save(file: Path, pairs: list[tuple["Outcome", ...]], signals: list[str], seed: int) -> None:
    from taskfit.artefacts.files import replace_whole
    from taskfit.config.calibrations import written
    from taskfit.errors import ConfigurationError
    from taskfit.evaluation.escalation import calibrate

    calibration = calibrate(pairs, signals=signals, seed=seed)
    try:
        replace_whole(file, written(calibration))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {file}, fitted on all {calibration.rows} answers", err=True)
