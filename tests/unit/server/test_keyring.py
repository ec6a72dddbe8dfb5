"""Keys: looked up in memory, read again within two seconds, and within half a second for one that is not known."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from taskfit.assembly import assemble, read_configuration
from taskfit.errors import Unauthenticated
from taskfit.pipeline.gateway import Gateway
from taskfit.server.keyring import MISS_REFRESH_S, REFRESH_S, Keyring, digest_of, keys_in, new_key
from taskfit.testing import Clock
from taskfit.values.request import Caller

FILE = """
store: "sqlite:{store}"
providers: {{up: {{api: openai, url: "http://127.0.0.1:1/v1"}}}}
tasks: {{default: {{ladder: [up/mini]}}}}
"""


class Desk:
    """A gateway with its keyring and a clock that is moved by hand."""

    def __init__(self, gateway: Gateway, clock: Clock, *, is_auth_on: bool = True) -> None:
        self.gateway = gateway
        self.clock = clock
        self.keyring = Keyring(gateway, is_auth_on=is_auth_on)

    async def add(self, name: str, team: str = "") -> tuple[str, str]:
        """The id and the text of a new key."""
        key, text = new_key(name, "client", at=self.clock.time(), team=team)
        await self.gateway.outbox.call(lambda: self.gateway.store.add_key(key))
        return key.id, text

    async def revoke(self, key_id: str) -> None:
        await self.gateway.outbox.call(lambda: self.gateway.store.revoke_key(key_id, at=self.clock.time()))

    async def caller(self, text: str) -> Caller | None:
        try:
            return await self.keyring.authenticate([text.encode()])
        except Unauthenticated:
            return None


def at_a_desk(folder: Path, work: "Callable[[Desk], Awaitable[None]]", *, is_auth_on: bool = True) -> None:
    async def run() -> None:
        file = folder / "taskfit.yaml"
        file.write_text(FILE.format(store=folder / "taskfit.db"))
        clock = Clock()
        async with await assemble(read_configuration(str(file), {}), clock=clock) as assembly:
            await work(Desk(assembly.gateway, clock, is_auth_on=is_auth_on))

    asyncio.run(run())


def test_a_revoked_key_stops_with_the_next_reading(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        key_id, text = await desk.add("shop", team="red")
        assert await desk.caller(text) == Caller(key_id=key_id, key_name="shop", role="client", team="red")
        await desk.revoke(key_id)
        await desk.keyring.read()
        assert await desk.caller(text) is None

    at_a_desk(tmp_path, work)


def test_the_reading_that_comes_by_itself_is_every_two_seconds(tmp_path: Path) -> None:
    assert REFRESH_S <= 2.0

    async def work(desk: Desk) -> None:
        key_id, text = await desk.add("shop")
        assert await desk.caller(text) is not None
        await desk.revoke(key_id)
        desk.clock.advance(REFRESH_S)
        await desk.keyring._refresh(REFRESH_S / 2)
        assert await desk.caller(text) is None

    at_a_desk(tmp_path, work)


def test_an_unknown_key_is_looked_for_twice_a_second_at_most(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        assert await desk.caller("unknown") is None
        _, text = await desk.add("new")
        assert await desk.caller(text) is None
        desk.clock.advance(MISS_REFRESH_S)
        assert await desk.caller(text) is not None

    at_a_desk(tmp_path, work)


def test_a_store_that_cannot_be_read_keeps_the_keys_as_they_were(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        _, text = await desk.add("shop")
        assert await desk.caller(text) is not None
        await asyncio.to_thread(desk.gateway.outbox.stop, timeout_s=1)
        desk.clock.advance(60)
        assert await desk.caller(text) is not None
        assert await desk.caller("unknown") is None

    at_a_desk(tmp_path, work)


def test_without_authentication_anyone_is_the_admin_of_this_machine(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        assert await desk.caller("") == Caller(key_id=None, role="admin")

    at_a_desk(tmp_path, work, is_auth_on=False)


def test_a_key_is_shown_once_and_kept_as_its_hash() -> None:
    key, text = new_key("shop", "client", at=1.0)
    other, _ = new_key("shop", "client", at=1.0)
    assert text.startswith("tf-client-")
    assert len(text) > 40
    assert key.digest == digest_of(text) == digest_of(text.encode())
    assert text not in repr(key)
    assert key.id != other.id
    assert key.digest != other.digest


@pytest.mark.parametrize("headers", [{}, {b"authorization": b""}, {b"authorization": b"Basic abc"}, {b"x-api-key": b""}])
def test_no_key_is_said_to_be_none(tmp_path: Path, headers: dict[bytes, bytes]) -> None:
    async def work(desk: Desk) -> None:
        with pytest.raises(Unauthenticated, match="no key"):
            await desk.keyring.authenticate(keys_in(headers, b""))

    at_a_desk(tmp_path, work)
