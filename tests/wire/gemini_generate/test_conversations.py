"""What a client's generateContent request becomes in the hub's words."""

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.conversation import (
    Audio,
    Conversation,
    File,
    Image,
    Message,
    OutputSchema,
    Part,
    Reasoning,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.values.request import Caller, Terms
from taskfit.wire.gemini_generate import read_conversation, read_request, write_conversation
from taskfit.wire.gemini_generate.conversations import DROPPED
from taskfit.wire.gemini_generate.seals import write_signature
from tests.wire.conversations import SETTINGS, Subset, conversations
from tests.wire.gemini_generate.test_requests import trees, words

MODEL = "gemini-3.5-flash"
WEATHER = {"name": "get_weather", "parametersJsonSchema": {"type": "object"}}
NOW = {"name": "now"}


def read(body: object) -> Conversation:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_conversation(
        read_request(raw, request_id="r1", terms=Terms(), caller=Caller(), headers={}, model=MODEL, is_stream=False)
    )


def said(*parts: object, role: str = "user") -> tuple[Part, ...]:
    return read({"contents": [{"role": role, "parts": list(parts)}]}).messages[-1].parts


def asked(**fields: object) -> Conversation:
    return read({"contents": [{"parts": [{"text": "Hi"}]}], **fields})


def refused(**fields: object) -> RequestError:
    with pytest.raises(RequestError) as caught:
        asked(**fields)
    return caught.value


def refused_part(*parts: object) -> RequestError:
    with pytest.raises(RequestError) as caught:
        said(*parts)
    return caught.value


def own(value: str) -> Signature:
    return Signature(origin="gemini-generate", value=value)


def test_roles_and_instructions_become_turns() -> None:
    contents = [
        {"parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [{"text": "Hello"}]},
        {"role": "user", "parts": {"text": "How are you?"}},
    ]
    conversation = read({"contents": contents, "system_instruction": {"role": "system", "parts": [{"text": "Be kind."}]}})
    assert conversation == Conversation(
        messages=(
            Message(role="system", parts=(Text(text="Be kind."),)),
            Message(role="user", parts=(Text(text="Hi"),)),
            Message(role="assistant", parts=(Text(text="Hello"),)),
            Message(role="user", parts=(Text(text="How are you?"),)),
        )
    )
    assert asked(systemInstruction="Be kind.").messages[0] == Message(role="system", parts=(Text(text="Be kind."),))
    assert len(asked(systemInstruction="").messages) == 1


def test_data_becomes_what_its_type_says_in_the_alphabet_that_all_vendors_take() -> None:
    data = b"\xfb\xff\xfe?"
    url_safe = urlsafe_b64encode(data).decode().rstrip("=")
    standard = b64encode(data).decode()
    assert said(
        {"inline_data": {"mimeType": "image/png", "data": url_safe}},
        {"inlineData": {"mime_type": "audio/wav", "data": url_safe}},
        {"inlineData": {"mimeType": "application/pdf", "data": url_safe, "displayName": "a.pdf"}},
        {"inlineData": {"mimeType": "text/plain", "data": b64encode("Grüße".encode()).decode()}},
        {"fileData": {"file_uri": "https://example.com/a", "mime_type": "image/jpeg"}},
        {"file_data": {"fileUri": "https://example.com/b"}},
    ) == (
        Image(data=standard, media_type="image/png"),
        Audio(data=standard, media_type="audio/wav"),
        File(data=standard, media_type="application/pdf", name="a.pdf"),
        File(text="Grüße", media_type="text/plain"),
        Image(url="https://example.com/a", media_type="image/jpeg"),
        File(url="https://example.com/b"),
    )


@pytest.mark.parametrize(
    ("part", "param", "error"),
    [
        ({"inlineData": {"mimeType": "video/mp4", "data": "AA=="}}, "inlineData", Unsupported),
        ({"inlineData": {"data": "AA=="}}, "inlineData", InvalidRequest),
        ({"inlineData": {"mimeType": "image/png"}}, "inlineData", InvalidRequest),
        ({"inlineData": {"mimeType": "text/plain", "data": "/w=="}}, "inlineData.data", InvalidRequest),
        ({"fileData": {}}, "fileData.fileUri", InvalidRequest),
        ({"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}}, "fileData", Unsupported),
        ({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}}, "fileData", Unsupported),
        ({"fileData": {"fileUri": "https://youtu.be/a"}}, "fileData", Unsupported),
        ({"fileData": {"fileUri": "https://example.com/a", "mimeType": "audio/wav"}}, "fileData", Unsupported),
        ({"fileData": {"fileUri": "https://example.com/a", "mimeType": "video/mp4"}}, "fileData", Unsupported),
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, "executableCode", Unsupported),
        ({"aPartOfNextYear": {}}, "aPartOfNextYear", Unsupported),
        ({"functionCall": {"name": ""}}, "functionCall.name", InvalidRequest),
        ({"functionCall": {"name": "now", "args": [1]}}, "functionCall.args", InvalidRequest),
        ({"functionResponse": {"name": "now"}}, "functionResponse", InvalidRequest),
    ],
)
def test_a_part_that_cannot_cross_is_refused_with_its_place(part: object, param: str, error: type[RequestError]) -> None:
    caught = refused_part({"text": "Hi"}, part)
    assert isinstance(caught, error)
    assert caught.param == f"contents[0].parts[1].{param}"


def test_an_address_that_is_none_is_left_to_the_model_of_the_other_api() -> None:
    assert said({"fileData": {"fileUri": "https://[::1"}}) == (File(url="https://[::1"),)


def test_calls_without_ids_get_them_by_place_and_results_find_their_calls() -> None:
    contents = [
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "now", "args": {"zone": "UTC", "n": 1e2}}},
            {"function_call": {"name": "now"}},
            {"functionCall": {"id": "own", "name": "get_weather", "args": {}}},
            {"functionCall": {"id": "call_3", "name": "get_weather"}},
            {"functionCall": {"name": "get_weather"}},
        ]},
        {"role": "function", "parts": [
            {"functionResponse": {"name": "get_weather", "id": "own", "response": {"output": "sun"}}},
            {"functionResponse": {"name": "now", "response": {"result": {"hour": 1.0}}}},
            {"functionResponse": {"name": "now", "id": "unknown", "response": {"error": "no clock"}}},
            {"functionResponse": {"name": "get_weather", "response": {"a": 1, "b": "c"}}},
            {"functionResponse": {"name": "get_weather"}},
        ]},
    ]  # fmt: skip
    _, calls, results = read({"contents": contents}).messages
    assert [(call.id, call.name, call.arguments) for call in calls.parts if isinstance(call, ToolCall)] == [
        ("call_0", "now", '{"zone": "UTC", "n": 100.0}'),
        ("call_1", "now", "{}"),
        ("own", "get_weather", "{}"),
        ("call_3", "get_weather", "{}"),
        ("call_4", "get_weather", "{}"),
    ]
    assert results.role == "user"
    assert results.parts == (
        ToolResult(call_id="own", parts=(Text(text="sun"),)),
        ToolResult(call_id="call_0", parts=(Text(text='{"hour": 1.0}'),)),
        ToolResult(call_id="call_1", parts=(Text(text="no clock"),), is_error=True),
        ToolResult(call_id="call_3", parts=(Text(text='{"a":1,"b":"c"}'),)),
        ToolResult(call_id="call_4", parts=()),
    )


