"""Citations: of this API in the hub's words, and of the hub in this API's.

The hub counts characters of the text that cites; this API says where in the cited document they stand. Neither knows the other's
numbers, so they do not cross.
"""

import msgspec

from taskfit.values.conversation import Citation
from taskfit.wire.anthropic_messages.words import Block


class CitationBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Any kind of citation, as far as the hub has a word for it."""

    type: str = ""
    cited_text: str | None = None
    url: str | None = None
    title: str | None = None
    source: str | None = None
    document_index: int | None = None
    document_title: str | None = None


def read_citation(block: CitationBlock) -> Citation | None:
    """None for a kind that the hub has no word for."""
    match block.type:
        case "web_search_result_location":
            return Citation(url=block.url, title=block.title, quote=block.cited_text)
        case "search_result_location":
            return Citation(url=block.source, title=block.title, quote=block.cited_text)
        case "char_location" | "page_location" | "content_block_location":
            return Citation(document=block.document_index, title=block.document_title, quote=block.cited_text)
        case _:
            return None


def write_citation(citation: Citation) -> Block:
    """A citation for a client: of a page on the web, else of a document, with zeros for the place that nobody told."""
    if citation.url is not None or citation.document is None:
        return {
            "type": "web_search_result_location", "cited_text": citation.quote or "", "url": citation.url or "",
            "title": citation.title, "encrypted_index": "",
        }  # fmt: skip
    return {
        "type": "char_location", "cited_text": citation.quote or "", "document_index": citation.document,
        "document_title": citation.title, "file_id": None, "start_char_index": 0, "end_char_index": 0,
    }  # fmt: skip
