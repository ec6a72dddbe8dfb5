"""Columns of a table out of parquet, CSV or JSON lines, some thousand rows at a time. Knows no column by name.

What is read at once is bounded whatever the size of the file: a batch of rows, and one line of at most MOST_LINE_CHARS.
"""

import csv
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, AnyStr, Final

import msgspec

from taskfit.errors import ConfigurationError

KINDS: Final = (".parquet", ".csv", ".jsonl")
BATCH_ROWS: Final = 4096
MOST_LINE_CHARS: Final = 16_000_000

NO_PARQUET: Final = """\
{file}: reading parquet needs pyarrow, and that is not installed
  try     pip install 'taskfit[fit]', or the same rows as .jsonl or .csv"""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of a table, by column: a value for each row, None where nothing stands. `rows` are their numbers in the file,
    from 1; the line with the names does not count."""

    rows: Sequence[int]
    columns: Mapping[str, Sequence[Any]]

    def at(self, places: Sequence[int]) -> "Batch":
        """The rows at these places."""
        if len(places) == len(self.rows) and all(map(int.__eq__, places, range(len(places)))):
            return self
        columns = {name: [values[place] for place in places] for name, values in self.columns.items()}
        return Batch(rows=[self.rows[place] for place in places], columns=columns)


def find_table(folder: Path, name: str) -> Path | None:
    """The file of that name, whichever kind it is."""
    return next((file for kind in KINDS if (file := folder / f"{name}{kind}").is_file()), None)


def columns_of(file: Path) -> tuple[str, ...]:
    """The names of its columns; of JSON lines those of the first rows. Empty: there is nothing in it.

    Errors: ConfigurationError, which names the file and what is wrong with it.
    """
    readers: Mapping[str, Callable[[Path], tuple[str, ...]]] = {
        ".parquet": _parquet_columns, ".csv": _csv_columns, ".jsonl": _json_columns,
    }  # fmt: skip
    with _complaints(file):
        columns = readers[_kind(file)](file)
    if twice := sorted({name for name in columns if columns.count(name) > 1} if len(set(columns)) < len(columns) else ()):
        raise ConfigurationError(f"{file}: column {twice[0]} is there more than once\n  wanted  one column of each name")
    return columns


def read_table(file: Path, columns: Collection[str]) -> Generator[Batch, None, None]:
    """These columns of all rows; a column that the table lacks is in no batch of it, of JSON lines in those without it.

    Errors: ConfigurationError, which names the file and what is wrong with it.
    """
    readers: Mapping[str, Callable[[Path, Collection[str]], Iterator[Batch]]] = {
        ".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_json_lines,
    }  # fmt: skip
    with _complaints(file):
        yield from readers[_kind(file)](file, columns)


def _kind(file: Path) -> str:
    kind = file.suffix.lower()
    if kind in KINDS:
        return kind
    found = file.suffix or "no extension"
    raise ConfigurationError(f"{file}: not a table that can be read\n  found   {found}\n  wanted  {', '.join(KINDS)}")


@contextmanager
def _complaints(file: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not text in UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _parquet(file: Path) -> Iterator[Any]:
    try:
        import pyarrow  # type: ignore[import-untyped]  # it comes without types
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(NO_PARQUET.format(file=file)) from error
    with file.open("rb"):
        pass  # what the system has against it, it says better than what follows
    try:
        with parquet.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20) as opened:
            yield opened
    except (pyarrow.ArrowException, OSError) as error:
        raise ConfigurationError(f"{file}: is not a whole parquet file: {error}") from error


def _parquet_columns(file: Path) -> tuple[str, ...]:
    with _parquet(file) as opened:
        return tuple(opened.schema_arrow.names)


def _read_parquet(file: Path, columns: Collection[str]) -> Iterator[Batch]:
    first = 1
    with _parquet(file) as opened:
        names = [name for name in opened.schema_arrow.names if name in columns]
        for batch in opened.iter_batches(batch_size=BATCH_ROWS, columns=names):
            values = {name: column.to_pylist() for name, column in zip(names, batch.columns, strict=True)}
            yield Batch(rows=range(first, first + batch.num_rows), columns=values)
            first += batch.num_rows


def _csv_columns(file: Path) -> tuple[str, ...]:
    with _csv_rows(file) as rows:
        return tuple(next(rows, ()))


def _read_csv(file: Path, columns: Collection[str]) -> Iterator[Batch]:
    with _csv_rows(file) as rows:
        names = next(rows, [])
        places = [(name, place) for place, name in enumerate(names) if name in columns]
        first = 1
        while found := list(islice(rows, BATCH_ROWS)):
            for number, row in enumerate(found, start=first):
                if len(row) != len(names):
                    _complain_about_length(file, number, row, names)
            values = {name: [row[place] or None for row in found] for name, place in places}
            yield Batch(rows=range(first, first + len(found)), columns=values)
            first += len(found)


def _complain_about_length(file: Path, number: int, row: list[str], names: list[str]) -> None:
    if len(row) < len(names):  # some programs leave out what is empty at the end
        row.extend([""] * (len(names) - len(row)))
        return
    raise ConfigurationError(
        f"{file}: row {number} has {len(row)} cells, and the line of names {len(names)}\n"
        "  try     quotation marks around cells with a comma in them"
    )


@contextmanager
def _csv_rows(file: Path) -> Iterator[Iterator[list[str]]]:
    """The rows that are not empty. `csv` itself refuses cells of more than 128 KiB: a quotation mark that is never closed."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(_lines(text, file))
        try:
            yield (row for row in reader if row)
        except csv.Error as error:
            raise ConfigurationError(f"{file}:{reader.line_num}: is not CSV: {error}") from error


def _json_columns(file: Path) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for row in islice(_json_rows(file), BATCH_ROWS):
        names.update(dict.fromkeys(row))
    return tuple(names)


def _read_json_lines(file: Path, columns: Collection[str]) -> Iterator[Batch]:
    first, rows = 1, _json_rows(file)
    while found := list(islice(rows, BATCH_ROWS)):
        names = {name for row in found for name in row if name in columns}
        yield Batch(rows=range(first, first + len(found)), columns={name: [row.get(name) for row in found] for name in names})
        first += len(found)


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with file.open("rb") as lines:
        for number, line in enumerate(_lines(lines, file), start=1):
            if not line.strip():
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                wanted = 'an object such as {"prompt_id": …} on each line'
                raise ConfigurationError(f"{file}:{number}: is not a JSON object: {error}\n  wanted  {wanted}") from error


def _lines(opened: IO[AnyStr], file: Path) -> Iterator[AnyStr]:
    """Each line, none of them longer than may be. Errors: ConfigurationError."""
    number = 0
    while line := opened.readline(MOST_LINE_CHARS + 1):
        number += 1
        if len(line) > MOST_LINE_CHARS:
            found = f"a line of more than {MOST_LINE_CHARS:,} characters"
            raise ConfigurationError(f"{file}:{number}: {found}\n  wanted  a row on each line")
        yield line
