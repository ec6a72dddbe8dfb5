"""Records that no store would take, kept as JSON lines until the next start.

The last resort at a stop while the store fails. Knows no store: `restore` is given one.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from taskfit.protocols import Store
from taskfit.stores.file_errors import explain_file_error
from taskfit.values.record import Record

logger = logging.getLogger("taskfit.store")

BATCH = 500

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def spill(records: Sequence[Record], path: Path) -> int:
    """Add records to the file and wait until they are on the disk; how many. A new file is private.

    A record that JSON cannot carry is left out and logged. Errors: StoreUnavailable when the file cannot be written.
    """
    lines = tuple(_lines(records))
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "ab") as file:
            # After a torn write the first of our lines must not become a part of it.
            file.write(b"".join((b"\n", *lines)) if file.tell() else b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(path.parent)
    except OSError as error:
        raise explain_file_error(error, where=f"spill file {path}") from error
    return len(lines)


def load_spilled(path: Path) -> tuple[Record, ...]:
    """What `spill` has kept; empty without a file. Lines that are no record are left out and logged.

    Errors: StoreUnavailable when the file cannot be read.
    """
    return _read(path)[0]


def restore(store: Store, path: Path) -> int:
    """Append what was spilled to an open store, then remove the file; how many records.

    A file with unreadable lines is kept beside, as `PATH.unreadable`. Errors: StoreUnavailable; the file then stays.
    """
    records, unreadable = _read(path)
    for start in range(0, len(records), BATCH):
        store.append(records[start : start + BATCH])
    try:
        if unreadable:
            path.replace(path.with_name(path.name + ".unreadable"))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise explain_file_error(error, where=f"spill file {path}") from error
    if records:
        logger.info("records_restored", extra={"records": len(records), "path": str(path)})
    return len(records)


def _lines(records: Iterable[Record]) -> Iterator[bytes]:
    for record in records:
        try:
            yield _encode(record) + b"\n"
        except ValueError as error:
            logger.error("record_lost", extra={"record": record.id, "error": str(error)})


def _read(path: Path) -> tuple[tuple[Record, ...], int]:
    """Records, and how many lines were none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return (), 0
    except OSError as error:
        raise explain_file_error(error, where=f"spill file {path}") from error
    records, unreadable = [], 0
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            records.append(_decode(line))
        except (msgspec.DecodeError, UnicodeError) as error:
            unreadable += 1
            place = {"path": str(path), "line": number, "error": str(error)}
            logger.error("spilled_record_unreadable", extra=place)
    return tuple(records), unreadable


def _sync_directory(path: Path) -> None:
    """So that a new file is still there after a power failure."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
