"""`taskfit profiler`: teach the profiler `linear` by requests of one's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from taskfit.cli.application import SETTINGS
from taskfit.cli.options import JsonOption

if TYPE_CHECKING:
    from taskfit.evaluation.intervals import Figure
    from taskfit.evaluation.kinds import KindsReport, Telling
    from taskfit.values.profile import Kind

app = typer.Typer(help="Teach the profiler linear what kinds of work there are.", no_args_is_help=True, **SETTINGS)


@app.callback()
def profiler() -> None:
    """Teach the profiler linear what kinds of work there are."""


@app.command()
def train(
    requests: Annotated[
        Path, typer.Argument(metavar="REQUESTS", help="A table with prompt and kind, perhaps instructions; or outcomes.")
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The weights to write: what `profiler: {linear: {weights:` names.")],
    kind: Annotated[
        list[str] | None, typer.Option(metavar="TASK=KIND", help="The kind of a task's rows that have none. Once for each task.")
    ] = None,
    task_column: Annotated[str | None, typer.Option(metavar="NAME", help="The column to take the tasks from.")] = None,
    least: Annotated[float, typer.Option(min=0, max=1, help="Measure with this `least`.")] = 0.5,
    seed: Annotated[int, typer.Option(help="What folds and intervals are drawn by.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Add to the shipped model what these requests say, measure both out of fold, and write the weights.

    REQUESTS is parquet, CSV or JSON lines: with a column `kind`, or, as tables of outcomes have it, with tasks whose kinds --kind
    names. What `taskfit records export --outcomes` writes has texts of reviewed requests only.
    """
    from taskfit.artefacts.files import replace_whole
    from taskfit.cli.output import print_json
    from taskfit.cli.progress import shown_progress
    from taskfit.errors import ConfigurationError
    from taskfit.evaluation.kinds import measure_kinds
    from taskfit.outcomes.labelled import read_labelled
    from taskfit.profilers.linear import shipped
    from taskfit.training.kinds import fit_kinds, written

    found = read_labelled(requests, kinds=_kinds(kind or []), task=task_column)
    with shown_progress("profiler") as progress:
        report = measure_kinds(found.requests, shipped(), least=least, seed=seed, progress=progress)
        model = fit_kinds(found.requests, shipped(), seed=seed)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(out, written(model, made_from=f"the shipped model and {requests.name}"))
    except OSError as error:
        raise ConfigurationError(f"{out}: cannot be written: {error.strerror or error}") from error
    if as_json:
        print_json({"file": str(out), "ambiguous": found.ambiguous, "report": report})
    else:
        _print(report, found.ambiguous, out)


def _kinds(said: list[str]) -> "Mapping[str, Kind]":
    """Errors: typer.BadParameter."""
    from taskfit.outcomes.labelled import KINDS

    found: dict[str, Kind] = {}
    for each in said:
        task, is_there, kind = each.rpartition("=")
        if not is_there or kind not in KINDS:
            raise typer.BadParameter(f"{each!r} is not TASK=KIND with one of {', '.join(KINDS)}", param_hint="--kind")
        found[task] = cast("Kind", kind)
    return found


def _print(report: "KindsReport", ambiguous: int, out: Path) -> None:
    from taskfit.cli.output import counted, print_table

    of = f"{counted(report.requests, 'different request')} of {counted(len(report.kinds), 'kind')}"
    typer.echo(f"{of}; {report.folds} folds by question; 95% bootstrap intervals")
    if ambiguous:
        typer.echo(f"{counted(ambiguous, 'prompt')} left out, of several kinds")
    typer.echo("")
    print_table(("", "told", "right of these", "told rightly"), [_row("before", report.before), _row("after", report.after)])
    typer.echo(f"\ntold rightly, after - before  {_shown(report.gained, '{:+.1%}')}")
    ends = report.gained.ci95
    if ends is None or ends.low <= 0:
        typer.echo("not shown to be better than the shipped model: more requests, or keep that one")
    typer.echo(f"\nwrote {out}; in taskfit.yaml:\n\n    profiler: {{linear: {{weights: {out}}}}}")


def _row(name: str, telling: "Telling") -> tuple[str, ...]:
    return (name, *[_shown(figure, "{:.1%}") for figure in (telling.told, telling.right, telling.told_rightly)])


def _shown(figure: "Figure", form: str) -> str:
    if figure.value is None:
        return "-"
    ends = figure.ci95
    return form.format(figure.value) + ("" if ends is None else f" [{form.format(ends.low)}, {form.format(ends.high)}]")
