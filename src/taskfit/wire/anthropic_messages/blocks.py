"""The content blocks of a client's messages in the hub's words.

What the hub cannot carry is refused with its place; what Anthropic's own servers wrote about their tools is left out, by the
table below.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    CacheTtl,
    File,
    Image,
    Part,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from taskfit.wire.anthropic_messages.citations import CitationBlock, read_citation
from taskfit.wire.anthropic_messages.words import DIALECT
from taskfit.wire.bodies import is_said, member
from taskfit.wire.signatures import call_signature_of, unseal, unseal_or_none

DROPPED_BLOCKS: Mapping[str, str] = {
    "server_tool_use": "the vendor's own search called itself; what came of it is in the text that follows",
    "web_search_tool_result": "encrypted for the vendor's own models",
    "web_fetch_tool_result": "belongs to a tool that the vendor runs",
    "tool_search_tool_result": "belongs to a tool that the vendor runs; all tools are offered from the start",
}
"""Blocks of the history that mean nothing to models of another vendor, with the reason."""

HOSTED_CALLS = frozenset({"web_search", "web_fetch", "tool_search_tool_regex", "tool_search_tool_bm25"})
"""The calls of the vendor's own tools that can be left out; code that ran there cannot."""

_NULL = Raw(b"null")
_CONTENT: Any = str | list[Raw] | None


class CacheControl(msgspec.Struct):
    """A cache mark; five minutes where no time is said."""

    type: str = "ephemeral"
    ttl: CacheTtl = "5m"


class Source(msgspec.Struct):
    """Where an image or a document comes from."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    content: Raw = _NULL


class _Citations(msgspec.Struct):
    enabled: bool | None = None


class Content(msgspec.Struct):
    """Any block: the members that the hub has a word for, of all types together."""

    type: str
    text: str | None = None
    citations: Raw = _NULL
    cache_control: CacheControl | None = None
    source: Raw = _NULL
    title: str | None = None
    context: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw = _NULL
    tool_use_id: str | None = None
    tool_name: str | None = None
    content: Raw = _NULL
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    tool: Raw = _NULL

    @property
    def cache(self) -> CacheTtl | None:
        """The cache mark."""
        return None if self.cache_control is None else self.cache_control.ttl


def read_content(content: Raw, place: str, dropped: list[str]) -> tuple[Part, ...]:
    """The parts of one message; `dropped` collects the types of blocks that are left out.

    Errors: Unsupported, InvalidRequest; both with the block's place as `param`.
    """
    parts: list[Part] = []
    for at, block in content_blocks(content, place):
        if is_left_out(block):
            dropped.append(block.type)
            continue
        found = _parts(block, at)
        if isinstance(found[0], ToolCall) and parts and (signature := _call_signature(parts[-1])) is not None:
            parts[-1] = msgspec.structs.replace(found[0], signature=signature)
            continue
        parts.extend(found)
    return tuple(parts)


def content_blocks(content: Raw, place: str) -> list[tuple[str, Content]]:
    """The blocks with their places; a string is one block of text, nothing is none. Errors: InvalidRequest."""
    said: str | list[Raw] | None = member(content, _CONTENT, place)
    if said is None or said == "":
        return []
    if isinstance(said, str):
        return [(place, Content(type="text", text=said))]
    return [(at, _block(raw, at)) for at, raw in [(f"{place}[{index}]", raw) for index, raw in enumerate(said)]]


def is_left_out(block: Content) -> bool:
    """Whether the block is one of those that another vendor's model does without."""
    return block.type in DROPPED_BLOCKS and (block.type != "server_tool_use" or block.name in HOSTED_CALLS)


def _block(raw: Raw, place: str) -> Content:
    """A block of a type that is not read may have anything in its members."""
    kind: str = member(raw, _Kind, place).type
    if kind not in _READ:
        return Content(type=kind, name=member(raw, dict[str, Any], place).get("name"))
    block: Content = member(raw, Content, place)
    return block


def _parts(block: Content, place: str) -> tuple[Part, ...]:
    """At least one."""
    match block.type:
        case "text" | "image" | "document" | "search_result" | "tool_reference":
            return _shown(block, place)
        case "thinking":
            return (Thinking(text=block.thinking or "", signature=unseal_or_none(block.signature, DIALECT)),)
        case "redacted_thinking":
            return (Thinking(is_redacted=True, signature=unseal(_needed(block.data, place, "data"), DIALECT)),)
        case "tool_use":
            return (_call(block, place),)
        case "tool_result":
            return (_result(block, place),)
        case _:
            raise Unsupported(
                f"{place}: a block of type {block.type[:40]!r} cannot be carried to a model of another API", param=place
            )