def test_an_id_by_place_is_no_id_that_a_call_already_has() -> None:
    calls = said({"functionCall": {"id": "call_1", "name": "now"}}, {"functionCall": {"name": "now"}}, role="model")
    assert [call.id for call in calls if isinstance(call, ToolCall)] == ["call_1", "call_2"]


def test_a_result_holds_images_and_files_but_no_audio() -> None:
    def result(*parts: object) -> tuple[Part, ...]:
        calls = {"role": "model", "parts": [{"functionCall": {"name": "see"}}]}
        answer = {"functionResponse": {"name": "see", "response": {"output": ""}, "parts": list(parts), "scheduling": "SILENT"}}
        conversation = read({"contents": [calls, {"role": "user", "parts": [answer]}]})
        assert conversation.dropped == ("contents.parts.functionResponse.scheduling",)
        return conversation.messages[-1].parts

    image = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    assert result(image) == (ToolResult(call_id="call_0", parts=(Image(data="AA==", media_type="image/png"),)),)
    with pytest.raises(Unsupported):
        result({"inlineData": {"mimeType": "audio/wav", "data": "AA=="}})


def test_thoughts_and_signatures_are_read_wherever_they_stand() -> None:
    anthropic = Signature(origin="anthropic-messages", value="EqQB+/==")
    assert said(
        {"text": "Hm.", "thought": True, "thought_signature": "c2ln"},
        {"text": "Yes.", "thoughtSignature": "dGV4dA=="},
        {"text": "", "thoughtSignature": write_signature(anthropic, anthropic.origin)},
        {"text": "", "thought": True, "thoughtSignature": write_signature(anthropic, anthropic.origin, is_redacted=True)},
        {"functionCall": {"name": "now"}, "thoughtSignature": "Y2FsbA=="},
        {"functionCall": {"name": "now"}, "thoughtSignature": "skip_thought_signature_validator"},
        role="model",
    ) == (
        Thinking(text="Hm.", signature=own("c2ln")),
        Text(text="Yes."),
        Thinking(signature=own("dGV4dA==")),
        Thinking(signature=anthropic),
        Thinking(signature=anthropic, is_redacted=True),
        ToolCall(id="call_0", name="now", arguments="{}", signature=own("Y2FsbA==")),
        ToolCall(id="call_1", name="now", arguments="{}"),
    )


