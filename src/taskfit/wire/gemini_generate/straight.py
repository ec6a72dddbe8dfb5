"""A generateContent request for an upstream of the same dialect.

Everything goes out as it came, in the client's own spelling, but for thoughts and signatures of models of another dialect: an
answer that has them is known by its seals. Its first call gets the word that Google documents for a call that it did not sign.
Clients give an answer back as one content, or as one for each chunk of its stream.
"""

from collections.abc import Sequence
from itertools import groupby

import msgspec
from msgspec import Raw

from taskfit.values.request import Request
from taskfit.wire.bodies import member
from taskfit.wire.dialect import Written
from taskfit.wire.gemini_generate.members import camel
from taskfit.wire.gemini_generate.parts import UNSIGNED
from taskfit.wire.gemini_generate.seals import MARKS, foreign_value
from taskfit.wire.gemini_generate.thinking import GEMINI_3, version_of
from taskfit.wire.turns import FOREIGN_REASONING

_PLACE = "contents"
_NULL = Raw(b"null")
_EMPTY = Raw(b'""')
_encode = msgspec.json.Encoder().encode


def write_straight(request: Request, *, model: str) -> Written:
    """The body, and what of it was left out. The model is in the path; a body that names one too names the right one.

    Errors: InvalidRequest for a history that cannot be read, where it has to be.
    """
    fields: dict[str, Raw] = {**request.fields}
    if "model" in fields:
        fields["model"] = Raw(_encode(model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"))
    contents = fields.get(_PLACE, _NULL)
    if not _is_sealed(contents):
        return Written(_encode(fields))
    writer = _Writer(needs_signature=version_of(model) >= GEMINI_3)
    fields[_PLACE] = writer.contents(contents)
    return Written(_encode(fields), (FOREIGN_REASONING,) if writer.has_dropped else ())


class _Part:
    """One part of an answer. `origin_value` is what a foreign seal holds, None where there is no such seal."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.members: dict[str, Raw] = member(raw, dict[str, Raw], _PLACE)
        self._names = {camel(name): name for name in self.members}
        self.is_thought = self._said("thought") == b"true"
        self.is_call = self._said("functionCall") != b"null"
        self.sealed_value = self._sealed_value() if _is_sealed(raw) else None

    @property
    def has_signature(self) -> bool:
        return self._said("thoughtSignature") not in (b"null", b'""')

    def without_signature(self) -> dict[str, Raw]:
        """Its other members."""
        return {name: raw for name, raw in self.members.items() if name != self._names.get("thoughtSignature")}

    def _said(self, name: str) -> bytes:
        return bytes(self.members.get(self._names.get(name, name), _NULL))

    def _sealed_value(self) -> str | None:
        text: str = member(Raw(self._said("thoughtSignature")), str | None, _PLACE) or ""
        return foreign_value(text)


class _Writer:
    """Writes a history without what is not this vendor's. `needs_signature`: the first call of an answer must have one."""

    def __init__(self, *, needs_signature: bool) -> None:
        self._needs_signature = needs_signature
        self.has_dropped = False

    def contents(self, contents: Raw) -> Raw:
        """The contents; those of other answers byte for byte."""
        given: list[Raw] = _each(contents)
        kept: list[Raw] = []
        for is_answer, group in groupby(given, key=_is_answer):
            answer = list(group)
            kept += self._own(answer) if is_answer and any(_is_sealed(raw) for raw in answer) else answer
        return Raw(_encode(kept))

    def _own(self, contents: Sequence[Raw]) -> list[Raw]:
        """One answer."""
        members: list[dict[str, Raw]] = [member(raw, dict[str, Raw], _PLACE) for raw in contents]
        parts = [_parts(content) for content in members]
        if not any(part.sealed_value is not None for each in parts for part in each):
            return list(contents)
        needs_signature = self._needs_signature
        kept: list[Raw] = []
        for content, each in zip(members, parts, strict=True):
            written = []
            for part in each:
                own = self._part(part, needs_signature=needs_signature)
                needs_signature = needs_signature and not part.is_call
                written += [] if own is None else [own]
            if written:
                kept.append(Raw(_encode({**content, "parts": written})))
        return kept

    def _part(self, part: _Part, *, needs_signature: bool) -> Raw | None:
        """None for a part of which nothing is left."""
        self.has_dropped = self.has_dropped or part.is_thought or bool(part.sealed_value)
        if part.is_thought:
            return None
        is_unsigned = part.sealed_value is not None or not part.has_signature
        if part.is_call and is_unsigned and needs_signature:
            return Raw(_encode({**part.without_signature(), "thoughtSignature": UNSIGNED}))
        if part.sealed_value is None:
            return part.raw
        rest = part.without_signature()
        return Raw(_encode(rest)) if rest and rest != {"text": _EMPTY} else None


def _is_sealed(raw: Raw) -> bool:
    written = bytes(raw)
    return any(mark in written for mark in MARKS)


def _is_answer(content: Raw) -> bool:
    members: dict[str, Raw] = member(content, dict[str, Raw], _PLACE)
    return bytes(members.get("role", _NULL)) == b'"model"'


def _parts(content: dict[str, Raw]) -> list[_Part]:
    return [_Part(raw) for raw in _each(content.get("parts", _NULL))]


def _each(raw: Raw) -> list[Raw]:
    """The elements of a list; one alone may stand without it."""
    if bytes(raw)[:1] != b"[":
        return [] if bytes(raw) == b"null" else [raw]
    given: list[Raw] = member(raw, list[Raw], _PLACE)
    return given
