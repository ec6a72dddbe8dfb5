"""Between the walks and the store: a bounded queue in memory, and the one thread that uses the store.

Records are written in groups: at most `interval_s` (plus the write before) after they came, or as soon as a batch is
full. That interval is the declared window: what a killed process can lose. While the store fails, records wait in order
and are tried again; when the queue is full, `reserve` says so, before a request is admitted. Knows a store only by its
protocol.

`reserve`, `put` and `release` belong to one thread, that of the event loop; each counter has one writer, so none needs a
lock.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from taskfit.errors import StoreUnavailable
from taskfit.protocols import PackingStore, Store
from taskfit.values.record import Record

logger = logging.getLogger("taskfit.store")

T = TypeVar("T")

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0
_NEVER = 1 << 62


class Outbox:
    """A queue of records with a thread that empties it into `store`.

    `on_state` hears every change: the error when the store begins to fail, None when it works again. It is called on
    the store's thread. 512 records make two of the SQL stores' statements, where 500 make six; each costs the
    interpreter's lock (docs/decisions/0006-gathered-writes.md). Units: records; seconds.
    """

    def __init__(
        self,
        store: Store,
        *,
        capacity: int = 10_000,
        interval_s: float = 0.1,
        batch: int = 512,
        clock: Callable[[], float] = time.monotonic,
        on_state: Callable[[StoreUnavailable | None], None] | None = None,
    ) -> None:
        self._pack: Callable[[Record], Any] = store.pack if isinstance(store, PackingStore) else _as_it_is
        self._unpack: Callable[[Any], Record] = store.unpack if isinstance(store, PackingStore) else _as_it_is
        self._append: Callable[[Sequence[Any]], None] = store.append_packed if isinstance(store, PackingStore) else store.append
        self._capacity = capacity
        self._interval_s = interval_s
        self._batch = batch
        self._clock = clock
        self._on_state = on_state
        # Written by the event loop's thread.
        self._reserved = 0
        self._put = 0
        self._unpackable = 0
        # Written by the store's thread.
        self._done = 0
        self._lost = 0
        self._failing: str | None = None
        self._failing_since = 0.0
        self._retry_s = FIRST_RETRY_S
        self._due_at: float | None = None
        # Shared: deques, whose single operations are atomic, an event, and plain flags.
        self._queue: deque[tuple[str, Any]] = deque()  # ids and packed records
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._drains: deque[tuple[int, Future[None]]] = deque()
        self._wake = threading.Event()
        self._wake_at = _NEVER
        self._is_hurried = False
        self._stop_at: float | None = None
        # Taken out of the queue, not yet written; the lock is held while records move between the two.
        self._taken: deque[tuple[str, Any]] = deque()
        self._moving = threading.Lock()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    @property
    def depth(self) -> int:
        """Records that wait to be written."""
        return self._put - self._done

    @property
    def is_full(self) -> bool:
        """Whether no more requests can be admitted."""
        return self._put - self._done + self._reserved >= self._capacity

    @property
    def failing(self) -> str | None:
        """The operator's text of the last failure while it lasts; None when the store works."""
        return self._failing

    @property
    def lost(self) -> int:
        """Records that the store refused for their content; each is logged with its id."""
        return self._lost + self._unpackable

    def start(self) -> None:
        """Start the thread. Records put before are written then."""
        self._thread = threading.Thread(target=self._run, name="taskfit-store", daemon=True)
        self._thread.start()

    def reserve(self) -> bool:
        """A place for one record, before its request is admitted; False when all are taken."""
        if self._put - self._done + self._reserved >= self._capacity:
            return False
        self._reserved += 1
        return True

    def release(self) -> None:
        """Give a reservation back without a record."""
        self._reserved -= 1

    def put(self, record: Record) -> None:
        """Queue the record for which a place was reserved. Never blocks, never fails."""
        if self._is_closed:
            logger.error("record_lost", extra={"record": record.id, "error": "it came after the outbox was closed"})
        self._reserved -= 1
        try:
            self._queue.append((record.id, self._pack(record)))
        except Exception as error:
            self._unpackable += 1
            logger.exception("record_lost", extra={"record": record.id, "error": str(error)})
            return
        self._put += 1
        # The thread names the length at which it wants to be woken, then looks at the queue once more before it sleeps:
        # one of the two sides always sees the other.
        if len(self._queue) >= self._wake_at:
            self._wake_at = _NEVER
            self._wake.set()

    async def call(self, fn: Callable[[], T]) -> T:
        """Run `fn` on the store's thread; its result, or what it raised. It sees what was put before, unless writing fails.

        Errors: StoreUnavailable when the thread is not running.
        """
        future: Future[T] = Future()
        self._calls.append((fn, future))
        self._wake.set()
        if not self._is_running():
            self._refuse_calls()
        return await asyncio.wrap_future(future)

    async def drain(self, *, timeout_s: float) -> int:
        """Wait until everything put so far is written, or time is up; how many of it still wait."""
        target = self._put
        if self._done >= target or not self._is_running():
            return max(target - self._done, 0)
        future: Future[None] = Future()
        self._drains.append((target, future))
        self._is_hurried = True
        self._wake.set()
        await asyncio.wait({asyncio.wrap_future(future)}, timeout=timeout_s)
        future.cancel()
        return max(target - self._done, 0)

    def stop(self, *, timeout_s: float) -> tuple[Record, ...]:
        """Write what is left, trying again until time is up, and end the thread; the records that could not be written.

        A record that the store was just writing may be returned and written all the same; its id keeps it single.
        """
        self._stop_at = self._clock() + timeout_s
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
        with self._moving:
            self._is_closed = True
            left = (*self._taken, *_emptied(self._queue))
        self._refuse_calls()
        return tuple(self._unpacked(left))

    def _unpacked(self, left: Iterable[tuple[str, Any]]) -> Iterator[Record]:
        for record_id, packed in left:
            try:
                yield self._unpack(packed)
            except Exception as error:  # of one record: the others are to be kept
                logger.exception("record_lost", extra={"record": record_id, "error": str(error)})

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and self._stop_at is None

    def _run(self) -> None:
        while self._stop_at is None:
            # Cleared before looking: what comes after the look wakes the wait.
            self._wake.clear()
            self._serve_calls()
            wait_s = self._wait_s()
            if wait_s is not None and wait_s <= 0:
                self._write_queued()
            elif self._stop_at is None:
                self._wake.wait(wait_s)
        self._serve_calls()
        self._finish(self._stop_at)
        self._refuse_calls()

    def _wait_s(self) -> float | None:
        """How long until records are to be written; None: there are none, sleep until woken."""
        is_hurried, self._is_hurried = self._is_hurried, False
        if self._failing is None:
            self._wake_at = 1
            if not self._queue:
                self._due_at = None
                self._settle_drains()
                return None
            self._wake_at = self._batch
            if len(self._queue) >= self._batch:
                return 0.0
        if is_hurried:
            return 0.0
        now = self._clock()
        if self._due_at is None:
            self._due_at = now + self._interval_s
        return max(self._due_at - now, 0.0)

    def _serve_calls(self) -> None:
        """Answer the calls that wait. Each is taken before the records are written, so it sees all that was put before it."""
        while calls := _emptied(self._calls):
            if self._failing is None:
                self._write_queued()
            for fn, future in calls:
                if future.set_running_or_notify_cancel():
                    _answer_call(fn, future)

    def _refuse_calls(self) -> None:
        for _, future in _emptied(self._calls):
            if future.set_running_or_notify_cancel():
                future.set_exception(
                    StoreUnavailable(
                        "The store is not available at the moment.", operator_text="the store's thread is not running"
                    )
                )
        for _, drained in _emptied(self._drains):
            if drained.set_running_or_notify_cancel():
                drained.set_result(None)

    def _write_queued(self) -> None:
        """Write what is in the queue now, in batches, or until the store fails; what comes meanwhile waits for its window."""
        self._wake_at = _NEVER
        self._due_at = self._clock() + self._interval_s
        waiting = len(self._taken) + len(self._queue)
        while waiting > 0 and not self._is_closed:
            self._take()
            waiting -= len(self._taken)
            try:
                self._write_taken()
            except StoreUnavailable as error:
                self._note_failure(error)
                return
            self._note_success()
        self._settle_drains()

    def _take(self) -> None:
        with self._moving:
            while self._queue and len(self._taken) < self._batch and not self._is_closed:
                self._taken.append(self._queue.popleft())

    def _write_taken(self) -> None:
        """Append what was taken. A record that the store refuses for its content is found by halving, and left out.

        Errors: StoreUnavailable; what is then not written is still in `_taken`.
        """
        parts = [tuple(self._taken)]
        while parts:
            part = parts.pop()
            try:
                self._append([packed for _, packed in part])
            except StoreUnavailable:
                raise
            except Exception as error:
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                    continue
                for record_id, _ in part:
                    self._lost += 1
                    logger.exception("record_lost", extra={"record": record_id, "error": str(error)})
            self._forget(len(part))

    def _forget(self, count: int) -> None:
        with self._moving:
            for _ in range(count):
                self._taken.popleft()
        self._done += count

    def _note_failure(self, error: StoreUnavailable) -> None:
        is_new = self._failing is None
        self._failing = str(error)
        self._due_at = self._clock() + self._retry_s
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        if is_new:
            self._failing_since = self._clock()
            logger.error("store_failing", extra={"error": str(error), "waiting": self.depth})
            self._tell(error)

    def _note_success(self) -> None:
        if self._failing is None:
            return
        self._failing = None
        self._retry_s = FIRST_RETRY_S
        logger.warning("store_recovered", extra={"after_s": self._clock() - self._failing_since, "waiting": self.depth})
        self._tell(None)

    def _tell(self, error: StoreUnavailable | None) -> None:
        if self._on_state is None:
            return
        try:
            self._on_state(error)
        except Exception:  # a listener must not end the only thread that writes
            logger.exception("store_listener_failed")

    def _settle_drains(self) -> None:
        for target, future in _emptied(self._drains):
            if self._done < target:
                self._drains.append((target, future))
                self._is_hurried = True
            elif future.set_running_or_notify_cancel():
                future.set_result(None)

    def _finish(self, stop_at: float) -> None:
        """The last writes: without windows, with pauses only between failures."""
        while self.depth > 0 and not self._is_closed:
            self._write_queued()
            now = self._clock()
            if now >= stop_at:
                return
            if self._failing is not None and self._due_at is not None:
                self._wake.clear()
                self._wake.wait(min(self._due_at, stop_at) - now)


def _as_it_is(record: T) -> T:
    return record


def _answer_call(fn: Callable[[], Any], future: Future[Any]) -> None:
    try:
        result = fn()
    except Exception as error:  # noqa: BLE001 - whatever the plug-in raised belongs to the caller
        future.set_exception(error)
    else:
        future.set_result(result)


def _emptied(items: deque[T]) -> list[T]:
    """Everything in the deque, taken out one by one, so that others may still append."""
    taken = []
    while True:
        try:
            taken.append(items.popleft())
        except IndexError:
            return taken
