"""`taskfit.blocking`: the gateway without async. An event loop runs in a thread of its own; calls wait for it.

Any number of threads may use one gateway at the same time. Knows nothing of requests: it hands on what `Gateway` takes and gives.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import aclosing, contextmanager
from threading import get_ident
from typing import Any, TypeVar

from taskfit.opening import open as opened
from taskfit.pipeline.gateway import Answered, Explained, Gateway, Messages
from taskfit.values.answer import Delta

T = TypeVar("T")

AHEAD = 64
"""Deltas that a stream may be ahead of whoever reads it."""


@contextmanager
def open(file: str | None = None) -> Generator["BlockingGateway", None, None]:  # noqa: A001  # the public name
    """A running gateway, as `taskfit.open` gives it, for code without async.

    At the end, calls that are still waiting are cancelled, and every record is written.
    Errors: ConfigurationError, with every complaint; StoreUnavailable.
    """
    is_open: Future[BlockingGateway] = Future()
    with ThreadPoolExecutor(1, thread_name_prefix="taskfit-blocking") as thread:
        ended = thread.submit(lambda: asyncio.run(_live(file, is_open)))
        either: tuple[Future[Any], ...] = (is_open, ended)
        wait(either, return_when=FIRST_COMPLETED)
        if not is_open.done():
            ended.result()
        gateway = is_open.result()
        try:
            yield gateway
        finally:
            gateway.leave()
            ended.result()


async def _live(file: str | None, is_open: "Future[BlockingGateway]") -> None:
    async with opened(file) as gateway:
        blocking = BlockingGateway(gateway, asyncio.get_running_loop())
        is_open.set_result(blocking)
        await blocking.stay()


class BlockingGateway:
    """What `Gateway` offers, as plain functions. Made by `open`, and usable until its `with` block ends."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the loop's thread."""
        self._gateway = gateway
        self._loop = loop
        self._thread = get_ident()
        self._is_leaving = asyncio.Event()
        self._calls: set[asyncio.Task[Any]] = set()

    def answer(self, messages: Messages, *, model: str = "auto", **more: Any) -> Answered:
        """One whole answer. Arguments and errors as for `Gateway.answer`."""
        return self._call(lambda: self._gateway.answer(messages, model=model, **more))

    def stream(self, messages: Messages, *, model: str = "auto", **more: Any) -> Generator[Delta, None, None]:
        """One answer as Deltas. Leaving the loop early, or `close()`, ends the call to the model.

        Arguments and errors as for `Gateway.stream`.
        """
        flow = _Flow()
        self._call(lambda: self._begin(flow, lambda: self._gateway.stream(messages, model=model, **more)))
        try:
            while deltas := self._call(flow.take):
                yield from deltas
        finally:
            self._end(flow)

    def explain(self, messages: Messages, *, model: str = "auto", **more: Any) -> Explained:
        """What would be tried and why, without calling a model. Leaves no record."""

        async def explained() -> Explained:
            return self._gateway.explain(messages, model=model, **more)

        return self._call(explained)

    def leave(self) -> None:
        """Ask the gateway's thread to end; the `with` block does."""
        self._loop.call_soon_threadsafe(self._is_leaving.set)

    async def stay(self) -> None:
        """Until `leave`; then end what is still going on, while its record can be kept. Runs in the gateway's loop."""
        await self._is_leaving.wait()
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def _start(self, call: Callable[[], Coroutine[Any, Any, T]]) -> "Future[T]":
        """Errors: RuntimeError after the end of the `with` block."""
        if self._is_leaving.is_set():
            raise RuntimeError("this gateway is closed: use it inside its `with` block")
        return asyncio.run_coroutine_threadsafe(self._noted(call), self._loop)

    def _call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for it; whatever interrupts the waiting also ends the call."""
        future = self._start(call)
        try:
            return future.result()
        finally:
            future.cancel()

    async def _begin(self, flow: "_Flow", stream: Callable[[], AsyncGenerator[Delta, None]]) -> None:
        flow.task = asyncio.create_task(self._noted(lambda: flow.fill(stream())))

    def _end(self, flow: "_Flow") -> None:
        """End the walk and wait for its record. The collector may drop a stream in the loop's own thread, which cannot wait."""
        if self._is_leaving.is_set():
            return
        if get_ident() == self._thread:
            flow.cancel()
        else:
            self._call(flow.end)

    async def _noted(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            return await call()
        finally:
            self._calls.discard(task)


class _Flow:
    """Deltas on their way from a walk, which stays in one task, to a thread that takes them when it likes.

    Everything here runs in the gateway's loop.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self._deltas: list[Delta] = []
        self._is_over = False
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()

    async def fill(self, stream: AsyncGenerator[Delta, None]) -> None:
        """Take everything from the stream, at most `AHEAD` deltas before they are wanted. Errors: the stream's."""
        try:
            async with aclosing(stream):
                async for delta in stream:
                    self._deltas.append(delta)
                    self._has_news.set()
                    if len(self._deltas) >= AHEAD:
                        self._has_room.clear()
                        await self._has_room.wait()
        finally:
            self._is_over = True
            self._has_news.set()

    async def take(self) -> list[Delta]:
        """What has come since, at least one delta; none at the end. Errors: the stream's, after its last delta."""
        assert self.task is not None
        await self._has_news.wait()
        taken, self._deltas = self._deltas, []
        if taken:
            self._has_room.set()
            if not self._is_over:
                self._has_news.clear()
            return taken
        await self.task
        return []

    def cancel(self) -> None:
        """End the walk, if it has not ended."""
        if self.task is not None:
            self.task.cancel()

    async def end(self) -> None:
        """The same, and wait until it has left its record."""
        self.cancel()
        if self.task is not None:
            await asyncio.gather(self.task, return_exceptions=True)
