"""Puts another text in the place of a request's last user message, and instructions before its own, in each dialect.

Everything else of the body stays as it came: images beside the text, earlier turns, cache marks.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest
from taskfit.values.request import Dialect, Request
from taskfit.wire.bodies import is_said, member
from taskfit.wire.texts.requests import with_fields

_NULL = Raw(b"null")
_encode = msgspec.json.Encoder().encode


class _Form(NamedTuple):
    """How a dialect writes turns: the field of the turns, the member of a turn that holds what is said, and a part that is text.

    `needs_words`: a turn of the user's without text is not the prompt, by the dialect's own outline.
    """

    turns: str
    said: str
    text_part: Mapping[str, str]
    needs_words: bool


_FORMS: Mapping[Dialect, _Form] = {
    "openai-chat": _Form("messages", "content", {"type": "text"}, needs_words=False),
    "openai-responses": _Form("input", "content", {"type": "input_text"}, needs_words=False),
    "anthropic-messages": _Form("messages", "content", {"type": "text"}, needs_words=True),
    "gemini-generate": _Form("contents", "parts", {}, needs_words=True),
}
_USERS = frozenset({b'"user"', b'""', b"null"})
"""What a role says that is the user's; only Google's API takes a turn without one."""


def prompt_place(request: Request) -> str:
    """The path of the last user message's content in the body, for errors. Errors: InvalidRequest where there is none."""
    form = _form(request)
    if _is_text(request.fields.get(form.turns, _NULL)):
        return form.turns
    return f"{form.turns}[{_last(_turns(request, form), form)}].{form.said}"


def with_prompt(request: Request, text: str) -> Request:
    """The request with `text` as the text of its last user message; what stands beside the text there stays.

    Errors: InvalidRequest where there is no such message, and for embeddings.
    """
    form = _form(request)
    if _is_text(request.fields.get(form.turns, _NULL)):
        return with_fields(request, {form.turns: Raw(_encode(text))})
    turns = _turns(request, form)
    place = _last(turns, form)
    turn: dict[str, Raw] = member(turns[place], dict[str, Raw], form.turns)
    turns[place] = Raw(_encode({**turn, form.said: _with_text(turn[form.said], text, form)}))
    return with_fields(request, {form.turns: Raw(_encode(turns))})


def with_instructions(request: Request, text: str) -> Request:
    """The request with `text` before its own instructions, a blank line between the two. Errors: InvalidRequest."""
    form = _form(request)
    match request.dialect:
        case "openai-chat":
            return with_fields(request, {form.turns: _with_system_turn(_turns(request, form), text)})
        case "openai-responses":
            return with_fields(request, {"instructions": _before(request.fields.get("instructions", _NULL), text, form)})
        case "anthropic-messages":
            return with_fields(request, {"system": _before(request.fields.get("system", _NULL), text, form)})
        case _:
            names = ("systemInstruction", "system_instruction")
            name = next((name for name in names if name in request.fields), names[0])
            return with_fields(request, {name: _before_google(request.fields.get(name, _NULL), text, form)})


def _form(request: Request) -> _Form:
    form = _FORMS.get(request.dialect)
    if form is None:
        raise InvalidRequest("this task shapes prompts; embeddings have none", param="model")
    return form


def _turns(request: Request, form: _Form) -> list[Raw]:
    return _each(request.fields.get(form.turns, _NULL), form.turns)


def _each(raw: Raw, place: str) -> list[Raw]:
    """The elements of a list; one alone may stand without it."""
    if not is_said(raw):
        return []
    given: list[Raw] = member(raw, list[Raw], place) if memoryview(raw)[0] == 0x5B else [raw]
    return list(given)


def _last(turns: list[Raw], form: _Form) -> int:
    for place in reversed(range(len(turns))):
        if _is_prompt(member(turns[place], dict[str, Raw], f"{form.turns}[{place}]"), form):
            return place
    raise InvalidRequest(f"{form.turns}: this task needs a message of the user with text", param=form.turns)


def _is_prompt(turn: Mapping[str, Raw], form: _Form) -> bool:
    role = bytes(turn.get("role", _NULL))
    is_user = role in _USERS if form.said == "parts" else role == b'"user"'
    said = turn.get(form.said, _NULL)
    if not is_user or not is_said(said):
        return False
    if _is_text(said):
        return not form.needs_words or bytes(said) != b'""'
    return not form.needs_words or any(_text_of(part, form) for part in _each(said, form.turns))


def _with_text(said: Raw, text: str, form: _Form) -> Raw:
    if _is_text(said):
        return Raw(_encode(text))
    parts: list[Raw] = []
    written: dict[str, Any] | None = None
    for part in _each(said, form.turns):
        if _text_of(part, form) is None:
            parts.append(part)
        elif written is None:
            written = member(part, dict[str, Raw], form.turns)
            parts.append(Raw(_encode({**written, "text": text})))
    return Raw(_encode(parts if written is not None else [{**form.text_part, "text": text}, *parts]))


def _with_system_turn(messages: list[Raw], text: str) -> Raw:
    """A system message in front says it, or a new one: two of them some servers refuse."""
    first: dict[str, Raw] = member(messages[0], dict[str, Raw], "messages[0]") if messages else {}
    if bytes(first.get("role", _NULL)) not in (b'"system"', b'"developer"'):
        return Raw(_encode([{"role": "system", "content": text}, *messages]))
    said = _before(first.get("content", _NULL), text, _FORMS["openai-chat"])
    return Raw(_encode([{**first, "content": said}, *messages[1:]]))


def _before(said: Raw, text: str, form: _Form) -> Raw:
    """The text, and then what is said already: a text or a list of parts."""
    if not is_said(said) or bytes(said) == b'""':
        return Raw(_encode(text))
    if _is_text(said):
        return Raw(_encode(f"{text}\n\n{member(said, str, form.turns)}"))
    return Raw(_encode([{**form.text_part, "text": text}, *_each(said, form.turns)]))


def _before_google(said: Raw, text: str, form: _Form) -> Raw:
    if _is_text(said):
        return _before(said, text, form)
    content: dict[str, Raw] = member(said, dict[str, Raw] | None, "systemInstruction") or {}
    return Raw(_encode({**content, "parts": [{"text": text}, *_each(content.get("parts", _NULL), "systemInstruction.parts")]}))


def _text_of(part: Raw, form: _Form) -> str | None:
    """The text of a part; None for a part of another kind. Google's parts have no type."""
    members: dict[str, Raw] = member(part, dict[str, Raw], form.turns)
    said = members.get("text", _NULL)
    kind = form.text_part.get("type")
    if not _is_text(said) or (kind is not None and bytes(members.get("type", _NULL)) != _encode(kind)):
        return None
    text: str = member(said, str, form.turns)
    return text


def _is_text(raw: Raw) -> bool:
    return memoryview(raw)[0] == 0x22
