"""What a client of this dialect receives for a plain request, for an error and for a count."""

import json
from typing import Any

import pytest

from taskfit import errors
from taskfit.values.answer import Answer, Choice, Finish, TokenLogprob
from taskfit.values.conversation import Citation, File, Image, Part, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from taskfit.values.request import Outline, Request
from taskfit.values.usage import Usage
from taskfit.wire.failures import STATUSES
from taskfit.wire.gemini_generate import read_answer, write_answer, write_count, write_failure
from taskfit.wire.gemini_generate.failures import WORDS
from taskfit.wire.gemini_generate.seals import foreign_value, read_signature, write_signature

REQUEST = Request(
    id="r1", dialect="gemini-generate", model="auto", is_stream=False, fields={},
    outline=Outline(text_chars=0, message_count=1, prompt=""),
)  # fmt: skip
SIGNED = Signature(origin="gemini-generate", value="c2ln")
FOREIGN = Signature(origin="anthropic-messages", value="EqQB+/==")


def written(*parts: Part, finish: Finish | None = "stop", **said: Any) -> dict[str, Any]:
    answer = Answer(dialect="openai-chat", choices=(Choice(parts=parts, finish=finish),), **said)
    body: dict[str, Any] = json.loads(write_answer(answer, REQUEST, reply_id="a1", model="mini", created=0))
    return body


def candidate(*parts: Part, finish: Finish | None = "stop") -> dict[str, Any]:
    found: dict[str, Any] = written(*parts, finish=finish)["candidates"][0]
    return found


def test_an_answer_of_this_dialect_goes_out_as_it_came() -> None:
    answer = Answer(dialect="gemini-generate", data=b'{"as": 1e2}')
    assert write_answer(answer, REQUEST, reply_id="a1", model="mini", created=0) == b'{"as": 1e2}'


def test_an_answer_of_another_is_written_anew() -> None:
    usage = Usage(
        input_tokens=20, output_tokens=10, cached_tokens=5, reasoning_tokens=4, input_audio_tokens=8, output_audio_tokens=6
    )
    body = written(Text(text="Hello"), Refusal(text=" no"), usage=usage, model="gpt-5.4")
    assert body == {
        "candidates": [
            {"content": {"parts": [{"text": "Hello"}, {"text": " no"}], "role": "model"}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": 20, "candidatesTokenCount": 6, "totalTokenCount": 30, "cachedContentTokenCount": 5,
            "thoughtsTokenCount": 4,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 12}, {"modality": "AUDIO", "tokenCount": 8}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}],
        },
        "modelVersion": "gpt-5.4",
        "responseId": "a1",
    }  # fmt: skip
    assert written(Text(text="Hi"))["modelVersion"] == "mini"
    assert "usageMetadata" not in written(Text(text="Hi"))


def test_a_usage_that_does_not_add_up_is_never_negative() -> None:
    usage = written(usage=Usage(input_tokens=1, output_tokens=2, reasoning_tokens=5))["usageMetadata"]
    assert (usage["candidatesTokenCount"], usage["totalTokenCount"]) == (0, 6)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "STOP"),
        ("tool_calls", "STOP"),
        ("length", "MAX_TOKENS"),
        ("content_filter", "SAFETY"),
        ("refusal", "PROHIBITED_CONTENT"),
        ("other", "OTHER"),
        (None, None),
    ],
)
def test_the_reason_for_stopping(finish: Finish | None, reason: str | None) -> None:
    assert candidate(finish=finish).get("finishReason") == reason


def test_every_choice_is_a_candidate_with_its_tokens() -> None:
    first = Choice(parts=(Text(text="a"),), logprobs=(TokenLogprob(token="a", logprob=-0.5, top=(("a", -0.5), ("b", -1.0))),))
    second = Choice(parts=(Text(text="b"),), logprobs=(TokenLogprob(token="b", logprob=-0.25),))
    body = write_answer(Answer(dialect="openai-chat", choices=(first, second)), REQUEST, reply_id="a", model="m", created=0)
    assert [found["index"] for found in json.loads(body)["candidates"]] == [0, 1]
    assert read_answer(body).choices == (first, second)


