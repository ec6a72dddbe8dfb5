"""What a Conversation becomes as the body of a generateContent request."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.conversation import (
    Audio,
    Citation,
    Conversation,
    File,
    Image,
    Message,
    OutputSchema,
    Part,
    Reasoning,
    Refusal,
    Signature,
    Speaker,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.dialect import Written
from taskfit.wire.gemini_generate import write_conversation
from taskfit.wire.gemini_generate.prompts import DROPPED

SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string","maxLength":1e2}}}')
WEATHER = Tool(name="get_weather", schema=SCHEMA, description="Tells the weather.")


def says(role: Speaker, *parts: Part | str) -> Message:
    return Message(role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


def write(*messages: Message, model: str = "gemini-2.5-flash", **said: Any) -> Written:
    conversation = Conversation(messages=messages or (says("user", "Hello"),), **said)
    return write_conversation(conversation, model=model, is_stream=False)


def written(*messages: Message, model: str = "gemini-2.5-flash", **said: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(write(*messages, model=model, **said).body)
    return body


def dropped(*messages: Message, **said: Any) -> tuple[str, ...]:
    names = write(*messages, **said).dropped
    assert set(names) <= set(DROPPED)
    return names


def refused(*messages: Message, **said: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        written(*messages, **said)
    return caught.value


def test_what_is_not_said_is_absent() -> None:
    assert written() == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_what_is_said_is_carried() -> None:
    body = written(
        max_output_tokens=5, temperature=1.7, top_p=0.5, top_k=40, stop=("END",), seed=7, choices=2, presence_penalty=0.5,
        frequency_penalty=-0.5, logprobs=3, service_tier="default",
    )  # fmt: skip
    assert body["generationConfig"] == {
        "maxOutputTokens": 5, "temperature": 1.7, "topP": 0.5, "topK": 40, "stopSequences": ["END"], "seed": 7,
        "candidateCount": 2, "presencePenalty": 0.5, "frequencyPenalty": -0.5, "responseLogprobs": True, "logprobs": 3,
    }  # fmt: skip
    assert body["serviceTier"] == "standard"
    assert written(logprobs=0)["generationConfig"] == {"responseLogprobs": True}


def test_what_has_no_place_and_changes_nothing_is_named() -> None:
    assert dropped() == dropped(service_tier="auto") == ()
    assert dropped(user="u", service_tier="scale", output=OutputSchema(description="An answer.")) == (
        "output.description", "service_tier", "user",
    )  # fmt: skip
    assert dropped(tools=(msgspec.structs.replace(WEATHER, cache="5m"),)) == ("cache",)
    assert dropped(says("system", Text(text="Be brief.", cache="1h")), says("user", "Hi")) == ("cache",)
    image = Image(data="AA==", media_type="image/png", detail="low")
    document = File(data="AA==", media_type="application/pdf", name="a.pdf", has_citations=True)
    cited = Text(text="So.", citations=(Citation(url="https://example.com/"),))
    assert dropped(says("user", image, document), says("assistant", cited)) == ("citations", "detail", "name")


SIGNED = Signature(origin="gemini-generate", value="c2ln")
FOREIGN = Signature(origin="anthropic-messages", value="EqQB")


def test_thoughts_and_signatures_of_this_api_go_back_where_they_stood() -> None:
    body = written(
        says("user", "Hi"),
        says(
            "assistant",
            Thinking(text="Hm.", signature=SIGNED),
            Thinking(signature=SIGNED),
            "Yes.",
            Thinking(signature=SIGNED),
            Refusal(text="No."),
            ToolCall(id="c1", name="now", arguments="", signature=SIGNED),
        ),
        model="gemini-3-pro",
    )
    assert body["contents"][1]["parts"] == [
        {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"text": "Yes.", "thoughtSignature": "c2ln"},
        {"text": "No."},
        {"functionCall": {"id": "c1", "name": "now", "args": {}}, "thoughtSignature": "c2ln"},
    ]


@pytest.mark.parametrize(
    "part",
    [
        Thinking(text="Hm."),
        Thinking(text="Hm.", signature=FOREIGN),
        Thinking(signature=FOREIGN, is_redacted=True),
        ToolCall(id="c1", name="now", arguments="", signature=FOREIGN),
    ],
)
def test_thoughts_of_another_vendor_stay_behind(part: Part) -> None:
    wrote = write(says("user", "Hi"), says("assistant", part), says("user", "Go on"))
    assert b"EqQB" not in wrote.body
    assert b"Hm." not in wrote.body
    assert wrote.dropped == ("reasoning of another vendor",)


@pytest.mark.parametrize(
    ("model", "reasoning", "config", "is_kept"),
    [
        ("gemini-2.0-flash", Reasoning(effort="high", is_shown=True), None, False),
        ("gemini-2.0-flash", Reasoning(effort="none"), None, True),
        ("gemini-2.0-flash", Reasoning(is_shown=True), None, True),
        ("gemini-2.5-flash", Reasoning(effort="none"), {"thinkingBudget": 0}, True),
        ("models/gemini-2.5-flash", Reasoning(effort="low", is_shown=True),
         {"thinkingBudget": 2048, "includeThoughts": True}, True),
        ("gemini-2.5-flash", Reasoning(effort="low", budget_tokens=99), {"thinkingBudget": 99}, True),
        ("gemini-2.5-flash", Reasoning(effort="max"), {"thinkingBudget": 24576}, True),
        ("gemini-2.5-flash-lite", Reasoning(budget_tokens=9), {"thinkingBudget": 512}, True),
        ("gemini-2.5-pro", Reasoning(effort="max"), {"thinkingBudget": 32768}, True),
        ("gemini-2.5-pro", Reasoning(effort="none"), {"thinkingBudget": 128}, False),
        ("gemini-2.5-pro", Reasoning(is_adaptive=True), {"thinkingBudget": -1}, True),
        ("gemini-2.5-pro", Reasoning(), None, True),
        ("gemini-3-flash-preview", Reasoning(effort="minimal"), {"thinkingLevel": "MINIMAL"}, True),
        ("gemini-3-flash-preview", Reasoning(effort="none"), {"thinkingLevel": "MINIMAL"}, False),
        ("gemini-3.1-pro-preview", Reasoning(effort="minimal"), {"thinkingLevel": "LOW"}, True),
        ("gemini-3.8-flash", Reasoning(effort="xhigh"), {"thinkingLevel": "HIGH"}, False),
        ("gemini-flash-latest", Reasoning(budget_tokens=8000, is_shown=False),
         {"thinkingLevel": "MEDIUM", "includeThoughts": False}, True),
        ("gemini-3-pro", Reasoning(is_adaptive=True), None, True),
    ],
)  # fmt: skip
def test_how_much_to_think_is_said_as_the_model_takes_it(model: str, reasoning: Reasoning, config: object, is_kept: bool) -> None:
    body = written(model=model, reasoning=reasoning)
    assert body.get("generationConfig", {}).get("thinkingConfig") == config
    assert dropped(model=model, reasoning=reasoning) == (() if is_kept else ("reasoning",))


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-3-pro"])
def test_what_a_result_cannot_hold_stands_behind_all_results(model: str) -> None:
    linked = Image(url="https://example.com/a.png")
    inline = Image(data="AA==", media_type="image/png")
    body = written(
        says("user", "Look"),
        says("assistant", ToolCall(id="c1", name="see", arguments=""), ToolCall(id="c2", name="see", arguments="")),
        says(
            "user",
            ToolResult(call_id="c1", parts=(Text(text="two"), linked, inline)),
            ToolResult(call_id="c2", parts=(), is_error=True),
            "And?",
        ),
        model=model,
    )
    data = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    first: dict[str, Any] = {"id": "c1", "name": "see", "response": {"output": "two"}}
    beside: list[object] = [{"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/a.png"}}]
    if model == "gemini-3-pro":
        first["parts"] = [data]
    else:
        beside.append(data)
    assert body["contents"][2]["parts"] == [
        {"functionResponse": first},
        {"functionResponse": {"id": "c2", "name": "see", "response": {"error": ""}}},
        *beside,
        {"text": "And?"},
    ]


def test_instructions_stand_apart_wherever_they_were() -> None:
    body = written(says("system", "Be brief."), says("user", "Hi"), says("system", "Be kind."))
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief.\n\nBe kind."}]}
    assert len(body["contents"]) == 1


def test_turns_of_one_side_become_one() -> None:
    body = written(says("user", "One"), says("user", "two"), says("assistant", "three"), says("assistant", "", "four"))
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "One"}, {"text": "two"}]},
        {"role": "model", "parts": [{"text": "three"}, {"text": "four"}]},
    ]


def test_an_image_comes_as_data() -> None:
    body = written(says("user", Image(data="iVBORw==", media_type="image/png")))
    assert body["contents"][0]["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image(url="https://example.com/a.png?x=1"), {"mimeType": "image/png", "fileUri": "https://example.com/a.png?x=1"}),
        (
            Image(url="https://example.com/a", media_type="image/webp"),
            {"mimeType": "image/webp", "fileUri": "https://example.com/a"},
        ),
        (Image(url="https://example.com/a"), {"fileUri": "https://example.com/a"}),
        (File(url="gs://bucket/a.pdf"), {"mimeType": "application/pdf", "fileUri": "gs://bucket/a.pdf"}),
        (File(url="https://[::1"), {"fileUri": "https://[::1"}),
    ],
)
def test_a_file_behind_an_address_is_fetched_by_google(part: Part, expected: object) -> None:
    assert written(says("user", part))["contents"][0]["parts"] == [{"fileData": expected}]


@pytest.mark.parametrize("url", ["http://example.com/a.png", "ftp://example.com/a.png", ""])
def test_any_other_address_is_refused_with_the_way_out(url: str) -> None:
    error = refused(says("user", "Look"), says("assistant", "Where?"), says("user", Image(url=url)))
    assert isinstance(error, Unsupported)
    assert error.param == "messages[2]"
    assert "data: URL" in error.caller_text


def test_sound_and_documents_come_as_data() -> None:
    body = written(
        says(
            "user",
            Audio(data="UklGRg==", media_type="audio/wav"),
            File(data="JVBERi0=", media_type="application/pdf"),
            File(text="Grüße", media_type="text/plain"),
        )
    )
    assert body["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
        {"inlineData": {"mimeType": "text/plain", "data": b64encode("Grüße".encode()).decode()}},
    ]


def test_a_files_text_that_is_not_unicode_is_refused() -> None:
    assert refused(says("user", File(text="\ud800"))).param == "messages[0]"


def test_an_image_without_a_media_type_is_refused() -> None:
    assert refused(says("user", Image(data="AA==", media_type=""))).param == "messages[0]"


def test_tools_keep_their_schema_byte_for_byte() -> None:
    body = write(tools=(WEATHER,)).body
    assert b'"parametersJsonSchema":' + bytes(SCHEMA) in body
    assert json.loads(body)["tools"][0]["functionDeclarations"][0].keys() == {"name", "description", "parametersJsonSchema"}


@pytest.mark.parametrize(
    ("choice", "is_strict", "expected"),
    [
        (None, False, None),
        (None, True, {"mode": "VALIDATED"}),
        (ToolChoice(mode="auto"), False, {"mode": "AUTO"}),
        (ToolChoice(mode="auto"), True, {"mode": "VALIDATED"}),
        (ToolChoice(mode="none"), True, {"mode": "NONE"}),
        (ToolChoice(mode="required"), True, {"mode": "ANY"}),
        (ToolChoice(mode="named", name="get_weather"), False, {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
    ],
)
def test_the_choice_of_tools(choice: ToolChoice | None, is_strict: bool, expected: object) -> None:
    tool = msgspec.structs.replace(WEATHER, is_strict=is_strict)
    body = written(tools=(tool,), tool_choice=choice, parallel_tool_calls=True)
    assert body.get("toolConfig") == (None if expected is None else {"functionCallingConfig": expected})


def test_one_call_at_a_time_cannot_be_asked_for() -> None:
    assert dropped(tools=(WEATHER,), parallel_tool_calls=False) == ("parallel_tool_calls",)
    assert dropped(parallel_tool_calls=False) == ()
    assert "toolConfig" not in written(tools=(WEATHER,), parallel_tool_calls=False)


def test_a_tool_that_is_asked_for_must_exist() -> None:
    assert refused(tool_choice=ToolChoice(mode="required")).param == "tool_choice"


HISTORY = (
    says("user", "Weather?"),
    says(
        "assistant",
        ToolCall(id="c1", name="get_weather", arguments='{"days": 2.0}'),
        ToolCall(id="c2", name="now", arguments=""),
    ),
    says("user", ToolResult(call_id="c1", parts=(Text(text='{"sun": true}'),))),
    says("user", ToolResult(call_id="c2", parts=(Text(text="12:00"),))),
)


def test_calls_and_results_of_the_history_are_carried_and_results_name_their_function() -> None:
    body = written(*HISTORY)
    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "c1", "name": "get_weather", "args": {"days": 2.0}}},
                {"functionCall": {"id": "c2", "name": "now", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "get_weather", "response": {"output": '{"sun": true}'}}},
                {"functionResponse": {"id": "c2", "name": "now", "response": {"output": "12:00"}}},
            ],
        },
    ]


@pytest.mark.parametrize("model", ["gemini-3-pro-preview", "models/gemini-3-flash", "gemini-flash-latest"])
def test_a_model_that_needs_signatures_gets_the_word_for_an_unsigned_call_on_the_first_call_of_a_turn(model: str) -> None:
    calls = written(*HISTORY, model=model)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in calls] == ["skip_thought_signature_validator", None]


def test_a_result_without_its_call_is_refused() -> None:
    error = refused(says("user", ToolResult(call_id="c9", parts=())))
    assert isinstance(error, InvalidRequest)
    assert error.param == "messages[0]"


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", '{"a": NaN}', "{}{}"])
def test_malformed_arguments_in_the_history_name_their_message(arguments: str) -> None:
    error = refused(says("user", "Hi"), says("assistant", ToolCall(id="c", name="now", arguments=arguments)))
    assert isinstance(error, InvalidRequest)
    assert error.param == "messages[1]"


def test_output_is_json_with_or_without_a_schema() -> None:
    assert written(output=OutputSchema())["generationConfig"] == {"responseMimeType": "application/json"}
    assert written(output=OutputSchema(schema=SCHEMA))["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": json.loads(bytes(SCHEMA)),
    }
