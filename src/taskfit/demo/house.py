"""A gateway in a thread of its own, on a configuration file, so that whoever speaks to it does so over a real socket.

Knows nothing of what the models behind it say.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from taskfit.assembly import read_configuration
from taskfit.server.serving import serve

LOOPBACK = "127.0.0.1"
FILE = "taskfit.yaml"


class GatewayThread:
    """A running gateway. Use it in `with`; what keeps it from starting is raised there.

    The file is read again whenever it changes, as `taskfit serve` does.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="demo-gateway")
        self._started: Future[str] = Future()
        self._ended: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path: `http://127.0.0.1:PORT`."""
        return self._started.result(timeout=0)

    def start(self) -> None:
        """Serve; returns once it does. Errors: ConfigurationError, StoreUnavailable."""
        self._ended = self._thread.submit(self._run)
        try:
            self._settle(self._ended)
        except BaseException:
            self.stop()
            raise
        if not self._started.done():
            self.stop()

    def stop(self) -> None:
        """End requests under way, write the records that wait, and end the thread. A second call does nothing.

        Errors: what ended it before its time.
        """
        ended, self._ended = self._ended, None
        if ended is None:
            return
        self._settle(ended)
        if self._loop is not None and self._stop is not None and not ended.done():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                pass  # the loop has just ended by itself
        self._thread.shutdown()
        ended.result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _settle(self, ended: "Future[None]") -> None:
        """Wait until it serves, or has ended."""
        either: set[Future[Any]] = {self._started, ended}
        wait(either, return_when=FIRST_COMPLETED)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await serve(
            read_configuration(str(self.file), {}),
            environ={},
            reread=lambda: read_configuration(str(self.file), {}),
            on_start=lambda up: self._started.set_result(up.url),
            stop=self._stop,
        )


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where there is one, as in production; None for the standard one."""
    try:
        import uvloop
    except ImportError:   # not on Windows
        return None
    return uvloop.new_event_loop


@contextmanager
def house_with(configuration: str, files: Mapping[str, str] | None = None) -> Iterator[GatewayThread]:
    """A gateway on this configuration, in a temporary folder that goes with it. `{folder}` in the text stands for that folder;
    `files` are further files there, by their names."""
    with TemporaryDirectory(prefix="taskfit-demo-") as folder:
        file = Path(folder) / FILE
        for name, text in (files or {}).items():
            (file.parent / name).write_text(text, encoding="utf-8")
        file.write_text(configuration.replace("{folder}", folder), encoding="utf-8")
        with GatewayThread(file) as gateway:
            yield gateway


def choose_port(wanted: int) -> int:
    """`wanted` where it is free, else 0, with which a listener takes any that is."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
            probe.listen()
        except OSError:
            return 0
    return wanted
