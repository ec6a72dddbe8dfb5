"""The ways in which a sound answer is spoilt: pure functions on payloads, frames, bytes and acts.

Knows no dialect's names beyond the two keys that usage goes by; faults.py says which fault uses what.
"""

import re
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from taskfit.testing.acts import LAST_CHUNK, Acts, End, Pause, Send
from taskfit.testing.grammar import Frame, Payload, encode

USAGE_KEYS = ("usage", "usageMetadata")
LIST_KEYS = ("choices", "content", "candidates", "output", "data", "embeddings")
MULTI_BYTE = re.compile(rb"(?:\\u[0-9a-f]{4})+|\\[^u]|[\xc2-\xf4][\x80-\xbf]+")
GZIP_WINDOW = 31


# Payloads and frames

def with_usage(payload: Payload, change: Callable[[Payload], Payload | None]) -> Payload:
    """The payload with each usage object in it changed; None takes it away."""
    changed: Payload = {}
    for key, value in payload.items():
        if key in USAGE_KEYS and isinstance(value, dict):
            usage = change(value)
            if usage is not None:
                changed[key] = usage
        elif isinstance(value, dict):
            changed[key] = with_usage(value, change)
        else:
            changed[key] = value
    return changed


def with_numbers(usage: Payload, number: Callable[[str], float]) -> Payload:
    """The usage with each number replaced by that for its key."""
    return {key: _renumbered(key, value, number) for key, value in usage.items()}


def _renumbered(key: str, value: Any, number: Callable[[str], float]) -> Any:
    if isinstance(value, dict):
        return with_numbers(value, number)
    if isinstance(value, list):
        return [_renumbered(key, item, number) for item in value]
    return number(key) if isinstance(value, int) else value


def without_choices(payload: Payload) -> Payload:
    """The payload with its list of answers empty."""
    return {key: [] if key in LIST_KEYS else value for key, value in payload.items()}


def map_payloads(frames: Iterable[Frame], change: Callable[[Payload], Payload]) -> list[Frame]:
    """The frames with each JSON payload changed."""
    return [frame if isinstance(frame.data, bytes) else refilled(frame, change(frame.data)) for frame in frames]


def refilled(frame: Frame, data: Payload | bytes) -> Frame:
    """The frame with other data."""
    return msgspec.structs.replace(frame, data=data)


def up_to_piece(frames: list[Frame], count: int) -> list[Frame]:
    """The frames up to the `count`-th piece of the answer (text or tool call), with it; none at all for 0."""
    if count <= 0:
        return []
    places = [position for position, frame in enumerate(frames) if frame.part in ("text", "tool")]
    return frames[: places[min(count, len(places)) - 1] + 1] if places else frames


def deepened(payload: Payload | bytes, depth: int) -> bytes:
    """The JSON object with one more member, nested so deep."""
    return encode(payload)[:-1] + b',"x_deep":' + b"[" * depth + b"]" * depth + b"}"


# Bytes

def respelled(data: bytes) -> bytes:
    """The JSON text with every other non-ASCII character as an escape, so that it has both spellings."""
    count = 0

    def spell(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        units = match[0].encode("utf-16-be").hex()
        return match[0] if count % 2 else "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

    return re.sub(r"[^\x00-\x7f]", spell, data.decode()).encode()


def split_inside(data: bytes) -> list[bytes]:
    """The bytes cut at each place that is inside a multi-byte character or inside a JSON escape."""
    places = [place for match in MULTI_BYTE.finditer(data) for place in range(match.start() + 1, match.end())]
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def unruly_events(frames: list[Frame]) -> list[bytes]:
    """The events as the standard allows them and few senders write them: CRLF line ends, comments, `retry:` and `id:`
    lines, no space after the colon, and the writes cut between CR and LF."""
    events = [b": ready\r\nretry: 3000\r\n\r\n"]
    for number, frame in enumerate(frames):
        name = b"" if frame.event is None else b"event:" + frame.event.encode() + b"\r\n"
        events.append(b"id: %d\r\n%b: a comment\r\ndata:%b\r\n\r\n" % (number, name, encode(frame.data)))
    joined = b"".join(events)
    ends = [match.start() + 3 for match in re.finditer(rb"\r\n\r\n", joined)]
    return [joined[start:end] for start, end in zip([0, *ends], [*ends, len(joined)], strict=True)]


def gzipped(pieces: Iterable[bytes]) -> list[bytes]:
    """The pieces compressed one by one as one gzip stream, each readable once it has arrived."""
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP_WINDOW)
    packed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*packed, packer.flush()]


def inflating(around: bytes, mark: bytes, size_bytes: int) -> bytes:
    """`around` compressed, with `mark` replaced by so many letters; the inflated form is never held in memory."""
    before, after = around.split(mark, 1)
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP_WINDOW)
    filler = b"a" * (1 << 20)
    packed = [packer.compress(before)]
    packed += [packer.compress(filler) for _ in range(size_bytes // len(filler))]
    packed += [packer.compress(filler[: size_bytes % len(filler)] + after), packer.flush()]
    return b"".join(packed)


# Acts

def cut_in_half(acts: Acts) -> Acts:
    """The same, but the connection closes after half of the body's bytes."""
    sends = [act.data for act in acts if isinstance(act, Send)]
    head_size = sends[0].index(b"\r\n\r\n") + 4
    left = head_size + (sum(map(len, sends)) - head_size) // 2
    kept: list[Send | Pause] = []
    for act in acts:
        if isinstance(act, Send):
            kept.append(Send(act.data[:left]))
            left -= len(act.data)
        elif isinstance(act, Pause):
            kept.append(act)
        if left <= 0:
            break
    return (*kept, End("close"))


def unended(acts: Acts) -> Acts:
    """A chunked answer whose last chunk never comes: the connection closes instead."""
    *before, last = acts
    assert isinstance(last, Send)
    return (*before, Send(last.data.removesuffix(LAST_CHUNK)), End("close"))


def with_header(acts: Acts, name: str, value: str) -> Acts:
    """The same answer with one more header."""
    line = f"\r\n{name}: {value}\r\n".encode("latin-1")
    place = next(position for position, act in enumerate(acts) if isinstance(act, Send))
    first = acts[place]
    assert isinstance(first, Send)
    return (*acts[:place], Send(first.data.replace(b"\r\n", line, 1)), *acts[place + 1 :])


def split_sends(acts: Acts, pause_s: float) -> Acts:
    """The same bytes, in writes of their own at each place inside a character or an escape."""
    split: list[Send | Pause] = []
    for act in acts:
        if isinstance(act, Send):
            for piece in split_inside(act.data):
                split += [Send(piece), Pause(pause_s)]
    return tuple(split[:-1])
