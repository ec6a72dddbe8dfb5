"""Who a caller is: keys, kept by the store as hashes, looked up in memory.

A key is 32 random bytes, so its plain SHA-256 cannot be searched for; a slow hash would only cost time on every request.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from urllib.parse import parse_qsl

from taskfit.errors import StoreUnavailable, Unauthenticated
from taskfit.pipeline.gateway import Gateway
from taskfit.protocols import Key
from taskfit.values.request import Caller, Role

PREFIX = "tf-"
MIN_PRESET_CHARS = 20
REFRESH_S = 2.0
MISS_REFRESH_S = 0.5
PRESETS: tuple[tuple[str, Role], ...] = (("TASKFIT_ADMIN_KEY", "admin"), ("TASKFIT_CLIENT_KEY", "client"))

log = logging.getLogger("taskfit.keys")


@lru_cache(maxsize=1024)
def digest_of(key: str | bytes) -> str:
    """What is kept of a key. Remembered: a client sends the same one each time."""
    return sha256(key if isinstance(key, bytes) else key.encode()).hexdigest()


def new_key(name: str, role: Role, *, at: float, team: str = "", text: str | None = None) -> tuple[Key, str]:
    """A key to keep, and its text, which is shown once and never kept."""
    text = text or f"{PREFIX}{role}-{token_urlsafe(32)}"
    return Key(id=f"key-{token_hex(6)}", name=name, digest=digest_of(text), role=role, team=team, created_at=at), text


class Keyring:
    """The keys that are valid now; `is_auth_on`: one is wanted. Changes made by other processes are seen within two seconds."""

    def __init__(self, gateway: Gateway, *, is_auth_on: bool) -> None:
        self._gateway = gateway
        self.is_auth_on = is_auth_on
        self._callers: Mapping[str, Caller] = {}
        self._read_at = float("-inf")
        self._refreshing = asyncio.Lock()

    def known(self, keys: Sequence[bytes]) -> Caller | None:
        """The caller of a request that gives these keys, as far as those in memory tell: the first one that is valid."""
        if not self.is_auth_on:
            return _ANYONE
        for key in keys:
            caller = self._callers.get(digest_of(key))
            if caller is not None:
                return caller
        return None

    async def authenticate(self, keys: Sequence[bytes]) -> Caller:
        """The caller of a request whose key is not known: it may have been made a moment ago. Errors: Unauthenticated."""
        if not keys:
            raise Unauthenticated("no key: send Authorization: Bearer YOUR_KEY, or the key in x-api-key or x-goog-api-key")
        await self._refresh(MISS_REFRESH_S)
        caller = self.known(keys)
        if caller is None:
            raise Unauthenticated("this key is not valid")
        return caller

    async def keep_fresh(self) -> None:
        """See keys made or revoked elsewhere; runs until it is cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await self._refresh(REFRESH_S / 2)

    async def read(self) -> None:
        """Read all keys now. Errors: StoreUnavailable."""
        keys = await self._gateway.outbox.call(self._gateway.store.keys)
        self._callers = {
            key.digest: Caller(key_id=key.id, key_name=key.name, role=key.role, team=key.team)
            for key in keys
            if key.revoked_at is None
        }
        self._read_at = self._gateway.clock.monotonic()

    async def _refresh(self, max_age_s: float) -> None:
        async with self._refreshing:
            if self._gateway.clock.monotonic() - self._read_at < max_age_s:
                return
            try:
                await self.read()
            except StoreUnavailable as error:
                self._read_at = self._gateway.clock.monotonic()
                log.warning("keys_not_read", extra={"reason": str(error)})


_ANYONE = Caller(key_id=None, role="admin")


def bearer_in(headers: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """The key where most clients put it."""
    return _bearer_of(headers.get(b"authorization", b""))


@lru_cache(maxsize=1024)
def _bearer_of(authorization: bytes) -> tuple[bytes, ...]:
    scheme, _, key = authorization.partition(b" ")
    return (key.strip(),) if scheme.lower() == b"bearer" and key.strip() else ()


def keys_in(headers: Mapping[bytes, bytes], query: bytes) -> list[bytes]:
    """The keys that a request gives, wherever the vendors' clients put them: in a header, or for Gemini in `?key=`."""
    keys = list(bearer_in(headers))
    if not _KEY_HEADERS.isdisjoint(headers):
        keys += [headers[name] for name in sorted(_KEY_HEADERS.intersection(headers)) if headers[name]]
    if b"key=" in query:
        keys += [key.encode() for name, key in parse_qsl(query.decode("latin-1")) if name == "key"]
    return keys


_KEY_HEADERS = frozenset({b"x-api-key", b"api-key", b"x-goog-api-key"})
