"""Where the walk's time comes from."""

import time as _time
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

    monotonic = staticmethod(_time.monotonic)
    time = staticmethod(_time.time)
