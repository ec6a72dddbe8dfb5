"""What went wrong with a SQLite file, in an operator's words: where, what, what to do.

Reads result codes, never the text of an error. Source: https://www.sqlite.org/rescode.html
"""

import sqlite3

from sqlalchemy.exc import DBAPIError

from taskfit.errors import InternalError, TaskfitError
from taskfit.stores.file_errors import BROKEN_DISK, FULL, READ_ONLY, Trouble, explain_file_error, unavailable

_BY_CODE: dict[int, Trouble] = {
    sqlite3.SQLITE_BUSY: (
        "it was locked by another process for too long",
        "end what holds it (a backup, a database browser, a long transaction); taskfit keeps trying"),
    sqlite3.SQLITE_LOCKED: ("a table of it is locked", "end what holds it; taskfit keeps trying"),
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "check that its directory exists and that the user that runs taskfit may write there"),
    sqlite3.SQLITE_NOTADB: ("it is not a SQLite database", "name another file, or move this one away"),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "move it away and restore a backup, or save what can be read with `sqlite3 FILE .recover`"),
    sqlite3.SQLITE_IOERR: BROKEN_DISK,
    sqlite3.SQLITE_NOMEM: ("there is no memory left", "give the process more memory"),
}
_FAULTS_OF_A_ROW = (sqlite3.IntegrityError, sqlite3.DataError)


def explain(error: Exception, *, where: str) -> TaskfitError:
    """StoreUnavailable, or InternalError where not the store but the row was at fault."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, _FAULTS_OF_A_ROW):
        return InternalError("A row cannot be stored.", operator_text=f"{where}: a row cannot be stored: {cause}")
    if isinstance(cause, OSError):
        return explain_file_error(cause, where=where)
    # The low byte is the primary code; the rest says which call failed.
    code = getattr(cause, "sqlite_errorcode", None)
    what, remedy = _BY_CODE.get((code or 0) & 0xFF, ("SQLite reported an error", "see the detail"))
    return unavailable(where, what, remedy, detail=": ".join(filter(None, (getattr(cause, "sqlite_errorname", ""), str(cause)))))
