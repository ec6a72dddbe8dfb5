"""One SQLite file: opened, private, brought up to date, used by one transaction at a time, and missed when it is taken away.

Knows no rows. What goes wrong comes out as StoreUnavailable in an operator's words, or as InternalError where a row is at fault.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, StaticPool, Table, create_engine, delete
from sqlalchemy.exc import SQLAlchemyError

from taskfit.errors import ConfigurationError
from taskfit.stores.file_errors import unavailable
from taskfit.stores.migrate import bring_up_to_date, revision_of
from taskfit.stores.schema import HEAD
from taskfit.stores.sqlite_errors import explain

MEMORY = ":memory:"
BUSY_TIMEOUT_S = 2.0
WAL_PAGES = 4_000
"""Pages of 4 KiB that the WAL gathers before they are moved into the file: with the default of 1,000, one batch in ten
pays for an fsync."""
WAL_LIMIT_BYTES = 64 * 1024 * 1024


class SqliteFile:
    """A database in a file, or in memory. Any thread may use it; transactions are served one after the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._where = f"store {path}"
        self._lock = threading.Lock()
        self._is_open = False
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None

    def open(self) -> None:
        """Create or open the file and bring its schema up to date. Errors: StoreUnavailable."""
        with self._lock, self._explained():
            self._is_open = True
            self._connected()

    def close(self) -> None:
        """Release the file; the last process that does also empties the WAL into it."""
        with self._lock:
            self._is_open = False
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                self._disconnect()

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction; it takes the write lock with its first change, not before."""
        with self._lock, self._explained():
            if not self._is_open:
                raise unavailable(self._where, "it is not open", "open the store before its first use")
            with self._connected().begin() as connection:
                yield connection

    def delete_in_chunks(self, table: Table, old: Select[Any], limit: int) -> int:
        """Delete the rows whose ids `old` selects, at most `limit` of them at once, until none is left; how many.

        Other processes can write in between. What is deleted is overwritten.
        """
        deleted = 0
        while True:
            with self.begin() as connection, wiping(connection):
                chunk = connection.execute(delete(table).where(table.c.id.in_(old))).rowcount
            deleted += chunk
            if chunk < limit:
                return deleted

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
            connection.execute("PRAGMA secure_delete = OFF")  # some builds have it on; `wiping` turns it on where it is wanted
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, engine: Engine) -> None:
        with engine.begin() as connection:
            if revision_of(connection) != HEAD:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                bring_up_to_date(connection, where=self._where)

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
def wiping(connection: Connection) -> Iterator[None]:
    """What is deleted is overwritten, too. Not always on, because every page that an insertion splits would be wiped as well."""
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")


def path_of(url: str) -> str:
    """The absolute path that a `sqlite:` address means, or `:memory:`.

    Errors: ConfigurationError.
    """
    scheme, _, path = url.partition(":")
    if scheme != "sqlite" or not path or path.startswith("//") or "\0" in path:
        raise ConfigurationError(
            f"store\n  found   {url!r}\n  wanted  sqlite:FILE, with a relative or an absolute path\n  try     sqlite:taskfit.db")
    return path if path == MEMORY else str(Path(path).expanduser().absolute())


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
