"""Changes every text of an answer. Knows no dialect: the body that the client gets is written anew."""

from collections.abc import Iterable

import msgspec

from taskfit.values.answer import Answer, Choice
from taskfit.values.conversation import Citation, File, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from taskfit.wire.texts.requests import Change


def map_answer(answer: Answer, change: Change) -> Answer:
    """The answer with `change` applied to its texts, thoughts, refusals, arguments of calls (as JSON text) and to what it quotes;
    the very answer where nothing changes. Where something does, `data` is None, and places of citations follow.
    """
    choices = tuple([_choice(choice, change) for choice in answer.choices])
    if all(one is other for one, other in zip(choices, answer.choices, strict=True)):
        return answer
    return msgspec.structs.replace(answer, choices=choices, data=None)


def map_citations(citations: Iterable[Citation], change: Change) -> tuple[Citation, ...]:
    """What citations quote and name, changed; their places stay."""
    return tuple([_citation(citation, change) for citation in citations])


def _choice(choice: Choice, change: Change) -> Choice:
    parts = tuple([_part(part, change) for part in choice.parts])
    if all(one is other for one, other in zip(parts, choice.parts, strict=True)):
        return choice
    return msgspec.structs.replace(choice, parts=parts)


def _part(part: Part, change: Change) -> Part:
    match part:
        case Text():
            return _text(part, change)
        case Refusal(text=text) | Thinking(text=text) | File(text=str(text)):
            changed = change(text)
            return part if changed == text else msgspec.structs.replace(part, text=changed)
        case ToolCall(arguments=arguments):
            changed = change(arguments)
            return part if changed == arguments else msgspec.structs.replace(part, arguments=changed)
        case ToolResult():
            parts = tuple([_part(inner, change) for inner in part.parts])
            return part if parts == part.parts else msgspec.structs.replace(part, parts=parts)
        case _:
            return part


def _text(part: Text, change: Change) -> Text:
    changed = change(part.text)
    citations = map_citations(part.citations, change)
    if changed != part.text:
        citations = tuple([_placed(citation, part.text, change) for citation in citations])
    is_same = changed == part.text and citations == part.citations
    return part if is_same else msgspec.structs.replace(part, text=changed, citations=citations)


def _citation(citation: Citation, change: Change) -> Citation:
    title = None if citation.title is None else change(citation.title)
    quote = None if citation.quote is None else change(citation.quote)
    is_same = title == citation.title and quote == citation.quote
    return citation if is_same else msgspec.structs.replace(citation, title=title, quote=quote)


def _placed(citation: Citation, text: str, change: Change) -> Citation:
    """The citation at the place where its words stand now."""
    return msgspec.structs.replace(
        citation, start=_place(citation.start, text, change), end=_place(citation.end, text, change)
    )


def _place(place: int | None, text: str, change: Change) -> int | None:
    return None if place is None else len(change(text[: max(0, place)]))
