"""TLS: who is trusted, who is not, and the way through a proxy."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import uvloop

from taskfit.errors import ConfigurationError, Unreachable, UpstreamTimeout
from taskfit.providers.connection import Connection, Limits
from tests.unit.providers.upstreams import Peer, answers_always, hangs, sends_and_stays, upstream

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


class Certificate:
    """A self-signed certificate for some names."""

    def __init__(self, folder: Path, names: str) -> None:
        self.file = folder / "certificate.pem"
        key = folder / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        names_option = ["-subj", "/CN=taskfit test", "-addext", f"subjectAltName={names}"]
        subprocess.run([*command, *names_option, "-keyout", str(key), "-out", str(self.file)], check=True, capture_output=True)
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.server.load_cert_chain(self.file, key)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), "DNS:localhost,DNS:models.example,IP:127.0.0.1")


@pytest.fixture(scope="module")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), "DNS:elsewhere.example")


async def call(url: str, *, ca_file: Path | None = None, proxy: str | None = None, times: int = 1) -> None:
    connection = Connection(url, ca_file=None if ca_file is None else str(ca_file), proxy=proxy, limits=Limits(connect_s=2))
    await connection.open()
    try:
        for _ in range(times):
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            assert await reply.read() == b"ok"
    finally:
        await connection.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_the_ca_file_is_trusted_and_its_socket_reused(run: Run, certificate: Certificate, host: str) -> None:
    async def walk() -> None:
        async with upstream(answers_always, tls=certificate.server) as server:
            await call(f"https://{host}:{server.port}", ca_file=certificate.file, times=3)
            assert server.connections == 1

    run(walk())


def test_a_self_signed_certificate_is_refused(run: Run, certificate: Certificate) -> None:
    async def walk() -> None:
        async with upstream(answers_always, tls=certificate.server) as server:
            with pytest.raises(Unreachable, match="TLS failed") as caught:
                await call(f"https://localhost:{server.port}")
            assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
            assert server.requests == []

    run(walk())


def test_a_certificate_for_another_name_is_refused(run: Run, other_certificate: Certificate) -> None:
    async def walk() -> None:
        async with upstream(answers_always, tls=other_certificate.server) as server:
            with pytest.raises(Unreachable, match="TLS failed"):
                await call(f"https://localhost:{server.port}", ca_file=other_certificate.file)

    run(walk())


def test_a_server_without_tls_is_unreachable_under_https(run: Run, certificate: Certificate) -> None:
    async def speaks_plainly(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.until_gone()

    async def walk() -> None:
        async with upstream(speaks_plainly) as server:
            with pytest.raises(Unreachable):
                await call(f"https://localhost:{server.port}", ca_file=certificate.file)

    run(walk())


def test_a_handshake_that_hangs_ends_with_the_connect_limit(run: Run) -> None:
    async def walk() -> None:
        async with upstream(Peer.until_gone) as server:
            connection = Connection(f"https://localhost:{server.port}", limits=Limits(connect_s=0.1))
            await connection.open()
            with pytest.raises(UpstreamTimeout, match="no connection in time"):
                await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            await connection.close()
            await server.client_left.wait()

    run(walk())


def test_a_ca_file_that_is_none_is_a_mistake_of_the_configuration(run: Run, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")

    async def walk() -> None:
        for file in (garbage, tmp_path / "missing.pem"):
            with pytest.raises(ConfigurationError, match="ca_file"):
                await Connection("https://localhost", ca_file=str(file)).open()

    run(walk())


def tunnels_to(port: int) -> Callable[[Peer], Coroutine[Any, Any, None]]:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 Connection established\r\ncontent-length: 0\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(relay(peer.reader, writer), relay(reader, peer.writer))
        finally:
            writer.close()
    return script


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    finally:
        writer.close()


def test_a_proxy_is_crossed_with_connect(run: Run, certificate: Certificate) -> None:
    async def walk() -> None:
        async with upstream(answers_always, tls=certificate.server) as server, upstream(tunnels_to(server.port)) as proxy:
            url = "https://models.example/v1"
            await call(url, ca_file=certificate.file, proxy=f"http://me:secret@127.0.0.1:{proxy.port}", times=2)
            lines = proxy.requests[0].split(b"\r\n")
            assert lines[:3] == [
                b"CONNECT models.example:443 HTTP/1.1", b"host: models.example:443", b"proxy-authorization: Basic bWU6c2VjcmV0"
            ]
            assert server.requests[0].startswith(b"POST /v1/chat HTTP/1.1\r\nhost: models.example\r\n")
            assert b"proxy-authorization" not in server.requests[0]
            assert (proxy.connections, server.connections) == (1, 1)

    run(walk())


def test_a_certificate_is_verified_behind_a_proxy_too(run: Run, certificate: Certificate) -> None:
    async def walk() -> None:
        async with upstream(answers_always, tls=certificate.server) as server, upstream(tunnels_to(server.port)) as proxy:
            with pytest.raises(Unreachable, match="TLS failed"):
                await call("https://elsewhere.example", ca_file=certificate.file, proxy=f"http://127.0.0.1:{proxy.port}")

    run(walk())


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "answered CONNECT with 407"),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nbad", "answered CONNECT with 502"),
        (b"what?\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n\r\ninjected", "malformed"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20000, "malformed"),
    ],
)
def test_a_proxy_that_refuses_makes_the_upstream_unreachable(run: Run, answer: bytes, text: str) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(answer)) as proxy:
            with pytest.raises(Unreachable, match=text) as caught:
                await call("https://models.example", proxy=f"http://me:secret@127.0.0.1:{proxy.port}")
            assert f"models.example:443 (through the proxy 127.0.0.1:{proxy.port})" in str(caught.value)
            assert "secret" not in str(caught.value)
            await proxy.client_left.wait()

    run(walk())


def test_a_proxy_that_hangs_or_closes_does_not_hang_the_call(run: Run) -> None:
    async def closes(peer: Peer) -> None:
        await peer.request()

    async def walk() -> None:
        async with upstream(closes, hangs) as proxy:
            way = f"http://127.0.0.1:{proxy.port}"
            with pytest.raises(Unreachable, match="closed the connection"):
                await call("https://models.example", proxy=way)
            connection = Connection("https://models.example", proxy=way, limits=Limits(connect_s=0.05))
            await connection.open()
            with pytest.raises(UpstreamTimeout):
                await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            await proxy.client_left.wait()
            await connection.close()

    run(walk())
