"""Streams: relayed as they come, held where a check must see them whole, and never ended as whole when they are not."""

import json
from typing import Any

import pytest

from taskfit.testing import Fault, Reply
from tests.walk.house import House, error_in, read_until
from tests.walk.house import Reply as Answer

BREAK_OFF = {
    "cut": (Fault.cut_stream(after=2), "cut_answer"),
    "error event": (Fault.midstream_error(after=2), "cut_answer"),
    "no finish": (Fault.no_finish(), "cut_answer"),
    "bad json": (Fault.bad_json(after=1), "cut_answer"),
}
SOUND: dict[str, Reply | Fault] = {
    "no terminal event": Fault.no_done("I am mini."),
    "two terminal events": Fault.dup_done("I am mini."),
    "odd line ends": Fault.crlf("I am mini."),
    "characters in pieces": Fault.split_utf8("I am mini."),
    "compressed": Fault.gzip("I am mini."),
    "one piece": Reply("I am mini.", chunks=1),
}


def last_error(reply: Answer) -> dict[str, Any]:
    return error_in(json.dumps(reply.payloads[-1]))


@pytest.mark.parametrize("name", BREAK_OFF)
def test_a_stream_that_breaks_ends_with_an_error_event_and_not_as_if_it_were_whole(house: House, name: str) -> None:
    fault, kind = BREAK_OFF[name]
    house.upstream.script({"mini": fault})
    reply = house.ask(model="auto", stream=True)
    record = house.last_record()
    assert reply.status == 200
    assert "[DONE]" not in reply.events
    assert last_error(reply)["code"] == kind
    assert (record.outcome, record.error) == ("failed", kind)
    assert [attempt.state for attempt in record.attempts] == ["cut"]
    assert house.asked() == ["mini"]
    assert (record.attempts[0].cost or 0) > 0


@pytest.mark.parametrize("name", SOUND)
def test_a_stream_that_is_odd_and_whole_ends_with_one_terminal_event(house: House, name: str) -> None:
    house.upstream.script({"mini": SOUND[name]})
    reply = house.ask(stream=True)
    assert reply.streamed_text == "I am mini."
    assert reply.events.count("[DONE]") == 1
    assert reply.events[-1] == "[DONE]"
    assert house.last_record().outcome == "answered"


def test_an_event_of_two_megabytes_passes(house: House) -> None:
    house.upstream.script({"mini": Fault.big_line(2_000_000)})
    assert len(house.ask(stream=True).streamed_text) == 2_000_000


def test_an_answer_that_says_nothing_is_delivered(house: House) -> None:
    house.upstream.script({"mini": Fault.no_content()})
    reply = house.ask(stream=True)
    assert reply.streamed_text == ""
    assert reply.events[-1] == "[DONE]"


@pytest.mark.parametrize("fault", [Fault.cut_stream(after=0), Fault.midstream_error(after=0), Fault.zero_chunks(), Fault.hang()])
def test_a_stream_that_never_begins_falls_over_unseen(house: House, fault: Fault) -> None:
    house.upstream.script({"mini": fault})
    reply = house.ask(model="task:hurried", stream=True)
    assert reply.streamed_text == "I am general."
    assert {payload["model"] for payload in reply.payloads} == {"general"}
    assert [attempt.state for attempt in house.last_record().attempts] == ["failed", "answered"]


def test_all_streams_failing_before_their_first_byte_is_a_plain_error(house: House) -> None:
    house.upstream.script({"mini": Fault.status(500), "general": Fault.status(503)})
    reply = house.ask(model="auto", stream=True)
    assert reply.status == 502
    assert reply.error["code"] == "all_failed"


def test_a_check_holds_a_stream_until_its_verdict_and_falls_over(house: House) -> None:
    house.upstream.script({"mini": "I'm sorry, but I can't help with that."})
    reply = house.ask(model="task:checked", stream=True)
    assert reply.streamed_text == "I am general."
    assert "sorry" not in reply.body.decode()
    assert reply.headers["x-taskfit-model"] == "up/general"
    assert reply.headers["x-taskfit-attempts"] == "2"
    assert reply.headers["x-taskfit-confidence"] != "unknown"


def test_a_held_stream_that_breaks_falls_over_unseen(house: House) -> None:
    house.upstream.script({"mini": Fault.cut_stream(after=3)})
    reply = house.ask(model="task:checked", stream=True)
    assert reply.streamed_text == "I am general."
    assert [attempt.state for attempt in house.last_record().attempts] == ["failed", "answered"]


def test_a_stream_passes_while_it_goes_on(house: House) -> None:
    """The first words arrive while the upstream still holds back the last ones."""
    house.upstream.script({"mini": Reply("one two", chunks=("one ", "two"), chunk_delay_s=0.15)})
    with house.socket() as connection:
        connection.sendall(house.head(b'{"model":"mini","stream":true,"messages":[{"role":"user","content":"hi"}]}'))
        first = read_until(connection, b"one ")
        assert b"two" not in first
        read_until(connection, b"[DONE]")


def test_the_record_of_a_stream_is_there_when_its_terminal_event_is(house: House) -> None:
    reply = house.ask(stream=True)
    shown = house.get(f"/v1/records/{reply.headers['x-taskfit-record']}")
    assert shown.status == 200
    assert shown.json["outcome"] == "answered"


def test_the_time_to_the_first_event_is_recorded(house: House) -> None:
    house.upstream.script({"mini": Reply("one two", chunk_delay_s=0.05)})
    house.ask(stream=True)
    record = house.last_record()
    assert record.first_token_ms is not None
    assert record.first_token_ms + 50 < record.latency_ms


def test_a_connection_is_kept_after_a_stream(house: House) -> None:
    body = b'{"model":"mini","stream":true,"messages":[{"role":"user","content":"hi"}]}'
    with house.socket() as connection:
        for _ in range(3):
            connection.sendall(house.head(body))
            read_until(connection, b"0\r\n\r\n")
    assert len(house.records()) == 3
