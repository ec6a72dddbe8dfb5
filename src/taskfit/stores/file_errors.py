"""What went wrong with a file, in an operator's words: where, what, what to do.

Reads errno, never the text of an error.
"""

import errno
from typing import TypeAlias

from taskfit.errors import StoreUnavailable

Trouble: TypeAlias = tuple[str, str]
"""What it is, and what to do."""

CALLER_TEXT = "The store is not available at the moment."

FULL = (
    "the disk is full, or the file has reached its size limit",
    "free some space, or delete old records with `taskfit records prune`")
READ_ONLY = (
    "it may not be written",
    "let the user that runs taskfit write to the file and to its directory, and check how the disk is mounted")
DIRECTORY = "it is a directory", "name a file"
NO_DIRECTORY = "its directory does not exist", "create the directory, or correct `store:`"
BROKEN_DISK = "reading or writing the file failed", "check the disk and its quota, and the system's log"

_BY_ERRNO: dict[int, Trouble] = {
    errno.ENOENT: NO_DIRECTORY,
    errno.ENOTDIR: ("a part of its path is not a directory", "correct `store:`"),
    errno.EISDIR: DIRECTORY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EROFS: READ_ONLY,
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EIO: BROKEN_DISK,
}


def unavailable(where: str, what: str, remedy: str, *, detail: str = "") -> StoreUnavailable:
    """The one form of the text."""
    return StoreUnavailable(CALLER_TEXT, operator_text=f"{where}: {what}{f' ({detail})' if detail else ''}. Try: {remedy}.")


def explain_file_error(error: OSError, *, where: str) -> StoreUnavailable:
    """The error as one that an operator can act on."""
    what, remedy = _BY_ERRNO.get(error.errno or 0, BROKEN_DISK)
    return unavailable(where, what, remedy, detail=error.strerror or type(error).__name__)
