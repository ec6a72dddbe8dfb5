"""`taskfit replay`: what another configuration would have made of recorded requests, or of recorded outcomes. Calls no model."""

import asyncio
import os
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskfit.cli.application import FAILED
from taskfit.cli.options import JsonOption, moment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from taskfit.config import Config
    from taskfit.evaluation.replay import Replays
    from taskfit.evaluation.replay_outcomes import OutcomesReplay
    from taskfit.evaluation.rewalk import Then
    from taskfit.outcomes.matrix import OutcomeTable
    from taskfit.pipeline.gateway import Gateway
    from taskfit.protocols import Store

MEMORY = "sqlite::memory:"
NewOption = Annotated[str, typer.Option("--config", "-c", metavar="NEW", help="The configuration that is asked about.")]


def replay(
    outcomes: Annotated[
        Path | None,
        typer.Argument(metavar="[OUTCOMES]", help="A table of every model's outcomes; without one, the records in the store."),
    ] = None,
    *,
    config: NewOption,
    task: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only records of this task; with OUTCOMES, whose ladder is followed.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="SPAN", help="Only requests since then: 7d, 12h, or a date.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="FILE", help="The present configuration, whose store it is; else as for other commands.")
    ] = None,
    store: Annotated[str | None, typer.Option(metavar="URL", help="Another store, such as sqlite:copy.db.")] = None,
    cost: Annotated[str | None, typer.Option(metavar="COLUMN", help="With OUTCOMES: the column of the cost.")] = None,
    confidence_from: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="With OUTCOMES: the column of the confidence; else `confidence`.")
    ] = None,
    fail_if_worse: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="MARGIN", help="Exit code 1 where the quality is surely lower by more than this."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For the bootstrap; the same seed gives the same figures.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Tell what another configuration would cost, how long it would take and how good its answers would be.

    Exactly where the answers are known; by estimate where exploration or audits decided by chance what is known; else "unknown".
    """
    if outcomes is not None:
        if {since, against, store} != {None}:
            raise typer.BadParameter("these are about records, and OUTCOMES are none", param_hint="--since, --against, --store")
        if task is None:
            raise typer.BadParameter("OUTCOMES are followed by the ladder of one task", param_hint="--task")
        is_worse = _replay_outcomes(
            outcomes, config, task, cost=cost, confidence=confidence_from, margin=fail_if_worse, seed=seed, as_json=as_json
        )
    else:
        if {cost, confidence_from} != {None}:
            raise typer.BadParameter("these are about OUTCOMES", param_hint="--cost, --confidence-from")
        since_at = None if since is None else moment(since, "--since")
        read, place = _new(config), _store(config, against, store)
        is_worse = _replay_records(read, place, task, since=since_at, margin=fail_if_worse, seed=seed, as_json=as_json)
    if is_worse:
        raise typer.Exit(FAILED)


def _replay_records(
    new: "Config", place: "Config", task: str | None, *, since: float | None, margin: float | None, seed: int, as_json: bool
) -> bool:
    """Print the report; whether the quality is surely worse by more than the margin."""
    import msgspec

    from taskfit.cli.output import print_json
    from taskfit.cli.replay_text import print_what_if
    from taskfit.errors import ConfigurationError
    from taskfit.evaluation.what_if import is_surely_worse, sum_up

    with _opened_store(place) as store:
        _complain_of_unknown_task(task, new, store)
        replays = asyncio.run(_replayed(new, store, task, since))
    if not replays.rows:
        asked = "" if task is None else f" of the task {task}"
        left_out = ", ".join(f"{count} {why}" for why, count in replays.left_out.items() if count) or "none at all"
        raise ConfigurationError(
            f"{place.store}: there are no records{asked} to replay\n  found   {left_out}\n"
            "  wanted  requests that were answered, or failed\n  try     a longer --since, or another --store"
        )
    report = sum_up(replays, seed=seed)
    if as_json:
        print_json({"config": new.file, "store": place.store, "task": task, "since": since, **msgspec.structs.asdict(report)})
    else:
        print_what_if(report, config=new.file or "", store=place.store)
    return margin is not None and is_surely_worse(report, margin)


async def _replayed(new: "Config", store: "Store", task: str | None, since: float | None) -> "Replays":
    from taskfit.cli.opened import every_record
    from taskfit.cli.progress import shown_progress
    from taskfit.evaluation.replay import replay_all
    from taskfit.evaluation.rewalk import Then
    from taskfit.outcomes.exporting import evidence_by_record

    clock = Then()
    async with _new_gateway(new, clock) as gateway:
        with shown_progress("replay") as progress:
            progress("reading", 0.0)
            evidences = evidence_by_record(every_record(store, task=task, outcome=None, since=since), store)
            keys = store.keys()
            return replay_all(evidences, gateway, clock, key_names={key.id: key.name for key in keys})


def _replay_outcomes(
    path: Path, config: str, task: str, *, cost: str | None, confidence: str | None, margin: float | None, seed: int,
    as_json: bool,
) -> bool:  # fmt: skip
    """Print the report; whether the quality is surely worse than the best single model's by more than the margin."""
    from taskfit.cli.output import print_json
    from taskfit.cli.replay_text import print_outcomes
    from taskfit.outcomes.reading import read_outcome_table
    from taskfit.outcomes.tasks import of_task

    read = _new(config)
    _complain_of_task(task, [each.name for each in read.tasks], config)
    table = of_task(read_outcome_table(path, cost=cost, confidence=confidence), task, path=path)
    report = asyncio.run(_followed(read, table, task, seed=seed))
    if as_json:
        print_json(report)
    else:
        print_outcomes(report)
    ends = report.over_best_single.ci95
    return margin is not None and ends is not None and ends.high < -margin


