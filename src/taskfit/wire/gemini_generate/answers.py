"""What Google's generateContent API answers: bytes to an Answer, or the payloads of its stream to Deltas.

Knows no HTTP and no server-sent events: payloads come in one by one. What the hub has no word for (code that Google ran, ratings
of safety) is on the straight lane only.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from taskfit import errors
from taskfit.values.answer import Answer, Choice, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Citation, Image, Part, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire import foreign, sse
from taskfit.wire.gemini_generate.grounding import Ascii, read_citations
from taskfit.wire.gemini_generate.logprobs import read_logprobs
from taskfit.wire.gemini_generate.seals import DIALECT, read_signature
from taskfit.wire.gemini_generate.usage import read_usage

FINISHES: dict[str, Finish] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
}

FAULTS: dict[str, type[errors.UpstreamError]] = {
    "INVALID_ARGUMENT": errors.UpstreamRefused,
    "FAILED_PRECONDITION": errors.UpstreamRefused,
    "OUT_OF_RANGE": errors.UpstreamRefused,
    "UNAUTHENTICATED": errors.UpstreamUnauthorized,
    "PERMISSION_DENIED": errors.UpstreamUnauthorized,
    "NOT_FOUND": errors.UpstreamModelMissing,
    "RESOURCE_EXHAUSTED": errors.RateLimited,
    "UNAVAILABLE": errors.UpstreamOverloaded,
    "DEADLINE_EXCEEDED": errors.UpstreamTimeout,
}


class _FunctionCall(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    id: str | None = None
    args: Raw = foreign.NULL


class _Blob(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    mime_type: str | None = None
    data: str | None = None


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None
    inline_data: _Blob | None = None


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    parts: tuple[_Part, ...] | None = None


class _Candidate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    index: int | None = None
    content: _Content | None = None
    finish_reason: str | None = None
    grounding_metadata: Raw = foreign.NULL
    citation_metadata: Raw = foreign.NULL
    logprobs_result: Raw = foreign.NULL

    @property
    def parts(self) -> tuple[_Part, ...]:
        """None at all where there is no content."""
        return (self.content.parts or ()) if self.content else ()


class _Feedback(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    block_reason: str | None = None


class _Response(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    candidates: tuple[_Candidate, ...] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: Raw = foreign.NULL
    model_version: str | None = None
    response_id: str | None = None
    error: Raw = foreign.NULL



_RESPONSE = msgspec.json.Decoder(_Response)


def read_answer(body: bytes) -> Answer:
    """A whole answer.

    Errors: the UpstreamError that an error in the body stands for; ContentRefused for a blocked prompt;
    InvalidAnswer for anything without a candidate.
    """
    response, body = _read(body)
    if not response.candidates:
        raise errors.InvalidAnswer("the upstream's body has no candidate")
    candidates = sorted(enumerate(response.candidates), key=lambda found: found[0] if found[1].index is None else found[1].index)
    return Answer(
        dialect=DIALECT, data=body, response_id=response.response_id, model=response.model_version,
        choices=tuple([_choice(candidate, place, response.response_id, body) for place, (_, candidate) in enumerate(candidates)]),
        usage=read_usage(response.usage_metadata, is_last=True),
    )  # fmt: skip


def _read(payload: bytes) -> tuple[_Response, bytes]:
    response, sound = foreign.read_sound(payload, _RESPONSE)
    if not foreign.is_null(response.error):
        raise foreign.fault_of(response.error, FAULTS)
    reason = response.prompt_feedback.block_reason if response.prompt_feedback else None
    if reason and reason != "BLOCKED_REASON_UNSPECIFIED":
        raise errors.ContentRefused(f"the upstream blocked the prompt: {reason[:100]}")
    return response, sound


def _choice(candidate: _Candidate, place: int, response_id: str | None, body: bytes) -> Choice:
    texts = {index: part.text for index, part in enumerate(candidate.parts) if part.text and not part.thought}
    cited = read_citations(candidate.grounding_metadata, candidate.citation_metadata, texts)
    parts: list[Part] = []
    calls = 0
    for index, part in enumerate(candidate.parts):
        if part.function_call is not None:
            parts.append(_call(part, part.function_call, _made_id(response_id, body, place, calls)))
            calls += 1
        else:
            parts += _said(part, cited.get(index, ()))
    return Choice(
        parts=tuple(parts), finish=_finish(candidate.finish_reason, has_calls=calls > 0),
        logprobs=read_logprobs(candidate.logprobs_result),
    )  # fmt: skip


def _said(part: _Part, citations: tuple[Citation, ...]) -> Iterator[Part]:
    """A part that is no call. A signature on a text stands behind it, as thoughts without words."""
    signature, is_redacted = read_signature(part.thought_signature) if part.thought_signature else (None, False)
    if part.thought:
        if part.text or signature:
            yield Thinking(text=part.text or "", signature=signature, is_redacted=is_redacted)
        return
    if part.text:
        yield Text(text=part.text, citations=citations)
    blob = part.inline_data
    if blob is not None and blob.data and (blob.mime_type or "").startswith("image/"):
        yield Image(data=blob.data, media_type=blob.mime_type)
    if signature is not None:
        yield Thinking(signature=signature, is_redacted=is_redacted)


def _call(part: _Part, call: _FunctionCall, made_id: str) -> ToolCall:
    signature = read_signature(part.thought_signature)[0] if part.thought_signature else None
    return ToolCall(id=call.id or made_id, name=call.name, arguments=foreign.object_text(call.args), signature=signature)


def _made_id(response_id: str | None, payload: bytes, choice: int, index: int) -> str:
    """An id for a call that came without one: the same for the same answer, and hardly ever that of another answer's call."""
    seed = response_id.encode("utf-8", "surrogatepass") if response_id else payload
    place = b"%d:" % index if choice == 0 else b"%d.%d:" % (choice, index)
    return "call_" + hashlib.sha256(place + seed).hexdigest()[:24]


