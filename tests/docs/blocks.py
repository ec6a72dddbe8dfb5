"""The fenced code blocks of the documents, and what a block of commands asks a shell to do."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[\w+-]*).*$")


class Block(NamedTuple):
    """One fenced block; `line` is the line of its fence, counted from 1."""

    path: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks_in(path: Path, text: str) -> Iterator[Block]:
    opened: tuple[int, re.Match[str]] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        found = FENCE.match(line)
        if opened is None:
            if found:
                opened, lines = (number, found), []
        elif found and found["fence"].startswith(opened[1]["fence"]) and not found["language"]:
            yield Block(path, opened[0], opened[1]["language"], "\n".join(lines) + "\n")
            opened = None
        else:
            lines.append(line.removeprefix(opened[1]["indent"]))
    if opened is not None:
        raise AssertionError(f"{path}:{opened[0]}: a code block that is never closed")


def blocks(*languages: str) -> list[Block]:
    documents = [path for path in DOCUMENTS if path.exists()]
    return [block for path in documents for block in blocks_in(path, path.read_text()) if block.language in languages]


def commands_of(block: Block) -> list[list[str]]:
    """The words of each command. In a console block a command follows `$ ` and the rest is output."""
    text = block.text.replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [shlex.split(piece, comments=True) for line in lines for piece in re.split(r" (?:&&|\|) ", line)]


def reference() -> str:
    """All reference pages as one text."""
    return "\n".join(path.read_text() for path in sorted((ROOT / "docs" / "reference").glob("*.md")))
