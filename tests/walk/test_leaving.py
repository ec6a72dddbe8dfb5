"""A client that leaves: its call is cancelled upstream, one record says so, and its place in the outbox is free again."""

import json
import socket
import struct
import threading
from collections.abc import Iterator

import openai
import pytest

from taskfit.testing import Fault, Reply
from tests.walk.house import House, ask, read_until

STREAM = json.dumps(ask("hi", stream=True)).encode()
PLAIN = json.dumps(ask("hi")).encode()
ENDLESS = Reply("word " * 2_000, chunk_delay_s=0.01)


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset, as a killed client's machine may."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def was_left(house: House) -> None:
    """Wait until the upstream sees that its call was cancelled."""
    house.upstream.wait_until(lambda: bool(house.upstream.requests) and house.upstream.requests[0].client_left)


def leaves_nothing_behind(house: House) -> None:
    house.served.settle()
    outbox = house.served.gateway.outbox
    assert house.served.run(lambda: outbox.drain(timeout_s=5)) == 0
    assert (outbox.depth, outbox._reserved) == (0, 0)


@pytest.mark.parametrize("body", [PLAIN, STREAM], ids=["plain", "stream"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_before_the_first_byte_is_recorded_once(house: House, body: bytes, how: str) -> None:
    house.upstream.script({"mini": Fault.hang()})
    with house.socket() as connection:
        connection.sendall(house.head(body))
        house.upstream.wait_until(lambda: bool(house.upstream.requests))
        if how == "reset":
            reset(connection)
    was_left(house)
    record = house.last_record()
    assert (record.outcome, record.status) == ("cancelled", 499)
    assert [attempt.state for attempt in record.attempts] == ["cancelled"]
    assert record.attempts[0].usage is not None
    assert house.asked() == ["mini"]
    leaves_nothing_behind(house)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_in_the_middle_of_a_stream_is_recorded_once(house: House, how: str) -> None:
    house.upstream.script({"mini": ENDLESS})
    with house.socket() as connection:
        connection.sendall(house.head(STREAM))
        read_until(connection, b" word")
        if how == "reset":
            reset(connection)
    was_left(house)
    record = house.last_record()
    assert record.outcome == "cancelled"
    assert record.attempts[0].state == "cancelled"
    assert record.attempts[0].usage is not None
    assert record.attempts[0].usage.is_estimate
    assert (record.cost or 0) > 0
    leaves_nothing_behind(house)


def test_a_client_that_leaves_while_a_stream_is_held_is_recorded_once(house: House) -> None:
    house.upstream.script({"mini": ENDLESS})
    with house.socket() as connection:
        connection.sendall(house.head(json.dumps(ask("hi", model="task:checked", stream=True)).encode()))
        house.upstream.wait_until(lambda: bool(house.upstream.requests))
    was_left(house)
    assert house.last_record().outcome == "cancelled"
    leaves_nothing_behind(house)


def test_an_sdk_that_closes_its_stream_cancels_the_call(house: House) -> None:
    house.upstream.script({"mini": ENDLESS})
    with openai.OpenAI(base_url=house.url, api_key=house.key) as client:
        stream = client.chat.completions.create(model="mini", messages=[{"role": "user", "content": "hi"}], stream=True)
        for _ in zip(range(3), stream, strict=False):
            pass
        stream.close()
    was_left(house)
    assert house.last_record().outcome == "cancelled"


def test_an_sdk_s_timeout_cancels_the_call(house: House) -> None:
    house.upstream.script({"mini": Fault.hang()})
    with openai.OpenAI(base_url=house.url, api_key=house.key, timeout=0.2, max_retries=0) as client:
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="mini", messages=[{"role": "user", "content": "hi"}])
    was_left(house)
    assert house.last_record().outcome == "cancelled"


def test_fifty_that_leave_at_once_leave_fifty_records(house: House) -> None:
    house.upstream.script({"mini": Fault.hang()})
    connections = [socket.create_connection(house.address) for _ in range(50)]
    for connection in connections:
        connection.sendall(house.head(STREAM))
    house.upstream.wait_until(lambda: len(house.upstream.requests) == 50)
    for connection in connections:
        connection.close()
    house.upstream.wait_until(lambda: all(request.client_left for request in house.upstream.requests))
    assert [record.outcome for record in house.records()] == ["cancelled"] * 50
    leaves_nothing_behind(house)


def test_a_client_that_leaves_after_its_answer_is_not_cancelled(house: House) -> None:
    for body in (PLAIN, STREAM):
        with house.socket() as connection:
            connection.sendall(house.head(body))
            read_until(connection, b"[DONE]" if body == STREAM else b"I am mini.")
    assert [record.outcome for record in house.records()] == ["answered", "answered"]


@pytest.fixture
def slow_reader(house: House) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(house.address)
        yield connection


def test_a_client_that_does_not_read_is_not_waited_for_beyond_its_deadline_and_fills_no_memory(
    house: House, slow_reader: socket.socket
) -> None:
    house.upstream.script({"mini": Reply("x" * 30_000_000, chunks=300)})
    slow_reader.sendall(house.head(STREAM, extra="x-taskfit-deadline-ms: 300\r\n"))
    house.upstream.wait_until(lambda: bool(house.upstream.requests))
    slow_reader.close()
    record = house.last_record()
    assert record.outcome in {"cancelled", "failed", "timed_out"}
    leaves_nothing_behind(house)


def test_others_are_served_while_many_streams_are_open(house: House) -> None:
    house.upstream.script({"mini": ENDLESS})
    connections = [socket.create_connection(house.address) for _ in range(20)]
    try:
        for connection in connections:
            connection.sendall(house.head(STREAM))
        threads = [threading.Thread(target=read_until, args=(connection, b" word")) for connection in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert house.ask(model="general").status == 200
    finally:
        for connection in connections:
            connection.close()
    outcomes = [record.outcome for record in house.records()]
    assert sorted(outcomes) == ["answered", *["cancelled"] * 20]
