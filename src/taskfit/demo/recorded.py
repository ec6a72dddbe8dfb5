"""Recorded questions with two models' answers: read from parquet, JSON lines or CSV, and complained about where they do not fit.

Knows no model and no gateway.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from taskfit.errors import ConfigurationError

TEXTS = ("prompt", "weak_response", "strong_response")
VERDICTS = ("weak_correct", "strong_correct")
COLUMNS = ("prompt_id", "prompt", "weak_response", "strong_response", "weak_correct", "strong_correct")
KINDS = (".parquet", ".jsonl", ".csv")
TRUE, FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")
MOST_FAULTS = 5
NO_PARQUET = """\
{file}: reading parquet needs pyarrow, and that is not installed
  try     pip install 'taskfit[demo]', or the same rows as .jsonl or .csv"""

Row = Mapping[str, Any]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded question. `number` is its row, from 0."""

    number: int
    id: str
    prompt: str
    weak_response: str
    strong_response: str
    is_weak_right: bool
    is_strong_right: bool


def read_questions(file: Path, *, limit: int | None = None) -> tuple[Question, ...]:
    """The questions of a file, the first `limit` of them.

    Errors: ConfigurationError, which names the file, what was found there and what was wanted.
    """
    columns, rows = _read(file)
    _check_columns(file, columns)
    questions: list[Question] = []
    faults: list[str] = []
    for number, row in enumerate(rows):
        if limit is not None and number >= limit:
            break
        fault = _fault_of(row)
        if fault is None:
            questions.append(_question(number, row))
        elif len(faults) < MOST_FAULTS:
            faults.append(f"  row {number + 1}: {fault}")
    if faults:
        raise ConfigurationError("\n".join([f"{file}: some rows cannot be replayed", *faults]))
    if not questions:
        raise ConfigurationError(f"{file}: there is no row in it\n  wanted  at least one recorded question")
    return tuple(questions)


def _read(file: Path) -> tuple[Sequence[str], Sequence[Row]]:
    """Names of the columns, and the rows."""
    readers = {".parquet": _read_parquet, ".jsonl": _read_json_lines, ".csv": _read_csv}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        found = file.suffix or "no extension"
        raise ConfigurationError(f"{file}: not a file of recorded questions\n  found   {found}\n  wanted  {', '.join(KINDS)}")
    try:
        return reader(file)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not text in UTF-8 (byte {error.start})") from error


def _read_parquet(file: Path) -> tuple[Sequence[str], Sequence[Row]]:
    try:
        import pyarrow  # type: ignore[import-untyped]  # it comes without types
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigurationError(NO_PARQUET.format(file=file)) from error
    try:
        opened = parquet.ParquetFile(file)
        names = opened.schema_arrow.names
        wanted = [name for name in COLUMNS if name in names]
        return names, opened.read(columns=wanted).to_pylist()
    except pyarrow.ArrowException as error:
        raise ConfigurationError(f"{file}: is not a whole parquet file: {error}") from error


def _read_json_lines(file: Path) -> tuple[Sequence[str], Sequence[Row]]:
    rows: list[Row] = []
    names: dict[str, None] = {}
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ConfigurationError(f"{file}:{number}: is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise ConfigurationError(f"{file}:{number}: is not an object\n  wanted  {{\"prompt\": …}}, one on each line")
            rows.append(row)
            names.update(dict.fromkeys(row))
    return tuple(names), rows


def _read_csv(file: Path) -> tuple[Sequence[str], Sequence[Row]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        try:
            return tuple(reader.fieldnames or ()), tuple(reader)
        except csv.Error as error:
            raise ConfigurationError(f"{file}:{reader.line_num}: is not CSV: {error}") from error


def _check_columns(file: Path, columns: Sequence[str]) -> None:
    missing = [name for name in (*TEXTS, *VERDICTS) if name not in columns]
    if not columns:
        raise ConfigurationError(f"{file}: there is nothing in it\n  wanted  rows with {', '.join(COLUMNS)}")
    if not missing:
        return
    answers = [name for name in missing if name.endswith("_response")]
    why = "without the text of both answers there is nothing to check" if answers else "a replay needs all of these"
    raise ConfigurationError(
        f"{file}: not a file of recorded questions\n"
        f"  found   {', '.join(columns)}\n"
        f"  missing {', '.join(missing)}\n"
        f"  wanted  {', '.join(COLUMNS)} (prompt_id is optional); {why}"
    )


def _fault_of(row: Row) -> str | None:
    for name in TEXTS:
        if not isinstance(row.get(name), str):
            return f"{name} is {_shown(row.get(name))}, not text"
    if not row["prompt"]:
        return "prompt is empty"
    for name in VERDICTS:
        if _truth(row.get(name)) is None:
            return f"{name} is {_shown(row.get(name))}, not true or false"
    return None


def _question(number: int, row: Row) -> Question:
    return Question(
        number=number,
        id=str(row.get("prompt_id") or number),
        prompt=row["prompt"],
        weak_response=row["weak_response"],
        strong_response=row["strong_response"],
        is_weak_right=_truth(row["weak_correct"]) is True,
        is_strong_right=_truth(row["strong_correct"]) is True,
    )


def _truth(value: Any) -> bool | None:
    text = str(value).strip().lower()
    return True if text in TRUE else False if text in FALSE else None


def _shown(value: Any) -> str:
    return "missing" if value is None else json.dumps(value, default=str)[:60]


def from_gsm8k(questions: Sequence[Question]) -> bool:
    """Whether any of them says of itself that it is from GSM8K."""
    return any(question.id.lower().startswith("gsm8k") for question in questions)


def by_text(questions: Sequence[Question]) -> Iterator[tuple[str, tuple[Question, ...]]]:
    """The questions under their texts: one text may have been recorded several times."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.prompt, []).append(question)
    return ((prompt, tuple(same)) for prompt, same in found.items())
