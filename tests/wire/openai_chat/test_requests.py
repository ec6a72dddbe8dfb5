"""A chat completion request: no bytes crash its reader, and what goes to an upstream is what came."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.openai_chat import asks_for_usage, read_request, write_request

FRAGMENTS = [
    b'{"model":"m",',
    b'"messages":[',
    b'{"role":"user","content":',
    b'"hi"',
    b"}]",
    b"}",
    b"null",
    b"NaN",
    b"-0",
    b"1e999",
    b'"\\ud800"',
    b"\xff",
    b'"stream":true,',
    b'"stream_options":',
    b'{"include_usage":',
    b"[",
    b"]",
    b",",
    b"9" * 400,
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OTHER_NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name not in {"model", "messages", "stream"})
FIELD_NAMES = st.sampled_from([
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "temperature", "top_p", "tools",
    "functions", "stop", "response_format", "tool_choice", "user", "seed", "x_vendor", "prompt_cache_key",
])  # fmt: skip


def read(body: bytes | dict[str, Any], *, terms: Terms | None = None, headers: dict[str, str] | None = None) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(data, request_id="req-1", terms=terms or Terms(), caller=Caller(), headers=headers or {})


def ask(**more: Any) -> dict[str, Any]:
    return {"model": "mini", "messages": [{"role": "user", "content": "hi"}], **more}


def spelt(raw: bytes) -> dict[str, bytes]:
    """The top-level members, as they are spelt."""
    return {name: bytes(value) for name, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items()}


@given(st.binary(max_size=60) | st.lists(st.sampled_from(FRAGMENTS), max_size=9).map(b"".join))
def test_no_bytes_crash_the_reader(body: bytes) -> None:
    try:
        request = read(body)
    except InvalidRequest as error:
        assert error.caller_text  # noqa: PT017  # what is drawn may be sound
        return
    assert request.model
    write_request(request, model="other", wants_usage=True)


@given(st.dictionaries(FIELD_NAMES, JSON, max_size=5))
def test_no_values_crash_the_reader(more: dict[str, Any]) -> None:
    try:
        request = read(ask(**more))
    except InvalidRequest as error:
        assert error.caller_text.isprintable()  # noqa: PT017  # what is drawn may be sound
        return
    asks_for_usage(request)
    write_request(request, model="other", wants_usage=True)


@given(st.dictionaries(OTHER_NAMES, JSON, max_size=4))
def test_every_member_but_the_model_reaches_the_upstream_as_it_is_spelt(more: dict[str, Any]) -> None:
    body = json.dumps(ask(**more), ensure_ascii=False).encode()
    try:
        request = read(body)
    except InvalidRequest:
        return
    assert spelt(write_request(request, model="up", wants_usage=True)) == {**spelt(body), "model": b'"up"'}


def test_a_stream_asks_for_usage_and_keeps_what_the_client_said() -> None:
    def options(said: dict[str, Any], *, wants_usage: bool = True) -> Any:
        written = write_request(read(ask(stream=True, **said)), model="up", wants_usage=wants_usage)
        return json.loads(written).get("stream_options")

    assert options({}) == {"include_usage": True}
    assert options({}, wants_usage=False) is None
    for asked in (True, False):
        assert options({"stream_options": {"include_usage": asked, "x": 1}}) == {"include_usage": True, "x": 1}


@pytest.mark.parametrize(("options", "asks"), [
    (None, False), ({}, False), ({"include_usage": None}, False), ({"include_usage": False}, False),
    ({"include_usage": True}, True),
])  # fmt: skip
def test_only_an_outright_true_asks_for_usage(options: Any, asks: bool) -> None:
    assert asks_for_usage(read(ask(stream=True, stream_options=options))) is asks


def test_the_outline_tells_what_can_be_seen() -> None:
    outline = read(ask(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "assistant", "tool_calls": [{}]},
            {"role": "tool", "content": "found"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "https://a"}}, {"type": "text", "text": "here"},
            ]},
        ],
        max_tokens=5, max_completion_tokens=7, tools=[{"type": "function"}], response_format={"type": "json_schema"},
    )).outline  # fmt: skip
    assert outline.prompt == "look\nhere"
    assert outline.instructions == "Be brief."
    assert outline.message_count == 6
    assert outline.text_chars == len("Be brief.") + len("first") + len("look\nhere") + len("[{}]") + len("found")
    assert outline.max_output_tokens == 7
    assert outline.has_tools
    assert outline.has_schema
    assert outline.has_images


@pytest.mark.parametrize("field", ["api_base", "api_key", "base_url", "extra_headers", "user_config"])
def test_a_field_that_would_lead_elsewhere_is_refused_by_name(field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(ask(**{field: "x"}))
    assert refused.value.param == field


@pytest.mark.parametrize(("body", "param"), [
    (b'{"messages":[{"role":"user"}]}', "model"),
    (b'{"model":"m"}', "messages"),
    (b'{"model":"m","messages":[{"role":5}]}', "messages[0].role"),
    (b'{"model":"m","messages":[{"role":"user"}],"stream_options":{"include_usage":5}}', "stream_options.include_usage"),
    (b"[]", None),
])  # fmt: skip
def test_a_refusal_names_the_place(body: bytes, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body)
    assert refused.value.param == param


def test_the_dialects_own_headers_are_kept_and_no_others() -> None:
    request = read(ask(), headers={"openai-beta": "assistants=v2", "authorization": "Bearer x", "cookie": "y"})
    assert request.headers == {"openai-beta": "assistants=v2"}
    assert read(ask()).headers == {}


@pytest.mark.parametrize(("key", "session"), [
    ("thread-7", "thread-7"), ("", None), (None, None), (5, None), ("x" * 129, None), ("a\nb", None), ("é", None),
])  # fmt: skip
def test_a_prompt_cache_key_names_the_session(key: Any, session: str | None) -> None:
    assert read(ask(prompt_cache_key=key)).terms.session == session


def test_a_session_from_a_header_wins() -> None:
    request = read(ask(prompt_cache_key="thread-7"), terms=Terms(session="s-1", surface="support"))
    assert request.terms == Terms(session="s-1", surface="support")
    assert read(ask(prompt_cache_key="k"), terms=Terms(surface="support")).terms == Terms(session="k", surface="support")
