"""`taskfit records`: the evidence. Reads the store itself, so a server may be running or not."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from taskfit.cli.application import FAILED, SETTINGS, WRONG
from taskfit.cli.options import ConfigOption, JsonOption, moment

if TYPE_CHECKING:
    from taskfit.outcomes.writing import OutcomeRow
    from taskfit.protocols import Store
    from taskfit.values.record import Record

TaskOption = Annotated[str | None, typer.Option(help="Only those of this task.")]
OutcomeOption = Annotated[
    Literal["answered", "in_review", "refused", "failed", "timed_out", "cancelled"] | None,
    typer.Option(help="Only those with this outcome."),
]
SinceOption = Annotated[str | None, typer.Option(metavar="SPAN", help="Only those since then: 7d, 12h, 30m, or a date.")]

app = typer.Typer(help="List, show, export and prune the records of requests.", no_args_is_help=True, **SETTINGS)


@app.command("list")
def list_records(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, at most.")] = 20,
    task: TaskOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List records, newest first."""
    from taskfit.cli.opened import configuration, store_of
    from taskfit.cli.output import duration, print_json, print_table, usd, utc
    from taskfit.protocols import RecordQuery

    query = RecordQuery(limit=limit, task=task, outcome=outcome, since=None if since is None else moment(since, "--since"))
    with store_of(configuration(config)) as store:
        found = store.find(query)
    if as_json:
        print_json(found)
        return
    heads = ("record", "at (UTC)", "task", "asked", "model", "tries", "outcome", "cost", "time")
    print_table(heads, [
        (
            record.id, utc(record.at), record.task or "-", record.asked, record.model or "-", str(len(record.attempts)),
            record.error or record.outcome, usd(record.cost), duration(record.latency_ms),
        )
        for record in found
    ])  # fmt: skip


@app.command()
def show(
    record_id: Annotated[str, typer.Argument(metavar="[ID|last]", help="A record's id; without one, the last.")] = "last",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the whole walk of one request.

    What was considered and left out, what was tried, what checks said, what it cost, what people say of it.
    """
    show_record(record_id, config=config, as_json=as_json)


@app.command()
def export(
    *,
    form: Annotated[
        Literal["jsonl", "csv", "parquet"] | None,
        typer.Option(
            "--format", help="JSON lines, or a table; without it by the file's ending, else jsonl. parquet for outcomes only."
        ),
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is standard output.")] = "-",
    is_outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Not the records, but what is known of their answers: what a router learns from.")
    ] = False,
    has_all_labels: Annotated[
        bool, typer.Option("--all-labels", help="A row for each source of a score, and not the weightiest alone.")
    ] = False,
    task: TaskOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    config: ConfigOption = None,
) -> None:
    """Write records out, newest first; or with --outcomes a table of scored answers.

    See docs/reference/outcomes.md for its columns.
    """
    from taskfit.cli.export import export_outcomes, export_to_file, export_to_stdout
    from taskfit.cli.opened import configuration, every_record, store_of
    from taskfit.cli.output import counted

    kind = form or _form_by_ending(output)
    if has_all_labels and not is_outcomes:
        raise typer.BadParameter("it is about outcomes", param_hint="--all-labels")
    if kind == "parquet" and (output == "-" or not is_outcomes):
        wanted = "a file, by --output" if is_outcomes else "--outcomes; records are jsonl or csv"
        raise typer.BadParameter(f"parquet wants {wanted}", param_hint="--format")
    start = None if since is None else moment(since, "--since")
    with store_of(configuration(config)) as store:
        found = every_record(store, task=task, outcome=outcome, since=start)
        if is_outcomes:
            again = every_record(store, task=task, outcome=outcome, since=start)
            outcomes = _all_labels(found, store) if has_all_labels else _outcomes(found, again, store)
            rows = export_outcomes(outcomes, kind, output)
            typer.echo(f"wrote {counted(rows, 'outcome')}{'' if output == '-' else f' to {output}'}", err=True)
            return
        assert kind != "parquet", "that was refused"
        if output == "-":
            export_to_stdout(found, kind)
            return
        count = export_to_file(found, kind, output)
    typer.echo(f"wrote {count} records to {output}", err=True)


@app.command()
def prune(
    older_than: Annotated[str, typer.Option("--older-than", metavar="SPAN", help="A span such as 30d, or a date.")],
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Delete old records for good.

    Their labels go with them, and so do the kept responses, decided review cases and messages of that time.
    """
    from taskfit.cli.opened import configuration, store_of
    from taskfit.cli.output import counted, print_json, utc

    before = moment(older_than, "--older-than")
    read = configuration(config)
    if not is_sure:
        if not sys.stdin.isatty():
            typer.echo("records and what is theirs are deleted for good, and nobody is here to ask\n  try     --yes", err=True)
            raise typer.Exit(WRONG)
        typer.confirm(f"Delete all records before {utc(before)} UTC from {read.store}?", abort=True)
    with store_of(read) as store:
        pruned = store.prune(before=before)
    if as_json:
        print_json({"pruned": pruned, "before": before})
        return
    typer.echo(f"deleted {counted(pruned, 'record')}")


def _form_by_ending(name: str) -> Literal["jsonl", "csv", "parquet"]:
    ending = name.rpartition(".")[2].lower()
    return "csv" if ending == "csv" else "parquet" if ending == "parquet" else "jsonl"


def _all_labels(records: "Iterable[Record]", store: "Store") -> "Iterator[OutcomeRow]":
    from taskfit.outcomes.exporting import rows_by_record

    for rows in rows_by_record(records, store):
        yield from rows


def _outcomes(records: "Iterable[Record]", again: "Iterable[Record]", store: "Store") -> "Iterator[OutcomeRow]":
    """The same records twice, since all must be counted before the first row is written."""
    from taskfit.outcomes.exporting import evidence_by_record, rejections_kept, rows_by_record, thinned
    from taskfit.outcomes.judging import best_rows

    kept = rejections_kept(evidence_by_record(records, store))
    for rows in rows_by_record(again, store):
        yield from thinned(best_rows(rows), kept)


def show_record(name: str, *, config: str | None, as_json: bool) -> None:
    """Print the record of that id, or the `last` one; ends with an error where there is none."""
    from taskfit.cli.case_text import label_lines
    from taskfit.cli.opened import LAST, configuration, find_record, store_of
    from taskfit.cli.output import print_json
    from taskfit.cli.walk_text import record_lines
    from taskfit.pipeline.labelled import labelled

    with store_of(configuration(config)) as store:
        record = find_record(store, name)
        labels = () if record is None else store.labels_of(record.id)
    if record is None:
        text = "there are no records yet" if name == LAST else f"there is no record {name}\n  try     taskfit records list"
        typer.echo(text, err=True)
        raise typer.Exit(FAILED)
    if as_json:
        print_json(labelled(record, labels))
        return
    for line in (*record_lines(record), *label_lines(labels)):
        typer.echo(line)
