"""`taskfit router`: from outcomes to what a gateway chooses by, and what that is worth. Calls no model."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from taskfit.cli.application import SETTINGS
from taskfit.cli.options import JsonOption

if TYPE_CHECKING:
    from taskfit.evaluation.pair import PairReport
    from taskfit.evaluation.routing import RoutingReport, Tasks
    from taskfit.outcomes.matrix import OutcomeTable
    from taskfit.values.fitted import FittedRouter
    from taskfit.values.policy import Cell, PolicyTable

OutcomesArgument = Annotated[
    Path,
    typer.Argument(metavar="OUTCOMES", help="A table of outcomes (.parquet, .csv, .jsonl), or a folder with `outcomes` in it."),
]
ModelsOption = Annotated[
    str | None, typer.Option(metavar="A,B,…", help="Only these models; else all that are in the outcomes.")
]
ChecksOption = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Checks to run over recorded answers, for cascades, such as tool_calls.")
]
CostOption = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of the cost; else `cost_usd`.")]
TaskOption = Annotated[str | None, typer.Option("--task-column", metavar="COLUMN", help="The column of the task; else `task`.")]
SeedOption = Annotated[int, typer.Option(help="For folds, draws and the bootstrap; the same seed gives the same figures.")]

MOST_SHOWN = 60
FEWEST_MEASURED = 100
"""Prompts; with fewer the figures of a fit say nothing."""

app = typer.Typer(help="Fit a router to outcomes, and measure it.", no_args_is_help=True, **SETTINGS)


@app.command()
def train(
    outcomes: OutcomesArgument,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write: what `router:` in the configuration names.")],
    models: ModelsOption = None,
    pair: Annotated[str | None, typer.Option(metavar="WEAK,STRONG", help="The models between which the gain is learned.")] = None,
    checks: ChecksOption = None,
    cost: CostOption = None,
    task_column: TaskOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit the table of policies, the task predictor and the gain model, and write them to a folder."""
    import msgspec

    from taskfit.artefacts.router import write_router
    from taskfit.cli.output import print_json
    from taskfit.cli.progress import shown_progress
    from taskfit.cli.router_text import print_trained
    from taskfit.evaluation.seen import digests_of
    from taskfit.training.router import fit_router

    _complain_about_place(out)
    table = _read(outcomes, models, cost=cost, task=task_column, checks=checks)
    verdicts, asked = _verdicts(table, checks), _pair(pair)
    with shown_progress("router") as progress:
        fitted = fit_router(table, pair=asked, verdicts=verdicts, seed=seed, progress=progress)
        figures = _figures(table, verdicts, seed=seed, progress=progress)
    manifest = msgspec.structs.replace(fitted.manifest, figures=figures)
    written = write_router(msgspec.structs.replace(fitted, manifest=manifest), out, questions=digests_of(table.prompts))
    if as_json:
        print_json({"folder": str(out), "manifest": written.manifest, "table": written.table})
    else:
        print_trained(written, table, out)


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `taskfit router train` wrote; `-` with --cv.")],
    outcomes: OutcomesArgument,
    *,
    models: ModelsOption = None,
    pair: Annotated[str | None, typer.Option(metavar="WEAK,STRONG", help="Measure the gain between two models alone.")] = None,
    labels: Annotated[
        int | None, typer.Option(min=50, metavar="N", help="With --pair and --cv: learn from so many labels only.")
    ] = None,
    cv: Annotated[
        int | None, typer.Option(min=2, max=50, metavar="FOLDS", help="Fit on other folds than are measured, instead of DIR.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="With --cv: how often the folds are drawn; the mean is measured.")
    ] = 1,
    rungs: Annotated[
        int | None,
        typer.Option(min=2, max=20, metavar="N", help="With --cv: of a ladder of N rungs, as `router ladder` would advise it."),
    ] = None,
    leave_out: Annotated[
        str | None, typer.Option(metavar="TASK", help="Measure a task by what was fitted on the others; `all`: each in turn.")
    ] = None,
    tasks: Annotated[
        Literal["given", "predicted", "none"],
        typer.Option(help="What the router is told of a prompt: its task, its text, nothing."),
    ] = "given",
    checks: ChecksOption = None,
    cost: CostOption = None,
    task_column: TaskOption = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw cost against quality: a file that ends in .svg or .html.")
    ] = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure a router beside the best single model, the random mix, the table of given tasks and the oracle.

    Every figure has a 95% interval. Outcomes that the router was fitted on flatter it: use others, or --cv.
    """
    if repeats > 1 and cv is None:
        raise typer.BadParameter(f"folds that are drawn {repeats} times are for --cv, such as --cv 5", param_hint="--repeats")
    if rungs is not None and (cv is None or pair is not None):
        raise typer.BadParameter("the rungs of an advised ladder are for --cv, such as --cv 5", param_hint="--rungs")
    draw = None if picture is None else _drawer(picture)
    table = _read(outcomes, models, cost=cost, task=task_column, checks=checks)
    if pair is not None:
        if leave_out is not None:
            raise typer.BadParameter("with --pair: train on the others, evaluate DIR on it", param_hint="--leave-out")
        if picture is not None:
            raise typer.BadParameter("cost against quality is drawn without --pair", param_hint="--picture")
        measured = _measured_pair(folder, table, _pair(pair), labels=labels, cv=cv, repeats=repeats, seed=seed)
        _print_pair(measured, as_json=as_json)
        return
    if labels is not None:
        raise typer.BadParameter("a number of labels is for --pair", param_hint="--labels")
    if str(folder) == "-" and cv is None and leave_out is None:
        raise typer.BadParameter("- stands for no folder, with --cv, such as --cv 5, or --leave-out", param_hint="DIR")
    report = _measured(
        folder, table, tasks, cv=cv, repeats=repeats, rungs=rungs, leave_out=leave_out, checks=checks, seed=seed
    )
    if picture is not None and draw is not None:
        _write(draw(report), picture)
    _print_report(report, table, as_json=as_json)


@app.command()
def ladder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `taskfit router train` wrote.")],
    *,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="For requests of this task; else for those of all.")] = None,
    rungs: Annotated[int, typer.Option(min=2, max=20, help="How many at most.")] = 6,
    fit: Annotated[
        float, typer.Option(min=0, max=1, help="How much of the quality that the best single model has over the cheapest.")
    ] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Tell which rungs a ladder should have, by what the router has learned: models, pairs that must agree, votes."""
    from taskfit.artefacts.router import read_router
    from taskfit.cli.output import print_json
    from taskfit.cli.router_ladder import ladders_json, print_ladders
    from taskfit.errors import ConfigurationError
    from taskfit.routers.advice import advised

    table = read_router(folder).table
    cells = _cells(table, task, folder)
    found = advised(table, cells, most_rungs=rungs, fit=fit)
    if not found:
        why = "no costs are known, few outcomes are, or the best single model is free"
        raise ConfigurationError(f"{folder}: no ladder is cheaper than another: {why}")
    if as_json:
        print_json(ladders_json(found, task=task))
    else:
        print_ladders(found, cells=len(cells), task=task, fit=fit)


