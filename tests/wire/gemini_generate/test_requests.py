"""What a client's body becomes as a Request, and what of it reaches an upstream of the same dialect."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.gemini_generate import read_count_request, read_request, write_straight

HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
HEADERS = {"x-vertex-ai-llm-request-type": "shared", "x-goog-api-key": "secret"}


def request(body: object, *, model: str = "gemini-2.5-flash", is_stream: bool = False) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(
        raw, request_id="r1", terms=Terms(), caller=Caller(), headers=HEADERS, model=model, is_stream=is_stream
    )  # fmt: skip


def count_request(body: object) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_count_request(raw, request_id="r1", terms=Terms(), caller=Caller(), headers={}, model="m")


def refused(body: object) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        request(body)
    return caught.value


def test_model_and_stream_come_from_the_path_and_only_the_dialects_own_headers_go_on() -> None:
    read = request(HELLO, model="auto", is_stream=True)
    assert (read.model, read.is_stream, read.dialect) == ("auto", True, "gemini-generate")
    assert read.headers == {"x-vertex-ai-llm-request-type": "shared"}


def test_on_the_straight_lane_every_member_keeps_its_bytes_and_its_spelling() -> None:
    body = b'{"contents":[{"parts":[{"text":"\\u00e9","partOfNextYear":1e2}]}],"system_instruction":"x","ofNextYear":{"a":1.0}}'
    assert write_straight(request(body), model="gemini-3-pro").body == body


@pytest.mark.parametrize(("model", "named"), [("gemini-3-pro", "models/gemini-3-pro"), ("tunedModels/a", "tunedModels/a")])
def test_a_body_that_names_a_model_names_the_one_that_is_asked(model: str, named: str) -> None:
    assert json.loads(write_straight(request({**HELLO, "model": "models/auto"}), model=model).body)["model"] == named


@pytest.mark.parametrize("camel", [True, False], ids=["camel", "snake"])
def test_the_outline_is_the_same_in_both_spellings(camel: bool) -> None:
    def spelt(one: str, other: str) -> str:
        return one if camel else other

    read = request(
        {
            spelt("systemInstruction", "system_instruction"): {"parts": {"text": "Be brief."}},
            "contents": [
                {"role": "user", "parts": [{"text": "Look"}, {spelt("inlineData", "inline_data"): {
                    spelt("mimeType", "mime_type"): "image/png", "data": "AA=="}}]},
                {"role": "model", "parts": [{spelt("functionCall", "function_call"): {"name": "now"}}]},
                {"role": "function", "parts": [{spelt("functionResponse", "function_response"): {"name": "now"}}]},
            ],
            "tools": [{"functionDeclarations": []}],
            spelt("generationConfig", "generation_config"): {
                spelt("maxOutputTokens", "max_output_tokens"): 100.0,
                spelt("candidateCount", "candidate_count"): 2,
                spelt("responseSchema", "response_schema"): {"type": "STRING"},
                spelt("topP", "top_p"): 0.5,
            },
        }
    )  # fmt: skip
    outline = read.outline
    assert (outline.prompt, outline.instructions, outline.message_count) == ("Look", "Be brief.", 4)
    assert outline.text_chars == len("Look" + "Be brief.") + 2 * len('{"name": "now"}')
    assert (outline.max_output_tokens, outline.choices) == (100, 2)
    assert (outline.has_tools, outline.has_schema, outline.has_images) == (True, True, True)


def test_a_single_content_and_instructions_that_are_a_string_are_read() -> None:
    read = request({"contents": {"parts": {"text": "Hi"}}, "systemInstruction": "Be kind."})
    assert (read.outline.prompt, read.outline.instructions) == ("Hi", "Be kind.")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"\xff", None),
        ([], None),
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": "Hello"}, "contents"),
        ({"contents": [{"parts": [{"text": 7}]}]}, "contents[0].parts[0].text"),
        ({**HELLO, "generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
        ({**HELLO, "generationConfig": {"maxOutputTokens": 1.5}}, "generationConfig.maxOutputTokens"),
        ({**HELLO, "generation_config": {"candidate_count": 129}}, "generationConfig.candidateCount"),
        ({**HELLO, "generationConfig": {"temperature": 3}}, "generationConfig.temperature"),
        ({**HELLO, "generationConfig": {"topP": "high"}}, "generationConfig.topP"),
        ({**HELLO, "generationConfig": []}, "generationConfig"),
        ({**HELLO, "tools": "none"}, "tools"),
        ({**HELLO, "tools": [{}] * 2049}, "tools"),
        ({**HELLO, "systemInstruction": 7}, "systemInstruction"),
        ({**HELLO, "api_key": "sk-1"}, "api_key"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(body: object, param: str | None) -> None:
    assert refused(body).param == param


def test_a_nesting_that_is_too_deep_is_refused() -> None:
    assert isinstance(refused(b'{"contents":' + b"[" * 20_000 + b"]" * 20_000 + b"}"), InvalidRequest)


def test_tokens_are_counted_of_contents_or_of_a_whole_request_inside() -> None:
    inner = {**HELLO, "model": "models/m", "system_instruction": "Be brief."}
    for body in ({"generateContentRequest": inner}, {"generate_content_request": inner}):
        read = count_request(body)
        assert (read.outline.prompt, read.outline.instructions) == ("Hello", "Be brief.")
        assert set(read.fields) == set(inner)
    assert count_request(HELLO).outline.prompt == "Hello"


@pytest.mark.parametrize("body", [{}, {"contents": []}, {"generateContentRequest": {}}, {"generateContentRequest": 7}])
def test_nothing_to_count_is_refused(body: object) -> None:
    with pytest.raises(InvalidRequest):
        count_request(body)


words = st.sampled_from([
    "contents", "parts", "text", "role", "user", "systemInstruction", "system_instruction", "generationConfig", "inlineData",
    "mime_type", "maxOutputTokens", "tools", "functionDeclarations", "functionResponse", "generateContentRequest",
])  # fmt: skip
trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=12,
)


@given(st.binary() | trees.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_raise_anything_but_an_invalid_request(body: bytes) -> None:
    for read in (request, count_request):
        try:
            read(body)
        except InvalidRequest:
            pass
