"""Records, or the outcomes in them, written out. A file appears whole or not at all."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias, TypeVar

import msgspec

from taskfit.artefacts.files import beside
from taskfit.errors import ConfigurationError
from taskfit.values.money import format_usd

if TYPE_CHECKING:
    from taskfit.outcomes.writing import Form as OutcomeForm
    from taskfit.outcomes.writing import OutcomeRow
    from taskfit.values.record import Record

Item = TypeVar("Item")
Form: TypeAlias = Literal["jsonl", "csv"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "id", "at", "task", "surface", "team", "key_id", "session", "asked", "model", "outcome", "status", "attempts",
    "models_tried", "confidence", "cost_usd", "baseline", "baseline_cost_usd", "latency_ms", "first_token_ms", "overhead_ms",
    "error", "error_text",
)  # fmt: skip


def export_to_stdout(records: Iterable["Record"], form: Form) -> None:
    """Write them to standard output as they are read."""
    for text in written(records, form):
        sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def export_to_file(records: Iterable["Record"], form: Form, name: str) -> int:
    """Write them to a file that only its owner may read, with a bar on a terminal; how many. Errors: ConfigurationError."""
    count = 0
    with _whole_file(name) as file, _progress() as advance:
        for text in written(_counted(records, advance), form):
            file.write(text)
            count += 1
    return count - (form == "csv")


def export_outcomes(rows: Iterable["OutcomeRow"], form: "OutcomeForm", name: str) -> int:
    """Write outcomes likewise, or to standard output, which is `-`; how many. Errors: ConfigurationError."""
    from taskfit.outcomes.writing import write_outcomes

    if name == "-":
        count = write_outcomes(rows, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return count
    with _whole_file(name) as file, _progress() as advance:
        return write_outcomes(_counted(rows, advance), form, file)


def written(records: Iterable["Record"], form: Form) -> Iterator[bytes]:
    """The lines; a table's first one has the names of its columns."""
    if form == "jsonl":
        encode = msgspec.json.Encoder().encode
        for record in records:
            yield encode(record) + b"\n"
        return
    yield _line(COLUMNS)
    for record in records:
        yield _line([defused(cell) for cell in _cells(record)])


def defused(cell: str) -> str:
    """A cell that a spreadsheet takes for text: one that it would take for a formula begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _cells(record: "Record") -> list[str]:
    special = {
        "at": datetime.fromtimestamp(record.at, UTC).isoformat(timespec="milliseconds"),
        "attempts": str(len(record.attempts)),
        "models_tried": " ".join(attempt.model for attempt in record.attempts),
        "cost_usd": _dollars(record.cost),
        "baseline_cost_usd": _dollars(record.baseline_cost),
    }
    return [special[name] if name in special else _text(getattr(record, name)) for name in COLUMNS]


def _dollars(amount: int | None) -> str:
    return "" if amount is None else format_usd(amount)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _line(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def _counted(found: Iterable[Item], advance: Callable[[], None]) -> Iterator[Item]:
    for each in found:
        advance()
        yield each


@contextmanager
def _whole_file(name: str) -> Iterator[BinaryIO]:
    """It gets its name once it is whole. Errors: ConfigurationError where it cannot be written."""
    path, unfinished = Path(name), None
    try:
        unfinished = beside(path)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be written: {error.strerror or error}") from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


@contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """A bar on a terminal. How many records there are is not known before they are read, so it only counts."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.completed:,.0f} records"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("export", total=None)
        yield lambda: progress.advance(task)
