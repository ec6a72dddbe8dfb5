"""What stands in the columns of a table as numbers, texts and truths. What cannot be used is noted with its row."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from taskfit.errors import ConfigurationError
from taskfit.numerics import Booleans, Floats, np
from taskfit.outcomes.tables import Batch

MOST_FAULTS: Final = 5
MOST_SHOWN_CHARS: Final = 60
TRUTHS: Final = {"true": 1.0, "false": 0.0}


class Faults:
    """What is wrong with which rows of a file, the first few. `tries` are suggestions."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: list[str] = []
        self.tries: dict[str, None] = {}

    def note(self, row: int, text: str, *, suggest: str = "") -> None:
        """Errors: ConfigurationError, once there are enough of them."""
        self.found.append(f"  row {row}: {text}")
        if suggest:
            self.tries[suggest] = None
        if len(self.found) >= MOST_FAULTS:
            self.complain()

    def complain(self) -> None:
        """Errors: ConfigurationError where anything is wrong."""
        if self.found:
            tries = [f"  try     {suggestion}" for suggestion in self.tries]
            raise ConfigurationError("\n".join([f"{self.file}: some rows cannot be used", *self.found, *tries]))


class Span:
    """The numbers that a column may hold, `called` so in complaints. `suggest` is what to try where one is beyond."""

    def __init__(self, called: str, least: float, most: float, *, suggest: str = "") -> None:
        self.called, self.least, self.most, self.suggest = called, least, most, suggest

    def holds(self, number: float) -> bool:
        """Whether it may stand there."""
        return self.least <= number <= self.most

    def complaint(self, value: Any, *, is_number: bool) -> str:
        """About a value that may not."""
        wanted = f"{self.least:g} to {self.most:g}" if is_number and math.isfinite(self.most) else "a number"
        return f"{self.called} is {shown(value)}, not {wanted}"


def numbers(batch: Batch, names: Sequence[str], span: Span, *, faults: Faults) -> Floats:
    """A number for each row, nan where none stands. Shapes: (rows,). Errors: as for `Faults.note`."""
    values = first_of(batch, names)
    if values is None:
        return np.full(len(batch.rows), np.nan)
    found = _converted(values)
    for place in np.flatnonzero(~((found >= span.least) & (found <= span.most))).tolist():
        value, found[place] = values[place], np.nan
        if is_missing(value):
            continue
        number = _number(value)
        if number is not None and span.holds(number):
            found[place] = number
            continue
        text = span.complaint(value, is_number=number is not None)
        faults.note(batch.rows[place], text, suggest="" if number is None else span.suggest)
    return found


def first_of(batch: Batch, names: Sequence[str]) -> Sequence[Any] | None:
    """Of each row what stands in the first of these columns in which something does. None: the batch has none of them."""
    found = [batch.columns[name] for name in names if name in batch.columns]
    if len(found) < 2:
        return found[0] if found else None
    return [next((value for value in row if not is_missing(value)), None) for row in zip(*found, strict=True)]


def texts(batch: Batch, names: Sequence[str], *, called: str, faults: Faults) -> Sequence[str | None]:
    """A text or None for each row. Errors: as for `Faults.note`, where something else stands."""
    values = first_of(batch, names)
    if values is None:
        return [None] * len(batch.rows)
    if _are_texts(values):
        return values
    return [_text(value, row, called, faults) for row, value in zip(batch.rows, values, strict=True)]


def documents(batch: Batch, names: Sequence[str]) -> Sequence[str | None]:
    """A text or None for each row; JSON of what is no text."""
    values = first_of(batch, names)
    if values is None:
        return [None] * len(batch.rows)
    if _are_texts(values):
        return values
    return [_document(value) for value in values]


def labels(batch: Batch, names: Sequence[str], *, called: str, faults: Faults) -> Sequence[str]:
    """A name for each row, numbers as they are written, empty where none stands. Errors: as for `Faults.note`."""
    values = first_of(batch, names)
    if values is None:
        return [""] * len(batch.rows)
    return [
        value if type(value) is str else _label(value, row, called, faults) for row, value in zip(batch.rows, values, strict=True)
    ]


def truths(batch: Batch, name: str) -> Booleans:
    """Whether the row says so. Shapes: (rows,)."""
    values = batch.columns.get(name)
    if values is None:
        return np.zeros(len(batch.rows), dtype=np.bool_)
    return np.array([value is not None and _number(value) == 1.0 for value in values], dtype=np.bool_)


def is_missing(value: Any) -> bool:
    """Some libraries write "not a number" where nothing is known."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def shown(value: Any) -> str:
    """As in JSON; not all of it where it is long."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN_CHARS else f"{text[:MOST_SHOWN_CHARS]}…"


def _are_texts(values: Sequence[Any]) -> bool:
    return all(value is None or type(value) is str for value in values)


def _converted(values: Sequence[Any]) -> Floats:
    """As numbers, all at once; nan where that does not go, so that they are looked at one by one."""
    try:
        found = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.full(len(values), np.nan)
    return found if found.ndim == 1 else np.full(len(values), np.nan)


def _number(value: Any) -> float | None:
    try:
        return float(TRUTHS.get(value.lower(), value) if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None


def _text(value: Any, row: int, called: str, faults: Faults) -> str | None:
    if not isinstance(value, str) and not is_missing(value):
        faults.note(row, f"{called} is {shown(value)}, not text")
    return value if isinstance(value, str) else None


def _document(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return None if is_missing(value) else json.dumps(value, default=str)


def _label(value: Any, row: int, called: str, faults: Faults) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)  # a column of numbers with a gap comes as floats
    faults.note(row, f"{called} is {shown(value)}, not a name")
    return ""
