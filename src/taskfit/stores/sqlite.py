"""The store in one SQLite file: no server, several processes.

Durability: WAL with synchronous=NORMAL. What `append` has returned from survives the death of the process; a power
failure may lose the last commits before it, and never damages the file. Knows nothing of queues: see pipeline/outbox.py.

Privacy: records and keys hold no text of a conversation; kept responses do, as they are. Who can read the file can read them.
A deleted one is overwritten in the file; in the WAL and in backups it may live on until they are.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from sqlalchemy import Connection, Engine, Select, StaticPool, Table, create_engine, delete
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from taskfit.errors import ConfigurationError
from taskfit.protocols import Key, RecordQuery
from taskfit.stores import rows
from taskfit.stores.file_errors import unavailable
from taskfit.stores.migrate import bring_up_to_date, revision_of
from taskfit.stores.schema import HEAD, keys, records, responses
from taskfit.stores.sqlite_errors import explain
from taskfit.values.kept import KeptResponse
from taskfit.values.record import Record

MEMORY = ":memory:"
BUSY_TIMEOUT_S = 2.0
WAL_PAGES = 4_000
"""Pages of 4 KiB that the WAL gathers before they are moved into the file: with the default of 1,000, one batch in ten
pays for an fsync."""
WAL_LIMIT_BYTES = 64 * 1024 * 1024
PRUNE_CHUNK = 5_000
"""Records that one transaction deletes, so that other processes can write in between."""
PRUNE_RESPONSES_CHUNK = 100
"""The same for kept responses, which can have megabytes each."""


class SqliteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the file is: `sqlite:taskfit.db`, `sqlite:/var/lib/taskfit/taskfit.db`, or `sqlite::memory:` for tests."""

    url: str


