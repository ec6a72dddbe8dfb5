"""Gemini's generateContent: the JSON and the events that the vendor's own API sends.

A stream has no terminal event: it ends with the response, and its last event has a finish reason.
Source: the vendor's API reference, generateContent and streamGenerateContent.
"""

from collections.abc import Sequence
from typing import Any

from taskfit.testing.gemini_errors import GeminiErrors
from taskfit.testing.gemini_generate import demands, reading
from taskfit.testing.gemini_generate.candidates import parts_of, streamed_parts, tail
from taskfit.testing.grammar import Complaint, Frame, Payload
from taskfit.testing.reply import Reply, SeenRequest, by_turns
from taskfit.values.request import Dialect


class GeminiGenerate(GeminiErrors):
    """`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`; the path says both."""

    dialect: Dialect = "gemini-generate"
    newline = b"\r\n"

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says; model and streaming are in the path and are not touched."""
        reading.read(request)

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor refuses."""
        return demands.complaint(request)

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """A `GenerateContentResponse`."""
        candidates = [_candidate(0, parts_of(reply), tail(reply, has_logprobs=_wants_logprobs(request)))]
        for index, text in enumerate(reply.others(request), start=1):
            candidates.append(_candidate(index, [{"text": text}], tail(Reply(text))))
        return _response(request, reply, candidates, is_last=True)

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """A `GenerateContentResponse` for each piece; tool calls come whole, the last piece has the finish reason."""
        said = [reply, *map(Reply, reply.others(request))]
        return by_turns([_candidate_frames(request, reply, index, one) for index, one in enumerate(said)])

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """A bare error object as the data of an event."""
        return Frame(part="error", data=self.error(request, 503))

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The same: there is no other."""
        return self.stream_error(request, before)


def _candidate_frames(request: SeenRequest, whole: Reply, index: int, reply: Reply) -> list[Frame]:
    pieces, closing = streamed_parts(reply)
    responses = [(part, _response(request, whole, [_candidate(index, [piece], {})], is_last=False)) for part, piece in pieces]
    frames = [Frame(part=part, data=response) for part, response in responses]
    ending = tail(reply, has_logprobs=_wants_logprobs(request) and index == 0)
    last = _response(request, whole, [_candidate(index, closing, ending)], is_last=True)
    return [*frames, Frame(part="finish", data=last)]


def _candidate(index: int, parts: list[Payload], ending: Payload) -> Payload:
    """What is blocked for safety's sake has no content at all."""
    is_blocked = not parts and ending.get("finishReason") == "SAFETY"
    content = {} if is_blocked else {"content": {"parts": parts, "role": "model"}}
    return {**content, "index": index, **ending}


def _wants_logprobs(request: SeenRequest) -> bool:
    return reading.settings_of(request.body).get("responseLogprobs") is True


def _response(request: SeenRequest, reply: Reply, candidates: list[Payload], *, is_last: bool) -> Payload:
    return {
        "candidates": candidates,
        "usageMetadata": _usage(request, reply, is_last=is_last),
        "modelVersion": reply.model or request.model,
        "responseId": f"resp{request.number:06d}",
    }


def _usage(request: SeenRequest, reply: Reply, *, is_last: bool) -> Payload:
    """The vendor counts thoughts apart from candidates and leaves out what is zero; before the last event there is no output."""
    usage = reply.usage(request)
    spoken = usage.output_tokens - usage.reasoning_tokens
    counted: dict[str, Any] = {"promptTokenCount": usage.input_tokens}
    if is_last:
        counted["candidatesTokenCount"] = spoken
    counted["totalTokenCount"] = usage.input_tokens + (usage.output_tokens if is_last else 0)
    if usage.cached_tokens:
        counted["cachedContentTokenCount"] = usage.cached_tokens
    counted["promptTokensDetails"] = _by_modality(usage.input_tokens, usage.input_audio_tokens)
    if is_last and usage.output_audio_tokens:
        counted["candidatesTokensDetails"] = _by_modality(spoken, usage.output_audio_tokens)
    if usage.reasoning_tokens and is_last:
        counted["thoughtsTokenCount"] = usage.reasoning_tokens
    return counted


def _by_modality(tokens: int, audio_tokens: int) -> list[Payload]:
    text = {"modality": "TEXT", "tokenCount": tokens - audio_tokens}
    return [text, {"modality": "AUDIO", "tokenCount": audio_tokens}] if audio_tokens else [text]
