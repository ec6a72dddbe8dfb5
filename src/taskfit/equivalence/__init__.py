"""Whether two answers say the same, and which of several is said most often: without a model, and without the question.

An answer is read as the one thing that it comes to: a number, the letter of a choice, yes or no, a JSON document, or a few words.
Long free text comes to no such thing; two of them are compared by their wording, and are the same only where they nearly repeat
each other. Where it is unclear, nothing is claimed: a false "different" costs one more call, a false "same" lets an error pass.
Everything is linear in the length of the text.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from taskfit.equivalence.documents import document_key, has_document
from taskfit.equivalence.finals import conclusion_of, final_of
from taskfit.equivalence.phrases import is_short, key_of
from taskfit.equivalence.wording import Wording, wording_of
from taskfit.values.answer import Answer

Comparison: TypeAlias = Literal["same", "different", "unclear"]

MAX_CHARS = 100_000
"""How much of a text is read: more is cut out of its middle, where no final answer stands."""


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that is given most often: the place of its first text, the places of all that say the same, and its key (empty
    for free text). `share` is how much of all texts these are, 0 to 1."""

    index: int
    members: tuple[int, ...]
    share: float
    key: str = ""


def canonical(text: str) -> str:
    """What a text comes to, as `kind value`; empty where it cannot be told. Two texts with one such key give the same answer.

    Kinds: `number` (with its unit of measure, where that matters), `choice`, `said` (yes or no), `json`, `text`.
    """
    text = _bounded(text.strip())
    if has_document(text) and (key := document_key(text)) is not None:
        return key
    found = final_of(text)
    if found is not None and (key := _marked_key(found.text)) and (found.is_last or not key.startswith("text ")):
        return key
    if is_short(text):
        return key_of(text)
    concluded = conclusion_of(text)
    key = "" if concluded is None else key_of(concluded, is_marked=True)
    return key if key.startswith("number ") else ""


def compare(one: str, other: str) -> Comparison:
    """Two answers to one question. "unclear" where one of them, or both, come to nothing that can be compared."""
    keys = canonical(one), canonical(other)
    if all(keys):
        return _compare_keys(*keys)
    if any(keys) or not one.strip() or not other.strip():
        return "unclear"
    return "same" if wording_of(one).repeats(wording_of(other)) else "unclear"


def same(one: str, other: str) -> bool:
    """Whether two answers to one question say the same, as far as that can be told."""
    return compare(one, other) == "same"


def commonest(texts: Sequence[str]) -> Vote:
    """The answer that most of the texts give, the first one's of several that are given equally often.

    An empty text has no voice, but counts in the share. Errors: ValueError where there is no text at all.
    """
    if not texts:
        raise ValueError("there is no text to choose from")
    groups: dict[str, list[int]] = {}
    wordings: list[tuple[Wording, list[int]]] = []
    for place, text in enumerate(texts):
        if key := canonical(text):
            groups.setdefault(key, []).append(place)
        elif text.strip():
            _join(wordings, wording_of(text), place)
    _join_units(groups)
    found = [*groups.items(), *[("", members) for _, members in wordings]]
    if not found:
        return Vote(index=0, members=(), share=0.0)
    key, members = min(found, key=lambda group: (-len(group[1]), group[1][0]))
    return Vote(index=members[0], members=tuple(members), share=len(members) / len(texts), key=key)


def said(answer: Answer) -> str:
    """What of an answer is compared: its calls of tools as JSON, or else its text."""
    calls = answer.tool_calls
    if not calls:
        return answer.text
    return msgspec.json.encode([{"name": call.name, "arguments": _arguments(call.arguments)} for call in calls]).decode()


def _marked_key(statement: str) -> str:
    document = document_key(statement) if statement[:1] in ("{", "[") else None
    return document or key_of(statement, is_marked=True)


def _compare_keys(one: str, other: str) -> Comparison:
    if one == other or one.startswith(f"{other} ") or other.startswith(f"{one} "):
        return "same" if one == other or one.startswith("number ") else "different"
    return "different" if one.partition(" ")[0] == other.partition(" ")[0] else "unclear"


def _join(groups: list[tuple[Wording, list[int]]], wording: Wording, place: int) -> None:
    for first, members in groups:
        if wording.repeats(first):
            members.append(place)
            return
    groups.append((wording, [place]))


def _join_units(groups: dict[str, list[int]]) -> None:
    """Who leaves the unit out means the one that most others name."""
    for key in [key for key in groups if key.startswith("number ") and key.count(" ") == 1]:
        named = [other for other in groups if other.startswith(f"{key} ")]
        if named:
            unit = max(named, key=lambda other: len(groups[other]))
            groups[unit] = sorted([*groups[unit], *groups.pop(key)])


def _arguments(text: str) -> object:
    """The arguments of a call; as text where they are no JSON."""
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _bounded(text)
    return msgspec.Raw(text.encode())


def _bounded(text: str) -> str:
    """Also without halves of characters, which no record could hold."""
    text = text if text.isascii() else text.encode("utf-8", "replace").decode()
    if len(text) <= MAX_CHARS:
        return text
    return text[: MAX_CHARS // 2] + "\n" + text[-MAX_CHARS // 2 :]
