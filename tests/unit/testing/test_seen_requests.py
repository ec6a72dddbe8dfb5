"""What a test may ask of a request, whatever dialect it came in."""

from typing import Any

import pytest

from tests.unit.testing.asking import CHAT, GEMINI, MESSAGES, RESPONSES, seen

PIXEL = "iVBORw0KGgo="
PDF = "JVBERi0="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
G_RESULT = {"functionResponse": {"id": "call_1", "name": "lookup", "response": {"result": "It is Bern."}}}
BODIES: dict[str, dict[str, Any]] = {
    CHAT: {
        "model": "m",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look."},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                    {"type": "image_url", "image_url": {"url": "https://a.example/b.jpg"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
                    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                ],
            },
            {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "It is Bern."},
        ],
        "tools": [{"type": "function", "function": {"name": "lookup"}}, {"type": "function", "function": {"name": "time"}}],
        "tool_choice": {"type": "function", "function": {"name": "lookup"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
        "stop": ["END"],
        "max_completion_tokens": 50,
        "max_tokens": 40,
        "reasoning_effort": "low",
    },
    RESPONSES: {
        "model": "m",
        "instructions": "Be brief.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look."},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"},
                    {"type": "input_image", "image_url": "https://a.example/b.jpg"},
                    {"type": "input_file", "file_data": f"data:application/pdf;base64,{PDF}"},
                    {"type": "input_file", "file_id": "file_1"},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2lnbmVk"},
            {"type": "function_call", "call_id": "call_1", "name": "lookup", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "It is Bern."}]},
        ],
        "tools": [{"type": "function", "name": "lookup"}, {"type": "function", "name": "time"}, {"type": "web_search"}],
        "tool_choice": {"type": "function", "name": "lookup"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}},
        "max_output_tokens": 50,
        "reasoning": {"effort": "low"},
    },
    MESSAGES: {
        "model": "m",
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look."},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "image", "source": {"type": "url", "url": "https://a.example/b.jpg"}},
                    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
                    {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
                    {"type": "redacted_thinking", "data": "aGlkZGVu"},
                    {"type": "tool_use", "id": "call_1", "name": "lookup", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "It is Bern."}]},
                ],
            },
        ],
        "tools": [{"name": "lookup", "input_schema": {"type": "object"}}, {"name": "time", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "lookup"},
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"},
        "stop_sequences": ["END"],
        "max_tokens": 50,
    },
    GEMINI: {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "Look."},
                    {"inlineData": {"mimeType": "image/png", "data": PIXEL}},
                    {"file_data": {"mime_type": "image/jpeg", "file_uri": "https://a.example/b.jpg"}},
                    {"inline_data": {"mime_type": "application/pdf", "data": PDF}},
                    {"fileData": {"mimeType": "video/mp4", "fileUri": "files/1"}},
                ],
            },
            {"role": "model", "parts": [{"functionCall": {"name": "lookup", "args": {}}, "thoughtSignature": "c2lnbmVk"}]},
            {"role": "user", "parts": [G_RESULT]},
        ],
        "tools": [{"functionDeclarations": [{"name": "lookup"}, {"name": "time"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["lookup"]}},
        "generationConfig": {
            "responseMimeType": "application/json",
            "response_json_schema": SCHEMA,
            "stopSequences": ["END"],
            "maxOutputTokens": 50,
            "thinkingConfig": {"thinkingLevel": "low"},
        },
    },
}
every_path = pytest.mark.parametrize("path", BODIES)


@every_path
def test_the_same_can_be_asked_in_each_dialect(path: str) -> None:
    request = seen(path, BODIES[path])
    assert request.images == ("image/png", "https://a.example/b.jpg")
    assert request.files[0] == "application/pdf"
    assert request.tool_results == {"call_1": "It is Bern."}
    assert (request.tools, request.tool_choice) == (("lookup", "time"), "lookup")
    assert request.schema == SCHEMA
    assert (request.max_output_tokens, request.effort_or_budget) == (50, "low")
    assert "Be brief." in request.prompt


