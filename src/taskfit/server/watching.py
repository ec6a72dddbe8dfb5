"""Which of the files that a configuration is made of have changed: the file itself, and what was fitted or written beside it.

A look is a stat of each file, and reads none. What is written in pieces, as a folder is that is copied file by file, is
waited for until two looks say the same.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from taskfit.artefacts.router import MANIFEST, PARTS
from taskfit.config import Config

Stamp: TypeAlias = tuple[int, int, int] | None
"""Time of the last change, size and number of a file; None where there is none."""

SETTLE_S = 0.2
MOST_LOOKS = 50


def stamps_of(config: Config, also: Iterable[str] = ()) -> dict[str, Stamp]:
    """What a look at each of its files, and at others, says now."""
    return {file: _stamp(file) for file in (*_files_of(config), *also)}


def changed(seen: Mapping[str, Stamp], now: Mapping[str, Stamp]) -> tuple[str, ...]:
    """The files that are other ones than they were."""
    return tuple([file for file, stamp in now.items() if file not in seen or seen[file] != stamp])


async def settled(look: Callable[[], Mapping[str, Stamp]], *, every_s: float = SETTLE_S) -> Mapping[str, Stamp]:
    """What a look says as soon as the next one says the same; after MOST_LOOKS the last of them."""
    now = look()
    for _ in range(MOST_LOOKS):
        await asyncio.sleep(every_s)
        before, now = now, look()
        if now == before:
            break
    return now


def _files_of(config: Config) -> Iterator[str]:
    if config.file is not None:
        yield config.file
    for files in config.files.values():
        yield from (file for file in (files.template, files.calibration, files.bar, *files.checks) if file is not None)
    if config.router is not None and isinstance(folder := config.router.settings.get("folder"), str):
        yield from (str(Path(folder) / name) for name in (MANIFEST, *PARTS))
    if isinstance(weights := config.profiler.settings.get("weights"), str):
        yield weights


def _stamp(file: str) -> Stamp:
    try:
        status = Path(file).stat()
    except (OSError, ValueError):  # also a name that no file can have
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
