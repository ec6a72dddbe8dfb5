"""Messages about review cases on their way out: taken from the store when they are due, signed, sent, and tried again.

At least once: a message is moved ahead before it is sent, so that of several processes one has it, and is told as delivered
afterwards. A process that dies in between, or two that look at the very same moment, send it twice; its `webhook-id` is the same
then. What cannot be delivered is given up after eight tries in some ten hours, and says so in the log. Addresses that callers
gave may be slow on purpose: they never have all places, and no host has many. Knows no HTTP: how a message is sent is handed in,
and may change while it runs.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from random import uniform
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from taskfit.errors import Overloaded, StoreUnavailable, TaskfitError
from taskfit.pipeline.clock import Clock
from taskfit.pipeline.reviews import Door
from taskfit.pipeline.signing import SigningKey
from taskfit.protocols import Store
from taskfit.values.review import Delivery

PAUSES_S: Final = (5.0, 30.0, 120.0, 600.0, 3_600.0, 10_800.0, 21_600.0)
"""Between one try and the next. A receiver that is started anew is there again after the first, one over night after the last."""
MAX_TRIES: Final = len(PAUSES_S) + 1
JITTER_SHARE: Final = 0.2
POST_S: Final = 10.0
CLAIM_S: Final = 60.0
"""How long a message belongs to the process that sends it; more than sending can take, with its rows written."""
POLL_S: Final = 0.25
POLLS_WITHOUT_SENDER: Final = 8
"""How many such pauses make one where nothing can be sent, and only the number of what waits is told."""
AT_ONCE: Final = 32
CALLBACKS_AT_ONCE: Final = 24
"""Of those; the other places are the operator's webhooks'."""
PER_HOST: Final = 4
"""Of those, to one host; what goes to a webhook and to a caller is counted apart."""
MOST_READ: Final = 4_096
"""Messages that are looked through for some that may be sent now; about 10 ms."""
CROWDED_S: Final = 1.0
"""The pause of a message that found no place to be tried at all."""
PUT_BACK_S: Final = 1.0
MAX_ERROR_CHARS: Final = 300
UNKNOWN_END: Final = "what became of its tries is not known"
GONE: Final = 410
"""The status by which a receiver says that it wants no more."""

log = logging.getLogger("taskfit.deliveries")


class Post(Protocol):
    """Sends a body, and gives the status of the answer."""

    def __call__(self, url: str, headers: Sequence[tuple[str, str]], body: bytes, /, *, timeout_s: float) -> Awaitable[int]:
        """Errors: Overloaded where it could not even be tried; another TaskfitError where there is no answer."""
        ...


@dataclass(slots=True, frozen=True)
class Sender:
    """How messages are sent: `post` to the operator's webhooks, `call_back` to callers. A reload swaps it whole."""

    post: Post
    call_back: Post
    key: SigningKey


