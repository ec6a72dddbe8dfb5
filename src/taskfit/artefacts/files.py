"""A small file that was fitted, read whole. Knows nothing of what is in it."""

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