@every_path
def test_stops_and_signatures_are_seen_where_the_dialect_has_them(path: str) -> None:
    request = seen(path, BODIES[path])
    assert request.stops == (() if path == RESPONSES else ("END",))
    expected = {CHAT: (), MESSAGES: ("c2lnbmVk", "aGlkZGVu")}
    assert request.thinking == expected.get(path, ("c2lnbmVk",))


@every_path
def test_what_is_not_said_reads_as_nothing(path: str) -> None:
    request = seen(path, {"model": "m"})
    assert (request.images, request.files, request.tools, request.stops, request.thinking) == ((), (), (), (), ())
    assert (request.tool_choice, request.schema, request.max_output_tokens, request.effort_or_budget) == (None,) * 4
    assert (request.choices, dict(request.tool_results), request.text, request.complaint) == (1, {}, "", None)


def test_other_files_are_seen_by_what_names_them() -> None:
    assert seen(CHAT, BODIES[CHAT]).files[1:] == ("audio/wav",)
    assert seen(RESPONSES, BODIES[RESPONSES]).files[1:] == ("file_1",)
    assert seen(MESSAGES, BODIES[MESSAGES]).files[1:] == ("file_1",)
    assert seen(GEMINI, BODIES[GEMINI]).files[1:] == ("files/1",)
    stored = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file_1"}}]}]
    assert seen(CHAT, {"messages": stored}).files == ("file_1",)


def test_images_inside_tool_results_are_seen() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": [image]}
    assert seen(MESSAGES, {"messages": [{"role": "user", "content": [result]}]}).images == ("image/png",)
    output = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "https://a.example/"}]}
    assert seen(RESPONSES, {"input": [output]}).images == ("https://a.example/",)
    inner = {"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}]}
    assert seen(GEMINI, {"contents": [{"parts": [{"functionResponse": inner}]}]}).images == ("image/png",)


def test_a_budget_is_seen_in_tokens() -> None:
    assert seen(MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 2048}}).effort_or_budget == 2048
    assert seen(GEMINI, {"generationConfig": {"thinking_config": {"thinking_budget": 0}}}).effort_or_budget == 0


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (CHAT, {"tool_choice": "required"}, "required"),
        (RESPONSES, {"tool_choice": "none"}, "none"),
        (MESSAGES, {"tool_choice": {"type": "any"}}, "required"),
        (MESSAGES, {"tool_choice": {"type": "auto"}}, "auto"),
        (GEMINI, {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "required"),
        (GEMINI, {"tool_config": {"function_calling_config": {"mode": "NONE"}}}, "none"),
    ],
)
def test_a_tool_choice_is_seen_in_one_word(path: str, body: dict[str, Any], expected: str) -> None:
    assert seen(path, body).tool_choice == expected


@pytest.mark.parametrize(
    ("response", "text"),
    [
        ({"output": "It is Bern."}, "It is Bern."),
        ({"result": {"a": 1}}, '{"a":1}'),
        ({"result": "x", "more": 1}, '{"result":"x","more":1}'),
        ({"city": "Bern"}, '{"city":"Bern"}'),
        ({}, "{}"),
        ("text", ""),
    ],
)
def test_the_response_of_a_gemini_function_is_seen_as_text(response: Any, text: str) -> None:
    result = {"functionResponse": {"name": "f", "response": response}}
    assert seen(GEMINI, {"contents": [{"role": "user", "parts": [result]}]}).tool_results == {"f": text}


def test_further_choices_and_a_single_stop_are_seen() -> None:
    assert (seen(CHAT, {"n": 3, "stop": "END"}).choices, seen(CHAT, {"stop": "END"}).stops) == (3, ("END",))
    assert seen(GEMINI, {"generation_config": {"candidate_count": 2}}).choices == 2
