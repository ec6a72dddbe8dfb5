"""A gateway in a thread of its own, on a configuration file, so that whoever speaks to it does so over a real socket.

Knows nothing of what the models behind it say.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

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
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it listens, without a path: `http://127.0.0.1:PORT`."""
        return self._url

    def start(self) -> None:
        """Serve; returns once it does. Errors: ConfigurationError, StoreUnavailable."""
        started: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="demo-gateway", daemon=True)
        self._thread.start()
        try:
            self._url = started.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End requests under way, write the records that wait, and end the thread. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._stop is not None and thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                pass  # the loop has just ended by itself
        thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _run(self, started: "Future[str]") -> None:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: "Future[str]") -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await serve(
                read_configuration(str(self.file), {}),
                environ={},
                reread=lambda: read_configuration(str(self.file), {}),
                on_start=lambda up: started.set_result(up.url),
                stop=self._stop,
            )
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where there is one, as in production; None for the standard one."""
    try:
        import uvloop
    except ImportError:   # not on Windows
        return None
    return uvloop.new_event_loop


@contextmanager
def house_with(configuration: str) -> Iterator[GatewayThread]:
    """A gateway on this configuration, in a temporary folder that goes with it. `{folder}` in the text stands for that folder."""
    with TemporaryDirectory(prefix="taskfit-demo-") as folder:
        file = Path(folder) / FILE
        file.write_text(configuration.replace("{folder}", folder), encoding="utf-8")
        with GatewayThread(file) as gateway:
            yield gateway


def choose_port(wanted: int) -> int:
    """`wanted` where it is free, else one that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise OSError("no port is free")
