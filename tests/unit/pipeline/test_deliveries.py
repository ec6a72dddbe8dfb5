"""Messages on their way out of a real store: signed, tried again, given up, and not lost between two processes."""

import asyncio
import functools
import hashlib
import hmac
import logging
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import ConfigurationError, Forbidden, Overloaded, StoreUnavailable, Unreachable
from taskfit.pipeline.deliveries import (
    AT_ONCE,
    CALLBACKS_AT_ONCE,
    CLAIM_S,
    CROWDED_S,
    JITTER_SHARE,
    MAX_TRIES,
    PAUSES_S,
    PER_HOST,
    Deliveries,
    Sender,
    outcome,
)
from taskfit.pipeline.reviews import Door, straight
from taskfit.pipeline.signing import SigningKey
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing import Clock
from taskfit.testing.conformance_store import NOON
from taskfit.values.review import Delivery
from taskfit.values.secret import Secret

P = ParamSpec("P")
T = TypeVar("T")

SECRET = Secret("a made-up secret of 32 characters")
KEY = SigningKey(SECRET)
LONG_S = 20.0
AS_WRITTEN = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
Answer = int | Exception | asyncio.Event


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """The test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **more: P.kwargs) -> None:
        asyncio.run(test(*args, **more))

    return run


def message(number: int = 1, **more: Any) -> Delivery:
    facts: dict[str, Any] = {
        "id": f"dlv-{number}", "url": f"https://hooks.example/token-{number}", "event": "review.opened",
        "body": b'{"number": %d}' % number, "next_at": NOON + number / 1000,
    }  # fmt: skip
    return Delivery(**(facts | more))


def elsewhere(number: int, **more: Any) -> Delivery:
    return message(number, url=f"https://hooks-{number}.example/", **more)


class Receiver:
    """Where messages go: each gets the next of these answers, an event is waited for, the last one stays."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers or (204,)
        self.got: list[tuple[str, Mapping[str, str], bytes]] = []
        self.most_at_once = 0
        self._now = 0

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.got]

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes, /, *, timeout_s: float) -> int:
        answer = self._answers[min(len(self.got), len(self._answers) - 1)]
        self.got.append((url, dict(headers), body))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if isinstance(answer, asyncio.Event):
                await answer.wait()
                return 204
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self._now -= 1


class Post:
    """A store in a file, a clock that stands still, and the loop that sends."""

    def __init__(self, path: Path, receiver: Receiver, clock: Clock, door: Door) -> None:
        self.store = SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{path / 'taskfit.db'}"))
        self.receiver = receiver
        self.clock = clock
        sender = Sender(post=receiver.post, call_back=receiver.post, key=KEY)
        self.deliveries = Deliveries(self.store, door, clock, sender=sender, poll_s=0.001)

    def waiting(self) -> tuple[Delivery, ...]:
        return self.store.due_deliveries(now=NOON + 1e9, limit=999)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG_S):
            while not is_so():  # noqa: ASYNC110  # the store has no event for it
                await asyncio.sleep(0.001)


@asynccontextmanager
async def sending(
    path: Path, receiver: Receiver, *messages: Delivery, clock: Clock | None = None, door: Door = straight
) -> AsyncIterator[Post]:
    post = Post(path, receiver, clock or Clock(NOON + 1), door)
    await post.store.open()
    for each in messages:
        post.store.put_delivery(each)
    watching = asyncio.create_task(post.deliveries.watch())
    try:
        yield post
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert watching.cancelled(), watching.exception()
        await post.store.close()


def expected_signature(secret: bytes, headers: Mapping[str, str], body: bytes) -> str:
    """By the specification, apart from the code that signs."""
    mac = hmac.new(secret, digestmod=hashlib.sha256)
    for piece in (headers["webhook-id"].encode(), b".", headers["webhook-timestamp"].encode(), b".", body):
        mac.update(piece)
    return "v1," + b64encode(mac.digest()).decode("ascii")


@in_a_loop
async def test_what_is_due_is_sent_once_signed_and_noted(tmp_path: Path) -> None:
    async with sending(tmp_path, Receiver(), message(1), message(2), message(3, next_at=NOON + 99)) as post:
        await post.until(lambda: post.store.count_deliveries() == 1)
        assert sorted(post.receiver.ids) == ["dlv-1", "dlv-2"]
        for number, (url, headers, body) in enumerate(sorted(post.receiver.got, key=lambda got: got[0]), start=1):
            assert (url, body) == (message(number).url, message(number).body)
            assert headers["content-type"] == "application/json"
            assert headers["webhook-timestamp"] == str(int(NOON + 1))
            assert headers["webhook-signature"] == expected_signature(SECRET.reveal().encode(), headers, body)
        post.clock.advance(98)
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert len(post.receiver.got) == 3