def test_functions_become_tools_whatever_form_their_schema_has() -> None:
    google = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "nullable": True}}}
    functions = [
        {"name": "one", "description": "First.", "parameters": google},
        {"name": "two", "parameters_json_schema": {"type": "object", "x": 1}, "response": {"type": "STRING"}},
        {"name": "three"},
    ]
    conversation = asked(tools=[{"functionDeclarations": functions[:2]}, {"function_declarations": functions[2:]}])
    assert [(tool.name, tool.description, json.loads(bytes(tool.schema))) for tool in conversation.tools] == [
        ("one", "First.", {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}}),
        ("two", None, {"type": "object", "x": 1}),
        ("three", None, {"type": "object", "properties": {}}),
    ]
    assert conversation.dropped == ("tools.functionDeclarations.response",)


@pytest.mark.parametrize("tool", ["googleSearch", "codeExecution", "urlContext", "google_maps", "computerUse"])
def test_googles_own_tools_do_not_cross(tool: str) -> None:
    caught = refused(tools=[{"functionDeclarations": [NOW]}, {tool: {}}])
    assert isinstance(caught, Unsupported)
    assert (caught.param or "").startswith("tools[1].")


@pytest.mark.parametrize(
    ("calling", "tools", "choice"),
    [
        ({}, ("get_weather", "now"), None),
        ({"mode": "MODE_UNSPECIFIED"}, ("get_weather", "now"), None),
        ({"mode": "AUTO"}, ("get_weather", "now"), ToolChoice(mode="auto")),
        ({"mode": "auto"}, ("get_weather", "now"), ToolChoice(mode="auto")),
        ({"mode": "NONE"}, ("get_weather", "now"), ToolChoice(mode="none")),
        ({"mode": "ANY"}, ("get_weather", "now"), ToolChoice(mode="required")),
        ({"mode": "ANY", "allowed_function_names": ["now"]}, ("now",), ToolChoice(mode="named", name="now")),
        ({"mode": "ANY", "allowedFunctionNames": ["now", "get_weather"]}, ("get_weather", "now"), ToolChoice(mode="required")),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["now"]}, ("now",), ToolChoice(mode="auto")),
    ],
)
def test_the_choice_of_tools(calling: object, tools: tuple[str, ...], choice: ToolChoice | None) -> None:
    conversation = asked(tools=[{"functionDeclarations": [WEATHER, NOW]}], toolConfig={"functionCallingConfig": calling})
    assert tuple(tool.name for tool in conversation.tools) == tools
    assert conversation.tool_choice == choice
    assert all(tool.is_strict == ("VALIDATED" in str(calling)) for tool in conversation.tools)


