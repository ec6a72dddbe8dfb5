"""What Google's generateContent API answers: bytes to an Answer, or the payloads of its stream to Deltas.

Knows no HTTP and no server-sent events: payloads come in one by one. What the hub has no word for (grounding, code execution,
signatures of thoughts) is ignored.
"""

import hashlib

import msgspec

from taskfit import errors
from taskfit.values.answer import Answer, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage
from taskfit.wire import foreign

DIALECT: Dialect = "gemini-generate"

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


class _Counts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None


class _FunctionCall(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    id: str | None = None
    args: msgspec.Raw = foreign.NULL


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    function_call: _FunctionCall | None = None


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    parts: tuple[_Part, ...] | None = None


class _Candidate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    block_reason: str | None = None


class _Response(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    candidates: tuple[_Candidate, ...] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: msgspec.Raw = foreign.NULL
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw = foreign.NULL


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the first candidate of one payload says; more than one is never asked for."""

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]


_COUNTS = msgspec.json.Decoder(_Counts)
_RESPONSE = msgspec.json.Decoder(_Response)


def read_answer(body: bytes) -> Answer:
    """A whole answer.

    Errors: the UpstreamError that an error in the body stands for; ContentRefused for a blocked prompt;
    InvalidAnswer for anything without a candidate.
    """
    response = _read(body)
    if not response.candidates:
        raise errors.InvalidAnswer("the upstream's body has no candidate")
    said = _said(response.candidates[0], response.response_id, body, first=0)
    return Answer(
        dialect=DIALECT, data=body, response_id=response.response_id, model=response.model_version, text=said.text,
        reasoning=said.reasoning, tool_calls=said.calls,
        finish=_finish(response.candidates[0].finish_reason, has_calls=bool(said.calls)),
        usage=_usage(response.usage_metadata, is_last=True),
    )


def _read(payload: bytes) -> _Response:
    response = foreign.read_json(payload, _RESPONSE)
    if not foreign.is_null(response.error):
        raise foreign.fault_of(response.error, FAULTS)
    reason = response.prompt_feedback.block_reason if response.prompt_feedback else None
    if reason and reason != "BLOCKED_REASON_UNSPECIFIED":
        raise errors.ContentRefused(f"the upstream blocked the prompt: {reason[:100]}")
    return response


def _said(candidate: _Candidate, response_id: str | None, payload: bytes, *, first: int) -> _Said:
    """`first` is the place of the payload's first call among all calls of the answer."""
    parts = (candidate.content.parts or ()) if candidate.content else ()
    asked = [part.function_call for part in parts if part.function_call is not None]
    calls = [_call(call, call.id or _made_id(response_id, payload, place)) for place, call in enumerate(asked, first)]
    return _Said(
        text="".join([part.text for part in parts if part.text and not part.thought]),
        reasoning="".join([part.text for part in parts if part.text and part.thought]),
        calls=tuple(calls),
    )


def _call(call: _FunctionCall, call_id: str) -> ToolCall:
    return ToolCall(id=call_id, name=call.name, arguments=foreign.object_text(call.args))


def _made_id(response_id: str | None, payload: bytes, index: int) -> str:
    """An id for a call that came without one: the same for the same answer, and hardly ever that of another answer's call."""
    seed = response_id.encode("utf-8", "surrogatepass") if response_id else payload
    return "call_" + hashlib.sha256(b"%d:%s" % (index, seed)).hexdigest()[:24]


def _finish(reason: str | None, *, has_calls: bool) -> Finish | None:
    if reason is None or reason in ("", "FINISH_REASON_UNSPECIFIED"):
        return None
    finish = FINISHES.get(reason, "other")
    return "tool_calls" if finish == "stop" and has_calls else finish


def _usage(raw: msgspec.Raw, *, is_last: bool) -> Usage | None:
    """The API counts thoughts apart from the candidates; ours are part of the output. None where a number cannot be true.

    A zero is left out, but an early chunk without a count of its output would be worse than an estimate.
    """
    counts = None if foreign.is_null(raw) else foreign.read_or_none(raw, _COUNTS)
    if counts is None or counts.prompt_token_count is None or (counts.candidates_token_count is None and not is_last):
        return None
    prompt = counts.prompt_token_count + (counts.tool_use_prompt_token_count or 0)
    candidates, thoughts = counts.candidates_token_count or 0, counts.thoughts_token_count or 0
    cached = counts.cached_content_token_count or 0
    if not foreign.are_plausible(counts.prompt_token_count, prompt, candidates, thoughts, cached) or cached > prompt:
        return None
    return Usage(input_tokens=prompt, output_tokens=candidates + thoughts, cached_tokens=cached, reasoning_tokens=thoughts)


class StreamReader:
    """Reads the chunks of one streamed answer, in their order. Keeps how many tool calls there were."""

    def __init__(self) -> None:
        self._calls_begun = 0
        self._is_finished = False

    def read(self, payload: bytes) -> Delta | None:
        """The delta of one chunk; None for a chunk that says nothing in the hub's words.

        Errors: the UpstreamError that an error stands for; ContentRefused for a blocked prompt; InvalidAnswer for what
        cannot be read.
        """
        response = _read(payload)
        candidate = response.candidates[0] if response.candidates else _Candidate()
        said = _said(candidate, response.response_id, payload, first=self._calls_begun)
        calls = tuple([
            ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments)
            for index, call in enumerate(said.calls, self._calls_begun)
        ])  # fmt: skip
        self._calls_begun += len(calls)
        finish = _finish(candidate.finish_reason, has_calls=self._calls_begun > 0)
        self._is_finished = self._is_finished or finish is not None
        usage = _usage(response.usage_metadata, is_last=self._is_finished)
        is_silent = not (said.text or said.reasoning or calls or finish)
        if is_silent and usage is None:
            return None
        return Delta(
            dialect=DIALECT, data=payload, response_id=response.response_id, model=response.model_version, text=said.text,
            reasoning=said.reasoning, tool_calls=calls, finish=finish, usage=usage, is_usage_only=is_silent,
        )