class Deliveries:
    """The messages of one store. `sender` None: nothing is sent, and what there is waits. Belongs to one event loop; other
    processes may send from the same store.
    """

    def __init__(self, store: Store, call: Door, clock: Clock, *, sender: Sender | None = None, poll_s: float = POLL_S) -> None:
        self.sender = sender
        self._store = store
        self._call = call
        self._clock = clock
        self._poll_s = poll_s
        self._sending: dict[asyncio.Task[None], Delivery] = {}
        self._is_wait_told = False

    async def watch(self) -> None:
        """Send what is due until cancelled, whatever goes wrong; what is being sent then is put back, and due at once."""
        try:
            while True:
                await self._pause()
                try:
                    await self._send_due()
                except StoreUnavailable as error:
                    log.warning("deliveries_not_read", extra={"reason": str(error)})
                except Exception:  # noqa: BLE001  # a mistake of ours must not end it for good, and unseen
                    log.exception("deliveries_not_watched")
        finally:
            sending = tuple(self._sending)
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _pause(self) -> None:
        """Until it is time to look again; while all places are taken, until one is free."""
        if len(self._sending) < AT_ONCE:
            await asyncio.sleep(self._poll_s if self.sender is not None else POLLS_WITHOUT_SENDER * self._poll_s)
        else:
            await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)

    async def _send_due(self) -> None:
        sender = self.sender
        if sender is None:
            await self._tell_waiting()
            return
        self._is_wait_told = False
        # Not a task group: one that ends with an error must not end the others, and they end with `watch` in any case.
        under_way = tuple(self._sending.values())
        for delivery in await self._call(lambda: _claimed(self._store, self._clock.time(), under_way)):
            task = asyncio.create_task(self._send(delivery, sender), name=delivery.id)
            self._sending[task] = delivery
            task.add_done_callback(self._note_end)

    def _note_end(self, task: "asyncio.Task[None]") -> None:
        """A mistake of ours ends one message's try, which comes again when its claim is over, and no other."""
        del self._sending[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery_failed", extra={"delivery": task.get_name(), "reason": f"{type(error).__name__}: {error}"})

    async def _tell_waiting(self) -> None:
        if self._is_wait_told:
            return
        waiting = await self._call(self._store.count_deliveries)
        if waiting:
            self._is_wait_told = True
            log.warning("deliveries_wait", extra={"count": waiting, "reason": "there is no webhook_secret to sign them with"})

    async def _send(self, delivery: Delivery, sender: Sender) -> None:
        try:
            status, reason = await self._post(delivery, sender)
        except asyncio.CancelledError:
            await self._put_back(delivery)
            raise
        except Overloaded as error:
            await self._put_off(delivery, str(error))
            return
        jitter = uniform(1 - JITTER_SHARE, 1 + JITTER_SHARE)  # noqa: S311  # spreads load, hides nothing
        after = outcome(delivery, status, reason, now=self._clock.time(), jitter=jitter)
        await self._note(after)
        _log(after, status)

    async def _post(self, delivery: Delivery, sender: Sender) -> tuple[int | None, str]:
        """The status, or None, and what to say of it. Errors: Overloaded where it was not tried."""
        signed = sender.key.headers(delivery.id, delivery.body, at_s=int(self._clock.time()))
        headers = (("content-type", "application/json"), ("user-agent", "taskfit"), *signed)
        post = sender.post if delivery.to == "webhook" else sender.call_back
        try:
            async with asyncio.timeout(POST_S):
                status = await post(delivery.url, headers, delivery.body, timeout_s=POST_S)
        except TimeoutError:
            return None, f"not done in {POST_S:g} s"
        except Overloaded:
            raise
        except TaskfitError as error:
            return None, str(error)
        return status, f"it answered with status {status}"

    async def _put_off(self, delivery: Delivery, reason: str) -> None:
        """It was not tried, so this try does not count."""
        back = msgspec.structs.replace(delivery, next_at=self._clock.time() + CROWDED_S, tries=delivery.tries - 1)
        await self._note(back)
        log.info("delivery_crowded_out", extra={"delivery": delivery.id, "reason": reason})

    async def _note(self, after: Delivery) -> None:
        try:
            await self._call(lambda: self._store.put_delivery(after))
        except StoreUnavailable as error:
            log.warning("delivery_not_noted", extra={"delivery": after.id, "reason": str(error)})

    async def _put_back(self, delivery: Delivery) -> None:
        """The process ends: whoever starts next sends it at once. Shielded, because it comes after a cancellation."""
        now = self._clock.time()
        back = msgspec.structs.replace(delivery, next_at=now, tries=delivery.tries - 1)

        async def put() -> None:
            await self._call(lambda: self._store.put_delivery(back))

        await asyncio.wait({asyncio.create_task(put())}, timeout=PUT_BACK_S)


def outcome(delivery: Delivery, status: int | None, reason: str, *, now: float, jitter: float) -> Delivery:
    """What becomes of a message that was tried, this try counted. `status` None: no answer came. PURE.

    Units: `now` seconds since the epoch; the pause before the next try is multiplied by `jitter`.
    """
    if status is not None and 200 <= status < 300:
        return msgspec.structs.replace(delivery, state="delivered", next_at=now, error="")
    error = reason[:MAX_ERROR_CHARS]
    if status == GONE or delivery.tries >= MAX_TRIES:
        return msgspec.structs.replace(delivery, state="given_up", next_at=now, error=error)
    pause_s = PAUSES_S[max(delivery.tries, 1) - 1] * jitter
    return msgspec.structs.replace(delivery, next_at=now + pause_s, error=error)


def may_be_sent(due: Sequence[Delivery], under_way: Sequence[Delivery]) -> Iterator[Delivery]:
    """Those that have a place beside those that are under way: webhooks first, then callbacks, each in their order. PURE."""
    left = AT_ONCE - len(under_way)
    callbacks_left = CALLBACKS_AT_ONCE - sum([one.to == "callback" for one in under_way])
    busy = Counter(map(_place, under_way))
    for delivery in sorted(due, key=lambda one: one.to == "callback"):
        is_callback = delivery.to == "callback"
        if left <= 0 or (is_callback and callbacks_left <= 0):
            return
        if busy[_place(delivery)] < PER_HOST:
            busy[_place(delivery)] += 1
            left -= 1
            callbacks_left -= is_callback
            yield delivery


def _place(delivery: Delivery) -> tuple[str, str]:
    return delivery.to, urlsplit(delivery.url).hostname or ""


def _next(store: Store, now: float, under_way: Sequence[Delivery]) -> list[Delivery]:
    """Those to send now. Where callbacks stand before them, they are looked for in ever longer lists."""
    limit = 2 * AT_ONCE
    while True:
        due = store.due_deliveries(now=now, limit=limit)
        found = list(may_be_sent(due, under_way))
        if len(due) < limit or len(found) >= AT_ONCE - len(under_way) or limit >= MOST_READ:
            return found
        limit *= 4


def _claimed(store: Store, now: float, under_way: Sequence[Delivery]) -> list[Delivery]:
    """Those that are due, moved ahead and with this try counted; on the store's side of the door.

    One that was tried so often, and never came to an end, is given up: its process dies of it, or the store does not note it.
    """
    claimed = []
    for delivery in _next(store, now, under_way):
        if delivery.tries >= MAX_TRIES:
            lost = msgspec.structs.replace(delivery, state="given_up", error=delivery.error or UNKNOWN_END)
            store.put_delivery(lost)
            _log(lost, None)
            continue
        mine = msgspec.structs.replace(delivery, next_at=now + CLAIM_S, tries=delivery.tries + 1)
        store.put_delivery(mine)
        claimed.append(mine)
    return claimed


def _log(after: Delivery, status: int | None) -> None:
    """The host only: the rest of an address may hold a key."""
    host = urlsplit(after.url).hostname or ""
    facts = {"delivery": after.id, "event": after.event, "host": host, "tries": after.tries, "status": status}
    match after.state:
        case "delivered":
            log.info("delivery_made", extra=facts)
        case "given_up":
            log.error("delivery_given_up", extra={**facts, "reason": after.error})
        case "waiting":
            log.warning("delivery_put_off", extra={**facts, "reason": after.error, "next_at": after.next_at})
