"""What Anthropic's whole answers are read as; `message.json` beside this file is in the vendor's format."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.values.answer import Answer, Choice
from taskfit.values.conversation import Citation, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.anthropic_messages import new_reader, read_answer
from tests.wire.anthropic_messages.streams import HERE
from tests.wire.anthropic_messages.trees import trees

MESSAGE: dict[str, Any] = json.loads((HERE / "message.json").read_bytes())


def message(**changes: object) -> bytes:
    return json.dumps({**MESSAGE, **changes}).encode()


def test_a_whole_answer_is_read() -> None:
    body = (HERE / "message.json").read_bytes()
    assert read_answer(body) == Answer(
        dialect="anthropic-messages",
        data=body,
        response_id="msg_013Zva2CMHLNnXjNJJKqJ2EF",
        model="claude-sonnet-5",
        choices=(
            Choice(
                parts=(
                    Thinking(
                        text="A ticket about VAT.", signature=Signature(origin="anthropic-messages", value="EqQBCgIYAhIM1gbc")
                    ),
                    Text(text="It is a tax question. "),
                    Text(text="I will file it."),
                    ToolCall(
                        id="toolu_01A09q90qw90lq917835lq9",
                        name="file_ticket",
                        arguments='{"queue":"tax","priority":2.0,"tags":["vat","größe"]}',
                    ),
                ),
                finish="tool_calls",
            ),
        ),
        service_tier="default",
        usage=Usage(input_tokens=2112, output_tokens=70, cached_tokens=2000, cache_write_tokens=100, reasoning_tokens=20),
    )


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("pause_turn", "other"),
        ("a_reason_of_next_year", "other"),
        (None, None),
    ],
)
def test_the_reason_for_stopping_is_mapped(reason: str | None, finish: str | None) -> None:
    assert read_answer(message(stop_reason=reason)).finish == finish


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        {"input_tokens": 5},
        {"input_tokens": -1, "output_tokens": 5},
        {"input_tokens": 10**12, "output_tokens": 5},
        {"input_tokens": 10**30, "output_tokens": 5},
        {"input_tokens": float("nan"), "output_tokens": 5},
        {"input_tokens": 1.5, "output_tokens": 5},
        {"input_tokens": 5, "output_tokens": 5, "cache_read_input_tokens": -5},
        {"input_tokens": 5, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 6}},
    ],
)
def test_a_usage_that_cannot_be_true_is_unknown_and_the_answer_stands(usage: object) -> None:
    answer = read_answer(message(usage=usage))
    assert answer.usage is None
    assert answer.text.startswith("It is")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>Log in to the network</html>",
        b'{"type":"message"',
        b'{"type":"message","content":null}',
        b'{"type":"message","content":"text"}',
        b'{"type":"message","content":[7]}',
        b'{"type":"message","content":[{"type":"text","text":7}]}',
        b'{"type":"message","content":[{"type":"tool_use","id":"t","name":"n","input":[1]}]}',
        b'{"type":"message","content":[{"type":"tool_use","id":"t","name":"n","input":{"a":"\xff"}}]}',
        b'{"type":"message","content":[{"type":"text","text":"\xff"}]}',
        b'{"type":"completion","completion":"Hello"}',
        b'{"content":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b"\xff\xfe{",
    ],
)
def test_what_is_no_message_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(errors.InvalidAnswer):
        read_answer(body)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", errors.UpstreamOverloaded),
        ("rate_limit_error", errors.RateLimited),
        ("invalid_request_error", errors.UpstreamRefused),
        ("authentication_error", errors.UpstreamUnauthorized),
        ("not_found_error", errors.UpstreamModelMissing),
        ("timeout_error", errors.UpstreamTimeout),
        ("api_error", errors.UpstreamFailure),
    ],
)
def test_an_error_inside_a_success_is_that_error(kind: str, error: type[errors.UpstreamError]) -> None:
    payload = json.dumps({"type": "error", "error": {"type": kind, "message": "Sorry, " * 500}}).encode()
    with pytest.raises(error) as plain:
        read_answer(payload)
    with pytest.raises(error):
        new_reader().read(payload, b"")
    assert kind in str(plain.value)
    assert len(str(plain.value)) < 600
    assert "Sorry" not in plain.value.caller_text


def test_a_key_that_the_upstream_repeats_is_starred_out() -> None:
    secret = "sk-ant-api03-Zz9"
    payload = json.dumps({"type": "error", "error": {"type": "api_error", "message": f"bad key {secret}\nAIza{'x' * 35}"}})
    with pytest.raises(errors.UpstreamFailure) as caught:
        read_answer(payload.encode())
    assert str(caught.value) == "an error inside a successful answer: api_error: bad key *** ***"


def test_the_parts_of_an_answer_keep_their_order_and_signatures() -> None:
    parts = read_answer(
        message(
            content=[
                {"type": "redacted_thinking", "data": "Emw"},
                {"type": "thinking", "thinking": "Hm.", "signature": ""},
                {"type": "text", "text": ""},
                {"type": "a_block_of_next_year", "text": 7},
                {"type": "text", "text": "Yes."},
                {"type": "thinking", "thinking": "", "signature": "Eq"},
            ]
        )
    ).parts
    assert parts == (
        Thinking(is_redacted=True, signature=Signature(origin="anthropic-messages", value="Emw")),
        Thinking(text="Hm."),
        Text(text="Yes."),
        Thinking(signature=Signature(origin="anthropic-messages", value="Eq")),
    )


def test_citations_say_what_the_hub_can_say_of_them() -> None:
    web = {
        "type": "web_search_result_location",
        "url": "https://a.example",
        "title": "A",
        "cited_text": "a",
        "encrypted_index": "E",
    }
    result = {"type": "search_result_location", "source": "kb:7", "title": None, "cited_text": "b", "search_result_index": 0}
    page = {"type": "page_location", "document_index": 2, "document_title": "D", "cited_text": "c", "start_page_number": 1}
    unread = [{"type": "a_location_of_next_year"}, {"type": "page_location", "document_index": "two"}, 7]
    (part,) = read_answer(message(content=[{"type": "text", "text": "x", "citations": [web, result, page, *unread]}])).parts
    assert part == Text(
        text="x",
        citations=(
            Citation(url="https://a.example", title="A", quote="a"),
            Citation(url="kb:7", quote="b"),
            Citation(document=2, title="D", quote="c"),
        ),
    )


def test_the_stop_text_and_the_tier_are_told() -> None:
    answer = read_answer(message(stop_reason="stop_sequence", stop_sequence="END", usage={"service_tier": "priority"}))
    assert (answer.choices[0].stop_sequence, answer.service_tier) == ("END", "priority")


@given(st.binary() | trees.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_raise_anything_but_an_upstream_error(payload: bytes) -> None:
    with suppress(errors.UpstreamError):
        read_answer(payload)
