"""Outcomes as a table that can be read again: parquet, CSV or JSON lines. Knows nothing of where they come from."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Final, Literal, TypeAlias

import msgspec

from taskfit.errors import ConfigurationError

Form: TypeAlias = Literal["parquet", "csv", "jsonl"]
FORMS: Final[tuple[Form, ...]] = ("parquet", "csv", "jsonl")
GROUP_ROWS: Final = 10_000
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

NO_PARQUET: Final = """\
writing parquet needs pyarrow, and that is not installed
  try     pip install 'taskfit[fit]', or --format jsonl"""


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one model's answer to one prompt. None: not known.

    `request` is the JSON of a chat completion request. `source` says whose word `score` is; `propensity` is the probability with
    which the policy was taken that asked this model. Units: score 0 to 1; USD; seconds; `at` seconds since the epoch.
    """

    prompt_id: str
    prompt: str | None = None
    request: str | None = None
    task: str | None = None
    model: str
    score: float | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    response: str | None = None
    confidence: float | None = None
    source: str | None = None
    propensity: float | None = None
    at: float | None = None


TEXTS: Final = ("prompt_id", "prompt", "request", "task", "model", "response", "source")


def write_outcomes(rows: Iterable[OutcomeRow], form: Form, file: BinaryIO) -> int:
    """Write them as they come; how many. Errors: ConfigurationError where a library is missing; OSError."""
    count = 0

    def counted() -> Iterator[OutcomeRow]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    match form:
        case "parquet":
            _write_parquet(counted(), file)
        case "csv":
            _write_csv(counted(), file)
        case "jsonl":
            _write_json_lines(counted(), file)
    return count


def _write_json_lines(rows: Iterable[OutcomeRow], file: BinaryIO) -> None:
    encode = msgspec.json.Encoder().encode
    file.writelines(encode(row) + b"\n" for row in rows)


def _write_csv(rows: Iterable[OutcomeRow], file: BinaryIO) -> None:
    """A spreadsheet must not take a text for a formula, so such a one begins with an apostrophe."""
    file.write(_line(OutcomeRow.__struct_fields__))
    for row in rows:
        said = [(name, value) for name, value in msgspec.structs.asdict(row).items()]
        file.write(_line(["" if value is None else _cell(name, value) for name, value in said]))


def _cell(name: str, value: object) -> str:
    text = str(value)
    return f"'{text}" if name in TEXTS and text.startswith(FORMULA) else text


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def _write_parquet(rows: Iterator[OutcomeRow], file: BinaryIO) -> None:
    try:
        import pyarrow  # type: ignore[import-untyped]  # it comes without types
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(NO_PARQUET) from error
    kinds = {name: pyarrow.string() if name in TEXTS else pyarrow.float64() for name in OutcomeRow.__struct_fields__}
    schema = pyarrow.schema(list(kinds.items()))
    with parquet.ParquetWriter(file, schema) as writer:
        while found := [msgspec.structs.asdict(row) for row in islice(rows, GROUP_ROWS)]:
            writer.write_table(pyarrow.Table.from_pylist(found, schema=schema))