def _shown(block: Content, place: str) -> tuple[Text | Image | File, ...]:
    """What both messages and tool results may hold."""
    match block.type:
        case "text":
            return (_text(block, place),)
        case "image":
            return (_image(block, place),)
        case "document":
            return _document(block, place)
        case "search_result":
            text = _text_of(block.content, f"{place}.content")
            return (File(text=text, media_type="text/plain", name=block.title, cache=block.cache),)
        case "tool_reference":
            return (Text(text=_needed(block.tool_name, place, "tool_name"), cache=block.cache),)
        case _:
            raise Unsupported(
                f"{place}: a block of type {block.type[:40]!r} cannot be carried to a model of another API", param=place
            )


def _text(block: Content, place: str) -> Text:
    text = _needed(block.text, place, "text")
    if not is_said(block.citations):
        return Text(text=text, cache=block.cache)
    blocks = member(block.citations, list[CitationBlock], f"{place}.citations")
    citations = [citation for found in blocks if (citation := read_citation(found)) is not None]
    return Text(text=text, citations=tuple(citations), cache=block.cache)


def _image(block: Content, place: str) -> Image:
    source: Source = member(block.source, Source, f"{place}.source")
    match source.type:
        case "base64":
            data = _needed(source.data, place, "source.data")
            return Image(data=data, media_type=_needed(source.media_type, place, "source.media_type"), cache=block.cache)
        case "url":
            return Image(url=_needed(source.url, place, "source.url"), cache=block.cache)
        case _:
            raise _uncarried_source(source, place)


def _document(block: Content, place: str) -> tuple[Text | File, ...]:
    """The document; what the caller says of it, beside its title, is a text before it."""
    source: Source = member(block.source, Source, f"{place}.source")
    citations = member(block.citations, _Citations | None, f"{place}.citations")
    file = File(name=block.title, has_citations=bool(citations and citations.enabled), cache=block.cache)
    match source.type:
        case "base64":
            data = _needed(source.data, place, "source.data")
            file = msgspec.structs.replace(file, data=data, media_type=source.media_type or "application/pdf")
        case "text":
            text = _needed(source.data, place, "source.data")
            file = msgspec.structs.replace(file, text=text, media_type="text/plain")
        case "url":
            file = msgspec.structs.replace(file, url=_needed(source.url, place, "source.url"))
        case "content":
            text = _text_of(source.content, f"{place}.source.content")
            file = msgspec.structs.replace(file, text=text, media_type="text/plain")
        case _:
            raise _uncarried_source(source, place)
    return (Text(text=block.context), file) if block.context else (file,)


def _text_of(content: Raw, place: str) -> str:
    """The text of blocks that may hold only text here. Errors: Unsupported for anything else."""
    texts = []
    for at, block in content_blocks(content, place):
        if block.type != "text":
            raise Unsupported(f"{at}: only text can be carried to a model of another API here", param=at)
        texts.append(_needed(block.text, at, "text"))
    return "\n".join(texts)


def _call(block: Content, place: str) -> ToolCall:
    arguments = bytes(block.input).decode() if is_said(block.input) else "{}"
    return ToolCall(
        id=_needed(block.id, place, "id"), name=_needed(block.name, place, "name"), arguments=arguments, cache=block.cache
    )


def _result(block: Content, place: str) -> ToolResult:
    parts = [part for at, inner in content_blocks(block.content, f"{place}.content") for part in _shown(inner, at)]
    return ToolResult(
        call_id=_needed(block.tool_use_id, place, "tool_use_id"), parts=tuple(parts), is_error=bool(block.is_error),
        cache=block.cache,
    )  # fmt: skip


def _call_signature(part: Part) -> Signature | None:
    return call_signature_of(part.signature) if isinstance(part, Thinking) and part.is_redacted else None


def _needed(value: str | None, place: str, name: str) -> str:
    if value is None:
        raise InvalidRequest(f"{place}.{name}: the block needs it", param=f"{place}.{name}")
    return value


def _uncarried_source(source: Source, place: str) -> Unsupported:
    return Unsupported(
        f"{place}.source: a source of type {source.type[:40]!r} cannot be carried to a model of another API",
        param=f"{place}.source",
    )


class _Kind(msgspec.Struct):
    type: str


_READ = frozenset({
    "text", "image", "document", "search_result", "tool_reference", "thinking", "redacted_thinking", "tool_use", "tool_result",
    "tool_addition", "tool_removal",
})  # fmt: skip
