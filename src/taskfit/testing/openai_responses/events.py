"""The events that tell of the items of a response, without their numbers: each is added, filled piece by piece, and done."""

from collections.abc import Sequence

from taskfit.testing.grammar import Frame, Part, Payload
from taskfit.testing.openai_responses.items import LOGPROBS, text_logprobs, text_part
from taskfit.testing.reply import Reply, SeenRequest, by_turns, cut_evenly
from taskfit.testing.tolerant import strings


def item_frames(request: SeenRequest, reply: Reply, items: Sequence[Payload]) -> list[Frame]:
    """The events of all items; those of function calls by turns where the reply wants it."""
    rows = [_one_item(request, reply, index, item) for index, item in enumerate(items)]
    calls = [row for row, item in zip(rows, items, strict=True) if item["type"] == "function_call"]
    others = [row for row, item in zip(rows, items, strict=True) if item["type"] != "function_call"]
    ordered = by_turns(calls) if reply.is_interleaved else [frame for row in calls for frame in row]
    return [*[frame for row in others for frame in row], *ordered]


def _one_item(request: SeenRequest, reply: Reply, index: int, item: Payload) -> list[Frame]:
    if item["type"] == "reasoning":
        hidden = {"encrypted_content": ""} if "encrypted_content" in item else {}
        return _around(index, {**item, "summary": [], **hidden}, item, _summary_frames(index, item))
    if item["type"] == "message":
        empty = {**item, "status": "in_progress", "content": []}
        return _around(index, empty, item, _content_frames(request, reply, index, item))
    return _around(index, {**item, "status": "in_progress", "arguments": ""}, item, _argument_frames(index, item))


def _around(index: int, empty: Payload, done: Payload, middle: list[Frame]) -> list[Frame]:
    return [
        _frame("block", "response.output_item.added", {"output_index": index, "item": empty}),
        *middle,
        _frame("block", "response.output_item.done", {"output_index": index, "item": done}),
    ]


def _summary_frames(index: int, item: Payload) -> list[Frame]:
    if not item["summary"]:
        return []
    text = item["summary"][0]["text"]
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    kind = "response.reasoning_summary"
    return [
        _frame("block", f"{kind}_part.added", {**place, "part": {"type": "summary_text", "text": ""}}),
        *[_frame("text", f"{kind}_text.delta", {**place, "delta": piece}) for piece in cut_evenly(text, 4)],
        _frame("block", f"{kind}_text.done", {**place, "text": text}),
        _frame("block", f"{kind}_part.done", {**place, "part": {"type": "summary_text", "text": text}}),
    ]


def _content_frames(request: SeenRequest, reply: Reply, index: int, item: Payload) -> list[Frame]:
    frames: list[Frame] = []
    for content_index, part in enumerate(item["content"]):
        place = {"item_id": item["id"], "output_index": index, "content_index": content_index}
        is_text = part["type"] == "output_text"
        empty = text_part("", [], []) if is_text else {"type": "refusal", "refusal": ""}
        frames.append(_frame("block", "response.content_part.added", {**place, "part": empty}))
        frames += _text_frames(request, reply, place, part) if is_text else _refusal_frames(reply, place, part)
        frames.append(_frame("block", "response.content_part.done", {**place, "part": part}))
    return frames


def _text_frames(request: SeenRequest, reply: Reply, place: Payload, part: Payload) -> list[Frame]:
    has_logprobs = LOGPROBS in strings(request.body.get("include"))
    pieces = reply.spoken_pieces()
    is_by_token = has_logprobs and tuple([item.token for item in reply.logprobs]) == pieces
    name = "response.output_text"
    frames: list[Frame] = []
    for position, piece in enumerate(pieces):
        told = text_logprobs([reply.logprobs[position]]) if is_by_token else []
        frames.append(_frame("text", f"{name}.delta", {**place, "delta": piece, "logprobs": told}))
    for position, annotation in enumerate(part["annotations"]):
        data = {**place, "annotation_index": position, "annotation": annotation}
        frames.append(_frame("block", f"{name}.annotation.added", data))
    return [*frames, _frame("block", f"{name}.done", {**place, "text": part["text"], "logprobs": part["logprobs"]})]


def _refusal_frames(reply: Reply, place: Payload, part: Payload) -> list[Frame]:
    pieces = [_frame("text", "response.refusal.delta", {**place, "delta": piece}) for piece in reply.refused_pieces()]
    return [*pieces, _frame("block", "response.refusal.done", {**place, "refusal": part["refusal"]})]


def _argument_frames(index: int, item: Payload) -> list[Frame]:
    place = {"item_id": item["id"], "output_index": index}
    name = "response.function_call_arguments"
    pieces = [_frame("tool", f"{name}.delta", {**place, "delta": piece}) for piece in cut_evenly(item["arguments"], 4)]
    return [*pieces, _frame("block", f"{name}.done", {**place, "arguments": item["arguments"]})]


def _frame(part: Part, name: str, data: Payload) -> Frame:
    return Frame(part=part, event=name, data=data)
