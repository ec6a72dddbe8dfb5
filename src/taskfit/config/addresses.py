"""Addresses of others: the section `egress`, and webhooks, which are told of review cases.

Names are not resolved here: whoever sends looks again at where they lead.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from taskfit.config.complaints import Complaints
from taskfit.config.keys import EGRESS
from taskfit.config.reading import complain, is_null, read_entries, read_text
from taskfit.config.tree import Node, Scalar, Sequence

HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*")
LONGEST_URL = 2000
MOST_ALLOWED = 100


def read_egress(node: Node | None, complaints: Complaints) -> tuple[str, ...]:
    """Hosts in lower case, addresses and networks."""
    if node is None or is_null(node):
        return ()
    entries = read_entries(node, EGRESS, complaints) or {}
    allowed = entries["allow"].value if "allow" in entries else None
    if allowed is None:
        return ()
    if not isinstance(allowed, Sequence) or len(allowed.items) > MOST_ALLOWED:
        complain(allowed, complaints, wanted=f"a list of up to {MOST_ALLOWED} hosts, addresses or networks", try_="[10.0.0.0/8]")
        return ()
    read = [_read_place(item, complaints) for item in allowed.items]
    return tuple(dict.fromkeys([place for place in read if place is not None]))


def _read_place(node: Node, complaints: Complaints) -> str | None:
    wanted = "a host, an address or a network: hooks.internal, 10.0.0.5, 10.0.0.0/8"
    text = read_text(node, complaints, wanted=wanted)
    if text is None:
        return None
    try:
        return str(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))
    except ValueError:
        if is_host(text):
            return text.lower()
    complain(node, complaints, wanted=wanted, try_=_nearest_place(text) if not _is_hidden(node) else "")
    return None


def _nearest_place(text: str) -> str:
    """The network of an address with bits after its mask, or the host of a whole address."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        host = _split(text).hostname or ""
        return host if is_host(host) else ""


def is_host(text: str) -> bool:
    """Whether it is a name that can be resolved, and not what looks like an address."""
    return HOST.fullmatch(text) is not None and not re.fullmatch(r"[0-9.]+", text)


def read_webhook(node: Node, egress: tuple[str, ...], complaints: Complaints) -> str | None:
    """An https address; http and private addresses only where `egress` allows them."""
    wanted = "an address that begins with https://"
    text = read_text(node, complaints, wanted=wanted)
    if text is None:
        return None
    address = _split(text)
    host = (address.hostname or "").lower()
    is_address = 0 < len(text) <= LONGEST_URL and text.isascii() and text.isprintable() and " " not in text and _has_port(address)
    if not is_address or address.scheme not in ("http", "https") or not (is_host(host) or _ip(host)) or address.fragment:
        complain(node, complaints, wanted=wanted)
    elif address.username is not None or address.password is not None:
        complaints.add(node.line, node.path, found="a name or a password in the address", wanted="an address without them")
    elif is_allowed(host, egress):
        return text
    elif _is_private(host):
        try_ = f"egress: {{allow: [{host}]}}" if not _is_hidden(node) else ""
        wanted = "a public one, or one that egress allows"
        complaints.add(node.line, node.path, found="a private address", wanted=wanted, try_=try_)
    elif address.scheme == "http":
        try_ = f"https{text[4:]}" if not _is_hidden(node) else ""
        complaints.add(node.line, node.path, found="http, which anyone on the way can read", wanted=wanted, try_=try_)
    else:
        return text
    return None


def is_allowed(host: str, egress: tuple[str, ...]) -> bool:
    """Whether an address, or a name as it is written, is one of the places."""
    ip = _ip(host)
    if ip is None:
        return host.lower() in egress
    networks = [ipaddress.ip_network(place) for place in egress if _is_network(place)]
    return any(ip in network for network in networks if network.version == ip.version)


def _is_private(host: str) -> bool:
    ip = _ip(host)
    return host == "localhost" if ip is None else not ip.is_global


def _is_network(place: str) -> bool:
    return "/" in place or _ip(place) is not None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split(text: str) -> SplitResult:
    """The parts of an address; no part where it is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def _has_port(address: SplitResult) -> bool:
    """Whether its port, if there is one, can be one."""
    try:
        return address.port is None or address.port > 0
    except ValueError:
        return False


def _is_hidden(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_from_environment
