"""The content blocks of a message: thoughts, redacted thoughts, text with its citations, tool calls; whole and as events."""

from taskfit.testing.grammar import Frame, Part, Payload
from taskfit.testing.reply import Reply, cut_evenly
from taskfit.testing.tolerant import value_of
from taskfit.values.conversation import Citation, ToolCall

SIGNATURE = "c2NyaXB0ZWQ="
"""Signs thoughts for which the script gives no signature: the vendor signs all of them."""


def blocks(reply: Reply) -> list[Payload]:
    """The content of a whole message. A refusal is a text."""
    said: list[Payload] = []
    if _has_thoughts(reply):
        said.append({"type": "thinking", "thinking": reply.reasoning, "signature": reply.signature or SIGNATURE})
    if reply.redacted:
        said.append({"type": "redacted_thinking", "data": reply.redacted})
    texts = [{"type": "text", "text": text, **_cited(reply)} for text in (reply.text, reply.refusal) if text]
    return [*said, *texts, *[{**_call(call), "input": value_of(call.arguments)} for call in reply.tool_calls]]


def block_frames(reply: Reply) -> list[Frame]:
    """The events of the same. A message without anything to say has one empty text."""
    rows: list[tuple[Payload, list[tuple[Part, Payload]]]] = []
    if _has_thoughts(reply):
        rows.append(({"type": "thinking", "thinking": "", "signature": ""}, _thinking_deltas(reply)))
    if reply.redacted:
        rows.append(({"type": "redacted_thinking", "data": reply.redacted}, []))
    if reply.text or not (reply.tool_calls or reply.refusal):
        rows.append((_empty_text(reply), [*_text_deltas(reply.pieces()), *_citation_deltas(reply)]))
    if reply.refusal:
        rows.append(({"type": "text", "text": ""}, _text_deltas(reply.refused_pieces())))
    rows += [({**_call(call), "input": {}}, _call_deltas(call)) for call in reply.tool_calls]
    return [frame for index, (opening, deltas) in enumerate(rows) for frame in _one_block(index, opening, deltas)]


def _has_thoughts(reply: Reply) -> bool:
    return bool(reply.reasoning or reply.signature)


def _one_block(index: int, opening: Payload, deltas: list[tuple[Part, Payload]]) -> list[Frame]:
    start = _frame("block", {"type": "content_block_start", "index": index, "content_block": opening})
    middle = [_frame(part, {"type": "content_block_delta", "index": index, "delta": delta}) for part, delta in deltas]
    return [start, *middle, _frame("block", {"type": "content_block_stop", "index": index})]


def _frame(part: Part, data: Payload) -> Frame:
    return Frame(part=part, event=str(data["type"]), data=data)


def _thinking_deltas(reply: Reply) -> list[tuple[Part, Payload]]:
    pieces: list[tuple[Part, Payload]] = [
        ("text", {"type": "thinking_delta", "thinking": piece}) for piece in cut_evenly(reply.reasoning, 4)
    ]
    return [*pieces, ("block", {"type": "signature_delta", "signature": reply.signature or SIGNATURE})]


def _text_deltas(pieces: tuple[str, ...]) -> list[tuple[Part, Payload]]:
    return [("text", {"type": "text_delta", "text": piece}) for piece in pieces]


def _call(call: ToolCall) -> Payload:
    return {"type": "tool_use", "id": call.id, "name": call.name}


def _call_deltas(call: ToolCall) -> list[tuple[Part, Payload]]:
    pieces = ("", *cut_evenly(call.arguments, 4))
    return [("tool", {"type": "input_json_delta", "partial_json": piece}) for piece in pieces]


def _empty_text(reply: Reply) -> Payload:
    return {"type": "text", "text": "", **({"citations": []} if reply.citations else {})}


def _citation_deltas(reply: Reply) -> list[tuple[Part, Payload]]:
    return [("block", {"type": "citations_delta", "citation": _citation(item)}) for item in reply.citations]


def _cited(reply: Reply) -> Payload:
    return {"citations": [_citation(item) for item in reply.citations]} if reply.citations else {}


def _citation(item: Citation) -> Payload:
    if item.url is not None:
        return {
            "type": "web_search_result_location", "cited_text": item.quote or "", "url": item.url, "title": item.title,
            "encrypted_index": "c2NyaXB0ZWQ=",
        }  # fmt: skip
    return {
        "type": "char_location", "cited_text": item.quote or "", "document_index": item.document or 0,
        "document_title": item.title, "file_id": None, "start_char_index": item.start or 0, "end_char_index": item.end or 0,
    }  # fmt: skip
