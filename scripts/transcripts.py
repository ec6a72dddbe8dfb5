"""Writes the golden transcripts of tests/wire again: for each recorded stream (.sse) the deltas that it is read as (.jsonl).

A transcript stands in the folder of its dialect, or in `reads` there. What is written is what the code does now; whether that is
right is for the reader of the diff to say.
Run it from the repository's root, for all dialects or for those named: python -m scripts.transcripts [openai_chat …]
"""

import sys
from importlib import import_module
from pathlib import Path

import msgspec

from taskfit.values.answer import Delta
from taskfit.wire.streams import DeltaReader

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


def read(dialect: str, transcript: Path) -> bytes:
    deltas: list[Delta] = []
    reader = DeltaReader(import_module(f"taskfit.wire.{dialect}").new_reader(), deltas.append)
    reader.feed(transcript.read_bytes())
    reader.finish()
    return b"".join([line_of(delta) for delta in deltas])


def main(dialects: list[str]) -> int:
    for dialect in dialects or sorted({folder.name for folder in TRANSCRIPTS.iterdir() if folder.is_dir()}):
        folder = TRANSCRIPTS / dialect
        for transcript in sorted([*folder.glob("*.sse"), *folder.glob("reads/*.sse")]):
            golden, text = transcript.with_suffix(".jsonl"), read(dialect, transcript)
            if not golden.exists() or golden.read_bytes() != text:
                golden.write_bytes(text)
                print(f"{golden.relative_to(TRANSCRIPTS.parents[1])}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