def test_the_example_of_the_specification_has_its_signature() -> None:
    """Source: the test vector of the Standard Webhooks libraries."""
    body = b'{"test": 2432232314}'
    headers = dict(SigningKey(Secret(AS_WRITTEN)).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", body, at_s=1614265330))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"] == expected_signature(b64decode(AS_WRITTEN[6:]), headers, body)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a", "whsec_a b=", "whsec_ü", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw!"])
def test_a_key_that_is_no_base64_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook_secret") as caught:
        SigningKey(Secret(secret))
    assert secret == "whsec_" or secret not in str(caught.value)


@in_a_loop
async def test_what_fails_is_tried_again_ever_later_until_it_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[Answer] = [500, Unreachable("hooks.example:443: no"), 302, 404, Forbidden("leads to 10.0.0.1"), 429, 503, 500]
    assert len(failures) == MAX_TRIES
    caplog.set_level(logging.INFO, "taskfit.deliveries")
    async with sending(tmp_path, Receiver(*failures), message()) as post:
        for tries in range(1, MAX_TRIES):
            await post.until(lambda tries=tries: len(post.receiver.got) == tries and bool(post.waiting()[0].error))  # type: ignore[misc]
            await post.until(lambda: post.waiting()[0].next_at != post.clock.time() + CLAIM_S)
            (waiting,) = post.waiting()
            pause_s = waiting.next_at - post.clock.time()
            assert waiting.tries == tries
            assert (1 - JITTER_SHARE) * PAUSES_S[tries - 1] <= pause_s <= (1 + JITTER_SHARE) * PAUSES_S[tries - 1]
            post.clock.advance(pause_s - 0.001)
            await asyncio.sleep(0.01)
            assert len(post.receiver.got) == tries
            post.clock.advance(0.002)
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert len({headers["webhook-signature"] for _, headers, _ in post.receiver.got}) == MAX_TRIES
    events = [(line.getMessage(), line.__dict__.get("reason")) for line in caplog.records]
    assert [event for event, _ in events] == ["delivery_put_off"] * 7 + ["delivery_given_up"]
    assert events[-1][1] == "it answered with status 500"
    assert "token-1" not in caplog.text


@in_a_loop
async def test_a_receiver_that_is_gone_for_good_is_not_asked_again(tmp_path: Path) -> None:
    async with sending(tmp_path, Receiver(410), message()) as post:
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert len(post.receiver.got) == 1


@in_a_loop
async def test_one_that_hangs_or_fails_in_a_new_way_holds_up_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with sending(tmp_path, Receiver(asyncio.Event(), RuntimeError("a bug"), 204), *map(message, (1, 2, 3))) as post:
        await post.until(lambda: len(post.waiting()) == 2 and len(post.receiver.got) == 3)
        assert {each.id: (each.tries, each.error) for each in post.waiting()} == {"dlv-1": (1, ""), "dlv-2": (1, "")}
        (failure,) = [line.__dict__ for line in caplog.records if line.getMessage() == "delivery_failed"]
        assert (failure["delivery"], failure["reason"]) == ("dlv-2", "RuntimeError: a bug")
        post.clock.advance(CLAIM_S)
        await post.until(lambda: "dlv-2" not in [each.id for each in post.waiting()])


@in_a_loop
async def test_a_message_that_no_process_survives_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with sending(tmp_path, Receiver(), message(tries=MAX_TRIES), message(2, tries=MAX_TRIES - 1)) as post:
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert post.receiver.ids == ["dlv-2"]
    assert caplog.messages == ["delivery_given_up"]


