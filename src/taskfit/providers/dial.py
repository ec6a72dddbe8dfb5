"""Ways to an upstream: its address, TLS, and a proxy in between.

Certificates are always verified, TLS is 1.2 or later, proxies are used only where configured: the environment is not read.
Knows nothing of requests and answers, CONNECT aside.
"""

import asyncio
import base64
import re
import socket as sockets
import ssl
from typing import Final, TypeAlias, cast
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from taskfit.errors import ConfigurationError, InternalError, Unreachable, UpstreamError, UpstreamTimeout
from taskfit.providers.http1 import Pool, Socket
from taskfit.providers.reply import Limits

Tls: TypeAlias = ssl.SSLContext

_PORTS: Final = {"http": 80, "https": 443}
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_MAX_PROXY_HEAD_BYTES: Final = 65536


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server listens. `path` is the URL's path without a slash at its end, `login` is "user:password" or empty."""

    scheme: str
    host: str
    port: int
    path: str = ""
    login: str = ""

    @property
    def peer(self) -> str:
        """host:port, as an operator's text names it."""
        return f"{self._bracketed}:{self.port}"

    @property
    def authority(self) -> str:
        """What the host header says."""
        return self._bracketed if self.port == _PORTS[self.scheme] else self.peer

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parse_upstream(url: str) -> Address:
    """Address of an upstream's base URL. Errors: ConfigurationError."""
    parts = _split(url, "url")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("url: credentials do not belong into a URL; put the key under `key`")
    return _address(parts, "url")


def parse_proxy(url: str) -> Address:
    """Address of a proxy. Errors: ConfigurationError."""
    parts = _split(url, "proxy")
    if parts.scheme != "http" or parts.path not in ("", "/"):
        raise ConfigurationError("proxy: wanted http://host:port")
    return _address(parts, "proxy")


def _split(url: str, name: str) -> SplitResult:
    if not re.fullmatch(r"[!-~]+", url):
        raise ConfigurationError(f"{name}: wanted a URL of printable ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{name}: not a URL") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigurationError(f"{name}: wanted http://host or https://host")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{name}: a URL without ? and #")
    return parts


def _address(parts: SplitResult, name: str) -> Address:
    if parts.port == 0:
        raise ConfigurationError(f"{name}: port 0 is not a port to connect to")
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username is not None else ""
    return Address(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        path=parts.path.rstrip("/"),
        login=login,
    )


def proxy_authorization(proxy: Address) -> bytes:
    """The header line that logs in at the proxy, empty where it takes no login."""
    if not proxy.login:
        return b""
    return b"proxy-authorization: Basic %b\r\n" % base64.b64encode(proxy.login.encode())


class Dialer:
    """Opens sockets to one upstream. `at` is the IP address to connect to, for a name that was resolved before; TLS still asks
    for the name. `tls` are certificates that are loaded already, as `load_tls` does."""

    def __init__(
        self,
        upstream: Address,
        *,
        limits: Limits,
        proxy: Address | None = None,
        ca_file: str | None = None,
        at: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        self.peer = upstream.peer if proxy is None else f"{upstream.peer} (through the proxy {proxy.peer})"
        self._upstream = upstream
        self._at = at
        self._limits = limits
        self._proxy = proxy
        self._ca_file = ca_file
        self._tls = tls

    async def open(self) -> None:
        """Load the certificates. Errors: ConfigurationError for a CA file that cannot be used."""
        if self._upstream.scheme == "https" and self._tls is None:
            self._tls = await asyncio.to_thread(load_tls, self._ca_file)

    async def dial(self, pool: Pool, *, until: float) -> Socket:
        """A new socket, ready for a request. `until`: the loop's clock, beside the limit for connecting.

        Errors: Unreachable, UpstreamTimeout.
        """
        loop = asyncio.get_running_loop()
        socket = Socket(loop, pool, self._limits, self.peer)
        try:
            async with asyncio.timeout_at(min(until, loop.time() + self._limits.connect_s)):
                await self._connect(loop, socket)
        except asyncio.CancelledError:
            socket.drop()
            raise
        except (OSError, UnicodeError) as error:   # a TimeoutError is an OSError
            socket.drop()
            raise self._failure(error) from error
        return socket

    def _failure(self, error: Exception) -> UpstreamError:
        if isinstance(error, TimeoutError):
            return UpstreamTimeout(f"{self.peer}: no connection in time")
        if isinstance(error, ssl.SSLError):
            return Unreachable(f"{self.peer}: TLS failed: {error}")
        if isinstance(error, sockets.gaierror):
            return Unreachable(f"{self.peer}: the name cannot be resolved: {error}")
        return Unreachable(f"{self.peer}: cannot connect: {error}")

    async def _connect(self, loop: asyncio.AbstractEventLoop, socket: Socket) -> None:
        server = self._proxy or self._upstream
        host = self._at or server.host
        if self._upstream.scheme == "http":
            await loop.create_connection(lambda: socket, host, server.port)
            return
        if self._tls is None:
            raise InternalError("an upstream was dialled before it was opened")
        if self._proxy is None:
            await loop.create_connection(lambda: socket, host, server.port, ssl=self._tls, server_hostname=server.host)
            return
        await self._connect_through(loop, self._proxy, socket, self._tls)

    async def _connect_through(
        self, loop: asyncio.AbstractEventLoop, proxy: Address, socket: Socket, tls: ssl.SSLContext
    ) -> None:
        tunnel = _Tunnel(loop.create_future())
        transport, _ = await loop.create_connection(lambda: tunnel, proxy.host, proxy.port)
        try:
            target = self._upstream.peer.encode()
            transport.write(b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (target, target, proxy_authorization(proxy)))
            status = await tunnel.status
            if not 200 <= status < 300:
                raise Unreachable(f"{self.peer}: the proxy answered CONNECT with {status}")
            secured = await loop.start_tls(transport, socket, tls, server_hostname=self._upstream.host)
            if secured is None:
                raise ConnectionResetError("closed while TLS was set up")
            socket.attach(secured)
        except BaseException:   # cancellation too: the raw transport has no other owner yet
            transport.abort()
            raise


def load_tls(ca_file: str | None) -> Tls:
    """The system's certificates, and those of the file; reads both now. Errors: ConfigurationError for a file of another kind."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"ca_file: {ca_file} is not a file of PEM certificates: {error}") from error
    return context


class _Tunnel(asyncio.Protocol):
    """Reads the head of a proxy's answer to CONNECT."""

    def __init__(self, status: "asyncio.Future[int]") -> None:
        self.status = status
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) <= _MAX_PROXY_HEAD_BYTES:
            return
        match = _STATUS_LINE.match(self._head)
        is_clean = end == len(self._head) - 4   # the upstream speaks TLS second: bytes beyond the head are not its own
        if match is None or (not is_clean and match[1].startswith(b"2")):
            self._fail(ConnectionError("the proxy's answer to CONNECT is malformed"))
        elif not self.status.done():
            self.status.set_result(int(match[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("the proxy closed the connection"))

    def _fail(self, error: OSError) -> None:
        if not self.status.done():
            self.status.set_exception(error)
            self.status.exception()   # counts as seen: the waiter may have been cancelled
        if self._transport is not None:
            self._transport.abort()
