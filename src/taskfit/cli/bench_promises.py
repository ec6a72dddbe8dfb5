"""`taskfit bench promises`: how often a fitted bar would have broken its promise on recorded answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from taskfit.cli.options import JsonOption

if TYPE_CHECKING:
    from taskfit.evaluation.promises import Kept, PromiseReport

HEADS = ("rule", "accepts", "error", "accepted and wrong", "broken, held out", "broken, drawn")


def promises(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A table of outcomes, or a folder with `outcomes` in it.")],
    *,
    model: Annotated[str, typer.Option(metavar="WEAK", help="The model whose answers are accepted; needs its confidences.")],
    max_error: Annotated[float, typer.Option(help="What is promised, 0 to 1.")],
    sure: Annotated[float, typer.Option(help="With what probability, 0 to 1.")] = 0.9,
    promise: Annotated[Literal["error", "joint", "loss"], typer.Option(help="As for `taskfit calibrate`.")] = "error",
    strong: Annotated[str | None, typer.Option(metavar="STRONG", help="For `loss`: the model it is counted against.")] = None,
    rows: Annotated[int, typer.Option(min=10, help="How many judged answers a bar is fitted on.")] = 400,
    splits: Annotated[int, typer.Option(min=10, max=100_000, help="How often they are drawn.")] = 400,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="Only the prompts of this task.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit a bar on some of the recorded answers, and see on others whether it keeps its promise, many times over.

    Beside it the bar that looks right on its own rows (plug-in), and a plain fixed sequence.
    """
    from taskfit.cli.output import print_json

    if not 0 < max_error < 1:
        raise typer.BadParameter(f"{max_error:g} is not above 0 and below 1", param_hint="--max-error")
    if not 0.5 <= sure < 1:
        raise typer.BadParameter(f"{sure:g} is not 0.5 or more and below 1", param_hint="--sure")
    if (promise == "loss") != (strong is not None):
        raise typer.BadParameter("the promise `loss` has a strong model, the others have none", param_hint="--strong")
    said = {"promise": promise, "max_error": max_error, "sure": sure}
    reports, skipped = _measured(data, model, strong, said, task=task, rows=rows, splits=splits, seed=seed)
    if as_json:
        print_json({"tasks": reports, "skipped": skipped})
        return
    for report in reports:
        print_promises(report)
    for name, why in skipped.items():
        typer.echo(f"{name}: not measured: {why}", err=True)


def print_promises(report: "PromiseReport") -> None:
    """One task."""
    from taskfit.cli.output import counted, print_table
    from taskfit.evaluation.bar_report import in_words, percent
    from taskfit.training.promises import Terms

    terms = Terms(promise=report.promise, max_error=report.max_error, sure=report.sure)
    typer.echo(f"{report.task or 'all'}: {report.model}; {in_words(terms)}")
    typer.echo(
        f"{counted(report.prompts, 'answer')}, {percent(report.base_error)} wrong; bars fitted on {report.rows}, "
        f"{report.splits} times from seed {report.seed}; 95% intervals\n"
    )
    print_table(HEADS, [_row(*kept) for kept in zip(report.held_out, report.drawn, strict=True)])
    typer.echo("")
    if report.promise == "joint":
        typer.echo("the promise is about the mean of what is accepted and wrong, and not about each time\n")


def _row(held_out: "Kept", drawn: "Kept") -> tuple[str, ...]:
    error = "" if held_out.error is None else f"{held_out.error:.3f}"
    return held_out.rule, f"{held_out.accepted_share:.1%}", error, f"{held_out.risk:.4f}", _share(held_out), _share(drawn)


def _share(kept: "Kept") -> str:
    return f"{kept.broken_share:.1%} [{kept.ci95.low * 100:.1f}, {kept.ci95.high * 100:.1f}]"


def _measured(
    data: Path, model: str, strong: str | None, said: dict[str, Any], *, task: str | None, rows: int, splits: int, seed: int
) -> tuple[list["PromiseReport"], dict[str, str]]:
    """The reports of all tasks with more than `rows` answers, and why others have none. Errors: where none has one."""
    from taskfit.errors import ConfigurationError
    from taskfit.evaluation.promises import Answers, measure_promise
    from taskfit.outcomes.reading import read_outcome_table
    from taskfit.outcomes.tasks import of_task
    from taskfit.training.folds import groups_of
    from taskfit.training.outcome_rows import evidence_in
    from taskfit.training.promises import Terms

    table = read_outcome_table(data, models=[model] if strong is None else [model, strong])
    names = list(dict.fromkeys(table.tasks)) if task is None else [task]
    reports, skipped = [], {}
    for name in names:
        mine = of_task(table, name, path=data)
        evidence = evidence_in(mine, model=model, strong=strong)
        if len(evidence.loss) <= rows:
            skipped[name] = f"{len(evidence.loss)} judged answers with a confidence leave none beside {rows} for the bar"
            continue
        answers = Answers(
            task=name, model=model, confidence=evidence.confidence, loss=evidence.loss, group=groups_of(evidence.questions)
        )
        reports.append(measure_promise(answers, Terms(**said), rows=rows, splits=splits, seed=seed))
    if not reports:
        raise ConfigurationError("\n".join(f"{data}: {name}: {why}\n  try     --rows" for name, why in skipped.items()))
    return reports, skipped
