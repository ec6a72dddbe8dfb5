"""Writes the golden transcripts of tests/wire again: for each recorded stream (.sse) the deltas that it is read as (.jsonl).

What is written is what the code does now; whether that is right is for the reader of the diff to say.
Run it from the repository's root: python -m scripts.transcripts
"""

import sys
from importlib import import_module
from pathlib import Path

import msgspec

from taskfit.values.answer import Delta
from taskfit.wire.sse import SseReader

TRANSCRIPTS = Path(__file__).parents[1] / "tests" / "wire"
LEFT_OUT = {"type", "data"}
"""The tag is the same on every line, and the data stands in the recorded stream."""


def spoken(value: msgspec.Struct) -> dict[str, object]:
    """The fields that are not at their defaults, in the order of the class."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(value)}
    said = {name: getattr(value, name) for name, default in defaults.items() if getattr(value, name) != default}
    return {name: spoken(part) if isinstance(part, msgspec.Struct) else whole(part) for name, part in said.items()}


def whole(value: object) -> object:
    return [spoken(part) if isinstance(part, msgspec.Struct) else part for part in value] if isinstance(value, tuple) else value


def line_of(delta: Delta) -> bytes:
    fields = {name: value for name, value in spoken(delta).items() if name not in LEFT_OUT}
    return msgspec.json.encode(fields) + b"\n"


def read(transcript: Path) -> bytes:
    frames, reader = SseReader(), import_module(f"taskfit.wire.{transcript.parent.name}").StreamReader()
    payloads = [*frames.feed(transcript.read_bytes()), *frames.finish()]
    return b"".join(line_of(delta) for payload in payloads if (delta := reader.read(payload)) is not None)


def main() -> int:
    for transcript in sorted(TRANSCRIPTS.rglob("*.sse")):
        golden, text = transcript.with_suffix(".jsonl"), read(transcript)
        if not golden.exists() or golden.read_bytes() != text:
            golden.write_bytes(text)
            print(f"{golden.relative_to(TRANSCRIPTS.parents[1])}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
