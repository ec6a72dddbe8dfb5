"""Rows of a table out of parquet, CSV or JSON lines, all of them or some. Knows no column by name."""

import csv
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from taskfit.errors import ConfigurationError

KINDS: Final = (".parquet", ".csv", ".jsonl")
NO_PARQUET: Final = """\
{file}: reading parquet needs pyarrow, and that is not installed
  try     pip install 'taskfit[fit]', or the same rows as .jsonl or .csv"""

Row: TypeAlias = Mapping[str, Any]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table that was read. What is missing in a row is None, or not in it. `columns` are all that the file has."""

    file: Path
    columns: tuple[str, ...]
    rows: Sequence[Row]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a table is wanted: these columns, of rows that have one of these values in each column of `where`."""

    columns: frozenset[str]
    where: Mapping[str, Collection[str]] = {}

    def has(self, row: Row) -> bool:
        """Whether the row is wanted. A column that the table lacks wants nothing of it."""
        return all(name not in row or row[name] in values for name, values in self.where.items())


def find_table(folder: Path, name: str) -> Path | None:
    """The file of that name, whichever kind it is."""
    return next((file for kind in KINDS if (file := folder / f"{name}{kind}").is_file()), None)


def read_table(file: Path, part: Part) -> Table:
    """The wanted part. Errors: ConfigurationError, which names the file and what is wrong with it."""
    readers: Mapping[str, Callable[[Path, Part], Table]] = {
        ".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_json_lines,
    }  # fmt: skip
    reader = readers.get(file.suffix.lower())
    if reader is None:
        found = file.suffix or "no extension"
        raise ConfigurationError(f"{file}: not a table that can be read\n  found   {found}\n  wanted  {', '.join(KINDS)}")
    try:
        return reader(file, part)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not text in UTF-8 (byte {error.start})") from error


def _read_parquet(file: Path, part: Part) -> Table:
    try:
        import pyarrow  # type: ignore[import-untyped]  # it comes without types
        from pyarrow import compute, parquet
    except ImportError as error:
        raise ConfigurationError(NO_PARQUET.format(file=file)) from error
    try:
        with parquet.ParquetFile(file) as opened:
            columns = tuple(opened.schema_arrow.names)
            found = opened.read(columns=[name for name in columns if name in part.columns])
        for name in part.where.keys() & set(found.column_names):
            values = pyarrow.array(sorted(part.where[name]), type=pyarrow.string())
            found = found.filter(compute.is_in(found[name].cast(pyarrow.string()), value_set=values))
        return Table(file=file, columns=columns, rows=found.to_pylist())
    except pyarrow.ArrowException as error:
        raise ConfigurationError(f"{file}: is not a whole parquet file: {error}") from error


def _read_csv(file: Path, part: Part) -> Table:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        try:
            columns = tuple(reader.fieldnames or ())
            rows = [{name: row[name] or None for name in columns if name in part.columns} for row in reader if part.has(row)]
        except csv.Error as error:
            raise ConfigurationError(f"{file}:{reader.line_num}: is not CSV: {error}") from error
    return Table(file=file, columns=columns, rows=rows)


def _read_json_lines(file: Path, part: Part) -> Table:
    decoder = msgspec.json.Decoder(dict[str, Any])
    rows: list[Row] = []
    columns: dict[str, None] = {}
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = decoder.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                wanted = 'an object such as {"prompt_id": …} on each line'
                raise ConfigurationError(f"{file}:{number}: is not a JSON object: {error}\n  wanted  {wanted}") from error
            columns.update(dict.fromkeys(row))
            if part.has(row):
                rows.append({name: value for name, value in row.items() if name in part.columns})
    return Table(file=file, columns=tuple(columns), rows=rows)