async def _followed(new: "Config", table: "OutcomeTable", task: str, *, seed: int) -> "OutcomesReplay":
    from taskfit.evaluation.replay_outcomes import replay_outcomes
    from taskfit.evaluation.rewalk import Then

    async with _new_gateway(new, Then()) as gateway:
        return replay_outcomes(table, gateway.house.tasks[task], gateway.house, seed=seed)


@asynccontextmanager
async def _new_gateway(new: "Config", clock: "Then") -> "AsyncIterator[Gateway]":
    """A gateway that serves nobody, with a store of its own in memory: what production would plan with."""
    import msgspec

    from taskfit.assembly import assemble
    from taskfit.evaluation.rewalk import without_chance

    async with await assemble(msgspec.structs.replace(new, store=MEMORY), clock=clock) as assembly:
        assembly.gateway.house = without_chance(assembly.gateway.house)
        yield assembly.gateway


def _new(file: str) -> "Config":
    from taskfit.cli.opened import configuration

    return configuration(file)


def _store(new: str, against: str | None, url: str | None) -> "Config":
    """The configuration whose store has the records: the one named, else the present one, else the new one itself."""
    import msgspec

    from taskfit.assembly import DEFAULT_FILE, FILE_VARIABLE
    from taskfit.cli.opened import configuration

    if url is not None:
        return msgspec.structs.replace(configuration(new), store=url)
    present = against or os.environ.get(FILE_VARIABLE) or (DEFAULT_FILE if Path(DEFAULT_FILE).exists() else new)
    return configuration(present)


@contextmanager
def _opened_store(place: "Config") -> "Iterator[Store]":
    """Errors: ConfigurationError where it is not there: opening it would make an empty one."""
    from taskfit.cli.opened import store_of
    from taskfit.errors import ConfigurationError

    scheme, _, file = place.store.partition(":")
    if scheme == "sqlite" and not Path(file).expanduser().exists():
        raise ConfigurationError(
            f"{place.store}: there is no such store\n  wanted  one that a gateway has kept records in\n"
            "  try     --store sqlite:FILE, or --against the configuration that names it"
        )
    with store_of(place) as store:
        yield store


def _complain_of_unknown_task(task: str | None, new: "Config", store: "Store") -> None:
    """Errors: ConfigurationError for a task that neither a record nor the new configuration has."""
    from taskfit.protocols import RecordQuery

    if task is not None and not store.find(RecordQuery(limit=1, task=task)):
        _complain_of_task(task, [each.name for each in new.tasks], new.file or "")


def _complain_of_task(task: str, known: "Sequence[str]", file: str) -> None:
    """Errors: ConfigurationError."""
    from taskfit.config.complaints import nearest
    from taskfit.errors import ConfigurationError

    if task not in known:
        try_ = nearest(task, known)
        raise ConfigurationError(
            f"{file}: there is no task {task}\n  wanted  one of: {', '.join(known)}" + (f"\n  try     {try_}" if try_ else "")
        )
