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


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a profiler makes of a request. Units: `input_tokens` is an estimate in tokens."""

    input_tokens: int
    kind: Kind = "unknown"
    needs_tools: bool = False
    needs_schema: bool = False
    needs_vision: bool = False