def _cells(table: "PolicyTable", task: str | None, folder: Path) -> "Sequence[Cell]":
    """That of the task, else those of all tasks, else that of all requests. Errors: ConfigurationError for an unknown task."""
    from taskfit.config.complaints import nearest
    from taskfit.errors import ConfigurationError
    from taskfit.values.policy import ALL

    known = {name.removeprefix("task:"): cell for name, cell in table.cells.items() if name.startswith("task:")}
    if task is None:
        return tuple(known.values()) or (table.cells[ALL],)
    if task not in known:
        wanted = f"one of: {', '.join(list(known)[:MOST_SHOWN])}" if known else "no --task: the router knows of none"
        try_ = f"\n  try     {near}" if (near := nearest(task, known)) else ""
        raise ConfigurationError(f"{folder}: there is no task {task}\n  wanted  {wanted}{try_}")
    return (known[task],)


def _figures(
    table: "OutcomeTable", verdicts: Any, *, seed: int, progress: Callable[[str, float], None]
) -> dict[str, float | None]:
    """What the table of policies comes to out of fold, for the manifest; nothing where few prompts that differ were tried on all
    models."""
    from taskfit.evaluation.routing import given_tasks, measured_out_of_fold, of_rows
    from taskfit.numerics import np
    from taskfit.training.folds import groups_of
    from taskfit.training.policies import trials_of

    shared = np.flatnonzero(~np.isnan(table.score).any(axis=1))
    if len(set(groups_of(table.prompts)[shared].tolist())) < FEWEST_MEASURED:
        return {}
    trials, told = of_rows(trials_of(table, verdicts=verdicts), shared), given_tasks(seed=seed)
    report = measured_out_of_fold(trials, told, tasks="given", folds=5, seed=seed, progress=progress, resamples=2)
    return {
        "aiq": report.router.aiq,
        "random_mix_aiq": report.random_mix.aiq,
        "saving_at_best_single": report.router.saving_at_best_single,
        "over_best_single": report.router.over_best_single,
    }


