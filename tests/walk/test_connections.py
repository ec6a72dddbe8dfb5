"""Connections that dawdle, overflow, or speak HTTP in a way that two readers may read differently."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfit.server.protocol import TimedProtocol
from taskfit.testing import Reply, UpstreamThread
from tests.walk.house import CHAT, CLIENT_KEY, House, ask, error_in, fresh, read_to_end, read_until, serving

BODY = json.dumps(ask()).encode()


class Impatient(TimedProtocol):
    head_timeout_s = 0.15
    body_timeout_s = 0.15


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("impatient")
    with serving(folder, upstream, protocol=Impatient) as served:
        yield fresh(served)


def status_of(data: bytes) -> int:
    assert data.startswith(b"HTTP/1.1 "), data[:80]
    return int(data[9:12])


def test_a_slow_head_is_closed(impatient: House) -> None:
    with impatient.socket() as connection:
        connection.sendall(b"POST /v1/chat")
        assert status_of(read_to_end(connection) or b"HTTP/1.1 408 ") == 408


def test_a_head_that_keeps_coming_in_bytes_is_closed_all_the_same(impatient: House) -> None:
    with impatient.socket() as connection:
        connection.settimeout(0.02)
        got: bytes | None = None
        for byte in b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-filler: " + b"a" * 400:
            try:
                connection.sendall(bytes([byte]))
                got = connection.recv(1024)
                break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                got = b""
                break
        assert got is not None, "400 bytes in eight seconds were waited for"


def test_a_connection_that_says_nothing_is_closed(impatient: House) -> None:
    with impatient.socket() as connection:
        assert read_to_end(connection) == b""


def test_a_slow_body_is_closed_and_leaves_one_record(impatient: House) -> None:
    before = len(impatient.records())
    with impatient.socket() as connection:
        connection.sendall(impatient.head(BODY[:20], length=len(BODY)))
        read_to_end(connection)
    records = impatient.records()
    assert len(records) == before + 1
    assert (records[0].outcome, records[0].error) == ("refused", "incomplete_body")


def test_a_slow_second_request_is_closed_after_the_first_was_answered(impatient: House) -> None:
    with impatient.socket() as connection:
        connection.sendall(impatient.head(BODY) + b"POST /v1/chat")
        got = read_to_end(connection)
    assert status_of(got) == 200


def test_a_slow_model_is_no_slow_client(impatient: House) -> None:
    impatient.upstream.script({"mini": Reply("late", delay_s=0.4)})
    assert impatient.ask().text == "late"


def test_an_idle_kept_connection_is_not_taken_for_a_slow_one(impatient: House) -> None:
    with impatient.socket() as connection:
        for _ in range(2):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200" in read_until(connection, b"}")
            connection.settimeout(0.3)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            connection.settimeout(5)


def test_a_header_of_a_megabyte_is_refused(house: House) -> None:
    got = house.raw(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-huge: " + b"a" * 1_000_000 + b"\r\n\r\n")
    assert status_of(got) == 431
    assert error_in(got.partition(b"\r\n\r\n")[2])["code"] == "headers_too_large"


def test_a_long_address_is_refused(house: House) -> None:
    assert status_of(house.raw(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")) == 431


def test_ten_thousand_headers_are_refused(house: House) -> None:
    lines = b"".join(b"x-%d: a\r\n" % number for number in range(10_000))
    assert status_of(house.raw(b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + lines + b"\r\n")) == 431


def test_two_hundred_short_headers_are_refused(house: House) -> None:
    lines = b"".join(b"x-%d: a\r\n" % number for number in range(200))
    got = house.raw(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n" + lines + b"\r\n")
    assert status_of(got) == 431
    assert b"connection: close" in got


def test_a_large_body_in_the_same_packet_is_not_taken_for_a_large_head(house: House) -> None:
    body = json.dumps(ask("x" * 200_000)).encode()
    with house.socket() as connection:
        connection.sendall(house.head(body))
        assert b" 200 " in read_until(connection, b"\r\n")


def test_pipelined_requests_are_answered_in_order(house: House) -> None:
    house.upstream.script({"mini": [Reply("first", delay_s=0.1), Reply("second"), Reply("third")]})
    with house.socket() as connection:
        connection.sendall(house.head(BODY) * 3)
        got = b""
        while got.count(b'"finish_reason"') < 3:
            got += connection.recv(65_536)
    assert got.index(b"first") < got.index(b"second") < got.index(b"third")
    assert len(house.records()) == 3


def test_a_client_that_leaves_with_requests_in_the_pipeline_leaves_a_record_for_the_one_that_began(house: House) -> None:
    house.upstream.script({"mini": Reply("late", delay_s=5.0)})
    with house.socket() as connection:
        connection.sendall(house.head(BODY) * 3)
        house.upstream.wait_until(lambda: bool(house.upstream.requests))
    house.upstream.wait_until(lambda: house.upstream.requests[0].client_left)
    assert house.last_record().outcome == "cancelled"


SMUGGLED = {
    "two lengths": "content-length: 5\r\ncontent-length: 6\r\n",
    "length and chunks": "content-length: 5\r\ntransfer-encoding: chunked\r\n",
    "a list of encodings": "transfer-encoding: chunked, identity\r\n",
    "a blank before the colon": "content-length : 5\r\n",
    "a negative length": "content-length: -5\r\n",
    "a length with a sign": "content-length: +5\r\n",
    "an endless length": "content-length: " + "9" * 5_000 + "\r\n",
    "a bare line feed": "x: a\nx-b: c\r\ncontent-length: 5\r\n\n",
    "a NUL in a value": "x: a\x00b\r\ncontent-length: 5\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_body_whose_end_can_be_read_in_two_ways_is_refused_and_the_connection_closed(house: House, name: str) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CLIENT_KEY}\r\ncontent-type: application/json\r\n"
    head += f"{SMUGGLED[name]}\r\n"
    got = house.raw(head.encode("latin-1") + b"0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    assert status_of(got) == 400
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in got.lower()
    assert house.asked() == []


@pytest.mark.parametrize("line", [b"hello", b"GET /healthz HTTP/1.1 now", b"\x16\x03\x01\x02\x00", b"GET /healthz HTTP/9.9"])
def test_what_is_no_http_is_refused(house: House, line: bytes) -> None:
    got = house.raw(line + b"\r\nhost: x\r\n\r\n")
    assert status_of(got) == 400


def test_a_chunk_of_an_absurd_size_is_refused(house: House) -> None:
    head = house.head(b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    assert status_of(house.raw(head + b"F" * 17 + b"\r\nxx")) == 400
    assert house.asked() == []


@pytest.mark.parametrize("path", [CHAT, "/healthz"])
def test_a_web_socket_is_not_opened(house: House, path: str) -> None:
    request = (
        f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with house.socket() as connection:
        connection.sendall(request.encode())
        got = read_until(connection, b"\r\n\r\n")
    assert b"101" not in got[:15]
    assert 200 <= status_of(got) < 500


def test_a_client_that_says_http_1_0_is_answered_and_closed(house: House) -> None:
    request = house.head(BODY).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert b"I am mini." in house.raw(request)


def test_a_body_that_never_comes_whole_leaves_one_record(house: House) -> None:
    with house.socket() as connection:
        connection.sendall(house.head(BODY[:20], length=len(BODY), extra="expect: 100-continue\r\n"))
        is_being_read(connection)
    get_health(house)
    record = house.last_record()
    assert (record.outcome, record.error) == ("refused", "incomplete_body")
    assert house.asked() == []


def is_being_read(connection: socket.socket) -> None:
    """With `expect` the gateway says when it begins to read the body."""
    assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")


def get_health(house: House) -> None:
    """A round trip, after which the gateway has seen what happened before it."""
    assert house.get("/healthz").status == 200


def chunked(body: bytes, trailers: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)


def test_what_comes_behind_the_body_is_no_header(house: House) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: {house.address[0]}\r\ncontent-type: application/json\r\nconnection: close\r\n"
    trailers = f"authorization: Bearer {house.key}\r\nx-request-id: from-a-trailer\r\n".encode()
    got = house.raw(head.encode() + b"transfer-encoding: chunked\r\n\r\n" + chunked(BODY, trailers))
    assert status_of(got) == 401
    assert b"from-a-trailer" not in got


def test_trailers_are_counted(house: House) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: {house.address[0]}\r\nauthorization: Bearer {house.key}\r\n"
    trailers = b"".join(b"x-%d: %s\r\n" % (number, b"a" * 1000) for number in range(200))
    with house.socket() as connection:
        try:
            connection.sendall(head.encode() + b"transfer-encoding: chunked\r\n\r\n" + chunked(BODY, trailers))
            got = read_to_end(connection)
        except (BrokenPipeError, ConnectionResetError):
            got = b""
    assert b" 200 " not in got[:20]


def test_a_connection_answered_before_its_body_came_does_not_stay_for_ever(tmp_path: Path, upstream: UpstreamThread) -> None:
    class Brief(TimedProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
            super().connection_made(transport)
            self.timeout_keep_alive = 0.1  # type: ignore[assignment]  # whole seconds are too long for a test

    with serving(tmp_path, upstream, protocol=Brief) as served, fresh(served).socket() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n")
        assert b" 404 " in read_until(connection, b"}}")
        connection.sendall(b"body")
        assert read_to_end(connection) == b""


def test_a_client_that_sends_requests_by_the_hundred_is_closed(house: House) -> None:
    one = f"GET /healthz HTTP/1.1\r\nhost: {house.address[0]}\r\n\r\n".encode()
    assert house.raw(one * 500).count(b"HTTP/1.1 200") < 100
    assert house.get("/healthz", key=None).status == 200


def test_requests_that_wait_for_the_answers_before_theirs_are_answered_in_order(house: House) -> None:
    one = f"GET /v1/models/{{}} HTTP/1.1\r\nhost: {house.address[0]}\r\nauthorization: Bearer {house.key}\r\n\r\n"
    asked = "".join(one.format(name) for name in ("mini", "general", "expert", "none") * 5)
    with house.socket() as connection:
        connection.sendall(asked.encode())
        got = b""
        while got.count(b"HTTP/1.1 ") < 20:
            got += read_until(connection, b"}")
    told = [part.partition(b"\r\n\r\n")[2][:40] for part in got.split(b"HTTP/1.1 ")[1:]]
    assert [b'"mini"' in body for body in told] == [True, False, False, False] * 5


def test_a_client_s_words_in_a_header_do_not_change_the_framing(house: House) -> None:
    tools = [{"type": "web_search_20250305", "name": name} for name in ("content-length: 7", "connection: close")]
    body = {
        "model": "mini", "max_tokens": 9, "stream": True, "tools": tools,
        "messages": [{"role": "user", "content": "Hi"}],
    }  # fmt: skip
    reply = house.post(body, path="/v1/messages")
    assert reply.status == 200
    assert "content-length: 7" in reply.headers["x-taskfit-dropped"]
    assert "content-length" not in reply.headers
    assert reply.body.endswith(b'data: {"type":"message_stop"}\n\n')


def test_a_client_of_http_1_0_gets_no_chunks(house: House) -> None:
    body = json.dumps(ask(stream=True)).encode()
    got = house.raw(house.head(body).replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1))
    head, _, said = got.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert said.startswith(b"data: {")
    assert said.endswith(b"data: [DONE]\n\n")
