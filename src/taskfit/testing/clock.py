"""A clock that is moved by hand. Knows nothing of event loops: whatever reads a clock can be given this one."""


class Clock:
    """`time()` counts seconds since the epoch, `monotonic()` seconds since the clock was made; both move together."""

    def __init__(self, now_s: float = 1_767_225_600.0) -> None:
        self._epoch_s = now_s
        self._elapsed_s = 0.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._epoch_s + self._elapsed_s

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        if seconds < 0:
            raise ValueError(f"a clock moves forward only, not by {seconds} s")
        self._elapsed_s += seconds

    def set_time(self, now_s: float) -> None:
        """Jump the wall clock, also backwards, as a correction of the system's time does; `monotonic()` stays."""
        self._epoch_s = now_s - self._elapsed_s
