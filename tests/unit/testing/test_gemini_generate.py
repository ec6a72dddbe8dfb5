"""Gemini's shapes, byte for byte."""

import json
from typing import Any

import pytest

from taskfit.testing import Fault, Reply
from taskfit.values.answer import Finish
from taskfit.values.conversation import ToolCall
from tests.unit.testing.wire import ask

REPLY = Reply(
    "It is Bern.",
    chunks=2,
    input_tokens=20,
    output_tokens=9,
    reasoning="Hm.",
    reasoning_tokens=4,
    cached_tokens=8,
    tool_calls=[ToolCall(id="call_1", name="weather", arguments='{"city":"Bern"}')],
)
CALL = {"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Bern"}}}
USAGE = {
    "promptTokenCount": 20,
    "candidatesTokenCount": 5,
    "totalTokenCount": 29,
    "cachedContentTokenCount": 8,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
    "thoughtsTokenCount": 4,
}
USAGE_SO_FAR = {
    "promptTokenCount": 20,
    "totalTokenCount": 20,
    "cachedContentTokenCount": 8,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
}


def response(parts: list[dict[str, Any]], usage: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "resp000001"}


def test_a_plain_response() -> None:
    seen = ask(REPLY, "gemini")
    assert seen.headers["content-type"] == "application/json"
    assert seen.json == response([{"text": "Hm.", "thought": True}, {"text": "It is Bern."}, CALL], USAGE, "STOP")


def test_a_streamed_response_ends_with_a_finish_reason_and_no_terminal_event() -> None:
    parts: list[dict[str, Any]] = [{"text": piece, "thought": True} for piece in ("H", "m", ".")]
    parts += [{"text": "It is "}, {"text": "Bern."}, CALL]
    responses = [response([part], USAGE_SO_FAR) for part in parts] + [response([{"text": ""}], USAGE, "STOP")]
    expected = b"".join(b"data: " + json.dumps(item, separators=(",", ":")).encode() + b"\r\n\r\n" for item in responses)
    seen = ask(REPLY, "gemini", stream=True)
    assert seen.body == expected
    assert seen.is_whole


@pytest.mark.parametrize(
    ("finish", "word"),
    [("stop", "STOP"), ("length", "MAX_TOKENS"), ("tool_calls", "STOP"), ("content_filter", "SAFETY"), ("other", "OTHER")],
)
def test_each_finish_has_its_finish_reason(finish: Finish, word: str) -> None:
    assert ask(Reply("x", finish=finish), "gemini").json["candidates"][0]["finishReason"] == word


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "INVALID_ARGUMENT"),
        (403, "PERMISSION_DENIED"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
    ],
)
def test_an_error_has_the_vendors_status(status: int, name: str) -> None:
    seen = ask(Fault.status(status), "gemini")
    assert seen.status == status
    assert (seen.json["error"]["code"], seen.json["error"]["status"]) == (status, name)


def test_a_retry_time_is_repeated_in_the_details() -> None:
    seen = ask(Fault.status(429, retry_after="7"), "gemini")
    assert seen.headers["retry-after"] == "7"
    assert seen.json["error"]["details"] == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]


def test_model_and_question_are_read_from_path_and_body() -> None:
    (request,) = ask("x", "gemini", stream=True).requests
    assert (request.dialect, request.model, request.text) == ("gemini-generate", "m", "Which city is it?")
    assert (request.is_stream, request.query) == (True, "alt=sse")
