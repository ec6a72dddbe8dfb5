"""Citations in Google's words: grounding chunks with the segments of the answer that they support, and quoted sources.

Google counts bytes of UTF-8 within a part, the hub characters. Knows nothing else of an answer; what cannot be read is no
citation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from taskfit.values.conversation import Citation
from taskfit.wire import foreign


class _Source(msgspec.Struct):
    uri: str | None = None
    title: str | None = None
    text: str | None = None


class _Chunk(msgspec.Struct, rename="camel"):
    web: _Source | None = None
    retrieved_context: _Source | None = None
    maps: _Source | None = None


class _Segment(msgspec.Struct, rename="camel"):
    part_index: int = 0
    start_index: int = 0
    end_index: int | None = None
    text: str | None = None


class _Support(msgspec.Struct, rename="camel"):
    segment: _Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class _Grounding(msgspec.Struct, rename="camel"):
    grounding_chunks: list[_Chunk] | None = None
    grounding_supports: list[_Support] | None = None


class _Quoted(msgspec.Struct, rename="camel"):
    uri: str | None = None
    title: str | None = None
    start_index: int = 0
    end_index: int | None = None


class _Quotes(msgspec.Struct, rename="camel"):
    citations: list[_Quoted] | None = None
    citation_sources: list[_Quoted] | None = None


_GROUNDING = msgspec.json.Decoder(_Grounding)
_QUOTES = msgspec.json.Decoder(_Quotes)


class Ascii:
    """Stands in for a text that was not kept: where all of it was ASCII, bytes are characters."""

    def __init__(self) -> None:
        self._is_ascii = True

    def add(self, text: str) -> None:
        """Take in more of the text."""
        self._is_ascii = self._is_ascii and text.isascii()

    def place(self, index: int | None) -> int | None:
        """An offset of one kind as one of the other; None where it cannot be told."""
        return index if self._is_ascii else None


def read_citations(grounding: Raw, quotes: Raw, texts: Mapping[int, str] | Ascii) -> dict[int, tuple[Citation, ...]]:
    """The citations of one candidate, by the index of the part that cites.

    `texts` are its parts' texts by index, for the offsets. An answer that names no segments cites with its first text.
    """
    first = 0 if isinstance(texts, Ascii) else min(texts, default=0)
    found: dict[int, list[Citation]] = {}
    if not foreign.is_null(grounding) and (said := foreign.read_or_none(grounding, _GROUNDING)) is not None:
        for index, citation in _grounded(said, texts, first):
            found.setdefault(index, []).append(citation)
    if not foreign.is_null(quotes) and (quoted := foreign.read_or_none(quotes, _QUOTES)) is not None:
        for quote in quoted.citations or quoted.citation_sources or ():
            if quote.uri or quote.title:
                bounds = _bounds(texts, first, quote.start_index, quote.end_index)
                found.setdefault(first, []).append(Citation(url=quote.uri, title=quote.title, **bounds))
    return {index: tuple(citations) for index, citations in found.items()}


def _grounded(said: _Grounding, texts: Mapping[int, str] | Ascii, first: int) -> Iterator[tuple[int, Citation]]:
    """Each source with the segments that it supports; one that supports none is cited without a place."""
    sources = {
        number: Citation(url=source.uri, title=source.title, quote=source.text)
        for number, chunk in enumerate(said.grounding_chunks or ())
        if (source := chunk.web or chunk.retrieved_context or chunk.maps) is not None
    }
    supports = said.grounding_supports or []
    used = {number for support in supports for number in support.grounding_chunk_indices or ()}
    yield from [(first, source) for number, source in sources.items() if number not in used]
    for support in supports:
        segment = support.segment or _Segment()
        part = segment.part_index if isinstance(texts, Ascii) or segment.part_index in texts else first
        bounds = _bounds(texts, part, segment.start_index, segment.end_index)
        for number in support.grounding_chunk_indices or ():
            if number in sources:
                yield part, msgspec.structs.replace(sources[number], **bounds)


def _bounds(texts: Mapping[int, str] | Ascii, part: int, start: int, end: int | None) -> dict[str, Any]:
    """Both bounds of a segment, or none."""
    first, last = _place(texts, part, start), _place(texts, part, end)
    return {} if first is None or last is None or first > last else {"start": first, "end": last}


def _place(texts: Mapping[int, str] | Ascii, part: int, index: int | None) -> int | None:
    """The offset in characters of an offset in bytes; None where it is outside of the text or inside of a character."""
    if index is None or isinstance(texts, Ascii):
        return None if isinstance(texts, Mapping) else texts.place(index)
    try:
        raw = texts.get(part, "").encode()
        return len(raw[:index].decode()) if 0 <= index <= len(raw) else None
    except UnicodeError:
        return None


def write_citations(citations: Sequence[tuple[int, Citation]], texts: Mapping[int, str] | Ascii) -> dict[str, Any]:
    """The grounding metadata for citations, each with the index of its part. What a page on the web says word for word has no
    place there, only its address and title."""
    chunks: list[dict[str, Any]] = []
    supports: list[dict[str, Any]] = []
    for part, citation in citations:
        chunk = _chunk(citation)
        if chunk not in chunks:
            chunks.append(chunk)
        if segment := _segment(part, citation, texts):
            supports.append({"segment": segment, "groundingChunkIndices": [chunks.index(chunk)]})
    return {"groundingChunks": chunks, "groundingSupports": supports} if supports else {"groundingChunks": chunks}


def _chunk(citation: Citation) -> dict[str, Any]:
    if citation.url is not None:
        return {"web": _said(uri=citation.url, title=citation.title)}
    return {"retrievedContext": _said(title=citation.title, text=citation.quote)}


def _segment(part: int, citation: Citation, texts: Mapping[int, str] | Ascii) -> dict[str, Any]:
    start, end = citation.start, citation.end
    if start is None or end is None or not 0 <= start <= end:
        return {}
    if isinstance(texts, Ascii):
        return {"startIndex": start, "endIndex": end} if texts.place(end) is not None else {}
    text = texts[part]
    if end > len(text):
        return {}
    bounds = {"startIndex": len(text[:start].encode()), "endIndex": len(text[:end].encode())}
    return {"partIndex": part, **bounds, "text": text[start:end]}


def _said(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
