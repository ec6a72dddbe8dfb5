"""Names to addresses, in threads that nobody has to wait for.

The event loop's own resolver shares its few threads with the calls of models; a stranger's name server that does not answer would
hold them all, and hold up the end of the process besides. So strangers have places of their own, and no host has many of them.
Knows nothing of what may be reached.
"""

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Final

from taskfit.errors import Overloaded, Unreachable

MAX_LOOKUPS: Final = 8
MAX_LOOKUPS_PER_HOST: Final = 2
"""At once, those included that nobody waits for any more."""


class Lookups:
    """Places for look-ups of names: `most` at once, at most `most_per_host` for one host."""

    def __init__(self, most: int = MAX_LOOKUPS, most_per_host: int = MAX_LOOKUPS_PER_HOST) -> None:
        self._most = most
        self._most_per_host = most_per_host
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    async def look_up(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, as the system resolves them. Bounded by nothing: its caller sets the time.

        Errors: Unreachable when there are none; Overloaded when no place is free, and nothing was tried.
        """
        self._enter(host)
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()
        try:
            threading.Thread(target=self._resolve, args=(host, port, loop, found), name="taskfit-lookup", daemon=True).start()
        except BaseException:
            self._leave(host)
            raise
        return await found

    def _enter(self, host: str) -> None:
        """Errors: Overloaded."""
        with self._lock:
            if self._under_way.total() >= self._most:
                raise Overloaded(f"{host}: {self._most} other names are being resolved, and none of them answers")
            if self._under_way[host] >= self._most_per_host:
                raise Overloaded(f"{host}: the name is being resolved {self._most_per_host} times already, without an answer")
            self._under_way[host] += 1

    def _leave(self, host: str) -> None:
        with self._lock:
            self._under_way[host] -= 1
            if not self._under_way[host]:
                del self._under_way[host]

    def _resolve(self, host: str, port: int, loop: asyncio.AbstractEventLoop, found: "asyncio.Future[Sequence[str]]") -> None:
        addresses: list[str] = []
        reason: Exception | None = None
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = [str(row[4][0]) for row in rows]
        except (OSError, UnicodeError) as error:
            reason = error
        finally:
            self._leave(host)
        with contextlib.suppress(RuntimeError):   # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell, host, addresses, reason, found)


look_up: Final = Lookups().look_up
"""In the places of the names that the operator gave."""
look_up_for_strangers: Final = Lookups().look_up
"""In those of the names that callers gave: where all of these are slow, they hold up each other."""


def _tell(host: str, addresses: Sequence[str], reason: Exception | None, found: "asyncio.Future[Sequence[str]]") -> None:
    if found.done():
        return
    if reason is None:
        found.set_result(addresses)
        return
    failure = Unreachable(f"{host}: the name cannot be resolved: {reason}")
    failure.__cause__ = reason
    found.set_exception(failure)
