"""Files that were fitted: a small one read whole, and one that appears whole or not at all. Knows nothing of what is in them."""

import os
from errno import EISDIR
from pathlib import Path

from taskfit.errors import ConfigurationError


def read_small(path: str | Path, *, most_bytes: int, wanted: str) -> bytes:
    """Its bytes. Errors: ConfigurationError where it cannot be read or is larger; `wanted` says what it should have been."""
    try:
        with Path(path).open("rb") as file:
            body = file.read(most_bytes + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}\n  wanted  {wanted}") from error
    if len(body) > most_bytes:
        raise ConfigurationError(f"{path}: is larger than {most_bytes:,} bytes\n  wanted  {wanted}")
    return body


def beside(file: Path) -> Path:
    """Where a file is written before it is whole. Errors: OSError for what can only be a folder."""
    if not file.name:
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(file))
    return file.with_name(f".{file.name}.{os.getpid()}")


def replace_whole(file: Path, body: bytes) -> None:
    """Put a file in the place of what is there, so that a reader finds the old one or the new one. Errors: OSError."""
    unfinished = beside(file)
    try:
        unfinished.write_bytes(body)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