@in_a_loop
async def test_so_many_are_sent_at_once_and_no_more(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with sending(tmp_path, Receiver(gate), *map(elsewhere, range(AT_ONCE - 1))) as post:
        await post.until(lambda: len(post.receiver.got) == AT_ONCE - 1)
        for number in range(AT_ONCE - 1, 3 * AT_ONCE):
            post.store.put_delivery(elsewhere(number))
        await post.until(lambda: len(post.receiver.got) >= AT_ONCE)
        await asyncio.sleep(0.02)
        assert len(post.receiver.got) == AT_ONCE
        gate.set()
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert post.receiver.most_at_once == AT_ONCE
        assert sorted(post.receiver.ids) == sorted(message(number).id for number in range(3 * AT_ONCE))


@in_a_loop
@pytest.mark.parametrize(("hosts", "taken"), [(1, PER_HOST), (1_000, CALLBACKS_AT_ONCE)])
async def test_slow_addresses_of_callers_leave_room_for_the_webhooks(tmp_path: Path, hosts: int, taken: int) -> None:
    slow: list[Answer] = [asyncio.Event()] * taken
    callbacks = [message(number, url=f"https://{number % hosts}.slow.example/", to="callback") for number in range(300)]
    async with sending(tmp_path, Receiver(*slow, 204), *callbacks) as post:
        await post.until(lambda: len(post.receiver.got) == taken)
        post.store.put_delivery(message(999, url="https://0.slow.example/"))
        await post.until(lambda: "dlv-999" in post.receiver.ids)
        assert len(post.receiver.got) == taken + 1


@in_a_loop
async def test_what_finds_no_place_to_be_tried_has_not_been_tried(tmp_path: Path) -> None:
    async with sending(tmp_path, Receiver(Overloaded("no place"), 204), message()) as post:
        await post.until(lambda: post.waiting()[0].next_at == post.clock.time() + CROWDED_S)
        assert (post.waiting()[0].tries, post.waiting()[0].error) == (0, "")
        post.clock.advance(CROWDED_S)
        await post.until(lambda: post.store.count_deliveries() == 0)


@in_a_loop
async def test_what_is_being_sent_at_the_end_is_put_back_and_sent_by_the_next_process(tmp_path: Path) -> None:
    clock = Clock(NOON + 1)
    async with sending(tmp_path, Receiver(asyncio.Event()), message(), clock=clock) as post:
        await post.until(lambda: len(post.receiver.got) == 1)
        assert post.waiting()[0].next_at == clock.time() + CLAIM_S
    async with sending(tmp_path, Receiver(), clock=clock) as post:
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert post.receiver.ids == ["dlv-1"]


@in_a_loop
async def test_what_a_killed_process_was_sending_is_sent_by_another_after_a_while(tmp_path: Path) -> None:
    clock = Clock(NOON + 1)
    claimed = message(next_at=clock.time() + CLAIM_S, tries=1)
    async with sending(tmp_path, Receiver(), claimed, clock=clock) as post:
        await asyncio.sleep(0.02)
        assert post.receiver.got == []
        clock.advance(CLAIM_S)
        await post.until(lambda: post.store.count_deliveries() == 0)


@in_a_loop
async def test_two_processes_share_the_work(tmp_path: Path) -> None:
    clock = Clock(NOON + 1)
    messages = [message(number) for number in range(200)]
    async with sending(tmp_path, Receiver(), *messages, clock=clock) as one, sending(tmp_path, Receiver(), clock=clock) as two:
        await one.until(lambda: one.store.count_deliveries() == 0)
        assert set(one.receiver.ids) | set(two.receiver.ids) == {each.id for each in messages}
        assert len(one.receiver.ids) == len(set(one.receiver.ids))


@in_a_loop
async def test_without_a_secret_everything_waits_and_one_line_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with sending(tmp_path, Receiver()) as post:
        sender, post.deliveries.sender = post.deliveries.sender, None
        await asyncio.sleep(0.02)
        assert caplog.messages == []
        post.store.put_delivery(message())
        await post.until(lambda: bool(caplog.messages))
        await asyncio.sleep(0.02)
        assert caplog.messages == ["deliveries_wait"]
        assert post.receiver.got == []
        post.deliveries.sender = sender
        await post.until(lambda: post.store.count_deliveries() == 0)


@in_a_loop
async def test_a_store_that_fails_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    failures = 3

    def door(fn: Callable[[], T], /) -> Awaitable[T]:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise StoreUnavailable("not now")
        return straight(fn)

    async with sending(tmp_path, Receiver(), message(), door=door) as post:
        await post.until(lambda: post.store.count_deliveries() == 0)
    assert caplog.messages == ["deliveries_not_read"] * 3


@in_a_loop
async def test_a_mistake_of_ours_does_not_end_the_sending(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mistakes = [RuntimeError("a bug")]

    def door(fn: Callable[[], T], /) -> Awaitable[T]:
        if mistakes:
            raise mistakes.pop()
        return straight(fn)

    async with sending(tmp_path, Receiver(), message(), door=door) as post:
        await post.until(lambda: post.store.count_deliveries() == 0)
    assert caplog.messages == ["deliveries_not_watched"]


@in_a_loop
async def test_a_delivery_that_cannot_be_noted_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    calls = 0

    def door(fn: Callable[[], T], /) -> Awaitable[T]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailable("not now")
        return straight(fn)

    async with sending(tmp_path, Receiver(), message(), door=door) as post:
        await post.until(lambda: "delivery_not_noted" in caplog.messages)
        post.clock.advance(CLAIM_S)
        await post.until(lambda: post.store.count_deliveries() == 0)
        assert post.receiver.ids == ["dlv-1", "dlv-1"]


@given(
    tries=st.integers(0, 2 * MAX_TRIES), status=st.none() | st.integers(100, 599), reason=st.text(),
    jitter=st.floats(1 - JITTER_SHARE, 1 + JITTER_SHARE),
)  # fmt: skip
def test_every_message_ends_after_so_many_tries(tries: int, status: int | None, reason: str, jitter: float) -> None:
    before = message(tries=tries)
    after = outcome(before, status, reason, now=NOON, jitter=jitter)
    is_fine = status is not None and 200 <= status < 300
    assert (after.state == "delivered") == is_fine
    assert (after.state == "waiting") == (not is_fine and status != 410 and tries < MAX_TRIES)
    assert after.state != "waiting" or after.next_at > NOON
    assert len(after.error) <= 300
    assert msgspec.structs.replace(after, state="waiting", next_at=before.next_at, error="") == before