def _finish(reason: str | None, *, has_calls: bool) -> Finish | None:
    if reason is None or reason in ("", "FINISH_REASON_UNSPECIFIED"):
        return None
    finish = FINISHES.get(reason, "other")
    return "tool_calls" if finish == "stop" and has_calls else finish


class PayloadReader:
    """Reads the chunks of one streamed answer, in their order. Keeps how many calls each candidate made, and which sources it
    named."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        self._cited: dict[int, set[Citation]] = {}
        self._texts: dict[int, Ascii] = {}
        self._is_finished = False
        self._opening: bytes | None = b""

    def read(self, payload: bytes, frame: bytes) -> Sequence[Delta]:
        """The Deltas of one chunk. The first one has the frame as `data`, or the first with a finish: it must not be seen before.

        Errors: the UpstreamError that an error stands for; ContentRefused for a blocked prompt; InvalidAnswer for what
        cannot be read.
        """
        response, sound = _read(payload)
        if sound is not payload:
            payload, frame = sound, sse.with_payload(frame, sound)
        text = _plain_text(response)
        if text and self._opening is None:
            self._texts.setdefault(0, Ascii()).add(text)
            return (
                Delta(
                    dialect=DIALECT, data=frame, response_id=response.response_id, model=response.model_version, text=text,
                    usage=read_usage(response.usage_metadata, is_last=self._is_finished),
                ),
            )  # fmt: skip
        said = [
            {"choice": choice, **fields}
            for place, candidate in enumerate(response.candidates or ())
            for choice in (place if candidate.index is None else candidate.index,)
            for fields in self._fields(candidate, choice, response.response_id, payload)
        ]
        self._is_finished = self._is_finished or any("finish" in fields for fields in said)
        usage = read_usage(response.usage_metadata, is_last=self._is_finished)
        if not said:
            return self._silence(response, usage, frame)
        frame, self._opening = (self._opening or b"") + frame, None
        carrier = next((number for number, fields in enumerate(said) if "finish" in fields), 0)
        said[-1]["usage"] = usage
        return [
            Delta(
                dialect=DIALECT, data=_share(frame, number - carrier), response_id=response.response_id,
                model=response.model_version, **fields,
            )
            for number, fields in enumerate(said)
        ]  # fmt: skip

    def _silence(self, response: _Response, usage: Usage | None, frame: bytes) -> Sequence[Delta]:
        """A chunk that says nothing; before the first words it waits for them, so that the answer has not begun."""
        if self._opening is not None and len(self._opening) < sse.MAX_OPENING_BYTES:
            self._opening += frame
            return ()
        frame, self._opening = (self._opening or b"") + frame, None
        return (
            Delta(
                dialect=DIALECT, data=frame, response_id=response.response_id, model=response.model_version, usage=usage,
                is_usage_only=usage is not None,
            ),
        )  # fmt: skip

    def _fields(self, candidate: _Candidate, choice: int, response_id: str | None, payload: bytes) -> list[dict[str, Any]]:
        """What each Delta of a candidate says: one for as many parts as can stand in one, and the rest in the last."""
        pieces = _Pieces()
        for part in candidate.parts:
            if part.function_call is not None:
                number = self._calls.get(choice, 0)
                self._calls[choice] = number + 1
                pieces.add_call(_call(part, part.function_call, _made_id(response_id, payload, choice, number)), number)
                continue
            for said in _said(part, ()):
                pieces.add(said)
                if isinstance(said, Text):
                    self._texts.setdefault(choice, Ascii()).add(said.text)
        last = {
            "finish": _finish(candidate.finish_reason, has_calls=self._calls.get(choice, 0) > 0),
            "citations": self._new_citations(candidate, choice),
            "logprobs": read_logprobs(candidate.logprobs_result),
        }
        return pieces.close({name: value for name, value in last.items() if value})

    def _new_citations(self, candidate: _Candidate, choice: int) -> tuple[Citation, ...]:
        """Chunks may repeat what earlier ones cited."""
        if foreign.is_null(candidate.grounding_metadata) and foreign.is_null(candidate.citation_metadata):
            return ()
        found = read_citations(candidate.grounding_metadata, candidate.citation_metadata, self._texts.get(choice, Ascii()))
        seen = self._cited.setdefault(choice, set())
        fresh = tuple([citation for citations in found.values() for citation in citations if citation not in seen])
        seen.update(fresh)
        return fresh


def _plain_text(response: _Response) -> str | None:
    """The text of a chunk that has nothing else to say, as nearly all have: read without detours."""
    if response.candidates is None or len(response.candidates) != 1:
        return None
    candidate = response.candidates[0]
    if candidate.index or candidate.finish_reason or candidate.content is None or len(candidate.parts) != 1:
        return None
    if not (candidate.grounding_metadata is candidate.citation_metadata is candidate.logprobs_result is foreign.NULL):
        return None
    part = candidate.parts[0]
    is_plain = not (part.thought or part.thought_signature or part.function_call or part.inline_data)
    return part.text if is_plain else None


def _share(frame: bytes, distance: int) -> bytes | None:
    """The `data` of a Delta at this distance from the one that carries the frame."""
    return frame if distance == 0 else b"" if distance < 0 else None


class _Pieces:
    """Sorts the parts of a chunk into Deltas: within one, thoughts come before their signature, text and calls."""

    _ORDER = ("reasoning", "signature", "text", "tool_calls")

    def __init__(self) -> None:
        self._said: list[dict[str, Any]] = []

    def add(self, part: Part) -> None:
        """Thoughts or text; an image has no place in a Delta."""
        if isinstance(part, Text):
            self._append("text", part.text)
        elif isinstance(part, Thinking):
            if part.text:
                self._append("reasoning", part.text)
            if part.signature is not None:
                self._at("signature").update(signature=part.signature, is_redacted=part.is_redacted)

    def add_call(self, call: ToolCall, index: int) -> None:
        """A whole call."""
        piece = ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments, signature=call.signature)
        said = self._at("tool_calls")
        said["tool_calls"] = (*said.get("tool_calls", ()), piece)

    def close(self, last: dict[str, Any]) -> list[dict[str, Any]]:
        """What each Delta says; the last one also says `last`."""
        if last and not self._said:
            self._said.append({})
        if last:
            self._said[-1] |= last
        return self._said

    def _append(self, kind: str, text: str) -> None:
        said = self._at(kind)
        said[kind] = said.get(kind, "") + text

    def _at(self, kind: str) -> dict[str, Any]:
        """The Delta that can take a piece of this kind: the last one, unless it has what must come later, or a signature."""
        later = self._ORDER[self._ORDER.index(kind) + 1 :]
        if not self._said or any(name in self._said[-1] for name in later) or (kind == "signature" and kind in self._said[-1]):
            self._said.append({})
        return self._said[-1]


def new_reader() -> PayloadReader:
    """For one stream."""
    return PayloadReader()
