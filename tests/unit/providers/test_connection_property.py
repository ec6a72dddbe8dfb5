"""However an answer is cut into reads, it is the same answer."""

import asyncio
import zlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from taskfit.providers.http1 import Pool, Socket
from taskfit.providers.reply import Limits, Reply


class Wire(asyncio.Transport):
    """A transport whose other end is the test: TCP would join the reads again."""

    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """The request is of no interest."""

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at these places, modulo its length."""
    edges = sorted({0, len(data), *(cut % max(len(data), 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(edges)]


def compress(body: bytes, coding: str) -> bytes:
    return body if coding == "identity" else zlib.compress(body, wbits=31 if coding == "gzip" else 15)


def encode(body: bytes, framing: str, coding: str, chunk_cuts: list[int]) -> bytes:
    coded = compress(body, coding)
    head = f"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\ncontent-encoding: {coding}\r\n".encode()
    if framing == "sized":
        return head + b"content-length: %d\r\n\r\n" % len(coded) + coded
    if framing == "chunked":
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in split(coded, chunk_cuts))
        return head + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    return head + b"\r\n" + coded


async def feed(socket: Socket, reads: list[bytes], *, closes: bool) -> None:
    for read in reads:
        socket.data_received(read)
        await asyncio.sleep(0)
    if closes:
        socket.eof_received()
        socket.connection_lost(None)


async def read_all(reply: Reply, *, streams: bool) -> bytes:
    return b"".join([piece async for piece in reply.chunks()]) if streams else await reply.read()


async def receive(reads: list[bytes], *, closes: bool, streams: bool) -> tuple[int, str, bytes, int]:
    """Status, the repeated header field, body, and how many sockets wait in the pool."""
    loop = asyncio.get_running_loop()
    pool = Pool(loop, Limits())
    socket = Socket(loop, pool, Limits(), "peer:1")
    socket.connection_made(Wire())
    reply = socket.ask(b"", first_at=loop.time() + 10, total_at=loop.time() + 20)
    feeding = asyncio.ensure_future(feed(socket, reads, closes=closes))
    assert await reply.wait_for_head()
    body = await read_all(reply, streams=streams)
    await feeding
    pooled = len(pool)
    pool.close()
    return reply.status, reply.headers["x-a"], body, pooled


@given(
    body=st.binary(max_size=3000),
    framing=st.sampled_from(["sized", "chunked", "closed"]),
    coding=st.sampled_from(["identity", "gzip", "deflate"]),
    chunk_cuts=st.lists(st.integers(0, 4000), max_size=6),
    read_cuts=st.lists(st.integers(0, 4000), max_size=20),
    streams=st.booleans(),
)
def test_any_cut_of_an_answer_gives_the_same_answer(
    body: bytes, framing: str, coding: str, chunk_cuts: list[int], read_cuts: list[int], streams: bool
) -> None:
    reads = split(encode(body, framing, coding, chunk_cuts), read_cuts)
    got = asyncio.run(receive(reads, closes=framing == "closed", streams=streams))
    assert got == (200, "1, 2", body, 0 if framing == "closed" else 1)


def test_an_answer_that_comes_byte_by_byte_is_the_same_answer() -> None:
    for framing in ("sized", "chunked", "closed"):
        for coding in ("identity", "gzip", "deflate"):
            whole = encode(b"some text, " * 20, framing, coding, [1, 2, 50])
            reads = [whole[place : place + 1] for place in range(len(whole))]
            for streams in (False, True):
                got = asyncio.run(receive(reads, closes=framing == "closed", streams=streams))
                assert got[2] == b"some text, " * 20


def test_a_body_in_tiny_chunks_does_not_become_as_many_objects() -> None:
    async def walk() -> None:
        loop = asyncio.get_running_loop()
        socket = Socket(loop, Pool(loop, Limits()), Limits(), "peer:1")
        socket.connection_made(Wire())
        reply = socket.ask(b"", first_at=loop.time() + 10, total_at=loop.time() + 20)
        socket.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        assert await reply.wait_for_head()
        reading = asyncio.ensure_future(reply.read())
        await asyncio.sleep(0)
        for _ in range(50):
            socket.data_received(b"1\r\na\r\n2\r\nbc\r\n" * 1000)
            assert len(reply._pieces) < 6200
        socket.data_received(b"0\r\n\r\n")
        assert await reading == b"abc" * 50000

    asyncio.run(walk())
