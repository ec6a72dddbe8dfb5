"""The recorded streams beside this file, and what their events are read as."""

import json
from pathlib import Path

import msgspec

from taskfit import errors
from taskfit.values.answer import Delta
from taskfit.wire.anthropic_messages import new_reader
from taskfit.wire.streams import DeltaReader

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.sse"))
WHOLE = [transcript for transcript in TRANSCRIPTS if transcript.stem != "error_on_the_way"]


def deltas_of(*chunks: bytes) -> tuple[list[Delta], type[errors.UpstreamError] | None]:
    """The Deltas, one chunk after the other, and what ended the stream before its end."""
    deltas: list[Delta] = []
    reader = DeltaReader(new_reader(), deltas.append)
    try:
        for chunk in chunks:
            reader.feed(chunk)
        reader.finish()
    except errors.UpstreamError as error:
        return deltas, type(error)
    return deltas, None


def events_of(body: bytes) -> list[bytes]:
    """Each event with its frame."""
    return [event + b"\n\n" for event in body.split(b"\n\n") if event]


def expected_of(transcript: Path) -> list[Delta]:
    """What stands beside the transcript."""
    lines = transcript.with_suffix(".jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(msgspec.json.encode({"type": "delta", **json.loads(line)}), type=Delta) for line in lines]


def without_data(deltas: list[Delta]) -> list[Delta]:
    """What they say, without the bytes that they came in."""
    return [msgspec.structs.replace(delta, data=None) for delta in deltas]
