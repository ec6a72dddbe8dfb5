"""Outcomes as compact columns, a place for each row that was read, and what is known of the prompts that they are about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, compress
from typing import Final, TypeAlias

import msgspec

from taskfit.numerics import Booleans, Floats, Integers, np

Texts: TypeAlias = list[str | None]

ARRAYS: Final = ("row", "prompt", "model", "key", "score", "cost_usd", "latency_s", "confidence")
TEXTS: Final = ("answers", "responses", "unclear")


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes, one for each row. Shapes: all (rows,). `prompt` and `model` are places, `row` is the row's number in its file.

    `key` is that of the answer: NO_ANSWER, UNCLEAR, or the same for the same answers to one prompt; `unclear` are the texts of
    the unclear ones. Numbers are nan, and texts None, where nothing is known or nobody asked for them.
    """

    row: Integers
    prompt: Integers
    model: Integers
    key: Integers
    score: Floats
    cost_usd: Floats
    latency_s: Floats
    confidence: Floats
    answers: Texts
    responses: Texts
    unclear: Texts

    def at(self, kept: Booleans) -> "Columns":
        """Those rows, in their order."""
        flags = kept.tolist()
        return msgspec.structs.replace(
            self,
            **{name: getattr(self, name)[kept] for name in ARRAYS},
            **{name: list(compress(getattr(self, name), flags)) for name in TEXTS},
        )


def joined(parts: Sequence[Columns]) -> Columns:
    """All rows of all parts, of which there is at least one."""
    return msgspec.structs.replace(
        parts[0],
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS},
        **{name: list(chain.from_iterable(getattr(part, name) for part in parts)) for name in TEXTS},
    )


@dataclass(slots=True)
class Prompts:
    """What is known of each prompt, by its place. `hashes` are what samples are taken by."""

    ids: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    texts: Texts = field(default_factory=list)
    requests: Texts = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)

    def add(self, task: str, prompt_id: str, *, digest: int) -> int:
        """The place of a new one, of which nothing else is known."""
        self.tasks.append(task)
        self.ids.append(prompt_id)
        self.families.append("")
        self.texts.append(None)
        self.requests.append(None)
        self.hashes.append(digest)
        return len(self.ids) - 1

    def keep(self, kept: Booleans) -> None:
        """Only those, in their order."""
        flags = kept.tolist()
        self.ids, self.tasks = list(compress(self.ids, flags)), list(compress(self.tasks, flags))
        self.families, self.hashes = list(compress(self.families, flags)), list(compress(self.hashes, flags))
        self.texts, self.requests = list(compress(self.texts, flags)), list(compress(self.requests, flags))

    def sizes(self) -> Integers:
        """The characters that are known of each."""
        found = [
            len(prompt_id) + len(text or "") + len(request or "")
            for prompt_id, text, request in zip(self.ids, self.texts, self.requests, strict=True)
        ]
        return np.array(found, dtype=np.int64)
