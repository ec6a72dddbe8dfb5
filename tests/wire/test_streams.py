"""When a stream is whole: a finish was seen. Its terminal event may be missing or doubled; nothing after it is anybody's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import CutAnswer, InvalidAnswer, RateLimited
from taskfit.values.answer import Delta
from taskfit.wire import anthropic_messages, openai_chat
from taskfit.wire.sse import DONE_EVENT, event
from taskfit.wire.streams import DeltaReader


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return event(json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode())


OPENING = chunk({"role": "assistant", "content": ""})
WORDS = [chunk({"content": "Größe "}), chunk({"content": '日本 😀 "\\ '})]
FINISH = chunk({}, "stop")
USAGE = event(b'{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}')
STREAM = b"".join([OPENING, *WORDS, FINISH, USAGE, DONE_EVENT])


def read(*chunks: bytes) -> list[Delta]:
    deltas: list[Delta] = []
    reader = DeltaReader(openai_chat.new_reader(), deltas.append)
    for each in chunks:
        reader.feed(each)
    reader.finish()
    return deltas


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_any_chunking_gives_the_same_deltas(places: list[int]) -> None:
    ends = sorted(places)
    chunks = [STREAM[start:end] for start, end in zip([0, *ends], [*ends, len(STREAM)], strict=True)]
    assert read(*chunks) == read(STREAM)


@given(st.lists(st.integers(0, 5_000), max_size=30))
def test_any_chunking_of_lines_with_other_ends_comments_and_retries_gives_the_same_words(places: list[int]) -> None:
    unruly = b": hello\r\nretry: 5\r\n\r\n" + STREAM.replace(b"\n\n", b"\r\n: between\r\nid: 9\r\n\r\n")
    ends = sorted(place % (len(unruly) + 1) for place in places)
    deltas = read(*[unruly[start:end] for start, end in zip([0, *ends], [*ends, len(unruly)], strict=True)])
    assert deltas == read(unruly)
    assert [(delta.text, delta.finish, delta.usage) for delta in deltas] == [
        (delta.text, delta.finish, delta.usage) for delta in read(STREAM)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "end", [b"", DONE_EVENT, DONE_EVENT * 2, DONE_EVENT + b"data: <html>\n\n", b"data: [DONE]", b"data: [DONE]\n"]
)
def test_the_terminal_event_may_be_missing_doubled_or_followed_by_anything(end: bytes) -> None:
    deltas = read(b"".join([OPENING, *WORDS, FINISH]) + end)
    assert text_of(deltas) == 'Größe 日本 😀 "\\ '
    assert deltas[-1].finish == "stop"


def test_the_reader_knows_when_the_terminal_event_has_come() -> None:
    deltas: list[Delta] = []
    reader = DeltaReader(openai_chat.new_reader(), deltas.append)
    reader.feed(b"".join([*WORDS, FINISH]))
    assert not reader.is_done
    reader.feed(DONE_EVENT)
    assert reader.is_done
    reader.feed(WORDS[0])
    assert len(deltas) == 3


def test_a_dialect_with_a_terminal_event_of_its_own_is_done_with_it() -> None:
    reader = DeltaReader(anthropic_messages.new_reader(), list[Delta]().append)
    ending = b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}'
    start = b'{"type":"message_start","message":{"id":"m","model":"x","usage":{"input_tokens":1,"output_tokens":1}}}'
    reader.feed(event(start) + event(ending))
    assert not reader.is_done
    reader.feed(event(b'{"type":"message_stop"}'))
    assert reader.is_done


@pytest.mark.parametrize(
    "stream", [b"", OPENING, b"".join([OPENING, *WORDS]), b"".join([OPENING, *WORDS, DONE_EVENT]), DONE_EVENT]
)
def test_a_stream_without_a_finish_is_cut(stream: bytes) -> None:
    with pytest.raises(CutAnswer):
        read(stream)


def test_what_came_before_an_error_is_given_out_first() -> None:
    seen: list[Delta] = []
    reader = DeltaReader(openai_chat.new_reader(), seen.append)
    with pytest.raises(RateLimited):
        reader.feed(WORDS[0] + event(b'{"error":{"type":"rate_limit_error","message":"slow down"}}'))
    assert text_of(seen) == "Größe "


def test_an_event_that_was_cut_in_the_middle_is_no_event() -> None:
    with pytest.raises(InvalidAnswer):
        read(b"".join([*WORDS, FINISH])[:-20])


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_an_event_of_two_megabytes_is_one_delta(size: int) -> None:
    data = chunk({"content": "é" * 1_000_000}) + FINISH
    deltas = read(*[data[start : start + size] for start in range(0, len(data), size)])
    assert [len(delta.text) for delta in deltas] == [1_000_000, 0]
