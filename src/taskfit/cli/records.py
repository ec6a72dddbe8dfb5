"""`taskfit records`: the evidence. Reads the store itself, so a server may be running or not."""

import sys
from typing import Annotated, Literal

import typer

from taskfit.cli.application import FAILED, SETTINGS, WRONG
from taskfit.cli.options import ConfigOption, JsonOption, moment

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
    form: Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="Whole records as JSON lines, or a table.")] = "jsonl",
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is standard output.")] = "-",
    task: TaskOption = None,
    outcome: OutcomeOption = None,
    since: SinceOption = None,
    config: ConfigOption = None,
) -> None:
    """Write records out, newest first."""
    from taskfit.cli.export import export_to_file, export_to_stdout
    from taskfit.cli.opened import configuration, every_record, store_of

    start = None if since is None else moment(since, "--since")
    with store_of(configuration(config)) as store:
        found = every_record(store, task=task, outcome=outcome, since=start)
        if output == "-":
            export_to_stdout(found, form)
            return
        count = export_to_file(found, form, output)
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