class SqliteStore:
    """A Store in a file. Any thread may use it; calls are served one after the other."""

    Settings: ClassVar[type[msgspec.Struct]] = SqliteSettings

    def __init__(self, name: str, settings: SqliteSettings) -> None:
        self.name = name
        self._path = path_of(settings.url)
        self._where = f"store {self._path}"
        self._lock = threading.Lock()
        self._is_open = False
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None
        self._insert_texts: dict[int, str] = {}

    async def open(self) -> None:
        """Create or open the file and bring its schema up to date. Errors: StoreUnavailable."""
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        """Release the file; the last process that does also empties the WAL into it."""
        await asyncio.to_thread(self._close)

    def append(self, records: Sequence[Record]) -> None:
        """All of them in one transaction, or none; a known id changes nothing.

        Errors: StoreUnavailable; ValueError or InternalError when one of the records cannot be stored at all.
        """
        batch = rows.record_rows(records)
        if not batch:
            return
        with self._begin() as connection:
            for group in rows.groups(batch):
                connection.exec_driver_sql(self._insert_of(len(group)), tuple(chain.from_iterable(group)))

    def find(self, query: RecordQuery) -> tuple[Record, ...]:
        """Records that match, newest first."""
        with self._begin() as connection:
            return rows.readable_records(connection.execute(rows.select_records(query)))

    def get(self, record_id: str) -> Record | None:
        """One record."""
        with self._begin() as connection:
            found = rows.readable_records(connection.execute(rows.select_record(record_id)))
        return found[0] if found else None

    def prune(self, *, before: float) -> int:
        """Delete older records and kept responses; how many records. The file keeps its size, its free pages are used again."""
        self._delete_in_chunks(responses, rows.select_old_responses(before, PRUNE_RESPONSES_CHUNK), PRUNE_RESPONSES_CHUNK)
        return self._delete_in_chunks(records, rows.select_old_ids(before, PRUNE_CHUNK), PRUNE_CHUNK)

    def keep_response(self, response: KeptResponse) -> bool:
        """Keep a response; a known id changes nothing and is told."""
        with self._begin() as connection:
            kept = insert(responses).values(rows.response_row(response))
            return connection.execute(kept.on_conflict_do_nothing(index_elements=[responses.c.id])).rowcount > 0

    def get_response(self, response_id: str) -> KeptResponse | None:
        """One kept response."""
        with self._begin() as connection:
            row = connection.execute(rows.select_response(response_id)).one_or_none()
        return None if row is None else rows.response_of_row(row)

    def delete_response(self, response_id: str) -> bool:
        """Whether there was such a response. Its text is overwritten."""
        with self._begin() as connection, _wiping(connection):
            return connection.execute(delete(responses).where(responses.c.id == response_id)).rowcount > 0

    def keys(self) -> tuple[Key, ...]:
        """All keys, oldest first."""
        with self._begin() as connection:
            return rows.keys_of_rows(connection.execute(rows.select_keys()).all())

    def add_key(self, key: Key) -> None:
        """Keep a key; a known digest changes nothing."""
        with self._begin() as connection:
            connection.execute(insert(keys).values(rows.key_row(key)).on_conflict_do_nothing(index_elements=[keys.c.digest]))

    def revoke_key(self, key_id: str, *, at: float) -> bool:
        """Whether there was such a key. A revoked key stays revoked since the first time."""
        with self._begin() as connection:
            return connection.execute(rows.revoke_statement(), {"key_id": key_id, "revoked": at}).rowcount > 0

    def _delete_in_chunks(self, table: Table, old: Select[Any], limit: int) -> int:
        """Delete the rows whose ids `old` selects, at most `limit` of them at once, until none is left; how many."""
        deleted = 0
        while True:
            with self._begin() as connection, _wiping(connection):
                chunk = connection.execute(delete(table).where(table.c.id.in_(old))).rowcount
            deleted += chunk
            if chunk < limit:
                return deleted

    def _open(self) -> None:
        with self._lock, self._explained():
            self._is_open = True
            self._connected()

    def _close(self) -> None:
        with self._lock:
            self._is_open = False
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                self._disconnect()

    @contextlib.contextmanager
    def _begin(self) -> Iterator[Connection]:
        """A transaction; it takes the write lock with its first change, not before."""
        with self._lock, self._explained():
            if not self._is_open:
                raise unavailable(self._where, "it is not open", "open the store before its first use")
            with self._connected().begin() as connection:
                yield connection

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise explain(error, where=self._where) from error

    def _connected(self) -> Engine:
        """The engine, made anew after the file was taken away."""
        if self._engine is not None:
            self._refuse_a_moved_file()
            return self._engine
        self._create_file()
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=StaticPool, hide_parameters=True)
        try:
            self._prepare(self._engine)
        except BaseException:
            self._disconnect()
            raise
        self._file = self._identity()
        return self._engine

    def _create_file(self) -> None:
        """So that a new file is private from its first moment; SQLite gives its WAL the same mode."""
        if self._path != MEMORY:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level="IMMEDIATE", check_same_thread=False)
        try:
            if self._path != MEMORY and _has_entered_wal(connection):
                connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, engine: Engine) -> None:
        with engine.begin() as connection:
            if revision_of(connection) != HEAD:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                bring_up_to_date(connection, where=self._where)

    def _insert_of(self, count: int) -> str:
        """The INSERT of so many rows.

        One statement for many rows, not one many times: Python's driver gives the interpreter lock away for each statement,
        and while requests keep the event loop busy it takes a change of thread to get it back.
        """
        text = self._insert_texts.get(count)
        if text is None:
            values = ", ".join([f"({', '.join('?' * len(records.c))})"] * count)
            columns = ", ".join(column.name for column in records.c)
            text = f"INSERT INTO {records.name} ({columns}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608  # names of our own
            self._insert_texts[count] = text
        return text

    def _disconnect(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _identity(self) -> tuple[int, int] | None:
        if self._path == MEMORY:
            return None
        found = Path(self._path).stat()
        return found.st_dev, found.st_ino

    def _refuse_a_moved_file(self) -> None:
        """Writing on into a deleted file would lose everything without an error."""
        try:
            if self._identity() == self._file:
                return
        except FileNotFoundError:
            pass
        self._disconnect()
        raise unavailable(self._where, "the file was moved or deleted while it was open", "nothing: the next try makes a new one")


@contextlib.contextmanager
def _wiping(connection: Connection) -> Iterator[None]:
    """What is deleted is overwritten, too. Not always on, because every page that an insertion splits would be wiped as well."""
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")


def _has_entered_wal(connection: sqlite3.Connection) -> bool:
    """False on a file system that cannot share memory; SQLite then keeps to its rollback journal."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",))
        except sqlite3.OperationalError as error:
            # Two processes that open a new file at once: SQLite does not apply its own timeout to this change.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def path_of(url: str) -> str:
    """The absolute path that a `sqlite:` address means, or `:memory:`.

    Errors: ConfigurationError.
    """
    scheme, _, path = url.partition(":")
    if scheme != "sqlite" or not path or path.startswith("//") or "\0" in path:
        raise ConfigurationError(
            f"store\n  found   {url!r}\n  wanted  sqlite:FILE, with a relative or an absolute path\n  try     sqlite:taskfit.db")
    return path if path == MEMORY else str(Path(path).expanduser().absolute())
