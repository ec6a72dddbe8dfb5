"""Where a URL may lead, however its host is written, and where a message goes whose name answers differently the next time."""

import asyncio
import functools
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import ParamSpec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import Forbidden, Overloaded, Unreachable, UpstreamTimeout
from taskfit.providers.egress import MAX_ADDRESSES, Egress, Route, is_public
from taskfit.providers.lookup import Lookups, look_up
from taskfit.providers.post import Poster
from tests.unit.providers.test_connection_tls import Certificate
from tests.unit.providers.upstreams import Upstream, answers_always, hangs, sends, upstream

P = ParamSpec("P")

PUBLIC = "93.184.215.14"
PUBLIC_6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
PRIVATE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
)  # fmt: skip
PRIVATE_6 = (
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1",
    "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:5db8:d70e::1", "3fff::1", "4000::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fec0::1", "ff02::1", "2606:2800:21f:cb07:0:5efe:a00:1", "2606:2800:21f:cb07:200:5efe:5db8:d70e",
)  # fmt: skip
SPELLINGS = (
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.0.01",
    "0x", "a.0x7f", "a.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "4294967297", "127.0.0.1.", "127.0.0.1..", "[::1", "::1",
    "[127.0.0.1]",
    "[::1%25eth0]", "[fe80::1%eth0]", "[v1.a]", "[localhost]", "[]", "", ".", "..", ".example.com", "a..example.com",
    "-a.example.com",
    "a-.example.com", "*.example.com", "exa mple.com", "example.com%00.internal", "%6c%6f%63alhost", "%31%32%37.0.0.1",
    "١٢٧.0.0.1", "127。0。0。1", "ⓛocalhost", "ex\u00adample.com", "a" * 64 + ".com", ".".join(["a" * 60] * 5),
)  # fmt: skip
URLS = (
    "", "example.com", "//example.com/", "/etc/passwd", "http://example.com/", "HTTP://example.com", "ftp://example.com", "file:///etc",
    "gopher://example.com/_x", "javascript:alert(1)", "https:example.com", "https:/example.com", "https:///example.com",
    "https://user@example.com", "https://user:pw@example.com", "https://@example.com", "https://example.com@127.0.0.1/",
    "https://example.com#@127.0.0.1/", "https://example.com/#x", "https://example.com\\@127.0.0.1", "https://example.com/\\x",
    "https://127.0.0.1\\.example.com", "https://example.com:22/", "https://example.com:80/", "https://example.com:6379/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:-1/", "https://example.com:4 43/",
    "https://example.com:443:80/", "https://example.com:x/", "https://exa\tmple.com/", "https://example.com/\r\nx: y",
    "\nhttps://example.com",
    "https://example.com/ x", "https://example.com/é", "https://example.com/\x00", "https://example.com/<x>",
    "https://example.com/" + "x" * 2000,
    "https://[::1]x/", "https://x[::1]/", "https://example.com\uff0f.internal/",
)  # fmt: skip


def in_a_loop(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """The test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **more: P.kwargs) -> None:
        asyncio.run(test(*args, **more))

    return run


class Names:
    """A name server: each question gets the next of these answers, the last one for good."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(f"{host}:{port}")
        return answer


async def nobody(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was resolved")


def routed(url: str, *answers: Sequence[str], allow: Sequence[str] = ()) -> Route:
    return asyncio.run(Egress(allow, resolve=Names(*answers) if answers else nobody).route(url))


@pytest.mark.parametrize("url", URLS)
def test_what_is_no_address_to_send_to_is_refused_before_anything_is_resolved(url: str) -> None:
    with pytest.raises(Forbidden):
        routed(url)


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("allow", [(), ("localhost", "127.0.0.0/8", "::1")], ids=["nothing", "loopback"])
def test_a_host_in_an_unusual_spelling_is_refused(host: str, allow: Sequence[str]) -> None:
    if host == "127.0.0.1." and allow:
        return  # the usual spelling with the dot that any name may have
    with pytest.raises(Forbidden):
        routed(f"https://{host}/x", allow=allow)


@pytest.mark.parametrize("address", [*PRIVATE, *PRIVATE_6])
def test_an_address_that_is_not_public_is_refused_as_a_host_and_behind_a_name(address: str) -> None:
    ip = ip_address(address)
    assert not is_public(ip)
    with pytest.raises(Forbidden, match="not public"):
        routed(f"https://{f'[{address}]' if ip.version == 6 else address}/hook")
    with pytest.raises(Forbidden, match="not public"):
        routed("https://hooks.example/", [address])
    with pytest.raises(Forbidden, match="not public"):
        routed("https://hooks.example/", [PUBLIC, address, PUBLIC_6])


@given(st.ip_addresses(v=4))
def test_no_form_of_an_address_within_another_gets_past(ip: IPv4Address) -> None:
    number = int(ip)
    same = [IPv6Address((0xFFFF << 32) | number), IPv6Address((0x0064_FF9B << 96) | number)]
    tunnels = [
        IPv6Address((0x2002 << 112) | (number << 80) | 1), IPv6Address((0x2001_0000 << 96) | (number ^ 0xFFFF_FFFF)),
        IPv6Address((0x2606_2800 << 96) | (0x5EFE << 32) | number), IPv6Address(number), IPv6Address((0xFFFF << 48) | number),
        IPv6Address((0x0064_FF9B_0001 << 80) | number),
    ]  # fmt: skip
    assert {is_public(each) for each in same} == {is_public(ip)}
    assert not any(is_public(each) for each in tunnels)


@given(st.ip_addresses())
def test_what_the_library_does_not_call_global_is_never_public(ip: IPv4Address | IPv6Address) -> None:
    if is_public(ip) and getattr(ip, "ipv4_mapped", None) is None and ip not in Egress(("64:ff9b::/96",))._networks[0]:
        assert ip.is_global
        for claim in ("is_private", "is_loopback", "is_link_local", "is_multicast", "is_unspecified", "is_reserved"):
            assert not getattr(ip, claim)


@given(st.text(max_size=60))
def test_any_text_is_taken_apart_or_refused_and_never_leads_into_the_house(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/x", f"https://hooks.example{text}"):
        try:
            target = Egress().target(url)
        except Forbidden:
            continue
        assert target.server.scheme == "https"
        assert target.server.port in (443, 8443)
        assert target.path.startswith("/")
        assert target.path.isascii()
        assert " " not in target.path


def test_a_public_name_and_a_public_address_are_fine() -> None:
    route = routed("https://Hooks.Example./a/b?c=d", [PUBLIC_6, PUBLIC, PUBLIC])
    assert (route.target.server.host, route.target.server.port, route.target.path) == ("hooks.example", 443, "/a/b?c=d")
    assert route.addresses == (PUBLIC, PUBLIC_6)
    assert routed(f"https://{PUBLIC}").addresses == (PUBLIC,)
    assert routed(f"https://[{PUBLIC_6}]:8443?x").target.path == "/?x"
    assert routed(f"https://[::ffff:{PUBLIC}]/").addresses == (PUBLIC,)
    assert routed("https://xn--bcher-kva.example/", [PUBLIC]).addresses == (PUBLIC,)


class TestWhatTheOperatorAllows:
    """Hosts by their names, addresses and networks."""

    def test_a_name_may_be_private_without_tls_and_on_any_port(self) -> None:
        route = routed("http://hooks.internal:9000/x", ["10.1.2.3", "fd12::1"], allow=["hooks.internal"])
        assert route.addresses == ("10.1.2.3", "fd12::1")

    def test_so_may_an_address_and_one_of_a_network(self) -> None:
        assert routed("http://127.0.0.1:9/x", allow=["127.0.0.1"]).addresses == ("127.0.0.1",)
        assert routed("http://[::ffff:10.1.2.3]/x", allow=["10.0.0.0/8"]).addresses == ("10.1.2.3",)
        assert routed("https://[fd12::1]/", allow=["fd00::/8"]).addresses == ("fd12::1",)

    def test_another_name_may_lead_into_the_network_over_https_only(self) -> None:
        assert routed("https://hooks.example/", ["10.1.2.3"], allow=["10.0.0.0/8"]).addresses == ("10.1.2.3",)
        for url in ("http://hooks.example/", "https://hooks.example:9000/"):
            with pytest.raises(Forbidden, match=r"egress: \{allow: \[hooks.example\]\}"):
                routed(url, allow=["10.0.0.0/8"])

    @pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "0.0.0.0",
                                         "224.0.0.1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "2002:a00:1::",
                                         "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "::a9fe:a9fe",
                                         "::ffff:0:169.254.169.254", "fd20:ce::254", "192.0.0.192", "::ffff:192.0.0.192"])
    def test_a_name_never_leads_to_where_a_cloud_hands_out_credentials(self, address: str) -> None:
        with pytest.raises(Forbidden, match="not public"):
            routed("http://hooks.internal/", [address], allow=["hooks.internal", "10.0.0.0/8"])

    def test_a_name_below_an_allowed_one_and_one_that_ends_with_it_are_others(self) -> None:
        for host in ("a.hooks.internal", "evilhooks.internal"):
            with pytest.raises(Forbidden):
                routed(f"https://{host}/", ["10.1.2.3"], allow=["hooks.internal"])

    def test_the_port_zero_leads_nowhere(self) -> None:
        with pytest.raises(Forbidden):
            routed("http://hooks.internal:0/", allow=["hooks.internal"])


@pytest.mark.parametrize("answer", [[], ["fe80::1%eth0"], ["not-an-address"], [PUBLIC, "x"],
                                    [f"93.184.1.{n}" for n in range(MAX_ADDRESSES + 1)]])
def test_an_answer_of_a_name_server_that_is_none_is_refused(answer: Sequence[str]) -> None:
    with pytest.raises(Forbidden, match="addresses that can be read"):
        routed("https://hooks.example/", answer)


@in_a_loop
async def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    with pytest.raises(UpstreamTimeout, match=r"was not resolved in 0\.01 s"):
        await Egress(resolve=silent, resolve_s=0.01).route("https://hooks.example/")


@in_a_loop
async def test_the_system_resolves_names_and_says_when_there_is_none() -> None:
    assert set(await look_up("localhost", 443)) <= {"127.0.0.1", "::1"}
    with pytest.raises(Unreachable, match="cannot be resolved"):
        await look_up("nobody.invalid", 443)


@in_a_loop
async def test_names_that_do_not_resolve_hold_up_only_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, resolve = threading.Event(), socket.getaddrinfo

    def slow(host: str, port: int, **more: int) -> object:
        if host.endswith(".slow"):
            answers.wait(20)
            raise OSError("no answer")
        return resolve(host, port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    strangers, own = Lookups(most=3, most_per_host=2), Lookups()
    hanging = [asyncio.create_task(strangers.look_up("a.slow", 443)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="2 times already"):
        await strangers.look_up("a.slow", 443)
    hanging.append(asyncio.create_task(strangers.look_up("b.slow", 443)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="3 other names"):
        await strangers.look_up("localhost", 443)
    assert await own.look_up("localhost", 443)
    answers.set()
    assert all(isinstance(each, Unreachable) for each in await asyncio.gather(*hanging, return_exceptions=True))
    assert await strangers.look_up("localhost", 443)


async def posted(
    poster: Poster, server: Upstream, host: str = "hooks.internal", *, timeout_s: float = 5, scheme: str = "http"
) -> int:
    return await poster.post(f"{scheme}://{host}:{server.port}/in?a=b", [("webhook-id", "m-1")], b'{"x": 1}', timeout_s=timeout_s)


class TestPosting:
    """Over real sockets."""

    @in_a_loop
    async def test_the_message_goes_to_the_address_that_was_looked_at_under_its_name(self) -> None:
        async with upstream(answers_always) as server:
            names = Names(["127.0.0.1"], ["127.0.0.2"])
            poster = Poster(Egress(("hooks.internal",), resolve=names))
            assert await posted(poster, server) == 200
            assert names.asked == [f"hooks.internal:{server.port}"]
            (request,) = server.requests
            assert request.startswith(b"POST /in?a=b HTTP/1.1\r\nhost: hooks.internal:%d\r\n" % server.port)
            assert b"\r\nwebhook-id: m-1\r\n" in request
            assert request.endswith(b'\r\n\r\n{"x": 1}')

    @in_a_loop
    async def test_a_name_that_answers_differently_the_next_time_is_asked_once_for_each_message(self) -> None:
        async with upstream(answers_always) as server:
            names = Names([PUBLIC], ["127.0.0.1"])
            egress = Egress(resolve=names)
            route = await egress.route("https://rebinding.example/")
            assert route.addresses == (PUBLIC,)
            with pytest.raises(Forbidden, match=r"leads to 127\.0\.0\.1"):
                await Poster(egress).post("https://rebinding.example/", [], b"{}", timeout_s=1)
            assert (len(names.asked), server.connections) == (2, 0)

    @in_a_loop
    async def test_the_next_address_is_tried_when_one_cannot_be_reached(self) -> None:
        async with upstream(answers_always) as server:
            poster = Poster(Egress(("hooks.internal",), resolve=Names(["127.0.0.99", "127.0.0.1"])))
            assert await posted(poster, server) == 200

    @in_a_loop
    async def test_a_redirect_is_an_answer_like_any_other(self) -> None:
        async with upstream(answers_always) as inside:
            moved = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: %b/in\r\ncontent-length: 0\r\n\r\n" % inside.url.encode()
            async with upstream(sends(moved)) as server:
                assert await posted(Poster(Egress(("127.0.0.1",))), server, "127.0.0.1") == 307
            assert inside.connections == 0

    @in_a_loop
    async def test_the_body_of_an_answer_is_not_read(self) -> None:
        endless = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n" + b"x" * 30_000_000
        async with upstream(sends(endless)) as server:
            assert await posted(Poster(Egress(("127.0.0.1",))), server, "127.0.0.1") == 200
            await server.client_left.wait()

    @in_a_loop
    async def test_a_receiver_that_hangs_is_left(self) -> None:
        async with upstream(hangs) as server:
            with pytest.raises(UpstreamTimeout):
                await posted(Poster(Egress(("127.0.0.1",))), server, "127.0.0.1", timeout_s=0.05)
            await server.client_left.wait()

    @in_a_loop
    async def test_nobody_there_and_a_name_without_an_address_are_unreachable(self) -> None:
        async with upstream(answers_always) as server:
            port = server.port
        for host in ("127.0.0.1", "nobody.invalid"):
            with pytest.raises(Unreachable):
                await Poster(Egress(("127.0.0.1", "nobody.invalid"))).post(f"http://{host}:{port}/", [], b"", timeout_s=5)

    @in_a_loop
    async def test_a_certificate_is_held_against_the_name_and_not_the_address(self, tmp_path: Path) -> None:
        good, other = (tmp_path / name for name in ("good", "other"))
        good.mkdir()
        other.mkdir()
        fits, does_not = Certificate(good, "DNS:hooks.internal"), Certificate(other, "IP:127.0.0.1")
        for certificate, is_fine in ((fits, True), (does_not, False)):
            egress = Egress(("hooks.internal",), resolve=Names(["127.0.0.1"]))
            poster = Poster(egress, ca_file=str(certificate.file))
            async with upstream(answers_always, tls=certificate.server) as server:
                if is_fine:
                    assert await posted(poster, server, scheme="https") == 200
                else:
                    with pytest.raises(Unreachable, match="TLS failed") as caught:
                        await posted(poster, server, scheme="https")
                    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
