"""Server-sent events in any chunking; the bytes between two events are nobody's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskfit.errors import InvalidAnswer
from taskfit.wire.sse import DONE, DONE_EVENT, Frame, SseReader, comment, event, with_payload

UNRULY = (
    "\ufeff: a comment first\r\n\r\n"
    "retry: 3000\r\n\r\n"
    'event: delta\r\ndata: {"text":"naïve 日本語 😀 \\u00e9"}\r\nid: 7\r\n\r\n'
    ":\r\n"
    "data:no space\rdata: second line\r\r"
    "data\n\n"
    "data: {}\n: a comment inside\n\n\n\n"
    "event: nothing else\n\n"
    "data: [DONE]\n\n"
    "data: left without its blank line\n"
).encode()
PAYLOADS = [
    '{"text":"naïve 日本語 😀 \\u00e9"}'.encode(), b"no space\nsecond line", b"", b"{}", DONE, b"left without its blank line",
]  # fmt: skip
CHUNKS = st.lists(st.integers(0, 1000), max_size=40)
PAYLOAD = st.binary(max_size=30).filter(lambda payload: b"\r" not in payload)


def read(*chunks: bytes) -> list[Frame]:
    reader = SseReader()
    return [frame for chunk in chunks for frame in reader.feed(chunk)] + reader.finish()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces, some of them empty."""
    ends = sorted(place % (len(data) + 1) for place in places)
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def test_every_oddity_of_the_format_is_read() -> None:
    assert [frame.payload for frame in read(UNRULY)] == PAYLOADS


@given(CHUNKS)
def test_any_chunking_gives_the_same_frames(places: list[int]) -> None:
    assert read(*cut(UNRULY, places)) == read(UNRULY)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_chunks_of_one_size_cut_inside_every_character_and_line_end(size: int) -> None:
    assert read(*[UNRULY[start : start + size] for start in range(0, len(UNRULY), size)]) == read(UNRULY)


@given(
    st.lists(
        st.sampled_from([b"data: a\n", b"data:b\r\n", b": c\n", b"\n", b"\r\n", b"\r", b"retry: 1\n", b"\xe6\x97"]), max_size=12
    ),
    CHUNKS,
)
@example([b"data: a\n", b"\r\n"], [8])
@example([b"\r", b"\n", b"data: a\n"], [1])
def test_any_chunking_of_any_lines_gives_the_same_payloads(lines: list[bytes], places: list[int]) -> None:
    data = b"".join(lines)
    assert [frame.payload for frame in read(*cut(data, places))] == [frame.payload for frame in read(data)]


@given(st.binary(max_size=60), CHUNKS)
def test_no_bytes_crash_the_reader(data: bytes, places: list[int]) -> None:
    assert [frame.payload for frame in read(*cut(data, places))] == [frame.payload for frame in read(data)]


@given(st.lists(PAYLOAD, max_size=5), CHUNKS)
def test_what_is_written_is_read_as_it_was(payloads: list[bytes], places: list[int]) -> None:
    data = b"".join([event(payload) for payload in payloads])
    frames = read(*cut(data, places))
    assert [frame.payload for frame in frames] == payloads
    assert b"".join(frame.whole for frame in frames) == data


def test_the_whole_of_an_event_keeps_its_name_and_no_line_that_a_client_could_take_for_json() -> None:
    said = b'event: message_start\ndata: {"type":"message_start"}\n\n'
    unruly = b": hello\nid: 1\nretry: 10\n" + said
    for sent in (said, unruly, unruly.replace(b"\n", b"\r\n")):
        assert read(sent) == [Frame(b'{"type":"message_start"}', said)]
    assert read(event(b"{}", b"ping")) == [Frame(b"{}", b"event: ping\ndata: {}\n\n")]


@pytest.mark.parametrize("name", [None, b"ping"])
def test_an_event_gets_another_payload_under_its_own_name(name: bytes | None) -> None:
    assert with_payload(event(b"one\ntwo", name), b"{}") == event(b"{}", name)


def test_the_whole_of_an_event_can_be_read_again() -> None:
    frames = read(UNRULY)
    assert read(*[frame.whole for frame in frames]) == frames


def test_several_events_in_one_chunk_and_one_event_in_several() -> None:
    assert [frame.payload for frame in read(b"data: 1\n\ndata: 2\n\nda", b"ta: 3\n", b"\n")] == [b"1", b"2", b"3"]


@pytest.mark.parametrize("size", [1_000, 65_536, 3_000_000])
def test_an_event_of_two_megabytes_is_one_event(size: int) -> None:
    payload = b'{"data":"' + b"A" * 2_000_000 + b'"}'
    data = event(payload)
    assert [frame.payload for frame in read(*[data[start : start + size] for start in range(0, len(data), size)])] == [payload]


def test_an_event_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    reader = SseReader(max_event_bytes=1000)
    with pytest.raises(InvalidAnswer):
        for _ in range(12):
            reader.feed(b"data: " + b"A" * 100)


def test_comments_are_no_events_and_hold_what_they_are_given() -> None:
    assert comment("still here") == b": still here\n\n"
    assert read(comment("still here") + DONE_EVENT) == [Frame(DONE, DONE_EVENT)]


def test_a_byte_order_mark_stands_at_the_start_only() -> None:
    mark = "\ufeff".encode()
    assert [frame.payload for frame in read(mark + b"data: 1\n\n" + mark + b"data: 2\n\n")] == [b"1"]
    assert [frame.payload for frame in read(mark[:1], mark[1:] + b"data: 1\n\n")] == [b"1"]


def test_line_ends_in_pieces_of_their_own_are_line_ends() -> None:
    reader = SseReader()
    frames = [frame for byte in b"data: a\r\n\ndata: b\r\n\r\n" for frame in reader.feed(bytes([byte]))]
    assert [frame.payload for frame in frames] == [b"a", b"b"]
