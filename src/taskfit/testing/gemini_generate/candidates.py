"""The parts of a candidate, whole and streamed, and what comes with its end: finish reason, grounding, logprobs.

Source: the vendor's API reference, Candidate and GroundingMetadata, and its page on thought signatures: the signature is on
the first function call, or on the last text where there is no call.
"""

from collections.abc import Sequence

from taskfit.testing.grammar import Part, Payload
from taskfit.testing.reply import Reply, cut_evenly
from taskfit.testing.tolerant import value_of
from taskfit.values.answer import TokenLogprob
from taskfit.values.conversation import Citation

FINISH = {
    "stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY",
    "refusal": "PROHIBITED_CONTENT", "other": "OTHER",
}  # fmt: skip
RATINGS = [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}]


def parts_of(reply: Reply) -> list[Payload]:
    """The parts of a whole candidate."""
    thoughts: list[Payload] = [_thought(reply.reasoning)] if reply.reasoning else []
    texts: list[Payload] = [{"text": reply.text}] if reply.text else []
    calls = _calls(reply)
    if texts and not calls:
        texts[-1] |= _signed(reply)
    return [*thoughts, *texts, *calls]


def streamed_parts(reply: Reply) -> tuple[list[tuple[Part, Payload]], list[Payload]]:
    """A part for each event, and those of the last event."""
    calls = _calls(reply)
    pieces: list[tuple[Part, Payload]] = [("text", _thought(piece)) for piece in cut_evenly(reply.reasoning, 4)]
    pieces += [("text", {"text": piece}) for piece in reply.pieces()]
    pieces += [("tool", call) for call in calls]
    closing = [] if reply.refusal else [{"text": "", **({} if calls else _signed(reply))}]
    return pieces, closing


def tail(reply: Reply, *, has_logprobs: bool = False) -> Payload:
    """What comes with the end of a candidate. A refusal is no content, but the message of a finish for safety's sake."""
    ending: Payload = {"finishReason": "SAFETY" if reply.refusal else FINISH[reply.finish_or_default()]}
    if reply.refusal:
        ending |= {"finishMessage": reply.refusal, "safetyRatings": RATINGS}
    pages = [item for item in reply.citations if item.url is not None]
    if pages:
        ending["groundingMetadata"] = _grounding(reply.text, pages)
    if has_logprobs and reply.logprobs:
        ending |= _logprobs(reply.logprobs)
    return ending


def _thought(text: str) -> Payload:
    return {"text": text, "thought": True}


def _signed(reply: Reply) -> Payload:
    return {"thoughtSignature": reply.signature} if reply.signature else {}


def _calls(reply: Reply) -> list[Payload]:
    calls: list[Payload] = []
    for position, call in enumerate(reply.tool_calls):
        signed = _signed(reply) if position == 0 else {}
        if call.signature is not None:
            signed = {"thoughtSignature": call.signature.value}
        calls.append({"functionCall": {"id": call.id, "name": call.name, "args": value_of(call.arguments)}, **signed})
    return calls


def _grounding(text: str, pages: Sequence[Citation]) -> Payload:
    """Segments are counted in bytes of UTF-8; what is zero is left out."""
    chunks = [{"web": {"uri": page.url, "title": page.title or ""}} for page in pages]
    supports = [{"segment": _segment(text, page), "groundingChunkIndices": [at]} for at, page in enumerate(pages)]
    return {"groundingChunks": chunks, "groundingSupports": supports}


def _segment(text: str, page: Citation) -> Payload:
    start, end = page.start or 0, len(text) if page.end is None else page.end
    first = len(text[:start].encode())
    segment: Payload = {"startIndex": first} if first else {}
    return {**segment, "endIndex": len(text[:end].encode()), "text": text[start:end]}


def _logprobs(tokens: Sequence[TokenLogprob]) -> Payload:
    chosen = [{"token": item.token, "logProbability": item.logprob} for item in tokens]
    top = [{"candidates": [{"token": token, "logProbability": logprob} for token, logprob in item.top]} for item in tokens]
    mean = sum(item.logprob for item in tokens) / len(tokens)
    return {"avgLogprobs": mean, "logprobsResult": {"chosenCandidates": chosen, "topCandidates": top}}
