"""A bar on a terminal for long work of known length. Says nothing where nobody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown_progress(what: str) -> Iterator[Callable[[str, float], None]]:
    """A function that takes what is being done and the share of the work that is done, 0 to 1."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda doing, share: progress.update(task, description=f"{what}: {doing}", completed=share)


def _silent(doing: str, share: float) -> None:
    pass
