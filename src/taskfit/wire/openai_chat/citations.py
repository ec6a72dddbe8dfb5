"""Where an answer has something from, as `annotations` of a message.

Source: OpenAI's `url_citation`. There is no word for a passage of a document of the request: such a citation is left out of
what a chat client is told, and so is the quoted text.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from taskfit.values.conversation import Citation
from taskfit.wire.openai_chat.extras import read_as


class _UrlCitation(msgspec.Struct):
    url: str | None = None
    title: str | None = None
    content: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class _Annotation(msgspec.Struct):
    url_citation: _UrlCitation | None = None


def read_citations(annotations: Any) -> tuple[Citation, ...]:
    """The web pages that a message cites; what cannot be read, or cites no page, is not there."""
    cited = [annotation.url_citation for annotation in read_as(list[_Annotation], annotations) or ()]
    return tuple([
        Citation(url=page.url, title=page.title or None, quote=page.content, start=page.start_index, end=page.end_index)
        for page in cited if page is not None and page.url is not None
    ])  # fmt: skip


def annotations_of(citations: Iterable[Citation]) -> list[dict[str, Any]]:
    """The citations of web pages. Clients want all four members, so what is not known is 0 or empty."""
    return [
        {"type": "url_citation", "url_citation": {
            "url": citation.url, "title": citation.title or "",
            "start_index": citation.start or 0, "end_index": citation.end or 0,
        }}
        for citation in citations if citation.url is not None
    ]  # fmt: skip
