"""What each vendor's own server refuses, and that a strict upstream refuses it too."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.testing.asking import (
    BATCH,
    CHAT,
    EMBED,
    EMBEDDINGS,
    GEMINI,
    MESSAGES,
    PATHS,
    RESPONSES,
    complaint,
    seen_with_grammar,
)
from tests.unit.testing.test_seen_requests import BODIES
from tests.unit.testing.wire import DIALECTS, ask, call, post

Body = dict[str, Any]
SAID: list[Body] = [{"role": "user", "content": "Hi"}]
CALL: Body = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USE: Body = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
RESULT: Body = {"type": "tool_result", "tool_use_id": "c", "content": "ok"}
FUNCTION: Body = {"type": "function", "function": {"name": "f"}}
TOOL: Body = {"name": "f", "input_schema": {"type": "object"}}
DECLARED: list[Body] = [{"functionDeclarations": [{"name": "f"}]}]
G_CALL: Body = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
G_RESULT: Body = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "ok"}}}]}
G_SAID: Body = {"role": "user", "parts": [{"text": "Hi"}]}


def chat(*messages: Any, **members: Any) -> Body:
    return {"model": "m", "messages": list(messages) or SAID, **members}


def respond(*items: Any, **members: Any) -> Body:
    return {"model": "m", "input": list(items) or "Hi", **members}


def message(*messages: Any, **members: Any) -> Body:
    return {"model": "m", "max_tokens": 2000, "messages": list(messages) or SAID, **members}


def generate(*contents: Any, **members: Any) -> Body:
    return {"contents": list(contents) or [G_SAID], **members}


def user(*parts: Any) -> Body:
    return {"role": "user", "content": list(parts)}


def assistant(*parts: Any) -> Body:
    return {"role": "assistant", "content": list(parts)}


def text(words: str) -> Body:
    return {"type": "text", "text": words}


REFUSED: list[tuple[str, Body, str]] = [
    # Chat completions
    (CHAT, {"model": "m"}, "Missing required parameter: 'messages'"),
    (CHAT, {"model": "m", "messages": []}, "empty array"),
    (CHAT, chat("Hi"), "expected an object"),
    (CHAT, chat({"role": "model", "content": "Hi"}), "Invalid value: 'model'"),
    (CHAT, chat({"role": "user", "content": None}), "expected a string, got null"),
    (CHAT, chat({"role": "assistant"}), "expected a string, got null"),
    (CHAT, chat(user({"type": "input_text", "text": "Hi"})), "Invalid value: 'input_text'"),
    (CHAT, chat(assistant({"type": "image_url", "image_url": {"url": "x"}})), "Invalid value: 'image_url'"),
    (CHAT, chat({"role": "tool", "tool_call_id": "c", "content": "ok"}), "must be a response to a preceding message"),
    (CHAT, chat({"role": "assistant", "tool_calls": [CALL]}, SAID[0]), "did not have response messages: c"),
    (CHAT, chat({"role": "assistant", "tool_calls": [CALL]}), "did not have response messages: c"),
    (
        CHAT,
        chat(
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
        ),
        "Invalid value: 'image_url'",
    ),
    (CHAT, chat(tool_choice="auto"), "'tool_choice' is only allowed when 'tools' are specified"),
    (CHAT, chat(parallel_tool_calls=True), "'parallel_tool_calls' is only allowed"),
    (CHAT, chat(stream_options={"include_usage": True}), "only allowed when 'stream' is enabled"),
    (CHAT, chat(stop=["a", "b", "c", "d", "e"]), "maximum length 4"),
    (CHAT, chat(top_logprobs=2), "'logprobs' must be true"),
    (CHAT, {**chat(max_tokens=9), "model": "gpt-5.4-nano"}, "Use 'max_completion_tokens' instead"),
    (CHAT, {**chat(max_tokens=9), "model": "o3"}, "Use 'max_completion_tokens' instead"),
    (CHAT, chat(response_format={"type": "json_schema", "json_schema": {"schema": {}}}), "response_format.json_schema.name"),
    (CHAT, chat(response_format={"type": "json_object"}), "must contain the word 'json'"),
    # Responses
    (RESPONSES, {"model": "m"}, "Missing required parameter: 'input'"),
    (RESPONSES, {"model": "m", "messages": SAID}, "moved to 'input'"),
    (RESPONSES, respond(max_tokens=99), "moved to 'max_output_tokens'"),
    (RESPONSES, respond(stop=["x"]), "Unknown parameter: 'stop'"),
    (RESPONSES, respond(assistant({"type": "input_text", "text": "Hi"})), "Invalid value: 'input_text'"),
    (RESPONSES, respond(user({"type": "output_text", "text": "Hi"})), "Invalid value: 'output_text'"),
    (RESPONSES, respond({"type": "function_call_output", "call_id": "c", "output": ""}), "No tool call found"),
    (RESPONSES, respond({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}), "No tool output found"),
    (RESPONSES, respond({"type": "reasoning", "id": "rs", "encrypted_content": "x"}), "without its required following item"),
    (RESPONSES, respond({"type": "reasoning", "id": "rs", "encrypted_content": "x"}, SAID[0]), "required following item"),
    (RESPONSES, respond({"type": "reasoning", "id": "rs"}, assistant(), store=False), "Item with id 'rs' not found"),
    (RESPONSES, respond(max_output_tokens=15), "Expected a value >= 16"),
    (RESPONSES, respond(tools=[FUNCTION]), "tools[0].name"),
    (RESPONSES, respond(text={"format": {"type": "json_schema", "schema": {}, "name": "a"}}), "text.format.schema"),
    (RESPONSES, respond(text={"format": {"type": "json_schema", "schema": {"a": 1}}}), "text.format.name"),
    # Messages
    (MESSAGES, {"model": "m", "messages": SAID}, "max_tokens: Field required"),
    (MESSAGES, message(frequency_penalty=1), "frequency_penalty: Extra inputs are not permitted"),
    (MESSAGES, message(max_tokens=0), "max_tokens: Input should be"),
    (MESSAGES, {**message(), "messages": []}, "at least one message is required"),
    (MESSAGES, {**message(), "messages": "Hi"}, "should be a valid list"),
    (MESSAGES, message({"role": "tool", "content": "Hi"}), 'Unexpected role "tool"'),
    (MESSAGES, message({"role": "user", "content": None}), "messages.0.content: Input should be a valid list"),
    (MESSAGES, message({"role": "user", "content": ""}), "non-empty content"),
    (MESSAGES, message({"role": "assistant", "content": "Hi"}), 'first message must use the "user" role'),
    (MESSAGES, message(user(text(""))), "text content blocks must be non-empty"),
    (MESSAGES, message(user(text(" \n"))), "non-whitespace"),
    (MESSAGES, message(system=[text("")]), "system: text content blocks must be non-empty"),
    (MESSAGES, message(*SAID, assistant(text("So "))), "cannot end with trailing whitespace"),
    (MESSAGES, message(user({"type": "image_url"})), "Input tag 'image_url'"),
    (MESSAGES, message(user({"type": "image", "source": {"type": "base64", "media_type": "image/bmp"}})), "media_type"),
    (MESSAGES, message(*SAID, assistant({"type": "thinking", "thinking": "x"}), *SAID), "signature: Field required"),
    (MESSAGES, message(*SAID, assistant({**USE, "input": "{}"}), user(RESULT)), "valid dictionary"),
    (MESSAGES, message(*SAID, assistant({**USE, "id": "a b"}), user(RESULT)), "String should match pattern"),
    (MESSAGES, message(*SAID, assistant(USE)), "without `tool_result` blocks immediately after: c"),
    (MESSAGES, message(*SAID, assistant(USE), user(text("Hi"))), "without `tool_result` blocks"),
    (MESSAGES, message(*SAID, assistant(USE), user(text("Hi"), RESULT)), "without `tool_result` blocks"),
    (MESSAGES, message(user(RESULT)), "unexpected `tool_use_id`"),
    (MESSAGES, message(*SAID, assistant(USE, USE), user(RESULT)), "ids must be unique"),
    (MESSAGES, message(temperature=1.5), "temperature: range: 0..1"),
    (MESSAGES, message(stop_sequences=[" "]), "non-whitespace"),
    (MESSAGES, message(thinking={"type": "enabled", "budget_tokens": 1024}, temperature=0), "`temperature` may only be set to 1"),
    (MESSAGES, message(thinking={"type": "adaptive"}, top_k=5), "`top_k` must be unset"),
    (MESSAGES, message(thinking={"type": "adaptive"}, top_p=0.5), "`top_p` must be"),
    (MESSAGES, message(thinking={"type": "adaptive"}, tools=[TOOL], tool_choice={"type": "any"}), "forces tool use"),
    (MESSAGES, message(thinking={"type": "enabled"}), "budget_tokens: Field required"),
    (MESSAGES, message(thinking={"type": "enabled", "budget_tokens": 1000}), "greater than or equal to 1024"),
    (MESSAGES, message(thinking={"type": "enabled", "budget_tokens": 2000}), "must be greater than `thinking.budget_tokens`"),
    (MESSAGES, message(tool_choice={"type": "auto"}), "only be specified while providing `tools`"),
    (MESSAGES, message(tools=[TOOL, TOOL]), "Tool names must be unique"),
    (MESSAGES, message(tools=[{**TOOL, "name": "a.b"}]), "tools.0.custom.name"),
    (MESSAGES, message(tools=[{"name": "f", "input_schema": {}}]), "input_schema.type: Field required"),
    (MESSAGES, message(tools=[{"name": "f", "input_schema": {"type": "object", "anyOf": []}}]), "at the top level"),
    (MESSAGES, message(output_config={"format": {"type": "json_schema"}}), "output_config.format.schema: Field required"),
    (MESSAGES, message(output_format={"type": "json_object", "schema": {}}), "output_format.type"),
    (
        MESSAGES,
        message(output_config={"format": {"type": "json_schema", "schema": {"anyOf": [{"type": "object"}]}}}),
        "'additionalProperties' must be explicitly set to false",
    ),
    (MESSAGES, message(user(*[{**text("x"), "cache_control": {"type": "ephemeral"}}] * 5)), "Found 5"),
    # generateContent
    (GEMINI, {}, "contents is not specified"),
    (GEMINI, generate(model_name="x"), 'Unknown name "model_name": Cannot find field.'),
    (GEMINI, generate(generationConfig={"max_tokens": 5}), "Unknown name \"max_tokens\" at 'generation_config'"),
    (GEMINI, generate(generationConfig={"thinkingConfig": {"budget": 5}}), "at 'generation_config.thinking_config'"),
    (GEMINI, generate({"role": "user", "content": "Hi"}), "Unknown name \"content\" at 'contents[0]'"),
    (GEMINI, generate({"parts": [{"type": "text", "text": "Hi"}]}), "at 'contents[0].parts[0]'"),
    (GEMINI, generate(tools=[{"functionDeclarations": [{"name": "f", "strict": 1}]}]), "at 'tools[0].function_declarations[0]'"),
    (
        GEMINI,
        generate(tools=[{"functionDeclarations": [{"name": "f", "parameters": {"properties": {"a": {"const": 1}}}}]}]),
        "at 'tools[0].function_declarations[0].parameters.properties[a]'",
    ),
    (
        GEMINI,
        generate(generation_config={"response_schema": {"items": {"anyOf": [{"$schema": "x"}]}}}),
        "at 'generation_config.response_schema.items.any_of[0]'",
    ),
    (GEMINI, generate({"role": "assistant", "parts": [{"text": "Hi"}]}), "valid role: user, model"),
    (GEMINI, generate({"role": "user", "parts": []}), "must not be empty"),
    (GEMINI, generate({"parts": [{"functionResponse": {"name": "f", "response": "ok"}}]}), "protobuf.Struct"),
    (GEMINI, generate({"parts": [{"functionResponse": {"response": {}}}]}), "Name cannot be empty"),
    (GEMINI, generate(G_SAID, {"role": "model", "parts": [{"functionCall": "f"}]}), "protobuf.Struct"),
    (GEMINI, generate(G_SAID, G_CALL, {"role": "user", "parts": G_RESULT["parts"] * 2}), "number of function response parts"),
    (GEMINI, generate(G_RESULT), "number of function response parts"),
    (GEMINI, generate(G_CALL, G_RESULT), "immediately after a user turn"),
    (GEMINI, generate(G_SAID, G_CALL, G_SAID), "function response turn comes immediately after"),
    (GEMINI, generate(generationConfig={"stopSequences": list("abcdef")}), "at most 5"),
    (GEMINI, generate(generationConfig={"responseJsonSchema": {}}), "must be application/json"),
    (GEMINI, generate(tools=[{"functionDeclarations": [{"name": "1 f"}]}]), "Invalid function name"),
    (GEMINI, generate(toolConfig={"functionCallingConfig": {"mode": "ANY"}}), "without function_declarations"),
    # Embeddings
    (EMBEDDINGS, {"model": "m"}, "'$.input' is invalid"),
    (EMBEDDINGS, {"model": "m", "input": []}, "'$.input' is invalid"),
    (EMBEDDINGS, {"model": "m", "input": ["x", ""]}, "'$.input' is invalid"),
    (EMBEDDINGS, {"model": "m", "input": "x", "encoding_format": "int8"}, "Invalid value: 'int8'"),
    (EMBEDDINGS, {"model": "m", "input": "x", "dimensions": 0}, "Invalid value for 'dimensions'"),
    (EMBED, {}, "contents is not specified"),
    (EMBED, {"content": {"parts": [{"text": "x"}]}, "dimensions": 3}, 'Unknown name "dimensions"'),
    (BATCH, {"requests": []}, "wanted 1 to 100"),
    (BATCH, {"requests": [{"model": "m", "content": {"parts": [{"text": "x"}]}}]}, "requests[0].model"),
    (BATCH, {"requests": [{"model": "models/m", "content": {"parts": [{"txt": "x"}]}}]}, "at 'requests[0]'"),
]  # fmt: skip
ACCEPTED: list[tuple[str, Body]] = [
    *BODIES.items(),
    (CHAT, chat({"role": "system", "content": "x"}, *SAID, {"role": "assistant", "content": None, "refusal": "No."})),
    (CHAT, chat(unknown_member=1, messages_are_fine=None)),
    (CHAT, chat({"role": "user", "content": "As JSON"}, response_format={"type": "json_object"})),
    (RESPONSES, respond({"type": "function_call_output", "call_id": "c", "output": ""}, previous_response_id="resp_1")),
    (RESPONSES, respond({"type": "reasoning", "id": "rs"}, assistant({"type": "output_text", "text": "x"}))),
    (RESPONSES, respond({"role": "developer", "content": "x"}, max_output_tokens=16, stream=True)),
    (MESSAGES, message({"role": "system", "content": "Newer clients do."}, *SAID, *SAID, assistant(text("So")))),
    (MESSAGES, message(*SAID, assistant(USE), {"role": "system", "content": "x"}, user(RESULT, text("And?")), tools=[TOOL])),
    (MESSAGES, message(tools=[{"type": "web_search_20250305", "name": "web_search"}], thinking={"type": "adaptive"})),
    (MESSAGES, message(thinking={"type": "enabled", "budget_tokens": 1024}, temperature=1, top_p=0.95)),
    (GEMINI, generate(G_SAID, G_CALL, G_RESULT, {"role": "model", "parts": [{"text": "So"}]}, G_SAID, tools=DECLARED)),
    (GEMINI, {"contents": [{"parts": [{"text": "Hi"}]}], "safety_settings": [], "generation_config": {"top_k": 1, "topP": 0.5}}),
    (EMBEDDINGS, {"model": "m", "input": ["x"], "encoding_format": "float", "dimensions": 3, "user": "u"}),
    (EMBED, {"model": "models/m", "content": {"parts": [{"text": "x"}]}, "task_type": "RETRIEVAL_QUERY", "title": "t"}),
    (BATCH, {"requests": [{"model": "models/m", "content": {"parts": [{"text": "x"}]}, "outputDimensionality": 3}]}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "expected"), REFUSED)
def test_what_the_vendor_refuses_is_complained_about(path: str, body: Body, expected: str) -> None:
    assert expected in (complaint(path, body) or "nothing")


@pytest.mark.parametrize(("path", "body"), ACCEPTED)
def test_what_the_vendor_takes_is_not_complained_about(path: str, body: Body) -> None:
    assert complaint(path, body) is None


def test_a_budget_may_exceed_the_limit_while_thinking_interleaves() -> None:
    body = message(thinking={"type": "enabled", "budget_tokens": 9000})
    assert complaint(MESSAGES, body, {"anthropic-beta": "a,interleaved-thinking-2025-05-14"}) is None


def test_newer_gemini_models_want_the_first_call_of_each_turn_signed() -> None:
    path = "/v1beta/models/gemini-3-pro:generateContent"
    parts = [{**G_CALL["parts"][0], "thoughtSignature": "c2ln"}, G_CALL["parts"][0]]
    results = {"role": "user", "parts": G_RESULT["parts"] * 2}
    assert "missing a thought_signature" in (complaint(path, generate(G_SAID, G_CALL, G_RESULT)) or "")
    assert complaint(path, generate(G_SAID, {"role": "model", "parts": parts}, results)) is None
    assert complaint(path, generate(G_SAID, G_CALL, G_RESULT, {"role": "model", "parts": [{"text": "x"}]}, G_SAID)) is None
    assert complaint(GEMINI, generate(G_SAID, G_CALL, G_RESULT)) is None


def test_gemini_takes_an_answer_in_a_content_for_each_chunk_of_its_stream() -> None:
    path = "/v1beta/models/gemini-3-pro:generateContent"
    signed = {"role": "model", "parts": [{**G_CALL["parts"][0], "thoughtSignature": "c2ln"}]}
    empty = {"role": "model", "parts": [{"text": ""}]}
    results = {"role": "user", "parts": G_RESULT["parts"] * 2}
    assert complaint(path, generate(G_SAID, signed, G_CALL, empty, results)) is None
    assert "number of function response parts" in (complaint(path, generate(G_SAID, signed, G_CALL, empty, G_RESULT)) or "")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_question_of_these_tests_is_sound(dialect: str) -> None:
    for stream in (False, True):
        (request,) = ask("x", dialect, stream=stream).requests
        assert request.complaint is None


def test_a_refused_request_says_why_and_uses_nothing_up() -> None:
    seen = post(MESSAGES, {"model": "m", "messages": SAID}, ["one", "two"])
    assert (seen.status, seen.json["error"]["type"]) == (400, "invalid_request_error")
    assert seen.json["error"]["message"] == seen.requests[0].complaint == "max_tokens: Field required"


def test_openai_names_the_member_that_is_wrong() -> None:
    seen = post(CHAT, chat(stop=list("abcde")))
    assert (seen.json["error"]["param"], seen.json["error"]["code"]) == ("stop", "array_above_max_length")


def test_gemini_calls_it_an_invalid_argument() -> None:
    assert post(GEMINI, {}).json["error"]["status"] == "INVALID_ARGUMENT"


def test_nobody_complains_where_it_is_switched_off() -> None:
    seen = post(MESSAGES, {"model": "m", "messages": SAID}, is_strict=False)
    assert (seen.status, seen.requests[0].complaint) == (200, None)


def test_a_null_is_refused_by_an_upstream_that_cannot_read_it() -> None:
    path, body = call("openai", stream=False)
    assert post(path, {**body, "seed": None}).status == 200
    for is_strict in (False, True):
        seen = post(path, {**body, "seed": None}, can_read_null=False, is_strict=is_strict)
        assert (seen.status, seen.json["error"]["param"]) == (400, "seed")
        assert "'seed'" in (seen.requests[0].complaint or "")
    assert post(path, body, can_read_null=False).status == 200


def test_a_missing_model_is_told_before_anything_else() -> None:
    seen = post(CHAT, {"model": "m", "messages": []}, model="other")
    assert (seen.status, seen.requests[0].complaint) == (404, None)


WORDS = st.sampled_from([
    "", " ", "x", "user", "assistant", "model", "tool", "text", "image", "tool_use", "tool_result", "thinking", "reasoning",
    "function_call", "function_call_output", "json_schema", "json_object", "enabled", "object", "base64", "data:", "data:x,y",
])  # fmt: skip
NAMES = st.sampled_from([
    "role", "content", "parts", "type", "text", "tool_calls", "tool_call_id", "id", "function", "name", "source", "input",
    "functionCall", "functionResponse", "function_response", "response", "args", "inlineData", "fileData", "image_url", "url",
    "schema", "json_schema", "format", "properties", "anyOf", "items", "thinkingConfig", "functionDeclarations", "parameters",
    "media_type", "signature", "encrypted_content", "output", "call_id", "summary", "file", "budget_tokens", "file_data",
])  # fmt: skip
MEMBERS = st.sampled_from([
    "messages", "input", "contents", "requests", "content", "tools", "tool_choice", "toolConfig", "generationConfig", "system",
    "systemInstruction", "stop", "stop_sequences", "thinking", "output_config", "response_format", "text", "reasoning",
    "include", "max_tokens", "max_output_tokens", "temperature", "dimensions", "n", "stream_options", "store",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


@example(path=RESPONSES, body={"input": [None]})
@given(st.sampled_from(PATHS), st.dictionaries(MEMBERS, VALUES, max_size=5))
def test_no_body_is_too_odd_to_be_read_and_complained_about(path: str, body: Body) -> None:
    request, grammar = seen_with_grammar(path, body)
    grammar.complaint(request)
    assert isinstance(request.text, str)
    assert all(isinstance(name, str) for name in (*request.images, *request.files, *request.thinking, *request.stops))
