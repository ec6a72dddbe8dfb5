"""Where a URL that somebody named may lead: to public addresses over https, and to the private ones that the operator allows.

A client names the address at which it is told of a decision, so whatever the gateway can reach and the client cannot has to be
out of bounds: this machine, the network around it, the metadata service of a cloud (OWASP, Server-Side Request Forgery
Prevention). A name is resolved once, every address that it has must be fine, and the connection goes to one of those very
addresses: a name that answers differently the next time gains nothing. Sends nothing itself.
Source: IANA's special-purpose address registries, as read on 2026-11-22; RFC 6052 and RFC 4291 for addresses within addresses.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import msgspec

from taskfit.errors import Forbidden, UpstreamTimeout
from taskfit.providers.dial import Address
from taskfit.providers.lookup import look_up

Ip: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses. Errors: Unreachable; Overloaded when it was not tried."""

MAX_URL_CHARS: Final = 2000
MAX_ADDRESSES: Final = 16
RESOLVE_S: Final = 5.0
PORTS: Final = {"https": (443, 8443), "http": (80,)}
"""Those that need no leave; the first one is meant where none is named."""

_URL: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")
"""What RFC 3986 lets stand in a URL: no space, no control character, no backslash, which readers of URLs disagree about."""
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A name whose last label is one is read as an address by some: 127.1, 0x7f.1, 2130706433 (WHATWG URL, ends-in-a-number)."""
_MAX_NAME_CHARS: Final = 253

_NOT_PUBLIC: Final = tuple(map(ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)))  # fmt: skip
"""168.63.129.16 is Azure's own server, whichever network asks. Of IPv6 only what lies in `_UNICAST` is public; there 2001::/23
with Teredo and 2002::/16 with 6to4 lead to IPv4 addresses."""
_UNICAST: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")
_TUNNELS: Final = tuple(map(ip_network, ("64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""NAT64 of one's own, whose prefix may have any length, and the two old forms of RFC 4291 and RFC 2765; ::1 is none of these."""
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
_NEVER_BY_NAME: Final = tuple(map(ip_network, (
    "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32",
    "fd20:ce::254/128", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32",
)))  # fmt: skip
"""A name that the operator allows may lead to private addresses, but not to these, where clouds hand out credentials."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that may be asked for, taken apart. `path` begins with a slash and has the query with it; `is_allowed`: the operator
    allows its host as it is written."""

    server: Address
    path: str
    is_allowed: bool


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where to connect for it: IP addresses that were looked at, IPv4 first, because IPv6 is what is broken more often."""

    target: Target
    addresses: tuple[str, ...]


class Egress:
    """What may be reached. `allow` are hosts in lower case, addresses and networks that need not be public."""

    def __init__(self, allow: Sequence[str] = (), *, resolve: Resolve = look_up, resolve_s: float = RESOLVE_S) -> None:
        self._hosts = frozenset(place for place in allow if _network(place) is None)
        self._networks = tuple([network for place in allow if (network := _network(place)) is not None])
        self._resolve = resolve
        self._resolve_s = resolve_s

    def target(self, url: str) -> Target:
        """The URL taken apart; nothing is resolved. Errors: Forbidden, which says what is wrong with it."""
        parts = _split(url)
        host = _host(parts)
        ip = _ip(host)
        is_allowed = host in self._hosts if ip is None else self._is_in_network(ip)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed):
            raise _refused(host, f"{parts.scheme or 'no scheme'}, where only https is taken", host)
        usual = PORTS[parts.scheme]
        port = usual[0] if parts.port is None else parts.port
        if port not in usual and (not is_allowed or port == 0):
            raise _refused(host, f"port {port}, where only {' and '.join(map(str, usual))} are taken", host)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        server = Address(scheme=parts.scheme, host=host if ip is None else str(ip), port=port)
        return Target(server=server, path=path, is_allowed=is_allowed)

    async def route(self, url: str) -> Route:
        """The way to it; its name is resolved once. Errors: Forbidden; Unreachable and UpstreamTimeout for a name that does not
        resolve, Overloaded when that was not tried."""
        target = self.target(url)
        server = target.server
        literal = _ip(server.host)
        found = [literal] if literal is not None else await self._addresses(server)
        for ip in found:
            if not self._may_reach(ip, by_name=target.is_allowed and literal is None):
                raise _refused(server.host, f"it leads to {ip}, which is not public", server.host)
        return Route(target=target, addresses=tuple([str(_within(ip) or ip) for ip in sorted(found, key=lambda ip: ip.version)]))

    async def _addresses(self, server: Address) -> list[Ip]:
        try:
            async with asyncio.timeout(self._resolve_s):
                texts = await self._resolve(server.host, server.port)
        except TimeoutError as error:
            raise UpstreamTimeout(f"{server.host}: the name was not resolved in {self._resolve_s:g} s") from error
        found = [ip for text in dict.fromkeys(texts) if (ip := _ip(text)) is not None]
        if not found or len(found) != len(set(texts)) or len(found) > MAX_ADDRESSES:
            raise _refused(server.host, f"it has {len(found)} addresses that can be read, of {len(set(texts))}", server.host)
        return found

    def _may_reach(self, ip: Ip, *, by_name: bool) -> bool:
        if is_public(ip) or self._is_in_network(ip):
            return True
        return by_name and not _is_in(_within(ip) or ip, _NEVER_BY_NAME) and (_within(ip) is not None or not _hides_another(ip))

    def _is_in_network(self, ip: Ip) -> bool:
        return _is_in(_within(ip) or ip, self._networks) or _is_in(ip, self._networks)


def is_public(ip: Ip) -> bool:
    """Whether anybody on the internet may have this address, also as what is written within it."""
    within = _within(ip)
    if within is not None:
        return is_public(within)
    if isinstance(ip, IPv6Address):
        return ip in _UNICAST and ip.is_global and not _is_in(ip, _NOT_PUBLIC) and not _hides_another(ip)
    return ip.is_global and not ip.is_multicast and not _is_in(ip, _NOT_PUBLIC)


def _within(ip: Ip) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, or behind the well-known prefix of NAT64."""
    if not isinstance(ip, IPv6Address):
        return None
    return IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else ip.ipv4_mapped


