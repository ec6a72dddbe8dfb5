"""`taskfit calibrate`: from judged answers to the confidence from which on a task's cheap answers may go out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from taskfit.cli.application import FAILED
from taskfit.cli.options import ConfigOption, JsonOption, moment

if TYPE_CHECKING:
    from taskfit.cli.calibrate_evidence import Judged
    from taskfit.config import Config
    from taskfit.training.promises import Terms
    from taskfit.values.bar import Bar
    from taskfit.values.task import Task

USUAL_SURE = 0.95
Promised = Literal["error", "joint", "loss"]


def calibrate(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task whose bar is fitted.")],
    *,
    max_error: Annotated[float | None, typer.Option(help="What is promised, 0 to 1; else what the task's `accept` says.")] = None,
    sure: Annotated[float | None, typer.Option(help="With what probability, 0 to 1; else what the task says, or 0.95.")] = None,
    promise: Annotated[
        Promised | None,
        typer.Option(
            help="`error`: so many accepted answers are wrong; `joint`: so many of all are accepted and wrong, in the mean; "
            "`loss`: accepted ones are so much worse than the strong model's. Else what the task says, or `error`."
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="OUTCOMES", help="A table of outcomes instead of the audits in the store.")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="WEAK", help="With --from: the model whose answers are accepted.")] = None,
    strong: Annotated[
        str | None, typer.Option(metavar="STRONG", help="With --from: the model that the loss is counted against.")
    ] = None,
    confidence_from: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="With --from: the column of the confidence; else `confidence`.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="SPAN", help="Only requests since then: 30d, 12h, or a date.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Else fitted/TASK.json beside the configuration, or where the task says.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a task's bar to an error budget, and write it where the task looks for it.

    The rows are the first rung's answers to requests that were drawn for an audit or a review, accepted or not. Where they do not
    carry the promise, nothing is written, and the exit code is 1.
    """
    if source is not None and since is not None:
        raise typer.BadParameter("a table of outcomes has no dates", param_hint="--since")
    since_at = None if since is None else moment(since, "--since")
    read, contract = _contract(task, config, is_needed=source is None or out is None or max_error is None)
    terms = _terms(contract, promise=promise, max_error=max_error, sure=sure)
    if source is None and (read is None or contract is None or {model, strong, confidence_from} != {None}):
        options = "--model, --strong, --confidence-from"
        raise typer.BadParameter("only a table of outcomes has these to choose", param_hint=options)
    from taskfit.cli.calibrate_evidence import Asked, from_outcomes, from_store

    if source is not None:
        asked = Asked(source=source, model=model, strong=strong, confidence=confidence_from)
        judged = from_outcomes(asked, task, contract, terms)
    else:
        assert read is not None and contract is not None, "the store is that of the configuration"
        judged = from_store(read, contract, since_at)
    _fit(task, read, terms, judged, out=out, as_json=as_json)


def _fit(task: str, read: "Config | None", terms: "Terms", judged: "Judged", *, out: Path | None, as_json: bool) -> None:
    """Fit, write and tell."""
    import msgspec

    from taskfit.cli.calibrate_evidence import bar_of
    from taskfit.cli.calibrate_text import print_report
    from taskfit.cli.output import print_json
    from taskfit.evaluation.bar_report import report_on
    from taskfit.training.promises import coin_of, keep

    terms = msgspec.structs.replace(terms, coin=coin_of(judged.first))
    certified = keep(judged.evidence.confidence, judged.evidence.loss, terms)
    report = report_on(task, terms, certified, judged.evidence.confidence, judged.evidence.loss, strong=judged.strong)
    file = None
    if report.is_certified:
        file = out or _place(task, read)
        _write(file, bar_of(task, terms, certified, judged))
    if as_json:
        print_json({**msgspec.structs.asdict(report), "notes": judged.notes, "file": None if file is None else str(file)})
    else:
        print_report(report, notes=judged.notes, file=file)
    if file is None:
        raise typer.Exit(FAILED)


def _contract(name: str, file: str | None, *, is_needed: bool) -> tuple["Config | None", "Task | None"]:
    """The configuration and the task in it; none where nothing is wanted of it. Errors: ConfigurationError."""
    if not is_needed:
        return None, None
    from taskfit.cli.opened import configuration
    from taskfit.config.complaints import nearest
    from taskfit.errors import ConfigurationError

    read = configuration(file)
    found = {task.name: task for task in read.tasks}
    if name not in found:
        try_ = nearest(name, found)
        raise ConfigurationError(
            f"{read.file or '(environment)'}: there is no task {name}\n  wanted  one of: {', '.join(found)}"
            + (f"\n  try     {try_}" if try_ else "")
        )
    return read, found[name]


def _terms(task: "Task | None", *, promise: Promised | None, max_error: float | None, sure: float | None) -> "Terms":
    """What is promised. Errors: typer.BadParameter."""
    from taskfit.training.promises import Terms
    from taskfit.values.bar import MOST_SURE

    budget = None if task is None else task.error_budget
    if max_error is None:
        if budget is None:
            raise typer.BadParameter("the task does not say what is promised", param_hint="--max-error")
        max_error = budget.max_error
    if sure is None:
        sure = USUAL_SURE if budget is None else budget.sure
    if not 0 < max_error < 1:
        raise typer.BadParameter(f"{max_error:g} is not above 0 and below 1", param_hint="--max-error")
    if not 0.5 <= sure <= MOST_SURE:
        raise typer.BadParameter(f"{sure!r} is not 0.5 or more, and at most {MOST_SURE!r}", param_hint="--sure")
    return Terms(promise=promise or ("error" if budget is None else budget.promise), max_error=max_error, sure=sure)


def _place(task: str, config: "Config | None") -> Path:
    """Where the task looks for its bar."""
    from taskfit.config.fit import FITTED_FOLDER

    assert config is not None, "without a place to write to, the configuration was read"
    files = config.files.get(task)
    if files is not None and files.bar is not None:
        return Path(files.bar)
    return (Path(config.file).resolve().parent if config.file else Path.cwd()) / FITTED_FOLDER / f"{task}.json"


def _write(file: Path, bar: "Bar") -> None:
    """Whole or not at all. Errors: ConfigurationError."""
    from taskfit.artefacts.bar import written
    from taskfit.artefacts.files import replace_whole
    from taskfit.errors import ConfigurationError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(file, written(bar))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror or error}") from error