def test_the_generation_config_is_carried() -> None:
    conversation = asked(
        generationConfig={
            "maxOutputTokens": 5, "temperature": 0.5, "topP": 0.25, "top_k": 40.0, "stopSequences": ["END"], "seed": 7,
            "candidateCount": 2, "presencePenalty": 1.5, "frequency_penalty": -1, "responseLogprobs": True, "logprobs": 3,
            "responseModalities": ["TEXT"], "responseMimeType": "text/plain", "mediaResolution": "MEDIA_RESOLUTION_LOW",
        },
        safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}], labels={"team": "a"},
        serviceTier="FLEX",
    )  # fmt: skip
    assert msgspec.structs.replace(conversation, messages=()) == Conversation(
        messages=(), max_output_tokens=5, temperature=0.5, top_p=0.25, top_k=40, stop=("END",), seed=7, choices=2,
        presence_penalty=1.5, frequency_penalty=-1.0, logprobs=3, service_tier="flex",
        dropped=("generationConfig.mediaResolution", "labels", "safetySettings"),
    )  # fmt: skip
    assert set(conversation.dropped) <= set(DROPPED)
    assert asked(serviceTier="standard").service_tier == "default"
    assert asked(generationConfig={"responseLogprobs": True}).logprobs == 0
    assert asked(generationConfig={"logprobs": 3}).logprobs is None


def test_output_is_json_with_or_without_a_schema() -> None:
    def output(**config: object) -> OutputSchema | None:
        return asked(generationConfig=config).output

    schema = msgspec.Raw(b'{"type":"object"}')
    assert output(responseMimeType="application/json") == OutputSchema()
    assert output(response_mime_type="application/json", response_schema={"type": "OBJECT"}) == OutputSchema(schema=schema)
    asis = {"type": "object", "$defs": {"a": {"maximum": 1.0}}}
    for name in ("responseJsonSchema", "response_json_schema", "_responseJsonSchema"):
        found = output(**{"responseMimeType": "application/json", name: asis})
        assert found is not None
        assert found.schema is not None
        assert json.loads(bytes(found.schema)) == asis


@pytest.mark.parametrize(
    ("config", "reasoning"),
    [
        ({}, Reasoning()),
        ({"thinkingBudget": 0}, Reasoning(effort="none")),
        ({"thinkingBudget": -1, "includeThoughts": True}, Reasoning(is_adaptive=True, is_shown=True)),
        ({"thinking_budget": 512, "include_thoughts": False}, Reasoning(budget_tokens=512, is_shown=False)),
        ({"thinkingLevel": "HIGH"}, Reasoning(effort="high")),
        ({"thinkingLevel": "minimal"}, Reasoning(effort="minimal")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, Reasoning()),
    ],
)
def test_how_much_to_think(config: object, reasoning: Reasoning) -> None:
    assert asked(generationConfig={"thinkingConfig": config}).reasoning == reasoning


