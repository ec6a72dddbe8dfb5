"""Log lines on standard error: an event's name and its fields, as `event key=value` or as JSON, one line each.

Knows no event. What a field holds can neither break the line nor move a terminal's cursor.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, TypeAlias

Form: TypeAlias = Literal["text", "json"]

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
OWN_COUNT = len(vars(logging.makeLogRecord({})))
PLAIN = re.compile(r"[A-Za-z0-9_./:@%+-]+").fullmatch


def log_to_stderr(form: Form, level: str) -> None:
    """Send taskfit's log, and other libraries' warnings, to standard error."""
    # Nothing here writes them, and asking for them costs a fifth of a line (see "Optimization" in the documents of logging).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  # documented there, in spite of its name
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[out], force=True)
    logging.getLogger("taskfit").setLevel(level.upper())
    # uvicorn's errors are about clients that break the protocol; ours say the rest.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


class TextLines(logging.Formatter):
    """`2026-11-22T10:00:00.123Z INFO request record=rec-… status=200`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = " ".join([f"{key}={_value(value)}" for key, value in _fields(record).items()])
        event = record.getMessage()
        event = event if event.isprintable() else _value(event)
        return f"{_time(record)} {record.levelname} {event} {fields}".rstrip()


class JsonLines(logging.Formatter):
    """One JSON object for each line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        head = {"at": _time(record), "level": record.levelname, "event": record.getMessage()}
        return json.dumps(head | _fields(record), default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    more = islice(vars(record).items(), OWN_COUNT, None)   # what was logged beside the message comes after logging's own
    fields = {key: value for key, value in more if value is not None and key not in STANDARD}
    if record.exc_info and record.exc_info[0] is not None:
        fields["trace"] = "".join(traceback.format_exception(*record.exc_info))
    return fields


def _time(record: logging.LogRecord) -> str:
    return f"{_second(int(record.created))}.{int(record.msecs):03d}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return str(value) if isinstance(value, (int, float)) else _quoted(str(value))


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    """Names of tasks, models and keys come with every line."""
    return text if PLAIN(text) else json.dumps(text)
