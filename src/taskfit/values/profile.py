"""What a task looks like, before any model has seen it."""

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "classification",
    "extraction",
    "rewriting",
    "summarisation",
    "dialogue",
    "question_answering",
    "reasoning",
    "mathematics",
    "code",
    "planning",
    "creative_writing",
    "translation",
    "other",
    "unknown",
]


Sensitivity: TypeAlias = Literal["none", "personal", "secret"]


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a profiler makes of a request. Units: `input_tokens` is an estimate in tokens; `language` an ISO 639-1 code, empty
    where it is not known; `confidence` in the kind, 0 to 1, None where the profiler counts none.

    `sensitivity`: `personal` data (addresses, numbers of accounts), or `secret` (keys, passwords, what is marked so).
    """

    input_tokens: int
    kind: Kind = "unknown"
    confidence: float | None = None
    language: str = ""
    sensitivity: Sensitivity = "none"
    needs_tools: bool = False
    needs_schema: bool = False
    needs_vision: bool = False