@pytest.mark.parametrize(
    ("fields", "param", "error"),
    [
        ({"cachedContent": "cachedContents/a"}, "cachedContent", Unsupported),
        ({"aFieldOfNextYear": 1}, "aFieldOfNextYear", Unsupported),
        ({"generationConfig": {"speechConfig": {}}}, "generationConfig.speechConfig", Unsupported),
        ({"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}, "generationConfig.responseModalities", Unsupported),
        ({"generationConfig": {"responseMimeType": "text/x.enum"}}, "generationConfig.responseMimeType", Unsupported),
        ({"generationConfig": {"responseSchema": {"type": "THING"}}}, "generationConfig.responseSchema.type", InvalidRequest),
        ({"generationConfig": {"responseSchema": "{}"}}, "generationConfig.responseSchema", InvalidRequest),
        ({"generationConfig": {"stopSequences": ["a"] * 65}}, "generationConfig.stopSequences", InvalidRequest),
        ({"generationConfig": {"seed": 1.5}}, "generationConfig.seed", InvalidRequest),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": -2}}}, "generationConfig.thinkingConfig.thinkingBudget",
         InvalidRequest),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "HUGE"}}}, "generationConfig.thinkingConfig.thinkingLevel",
         InvalidRequest),
        ({"generationConfig": {"thinkingConfig": {"moreOfNextYear": 1}}}, "generationConfig.thinkingConfig.moreOfNextYear",
         Unsupported),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name", InvalidRequest),
        ({"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}, "toolConfig.functionCallingConfig.mode", InvalidRequest),
        ({"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}}},
         "toolConfig.functionCallingConfig.allowedFunctionNames", InvalidRequest),
        ({"contents": [{"role": "robot", "parts": []}]}, "contents[0].role", InvalidRequest),
    ],
)  # fmt: skip
def test_what_cannot_cross_is_refused_with_its_place(fields: dict[str, Any], param: str, error: type[RequestError]) -> None:
    caught = refused(**fields)
    assert isinstance(caught, error)
    assert caught.param == param


def test_what_says_no_more_than_silence_is_not_refused() -> None:
    assert asked(cachedContent="", generationConfig={"audioTimestamp": False, "speechConfig": None}).dropped == ()


SUBSET = Subset(
    origin="gemini-generate",
    settings={
        **{name: SETTINGS[name] for name in (
            "max_output_tokens", "temperature", "top_p", "top_k", "stop", "seed", "choices", "frequency_penalty",
            "presence_penalty", "logprobs",
        )},
        "service_tier": st.sampled_from(["default", "flex", "priority"]),
    },
    reasoning=st.builds(
        Reasoning, effort=st.sampled_from(["minimal", "low", "medium", "high"]), is_shown=st.none() | st.booleans()
    ),
    several_system_parts=False,
    images=frozenset({"data"}),
    files=frozenset({"data", "text", "url"}),
    has_audio=True,
    thinking=frozenset({"signed"}),
    signs_calls=True,
    results=frozenset({"text", "image"}),
    results_at_most=3,
    mixes_results=True,
    has_result_errors=True,
    has_parallel=False,
    has_output_names=False,
    has_loose_output=False,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(conversations(SUBSET))
def test_a_conversation_comes_back_from_its_body(conversation: Conversation) -> None:
    written = write_conversation(conversation, model=MODEL, is_stream=False)
    assert written.dropped == ()
    assert normal(read(written.body)) == normal(conversation)


def normal(conversation: Conversation) -> Conversation:
    """As the API can say it: a result's text is one and stands before its images, only the named tool is left of the tools, and
    every schema is kept to."""
    messages = tuple(
        Message(role=message.role, parts=tuple(result(part) if isinstance(part, ToolResult) else part for part in message.parts))
        for message in conversation.messages
    )
    choice, output = conversation.tool_choice, conversation.output
    tools = tuple(tool for tool in conversation.tools if choice is None or choice.mode != "named" or tool.name == choice.name)
    if output is not None:
        output = msgspec.structs.replace(output, is_strict=False)
    return msgspec.structs.replace(conversation, messages=messages, tools=tools, output=output)


def result(part: ToolResult) -> ToolResult:
    images = tuple(inner for inner in part.parts if not isinstance(inner, Text))
    return msgspec.structs.replace(part, parts=((Text(text=part.text), *images) if part.text else images))


@given(st.dictionaries(words, trees, max_size=5), trees)
def test_no_body_raises_anything_but_a_request_error(fields: dict[str, Any], contents: object) -> None:
    for body in ({"contents": contents, **fields}, {"contents": [{"parts": contents}], **fields}):
        try:
            read(body)
        except RequestError:
            pass


def test_many_calls_and_results_without_ids_find_each_other_in_linear_time() -> None:
    count = 20_000   # a list that is searched for each result would take minutes
    calls = [{"functionCall": {"name": "look", "args": {}}}] * count
    results = [{"functionResponse": {"name": "look", "response": {"output": "x"}}}] * count
    conversation = read({"contents": [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]})
    asked_ids = [part.id for part in conversation.messages[0].parts if isinstance(part, ToolCall)]
    assert asked_ids == [part.call_id for part in conversation.messages[1].parts if isinstance(part, ToolResult)]
    assert len(set(asked_ids)) == count
