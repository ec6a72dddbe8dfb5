"""The door to an upstream: requests out, answers in, and its failures read once.

The only module that the rest of the house imports to speak HTTP to a model's server. HTTP/1.1 over kept-alive sockets;
redirects are not followed, proxies of the environment are not used, bodies are asked for without compression.
Knows no dialect: paths, header fields and bodies come from the adapters.
"""

import asyncio
import re
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from taskfit.errors import ConfigurationError, InternalError, InvalidRequest, Unreachable
from taskfit.providers.dial import Dialer, parse_proxy, parse_upstream, proxy_authorization
from taskfit.providers.failures import upstream_error
from taskfit.providers.http1 import Pool
from taskfit.providers.reply import Limits, Reply

__all__ = ["Connection", "Limits", "Reply", "upstream_error"]

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PATH: Final = re.compile(r"/[!-\"$-~]*")
_OURS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)
_MAX_HEADS: Final = 1024


def check_connection(url: str, headers: Mapping[str, str], proxy: str | None) -> None:
    """What an adapter's settings call on themselves, so that a mistake is told with its place in the file. Errors: ValueError."""
    try:
        Connection(url, headers=tuple(headers.items()), proxy=proxy)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error


class Connection:
    """Requests to one upstream, as many at a time as are asked for.

    `url` is the base URL: its path stands before the path of every request. `headers` go with every request. `proxy` is
    http://host:port; `ca_file` names PEM certificates that are trusted beside the system's. `dialer`: another way to the same
    upstream, which takes the place of these two.
    A call made after `close` is still served, on a socket of its own: a reload does not break calls that just began.
    Errors: ConfigurationError, at construction and in `open`.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        limits: Limits = Limits(),   # noqa: B008  # frozen
        proxy: str | None = None,
        ca_file: str | None = None,
        dialer: Dialer | None = None,
    ) -> None:
        self._upstream = parse_upstream(url)
        self._proxy = None if proxy is None else parse_proxy(proxy)
        self._limits = limits
        self._dialer = dialer or Dialer(self._upstream, limits=limits, proxy=self._proxy, ca_file=ca_file)
        if complaint := _complaint(headers):
            raise ConfigurationError(complaint)
        self._fields = self._fixed_fields(headers)
        self._post_heads: dict[str, bytes] = {}
        self._get_heads: dict[str, bytes] = {}
        self._pool: Pool | None = None

    async def open(self) -> None:
        """Call once, in the event loop that makes the calls. Nothing is sent yet."""
        await self._dialer.open()
        self._pool = Pool(asyncio.get_running_loop(), self._limits)

    async def close(self) -> None:
        """Close idle sockets now; calls in flight finish, then theirs are closed."""
        if self._pool is not None:
            self._pool.close()
            await asyncio.sleep(0)   # the event loop closes the sockets in its next turn

    def post(
        self, path: str, body: bytes, *, first_byte_s: float, total_s: float, headers: Sequence[tuple[str, str]] = ()
    ) -> Coroutine[Any, Any, Reply]:
        """Send JSON; the reply has its status and header fields, its body may still be on the way.

        Units: seconds from now; `first_byte_s` bounds the wait for the body's first byte, connecting included.
        Errors: Unreachable, UpstreamTimeout, InvalidAnswer, CutAnswer; InvalidRequest for header fields that cannot be sent.
        """
        head = self._post_heads.get(path)
        if head is None:
            fields = self._fields if "\r\ncontent-type: " in self._fields else f"{self._fields}content-type: application/json\r\n"
            head = self._prepare(self._post_heads, "POST", path, f"{fields}content-length: ")
        extra = _encode_call_fields(headers) if headers else b""
        request = b"%b%d\r\n%b\r\n%b" % (head, len(body), extra, body)
        return self._send(request, first_byte_s, total_s)

    async def get(self, path: str, *, first_byte_s: float, total_s: float) -> Reply:
        """Ask for a resource. Units and errors: as `post`."""
        head = self._get_heads.get(path)
        if head is None:
            head = self._prepare(self._get_heads, "GET", path, f"{self._fields}\r\n")
        return await self._send(head, first_byte_s, total_s)

    async def _send(self, request: bytes, first_byte_s: float, total_s: float) -> Reply:
        pool = self._pool
        if pool is None:
            raise InternalError("an upstream was called before it was opened")
        now = pool.loop.time()  # `get_running_loop` asks the kernel for the process's number
        first_at, total_at = now + first_byte_s, now + total_s
        socket = pool.take()
        if socket is not None:
            reply = socket.ask(request, first_at=first_at, total_at=total_at)
            if await reply.wait_for_head():
                return reply
            # The upstream closed the kept-alive socket just as it was used again: it cannot have begun to answer.
        socket = await self._dialer.dial(pool, until=min(first_at, total_at))
        reply = socket.ask(request, first_at=first_at, total_at=total_at)
        if not await reply.wait_for_head():
            failure = reply.failure or Unreachable(self._dialer.peer)
            raise failure from failure.__cause__
        return reply

    def _fixed_fields(self, headers: Sequence[tuple[str, str]]) -> str:
        names = {name.lower() for name, _ in headers}
        lines = [("host", self._upstream.authority), ("accept-encoding", "identity")]
        if "user-agent" not in names:
            lines.append(("user-agent", "taskfit"))
        lines.extend((name.lower(), value) for name, value in headers)
        fields = "".join(f"{name}: {value}\r\n" for name, value in lines)
        if self._proxy is not None and self._upstream.scheme == "http":
            fields += proxy_authorization(self._proxy).decode()
        return fields

    def _prepare(self, heads: dict[str, bytes], method: str, path: str, fields: str) -> bytes:
        if not _PATH.fullmatch(path):
            raise InternalError("a path for an upstream is not printable ASCII that begins with a slash")
        target = self._upstream.path + path
        if self._proxy is not None and self._upstream.scheme == "http":
            target = f"http://{self._upstream.authority}{target}"
        head = f"{method} {target} HTTP/1.1\r\n{fields}".encode("latin-1")
        if len(heads) >= _MAX_HEADS:   # paths that name many models must not fill the memory
            heads.clear()
        heads[path] = head
        return head


def _complaint(headers: Sequence[tuple[str, str]]) -> str | None:
    """What is wrong with header fields, by name: a value may be a key."""
    for name, value in headers:
        if not _NAME.fullmatch(name):
            return "headers: a name that is not a token of HTTP"
        if not _VALUE.fullmatch(value):
            return f"headers: the value of {name} holds a line break, a control character or one beyond Latin-1"
        if name.lower() in _OURS:
            return f"headers: {name} is set by taskfit itself"
    return None


def _encode_call_fields(headers: Sequence[tuple[str, str]]) -> bytes:
    if complaint := _complaint(headers):
        raise InvalidRequest(complaint)
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