def test_thoughts_calls_and_foreign_signatures_come_back_from_the_field() -> None:
    parts = (
        Thinking(text="Hm.", signature=FOREIGN),
        Thinking(signature=FOREIGN, is_redacted=True),
        Thinking(text="Unsigned."),
        Text(text="So."),
        Thinking(signature=SIGNED),
        Image(data="AA==", media_type="image/png"),
        ToolCall(id="c1", name="now", arguments='{"a":1.0}', signature=FOREIGN),
        ToolCall(id="c2", name="now", arguments="", signature=None),
    )
    body = written(*parts, finish="tool_calls")
    assert body["candidates"][0]["content"]["parts"][3] == {"text": "So.", "thoughtSignature": "c2ln"}
    read = read_answer(json.dumps(body, separators=(",", ":")).encode()).parts
    assert read == (*parts[:-1], ToolCall(id="c2", name="now", arguments="{}"))


def test_what_an_answer_cannot_hold_is_left_out() -> None:
    parts = (Thinking(), Image(url="https://example.com/a"), File(data="AA=="), ToolResult(call_id="c", parts=()))
    assert candidate(*parts)["content"]["parts"] == []


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", "{}{}", "\ud800", "[" * 20_000])
def test_a_call_that_is_none_is_told_as_this_api_tells_it(arguments: str) -> None:
    found = candidate(ToolCall(id="c", name="now", arguments=arguments), ToolCall(id="d", name="ok", arguments="{}"))
    assert [part["functionCall"]["name"] for part in found["content"]["parts"]] == ["ok"]
    assert found["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert found["finishMessage"] == "Malformed function call: now"


def test_citations_become_grounding_in_bytes_and_come_back() -> None:
    page = Citation(url="https://example.com/", title="Example", start=3, end=8)
    parts = (
        Thinking(text="Hm."),
        Text(text="Grüße Köln", citations=(page, Citation(url="https://example.com/", title="Example", start=0, end=1))),
        Text(text="Notes.", citations=(Citation(title="Notes", quote="It is so.", start=0, end=6),)),
    )
    body = written(*parts)
    supports = body["candidates"][0]["groundingMetadata"]["groundingSupports"]
    assert supports[0]["segment"] == {"partIndex": 1, "startIndex": 4, "endIndex": 11, "text": "ße Kö"}
    assert read_answer(json.dumps(body).encode()).parts == parts


@pytest.mark.parametrize(("start", "end"), [(None, None), (5, 3), (0, 99), (-1, 2)])
def test_a_citation_without_a_place_names_its_source_alone(start: int | None, end: int | None) -> None:
    found = candidate(Text(text="So.", citations=(Citation(url="https://example.com/", start=start, end=end),)))
    assert found["groundingMetadata"] == {"groundingChunks": [{"web": {"uri": "https://example.com/"}}]}


@pytest.mark.parametrize("text", ["c2ln", "dGFza2ZpdD", "dGFza2ZpdD\u00e9", "dGFza2ZpdDr/////", "not base64 at all"])
def test_a_signature_that_nobody_sealed_is_the_apis_own(text: str) -> None:
    assert read_signature(text) == (Signature(origin="gemini-generate", value=text), False)


def test_what_nobody_signed_has_no_signature_but_says_whose_it_was() -> None:
    sealed = write_signature(None, "openai-chat")
    assert read_signature(sealed) == (None, False)
    assert (foreign_value(sealed), foreign_value(write_signature(FOREIGN, FOREIGN.origin)), foreign_value("c2ln")) == (
        "", FOREIGN.value, None,
    )  # fmt: skip
    assert write_signature(None, "gemini-generate") == ""


def test_a_count_of_tokens() -> None:
    assert json.loads(write_count(12)) == {"totalTokens": 12, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 12}]}


def test_every_kind_of_error_has_its_word() -> None:
    assert set(WORDS) == set(STATUSES)


def test_an_error_says_what_where_and_when_to_try_again() -> None:
    error = json.loads(write_failure(errors.InvalidRequest("contents: too short", param="contents"), request_id="r1"))["error"]
    assert (error["code"], error["status"], error["message"]) == (400, "INVALID_ARGUMENT", "contents: too short")
    info, violation, request = error["details"]
    assert (info["reason"], info["domain"]) == ("INVALID_REQUEST", "taskfit")
    assert violation["fieldViolations"] == [{"field": "contents", "description": "contents: too short"}]
    assert request["requestId"] == "r1"
    late = json.loads(write_failure(errors.RateLimited("slow down", retry_after_s=1.5), request_id=""))["error"]
    assert (late["code"], late["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert late["details"][1]["retryDelay"] == "1.5s"


def test_an_error_begins_with_the_member_that_googles_sdk_looks_for() -> None:
    assert write_failure(errors.CutAnswer("x"), request_id="").startswith(b'{"error":')
