"""Anthropic's shapes, byte for byte."""

import json
from typing import Any

import pytest

from taskfit.testing import Fault, Reply
from taskfit.values.answer import Finish
from taskfit.values.conversation import ToolCall
from tests.unit.testing.wire import ask

REPLY = Reply(
    "Let me look. ",
    chunks=2,
    input_tokens=20,
    output_tokens=9,
    cached_tokens=8,
    cache_write_tokens=4,
    tool_calls=[ToolCall(id="toolu_1", name="weather", arguments='{"city":"Bern"}')],
)
PLAIN: dict[str, Any] = {
    "id": "msg_000001",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "text", "text": "Let me look. "},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 8,
        "cache_creation_input_tokens": 4,
        "cache_read_input_tokens": 8,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 9,
        "service_tier": "standard",
    },
}
EVENTS: list[tuple[str, dict[str, Any]]] = [
    (
        "message_start",
        {
            "type": "message_start",
            "message": {**PLAIN, "content": [], "stop_reason": None, "usage": {**PLAIN["usage"], "output_tokens": 1}},
        },
    ),
    ("ping", {"type": "ping"}),
    ("content_block_start", {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Let me "}}),
    ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "look. "}}),
    ("content_block_stop", {"type": "content_block_stop", "index": 0}),
    (
        "content_block_start",
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        },
    ),
    *[
        (
            "content_block_delta",
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}},
        )
        for piece in ("", '{"ci', 'ty":', '"Ber', 'n"}')
    ],
    ("content_block_stop", {"type": "content_block_stop", "index": 1}),
    (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {
                "input_tokens": 8,
                "cache_creation_input_tokens": 4,
                "cache_read_input_tokens": 8,
                "output_tokens": 9,
            },
        },
    ),
    ("message_stop", {"type": "message_stop"}),
]


def test_a_plain_message() -> None:
    seen = ask(REPLY, "anthropic")
    assert (seen.status, seen.headers["content-type"], seen.headers["request-id"]) == (200, "application/json", "req_000001")
    assert seen.json == PLAIN


def test_a_streamed_message_is_made_of_named_events() -> None:
    seen = ask(REPLY, "anthropic", stream=True)
    expected = b"".join(
        f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode() for name, data in EVENTS
    )
    assert seen.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert seen.body == expected
    assert seen.is_whole


def test_thinking_is_a_signed_block_before_the_text() -> None:
    reply = Reply("Bern.", reasoning="Capital of Switzerland.")
    blocks = ask(reply, "anthropic").json["content"]
    assert [block["type"] for block in blocks] == ["thinking", "text"]
    assert blocks[0]["signature"]
    deltas = [json.loads(data).get("delta", {}).get("type") for data in ask(reply, "anthropic", stream=True).events]
    assert deltas.index("thinking_delta") < deltas.index("signature_delta") < deltas.index("text_delta")


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("refusal", "refusal"),
        ("content_filter", "refusal"),
        ("other", "pause_turn"),
    ],
)
def test_each_finish_has_its_stop_reason(finish: Finish, word: str) -> None:
    assert ask(Reply("x", finish=finish), "anthropic").json["stop_reason"] == word


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
        (599, "api_error"),
    ],
)
def test_an_error_has_the_vendors_type(status: int, kind: str) -> None:
    seen = ask(Fault.status(status), "anthropic")
    assert seen.status == status
    assert (seen.json["type"], seen.json["error"]["type"], seen.json["request_id"]) == ("error", kind, "req_000001")


def test_the_system_prompt_counts_but_is_not_the_question() -> None:
    (request,) = ask("x", "anthropic").requests
    assert (request.dialect, request.model, request.text) == ("anthropic-messages", "m", "Which city is it?")
