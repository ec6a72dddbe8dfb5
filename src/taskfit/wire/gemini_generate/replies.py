"""What a client of this dialect receives for a plain request: an Answer as bytes, and a count of tokens.

An answer that came in this dialect goes out as it came; one that came in another is written anew. Knows no framing.
"""

from collections.abc import Sequence
from typing import Any, assert_never

import msgspec
from msgspec import Raw

from taskfit.values.answer import Answer, Choice, Finish
from taskfit.values.conversation import Audio, Citation, File, Image, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from taskfit.values.request import Dialect, Request
from taskfit.wire.gemini_generate.grounding import write_citations
from taskfit.wire.gemini_generate.logprobs import write_logprobs
from taskfit.wire.gemini_generate.seals import DIALECT, write_signature
from taskfit.wire.gemini_generate.usage import write_usage

REASONS: dict[Finish, str] = {
    "stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY", "refusal": "PROHIBITED_CONTENT",
    "other": "OTHER",
}  # fmt: skip
MALFORMED = "MALFORMED_FUNCTION_CALL"

_encode = msgspec.json.Encoder().encode
_arguments = msgspec.json.Decoder(dict[str, Raw])


def write_answer(
    answer: Answer,
    request: Request,  # noqa: ARG001  # every dialect's signature
    *,
    reply_id: str,
    model: str,
    created: int,  # noqa: ARG001  # an answer has no time
) -> bytes:
    """The body of a whole answer."""
    if answer.dialect == DIALECT and answer.data is not None:
        return answer.data
    candidates = [_candidate(choice, index, answer.dialect) for index, choice in enumerate(answer.choices)]
    reply: dict[str, Any] = {"candidates": candidates}
    if answer.usage is not None:
        reply["usageMetadata"] = write_usage(answer.usage)
    return _encode({**reply, "modelVersion": answer.model or model, "responseId": reply_id})


def write_count(total_tokens: int) -> bytes:
    """The answer to `countTokens`."""
    details = [{"modality": "TEXT", "tokenCount": total_tokens}]
    return _encode({"totalTokens": total_tokens, "promptTokensDetails": details})


def _candidate(choice: Choice, index: int, origin: Dialect) -> dict[str, Any]:
    parts, faults = write_parts(choice.parts, origin)
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, **finish_of(choice.finish, faults), "index": index}
    cited = _cited(choice.parts, origin)
    if cited:
        texts = {place: part["text"] for place, part in enumerate(parts) if "text" in part}
        candidate["groundingMetadata"] = write_citations(cited, texts)
    if choice.logprobs is not None:
        candidate["logprobsResult"] = write_logprobs(choice.logprobs)
    return candidate


def finish_of(finish: Finish | None, faults: Sequence[str]) -> dict[str, Any]:
    """The members that say why an answer ended: with a call that is none, as this API itself says it."""
    if faults and finish is not None:
        return {"finishReason": MALFORMED, "finishMessage": f"Malformed function call: {', '.join(faults)}"}
    return {} if finish is None else {"finishReason": REASONS[finish]}


def write_parts(parts: Sequence[Part], origin: Dialect) -> tuple[list[dict[str, Any]], list[str]]:
    """The parts of an answer of the dialect `origin`, and the names of the functions whose arguments are no JSON object: those
    calls are left out."""
    written: list[dict[str, Any]] = []
    faults: list[str] = []
    for part in parts:
        if isinstance(part, ToolCall):
            call = write_call(part, origin)
            if call is None:
                faults.append(part.name)
            else:
                written.append(call)
        elif not _is_signature_of(part, written):
            written += _part(part, origin)
    return written, faults


def write_call(call: ToolCall, origin: Dialect) -> dict[str, Any] | None:
    """A call; None where its arguments are no JSON object. No text at all means no arguments."""
    raw = Raw(call.arguments.strip().encode("utf-8", "replace") or b"{}")
    try:
        _arguments.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    written: dict[str, Any] = {"functionCall": {"id": call.id, "name": call.name, "args": raw}}
    sealed = write_signature(call.signature, origin)
    return {**written, "thoughtSignature": sealed} if sealed else written


def write_thinking(thinking: Thinking, origin: Dialect) -> dict[str, Any]:
    """Thoughts; a signature alone has an empty text."""
    written: dict[str, Any] = {"text": thinking.text, "thought": True}
    sealed = write_signature(thinking.signature, origin, is_redacted=thinking.is_redacted)
    return {**written, "thoughtSignature": sealed} if sealed else written


def _is_signature_of(part: Part, written: list[dict[str, Any]]) -> bool:
    """Whether a part is this API's own signature of the text before it, where it is put then."""
    if not isinstance(part, Thinking) or part.text or part.signature is None or part.signature.origin != DIALECT:
        return False
    if not written or set(written[-1]) != {"text"}:
        return False
    written[-1]["thoughtSignature"] = part.signature.value
    return True


def _part(part: Text | Refusal | Image | File | Audio | Thinking | ToolResult, origin: Dialect) -> list[dict[str, Any]]:
    match part:
        case Text() | Refusal():
            return [{"text": part.text}]
        case Thinking():
            return [write_thinking(part, origin)] if part.text or part.signature else []
        case Image() | File() | Audio():
            return [{"inlineData": {"mimeType": part.media_type, "data": part.data}}] if part.data and part.media_type else []
        case ToolResult():
            return []
    assert_never(part)


def _cited(parts: Sequence[Part], origin: Dialect) -> list[tuple[int, Citation]]:
    """The citations with the index that their text has among the written parts."""
    cited: list[tuple[int, Citation]] = []
    for place, part in enumerate(parts):
        if isinstance(part, Text) and part.citations:
            index = len(write_parts(parts[:place], origin)[0])
            cited += [(index, citation) for citation in part.citations]
    return cited
