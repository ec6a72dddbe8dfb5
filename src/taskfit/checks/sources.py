"""What a request gives an answer to stand on: its documents, what tools answered, and text between the usual marks.

Marks are XML-like tags (`<document>…</document>`, `<context>`, `<source>`, …), three quotation marks or a fence around a text,
and a heading line such as `Context:`, which holds until a line such as `Question:`. Knows nothing of answers. """

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from taskfit.values.conversation import Audio, Conversation, File, Image, Part, Text, ToolResult
from taskfit.values.request import Request

Kind: TypeAlias = Literal["any", "documents", "tools", "messages"]

MOST_CHARS: Final = 400_000
_MOST_MARKS: Final = 200
_SHORTEST_CHARS: Final = 20  # a marked text below this is an example or a name

_TAG: Final = re.compile(
    r"<(documents?|doc|context|sources?|passages?|articles?|excerpts?|references?|search_results?|results?|knowledge|background"
    r"|data|text|content|transcript|report|email|page|file|chunk|snippet)\b[^<>\n]{0,200}>",
    re.IGNORECASE,
)
_OPENING: Final = re.compile(
    r"^[ \t#*]{0,8}(?:retrieved |provided |given |following |background |search |relevant )?"
    r"(?:contexts?|sources?|documents?|passages?|articles?|text|references?|excerpts?|information|knowledge|background|results?"
    r"|transcript|report)[ \t]?\d{0,3}[ \t*]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING: Final = re.compile(
    r"^[ \t#*]{0,8}(?:questions?|query|instructions?|task|answer|user|request|summary)[ \t*]{0,4}:", re.IGNORECASE | re.MULTILINE
)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """`sources` are the texts to stand on. `texts` are what the system and the user wrote and all sources that are not within it,
    each once. `unread` says what else there was that could not be read; empty: nothing."""

    sources: tuple[str, ...]
    texts: tuple[str, ...]
    unread: str = ""


def given_by(request: Request, kind: Kind) -> Given:
    """Errors: RequestError for a request that cannot be read."""
    from taskfit.wire.dialects import conversation_of

    conversation = conversation_of(request)
    said = [part.text[: MOST_CHARS + 1] for part in _parts(conversation) if isinstance(part, Text)]
    files: list[str] = []
    tools: list[str] = []
    unread: list[str] = []
    for part in _parts(conversation):
        if isinstance(part, ToolResult):
            tools.append(part.text)
            unread += [what for inner in part.parts if (what := _take_file(inner, tools))]
        elif what := _take_file(part, files):
            unread.append(what)
    added = {"any": [*files, *tools], "documents": files, "tools": tools, "messages": [*files, *tools]}[kind]
    within = {"any": _marked, "documents": _marked, "tools": _none, "messages": _whole}[kind]
    sources = [*[text for told in said for text in within(told)], *added]
    return _within_bounds(sources, [*said, *added], unread)


def _none(_text: str) -> Iterator[str]:
    return iter(())


def _whole(text: str) -> Iterator[str]:
    yield text


def _parts(conversation: Conversation) -> Iterator[Part]:
    return (part for message in conversation.messages if message.role != "assistant" for part in message.parts)


def _take_file(part: Part, texts: list[str]) -> str:
    """Adds the text of a file; or says what kind of thing cannot be read."""
    match part:
        case Image():
            return "an image"
        case Audio():
            return "a recording"
        case File(text=str(text)):
            texts.append(text)
        case File(data=str(data), media_type=kind) if (kind or "").startswith(("text/", "application/json")):
            try:
                texts.append(b64decode(data[: 2 * MOST_CHARS], validate=False).decode(errors="replace"))
            except NotBase64:
                return "a broken file"
        case File():
            return "a file that is not text"
        case _:
            pass
    return ""


def _marked(text: str) -> Iterator[str]:
    """The texts between marks. Each kind of mark is looked for by itself; a text may be found twice."""
    for found in (*_between_tags(text), *_between_pairs(text, '"""'), *_between_pairs(text, "```"), *_below_headings(text)):
        if len(found) >= _SHORTEST_CHARS:
            yield found


def _between_tags(text: str) -> Iterator[str]:
    lower = text.lower() if "<" in text else ""
    end = 0
    for number, tag in enumerate(_TAG.finditer(lower)):
        if number == _MOST_MARKS:
            return
        if tag.start() < end:
            continue
        end = lower.find(f"</{tag[1]}", tag.end())
        if end >= 0 and len(lower) == len(text):
            yield text[tag.end() : end]


def _between_pairs(text: str, mark: str) -> Iterator[str]:
    pieces = text.split(mark, 2 * _MOST_MARKS)
    yield from pieces[1 : len(pieces) - 1 : 2]


def _below_headings(text: str) -> Iterator[str]:
    at = 0
    for _ in range(_MOST_MARKS):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        closing = _CLOSING.search(text, opening.end())
        at = len(text) if closing is None else closing.start()
        yield text[opening.end() : at]


def _within_bounds(sources: list[str], texts: list[str], unread: list[str]) -> Given:
    if sum(map(len, texts)) > MOST_CHARS:
        unread = [*unread, f"text beyond {MOST_CHARS:,} characters"]
    what = ", ".join(dict.fromkeys(unread))
    return Given(sources=_first_chars(sources), texts=_first_chars(texts), unread=what)


def _first_chars(texts: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    left = MOST_CHARS
    for text in texts:
        kept.append(text[:left])
        left -= len(kept[-1])
    return tuple([text for text in kept if text.strip()])
