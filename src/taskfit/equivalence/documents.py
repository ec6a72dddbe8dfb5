"""Answers that are JSON, alone, in a fence of code, or in one inside of other text: the key of a document.

Two documents are the same when they hold the same values, whatever the order of their members and the spelling of their numbers.
Members that explain the answer (`reasoning`) are no part of it. Knows no schema.
"""

import math
import unicodedata
from typing import Final

import msgspec

from taskfit.equivalence.phrases import is_short, key_of

FENCE: Final = "```"
EXPLAINS: Final = frozenset({
    "analysis", "chain_of_thought", "comment", "comments", "confidence", "cot", "explanation", "explanations", "justification",
    "notes", "rationale", "reason", "reasoning", "reasoning_steps", "reasons", "scratchpad", "steps", "thinking", "thought",
    "thoughts", "work", "working",
})  # fmt: skip
"""Members of the outermost object that tell how an answer came about."""
ANSWERS: Final = frozenset({
    "answer", "category", "choice", "class", "final_answer", "finalanswer", "label", "output", "prediction", "response", "result",
    "solution", "value",
})  # fmt: skip
"""Names of the outermost object's only other member that say nothing themselves: `{"answer": 5}` is 5."""

_WHOLE_UP_TO: Final = 2**53
_DECODER: Final = msgspec.json.Decoder()


def has_document(text: str) -> bool:
    """Whether it is worth reading the text as JSON."""
    return text[:1] in ("{", "[", '"') or FENCE in text


def document_key(text: str) -> str | None:
    """The key of the document that a text is, or that stands in its last fence of code; None where there is none."""
    for candidate in (text, _last_fenced(text)):
        if candidate[:1] not in ("{", "[", '"'):
            continue
        try:
            return _key(_DECODER.decode(candidate))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
    return None


def _key(document: object) -> str:
    if isinstance(document, dict):
        document = {name: value for name, value in document.items() if _name(name) not in EXPLAINS} or document
        only = next(iter(document)) if len(document) == 1 else ""
        if _name(only) in ANSWERS and (key := _scalar_key(document[only])) is not None:
            return key
    if (key := _scalar_key(document)) is not None:
        return key
    return "json " + msgspec.json.encode(_plain(document), order="sorted").decode()


def _name(member: str) -> str:
    return member.strip().lower().replace(" ", "_")


def _scalar_key(value: object) -> str | None:
    """None for what is more than a scalar, and for a text of many words."""
    if isinstance(value, bool):
        return "said yes" if value else "said no"
    if isinstance(value, (int, float)):
        return key_of(str(value if isinstance(value, int) else _number(value)))
    if isinstance(value, str) and value.strip() and is_short(value):
        return _text_key(value)
    return None


def _text_key(value: str) -> str:
    """A text inside of a document may be a document again, as models write lists into texts."""
    if value[:1] in ("[", "{"):
        try:
            return "json " + msgspec.json.encode(_plain(_DECODER.decode(value)), order="sorted").decode()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # a list in another notation: its words count
    return key_of(value, is_marked=True)


def _plain(value: object) -> object:
    """The value with one spelling for each number, and texts without needless white space."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return _number(value)
    return _words(value) if isinstance(value, str) else value


def _number(value: float) -> float:
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) < _WHOLE_UP_TO else value


def _words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _last_fenced(text: str) -> str:
    """What the last fence of code holds; empty where there is no whole one."""
    end = text.rfind(FENCE)
    begin = text.rfind(FENCE, 0, max(0, end))
    if begin < 0:
        return ""
    head, newline, rest = text[begin + len(FENCE) : end].partition("\n")
    return (rest if newline and head.strip().isalnum() else head + newline + rest).strip()