def _hides_another(ip: Ip) -> bool:
    """Whether it is of one of the forms that lead to an IPv4 address through a tunnel: 6to4, Teredo, ISATAP, translators."""
    if not isinstance(ip, IPv6Address) or ip.is_loopback:
        return False
    if _is_in(ip, _TUNNELS):
        return True
    return ip.sixtofour is not None or ip.teredo is not None or (int(ip) >> 32) & 0xFFFF_FFFF in _ISATAP


def _is_in(ip: Ip, networks: Sequence[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _split(url: str) -> SplitResult:
    """Errors: Forbidden."""
    if not 0 < len(url) <= MAX_URL_CHARS or not _URL.fullmatch(url.lower()):
        raise Forbidden(f"the address is longer than {MAX_URL_CHARS} characters, or has some that no URL has")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Forbidden(f"the address cannot be read: {error}") from error
    if "@" in parts.netloc:
        raise Forbidden("the address has a name or a password in it")
    if "#" in url:
        raise Forbidden("the address has a fragment, which is never sent")
    return parts


def _host(parts: SplitResult) -> str:
    """In lower case, without the dot at its end. Errors: Forbidden for what is neither a name nor an address as it is written."""
    host = (parts.hostname or "").removesuffix(".")
    if (parts.netloc.startswith("[") and isinstance(_ip(host), IPv6Address)) or isinstance(_ip(host), IPv4Address):
        return host
    if "[" not in parts.netloc and _is_name(host):
        return host
    raise Forbidden(f"{host[:80] or 'nothing'!r} is neither the name of a host nor an IP address in its usual form")


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return len(host) <= _MAX_NAME_CHARS and all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])


def _ip(text: str) -> Ip | None:
    """None for a name, and for an address with a zone, which is one of this machine's own networks."""
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def _network(place: str) -> Network | None:
    try:
        return ip_network(place)
    except ValueError:
        return None


def _refused(host: str, why: str, place: str) -> Forbidden:
    return Forbidden(f"{host}: {why}; the operator may allow it with egress: {{allow: [{place}]}}")
