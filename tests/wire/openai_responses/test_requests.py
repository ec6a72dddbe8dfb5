"""How requests of clients are read, and written for an upstream of the same dialect."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.request import Outline, Terms
from taskfit.wire.openai_responses import is_stored, previous_id, read_conversation, read_request, write_straight
from taskfit.wire.openai_responses.tools import tool_names
from tests.wire.openai_responses.speaking import read, request_of

USER = {"role": "user", "content": [{"type": "input_text", "text": "What is"}, {"type": "input_text", "text": "this?"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "text", "output", "call_id", "name", "tools", "summary", "image_url"]),
            inner
            | st.sampled_from(["message", "user", "function", "namespace", "custom", "input_image", "function_call_output"]),
            max_size=5,
        )
    ),
    max_leaves=8,
)


def test_the_outline_tells_what_can_be_seen() -> None:
    request = request_of(
        instructions="Be brief.",
        input=[
            {"role": "developer", "content": "No jokes."},
            {"type": "message", "role": "user", "content": "Hello."},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "done"}]},
            {"type": "function_call_output", "call_id": "d", "output": "ok"},
            {"type": "reasoning", "summary": [], "encrypted_content": "enc"},
            {"type": "computer_call_output", "call_id": "e", "output": {"type": "computer_screenshot"}},
            USER,
        ],
        max_output_tokens=99,
        tools=[{"type": "web_search"}],
        text={"format": {"type": "json_schema", "name": "a", "schema": {}}},
    )
    assert request.outline == Outline(
        text_chars=9 + 9 + 6 + 2 + 4 + 2 + 13,
        message_count=9,
        prompt="What is\nthis?",
        instructions="Be brief.\nNo jokes.",
        max_output_tokens=99,
        has_tools=True,
        has_schema=True,
    )


def test_an_image_is_seen_in_messages_and_in_outputs() -> None:
    image = {"type": "input_image", "image_url": "https://example.com/a.png"}
    assert request_of(input=[{"role": "user", "content": [image]}]).outline.has_images
    assert request_of(input=[{"type": "function_call_output", "call_id": "c", "output": [image]}]).outline.has_images
    assert not request_of(input="no image").outline.has_images


def test_a_text_as_input_is_the_prompt() -> None:
    request = request_of(input="Hello.", stream=True)
    assert (request.outline.prompt, request.is_stream, request.dialect) == ("Hello.", True, "openai-responses")


def test_only_headers_of_the_dialect_are_kept() -> None:
    headers = {"openai-beta": "responses=v2", "authorization": "Bearer x"}
    request = read_request(
        b'{"model":"m","input":"x"}', request_id="r", terms=Terms(), caller=request_of().caller, headers=headers
    )
    assert request.headers == {"openai-beta": "responses=v2"}


@pytest.mark.parametrize(
    ("key", "session"), [("thread-7", "thread-7"), ("k" * 129, None), ("", None), (7, None), (None, None)]
)
def test_the_cache_key_names_the_session(key: object, session: str | None) -> None:
    assert request_of(prompt_cache_key=key).terms.session == session


def test_a_session_named_by_a_header_is_kept() -> None:
    body = b'{"model":"m","input":"x","prompt_cache_key":"body"}'
    assert read(body, Terms(session="header")).terms.session == "header"


def test_a_request_says_what_it_goes_on_from_and_whether_it_is_kept() -> None:
    assert previous_id(request_of(previous_response_id="resp_1")) == "resp_1"
    assert previous_id(request_of(previous_response_id=None)) is None
    assert previous_id(request_of()) is None
    assert [is_stored(request_of(**said)) for said in ({}, {"store": None}, {"store": True}, {"store": False})] == [
        True, True, True, False,
    ]  # fmt: skip


def test_a_request_that_goes_on_needs_no_input_of_its_own() -> None:
    assert previous_id(read(b'{"model":"m","previous_response_id":"resp_1"}')) == "resp_1"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": None}, "model"),
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": [7]}, "input[0]"),
        ({"input": [USER, {"role": "user"}]}, "input[1].content"),
        ({"input": [{"role": 7, "content": "x"}]}, "input[0].role"),
        ({"temperature": 3}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"store": "yes"}, "store"),
        ({"api_key": "sk-1"}, "api_key"),
        ({"background": True}, "background"),
        ({"tools": {}}, "tools"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        request_of(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000, b'{"model":"m","input":[' + b"[" * 100_000])
def test_what_is_no_request_is_an_invalid_one(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(body)


@given(
    st.binary(max_size=100)
    | st.fixed_dictionaries(
        {"model": st.just("m"), "input": JSON},
        optional={"tools": JSON, "tool_choice": JSON, "text": JSON, "reasoning": JSON, "include": JSON, "instructions": JSON},
    ).map(lambda tree: json.dumps(tree).encode())
)
def test_no_body_raises_anything_but_a_request_error(body: bytes) -> None:
    try:
        request = read(body)
        write_straight(request, model="m")
        previous_id(request)
        is_stored(request)
        read_conversation(request)
    except RequestError:
        pass


def test_names_of_tools_in_namespaces_are_told_apart() -> None:
    def function(name: str) -> dict[str, Any]:
        return {"type": "function", "name": name, "parameters": {}}

    long = "a" * 60
    request = request_of(tools=[
        {"type": "namespace", "name": "fs", "description": "d", "tools": [function("read"), function(long)]},
        {"type": "namespace", "name": "mcp__x__", "tools": [function("read"), {"type": "custom", "name": "p.q"}]},
        function("fs__read"), function("fs__read"),
    ])  # fmt: skip
    names = tool_names(request)
    hubs = [names.hub_name(*each) for each in (("read", "fs"), ("read", "mcp__x__"), ("fs__read", None), ("p.q", "mcp__x__"))]
    assert hubs == ["fs__read_", "mcp__x__read", "fs__read", "mcp__x__p_q"]
    assert [names.client_name(hub)[:2] for hub in hubs] == [
        ("read", "fs"), ("read", "mcp__x__"), ("fs__read", None), ("p.q", "mcp__x__"),
    ]  # fmt: skip
    short = names.hub_name(long, "fs")
    assert len(short) == 64
    assert names.client_name(short)[:2] == (long, "fs")
    assert names.client_name("made_up") == ("made_up", None, False)
    assert names.hub_name("gone", "old") == "old__gone"


def test_a_background_request_is_refused() -> None:
    with pytest.raises(Unsupported):
        request_of(background=True)
