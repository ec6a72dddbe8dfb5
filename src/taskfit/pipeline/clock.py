"""Where the walk's time comes from."""

from time import monotonic as _monotonic
from time import time as _time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that people read, and one that only moves forward. Units: seconds."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; for every interval."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return _time()

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return _monotonic()