def _complain_about_place(folder: Path) -> None:
    """Before minutes of work. Errors: ConfigurationError where a folder cannot be made or written there."""
    from taskfit.errors import ConfigurationError

    there = next(above for above in (folder, *folder.absolute().parents) if above.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ConfigurationError(f"{folder}: cannot be written\n  found   {there}, which is no folder that may be written to")


def _read(path: Path, models: str | None, *, cost: str | None, task: str | None, checks: str | None) -> "OutcomeTable":
    from taskfit.outcomes.reading import read_outcome_table

    wanted = None if models is None else [name.strip() for name in models.split(",") if name.strip()]
    return read_outcome_table(path, models=wanted, cost=cost, task=task, wants_responses=checks is not None)


def _verdicts(table: "OutcomeTable", checks: str | None) -> Any:
    """What checks say of the recorded answers; None where none are named."""
    if checks is None:
        return None
    from taskfit.training.verdicts import verdicts_of

    return verdicts_of(table, [name.strip() for name in checks.split(",") if name.strip()])


def _pair(pair: str | None) -> Any:
    if pair is None:
        return None
    names = [name.strip() for name in pair.split(",")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter(f"{pair!r} is not two models such as weak,strong", param_hint="--pair")
    return names[0], names[1]


def _fitted(folder: Path, table: "OutcomeTable") -> "FittedRouter":
    """The router in a folder. Errors: ConfigurationError where it knows other models than the outcomes."""
    from taskfit.artefacts.router import read_router
    from taskfit.errors import ConfigurationError

    fitted = read_router(folder)
    missing = [model for model in fitted.manifest.models if model not in table.models]
    if missing:
        raise ConfigurationError(
            f"{folder}: was fitted on models that these outcomes lack\n  found   {', '.join(table.models)}\n"
            f"  missing {', '.join(missing)}\n  try     --cv 5, or outcomes of all its models"
        )
    return fitted


def _count_seen(fitted: "FittedRouter", folder: Path, prompts: Sequence[str]) -> int | None:
    """How many of the prompts the router of a folder was fitted on; None where it does not tell."""
    from taskfit.artefacts.router import read_questions
    from taskfit.evaluation.seen import count_seen

    return count_seen(prompts, read_questions(fitted, folder))


def _measured_pair(
    folder: Path, table: "OutcomeTable", pair: tuple[str, str], *, labels: int | None, cv: int | None, repeats: int, seed: int
) -> "PairReport":
    import msgspec

    from taskfit.cli.progress import shown_progress
    from taskfit.errors import ConfigurationError
    from taskfit.evaluation.pair import measure_fitted, measure_pair

    if cv is not None:
        with shown_progress("pair") as progress:
            return measure_pair(
                table, weak=pair[0], strong=pair[1], labels=labels, folds=cv, repeats=repeats, seed=seed, progress=progress
            )
    if labels is not None:
        raise typer.BadParameter("a number of labels is for --cv", param_hint="--labels")
    fitted = _fitted(folder, table)
    gain = fitted.gain
    if gain is None or (gain.weak, gain.strong) != pair:
        found = "no gain between two models" if gain is None else f"the gain from {gain.weak} to {gain.strong}"
        raise ConfigurationError(f"{folder}: was not fitted for this pair\n  found   {found}\n  try     --cv 5")
    seen = _count_seen(fitted, folder, table.among(pair).answered_by_all().prompts)
    return msgspec.structs.replace(measure_fitted(table, gain, seed=seed), seen_prompts=seen)


def _measured(
    folder: Path, table: "OutcomeTable", told: "Tasks", *, cv: int | None, repeats: int, rungs: int | None,
    leave_out: str | None, checks: str | None, seed: int,
) -> "RoutingReport":  # fmt: skip
    import msgspec

    from taskfit.cli.progress import shown_progress
    from taskfit.evaluation.routing import (
        given_tasks,
        left_out,
        measured_out_of_fold,
        measured_router,
        no_tasks,
        of_ladder,
        told_by_text,
    )
    from taskfit.training.policies import trials_of
    from taskfit.training.router import complain

    whole = table.answered_by_all()
    complain(whole, None)
    cold_tasks = None if leave_out is None else _tasks_to_leave(whole, leave_out)
    trials = trials_of(whole, verdicts=_verdicts(whole, checks))
    tellers = {"given": given_tasks, "predicted": told_by_text, "none": no_tasks}
    with shown_progress("router") as progress:
        if cv is not None or cold_tasks is not None:
            teller = tellers[told](seed=seed)
            if rungs is not None:
                teller = of_ladder(teller, most_rungs=rungs)
            report = measured_out_of_fold(
                trials, teller, tasks=told, folds=cv or 5, repeats=repeats, seed=seed, progress=progress
            )
            report = msgspec.structs.replace(report, rungs=rungs)
        else:
            fitted = _fitted(folder, whole)
            report = measured_router(trials, fitted, tasks=told, seed=seed, progress=progress)
            report = msgspec.structs.replace(report, seen_prompts=_count_seen(fitted, folder, whole.prompts))
        if cold_tasks is None:
            return report
        by_text = told_by_text(seed=seed) if rungs is None else of_ladder(told_by_text(seed=seed), most_rungs=rungs)
        cold = left_out(trials, by_text, cold_tasks, seed=seed, progress=progress)
    return msgspec.structs.replace(report, cold=cold)


def _tasks_to_leave(table: "OutcomeTable", wanted: str) -> Sequence[str]:
    from taskfit.errors import ConfigurationError

    tasks = sorted(set(filter(None, table.tasks)))
    if len(tasks) < 2:
        raise ConfigurationError(f"there are fewer than two tasks to leave one out of\n  found   {', '.join(tasks) or 'none'}")
    if wanted != "all" and wanted not in tasks:
        raise ConfigurationError(f"there is no task {wanted}\n  wanted  all, or one of: {', '.join(tasks)}")
    return tasks if wanted == "all" else [wanted]


def _print_pair(report: "PairReport", *, as_json: bool) -> None:
    from taskfit.cli.output import print_json
    from taskfit.cli.router_text import pair_json, print_pair

    if as_json:
        print_json(pair_json(report))
    else:
        print_pair(report)


def _print_report(report: "RoutingReport", table: "OutcomeTable", *, as_json: bool) -> None:
    from taskfit.cli.output import print_json
    from taskfit.cli.router_text import print_report

    if as_json:
        print_json(report)
    else:
        print_report(report, table)


def _drawer(file: Path) -> "Callable[[RoutingReport], str]":
    """What draws a file of that name. Errors: BadParameter."""
    from taskfit.evaluation.picture import as_html, as_svg

    drawers = {".svg": as_svg, ".html": as_html}
    draw = drawers.get(file.suffix.lower())
    if draw is None:
        raise typer.BadParameter(f"{file}: ends neither in .svg nor in .html", param_hint="--picture")
    return draw


def _write(picture: str, file: Path) -> None:
    from taskfit.errors import ConfigurationError

    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {file}", err=True)
