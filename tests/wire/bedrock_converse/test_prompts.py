"""A conversation as Converse's body: what is sent, what is refused and what is left out."""

import json
from typing import Any

import msgspec
import pytest
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
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
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.bedrock_converse import DROPPED, Family, family_of, write_conversation

_SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
CONVERSE = _SERVICE.operation_model("Converse").input_shape
CLAUDE = "eu.anthropic.claude-opus-4-6-v1"
OLD_CLAUDE = "anthropic.claude-3-7-sonnet-20250219-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"
HELLO = (Message(role="user", parts=(Text(text="Hello"),)),)
SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')
PNG = Image(data="eA==", media_type="image/png")
WEATHER = Tool(name="weather", schema=SCHEMA, description="Tells the weather.")


def written(
    conversation: Conversation, model: str = CLAUDE, family: Family | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The body, which is valid by the service's own model, and what was left out."""
    body, dropped = write_conversation(conversation, model=model, is_stream=False, family=family)
    fields = json.loads(body)
    report = ParamValidator().validate({"modelId": model, **fields}, CONVERSE)
    assert not report.has_errors(), report.generate_report()
    return fields, dropped


def asking(*parts: Part, **fields: Any) -> Conversation:
    return Conversation(messages=(Message(role="user", parts=parts or (Text(text="Hello"),)),), **fields)


def test_what_is_not_said_is_absent() -> None:
    assert written(asking()) == ({"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}, ())


def test_all_settings_have_their_place() -> None:
    body, dropped = written(asking(
        max_output_tokens=100, temperature=0.5, top_p=0.9, top_k=40, stop=("END",), service_tier="flex",
        output=OutputSchema(name="city", schema=SCHEMA, description="A city."),
    ))  # fmt: skip
    assert body["inferenceConfig"] == {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}
    assert body["additionalModelRequestFields"] == {"top_k": 40}
    assert body["additionalModelResponseFieldPaths"] == ["/stop_sequence"]
    assert body["serviceTier"] == {"type": "flex"}
    assert body["outputConfig"] == {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {
        "name": "city", "description": "A city.", "schema": bytes(SCHEMA).decode(),
    }}}}  # fmt: skip
    assert dropped == ()


def test_instructions_stand_apart_and_cache_marks_become_blocks() -> None:
    conversation = Conversation(messages=(
        Message(role="system", parts=(Text(text="Be brief.", cache="1h"), Text(text="Be kind."))),
        Message(role="user", parts=(Text(text="Long", cache="5m"), Text(text="short"))),
        Message(role="system", parts=(Text(text="Late."),)),
    ), tools=(msgspec.structs.replace(WEATHER, cache="5m"),))   # fmt: skip
    body, dropped = written(conversation)
    mark = {"cachePoint": {"type": "default"}}
    assert body["system"] == [
        {"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}, {"text": "Be kind."}, {"text": "Late."},
    ]  # fmt: skip
    assert body["messages"] == [{"role": "user", "content": [{"text": "Long"}, mark, {"text": "short"}]}]
    assert body["toolConfig"]["tools"][1] == mark
    assert dropped == ()
    body, dropped = written(conversation, LLAMA)
    assert b"cachePoint" not in json.dumps(body).encode()
    assert dropped == ("cache",)


def test_images_documents_and_sounds_go_in_as_data() -> None:
    body, dropped = written(asking(
        Image(data="aWk=", media_type="image/jpeg", detail="low"),
        Image(url="s3://bucket/cat.PNG"),
        File(data="JVBE", media_type="application/pdf", name="Q3 report (final).pdf", has_citations=True),
        File(text="plain", media_type="text/plain"),
        Audio(data="UklG", media_type="audio/wav"),
        Text(text="What is this?"),
    ))  # fmt: skip
    assert body["messages"][0]["content"] == [
        {"image": {"format": "jpeg", "source": {"bytes": "aWk="}}},
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/cat.PNG"}}}},
        {"document": {
            "format": "pdf", "name": "Q3 report (final) pdf", "source": {"bytes": "JVBE"}, "citations": {"enabled": True},
        }},
        {"document": {"format": "txt", "name": "document 1", "source": {"text": "plain"}}},
        {"audio": {"format": "wav", "source": {"bytes": "UklG"}}},
        {"text": "What is this?"},
    ]  # fmt: skip
    assert dropped == ("detail",)


def test_a_tool_loop_with_signed_thoughts_goes_back_as_it_came() -> None:
    signed = Signature(origin="bedrock-converse", value="c2ln")
    foreign = Signature(origin="gemini-generate", value="Zm9y")
    long_id = "x" * 65
    conversation = Conversation(
        messages=(
            *HELLO,
            Message(role="assistant", parts=(
                Thinking(text="Hm.", signature=signed),
                Thinking(is_redacted=True, signature=signed),
                Thinking(text="Not mine.", signature=foreign),
                Text(text="Let me see.", citations=(Citation(url="https://a.example"),)),
                ToolCall(id="t.1", name="weather", arguments='{"city": "Bonn", "n": 1.50}'),
                ToolCall(id=long_id, name="weather", arguments=""),
            )),
            Message(role="user", parts=(
                ToolResult(call_id="t.1", parts=(Text(text="sunny", cache="5m"), Image(data="aWk=", media_type="image/png"))),
                ToolResult(call_id=long_id, parts=(), is_error=True),
            )),
        ),
        tools=(WEATHER, Tool(name="bare", schema=SCHEMA, description=" ", is_strict=True)),
        tool_choice=ToolChoice(mode="named", name="weather"),
    )  # fmt: skip
    written(conversation)
    body, dropped = write_conversation(conversation, model=CLAUDE, is_stream=True)
    assert b'"input":{"city": "Bonn", "n": 1.50}' in body   # not decoded and encoded again
    _, assistant, user = json.loads(body)["messages"]
    digest = assistant["content"][4]["toolUse"]["toolUseId"]
    assert len(digest) < 64
    assert assistant["content"][:3] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "c2ln"}},
        {"text": "Let me see."},
    ]
    assert assistant["content"][4] == {"toolUse": {"toolUseId": digest, "name": "weather", "input": {}}}
    assert user["content"] == [
        {"toolResult": {"toolUseId": "t.1", "content": [
            {"text": "sunny"}, {"image": {"format": "png", "source": {"bytes": "aWk="}}},
        ]}},
        {"cachePoint": {"type": "default"}},
        {"toolResult": {"toolUseId": digest, "content": [], "status": "error"}},
    ]  # fmt: skip
    tools = json.loads(body)["toolConfig"]
    assert tools["tools"][1] == {"toolSpec": {"name": "bare", "inputSchema": {"json": json.loads(bytes(SCHEMA))}, "strict": True}}
    assert tools["toolChoice"] == {"tool": {"name": "weather"}}
    assert dropped == ("reasoning of another vendor", "citations")


@pytest.mark.parametrize(("mode", "choice"), [("auto", {"auto": {}}), ("required", {"any": {}})])
def test_a_choice_of_tools_has_its_word(mode: Any, choice: dict[str, Any]) -> None:
    body, _ = written(asking(tools=(WEATHER,), tool_choice=ToolChoice(mode=mode)))
    assert body["toolConfig"]["toolChoice"] == choice


def test_no_tool_may_be_called_where_none_is_offered() -> None:
    body, _ = written(asking(tools=(WEATHER,), tool_choice=ToolChoice(mode="none")))
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("model", "reasoning", "extras", "output", "dropped"),
    [
        (CLAUDE, Reasoning(effort="minimal"), {"thinking": {"type": "adaptive"}}, {"effort": "low"}, ()),
        (CLAUDE, Reasoning(budget_tokens=16000), {"thinking": {"type": "adaptive"}}, {"effort": "high"}, ()),
        (CLAUDE, Reasoning(is_shown=True), {"thinking": {"type": "adaptive", "display": "summarized"}}, None, ()),
        (CLAUDE, Reasoning(effort="none"), None, None, ()),
        (OLD_CLAUDE, Reasoning(effort="low"), {"thinking": {"type": "enabled", "budget_tokens": 2048}}, None, ()),
        (OLD_CLAUDE, Reasoning(budget_tokens=5000), {"thinking": {"type": "enabled", "budget_tokens": 3999}}, None, ()),
        (OLD_CLAUDE, Reasoning(budget_tokens=0), None, None, ()),
        ("openai.gpt-oss-120b-1:0", Reasoning(effort="max"), {"reasoning_effort": "high"}, None, ()),
        (LLAMA, Reasoning(effort="high"), None, None, ("reasoning",)),
    ],
)
def test_each_family_is_told_to_think_in_its_own_way(
    model: str, reasoning: Reasoning, extras: object, output: object, dropped: tuple[str, ...]
) -> None:
    body, told = written(asking(reasoning=reasoning, max_output_tokens=4000), model)
    assert body.get("additionalModelRequestFields") == extras
    assert body.get("outputConfig") == output
    assert told == dropped


def test_a_thought_that_does_not_fit_into_the_answer_is_left_out() -> None:
    body, dropped = written(asking(reasoning=Reasoning(effort="high"), max_output_tokens=1024), OLD_CLAUDE)
    assert "additionalModelRequestFields" not in body
    assert dropped == ("reasoning",)


@pytest.mark.parametrize(
    ("model", "family"),
    [
        (CLAUDE, "anthropic"), ("us.amazon.nova-pro-v1:0", "amazon"), ("openai.gpt-oss-20b-1:0", "openai"), (LLAMA, "other"),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-5-v1:0", "anthropic"),
        ("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc", "other"),
    ],
)  # fmt: skip
def test_a_models_id_tells_its_family(model: str, family: Family) -> None:
    assert family_of(model) == family


def test_the_family_of_a_profile_can_be_said() -> None:
    body, dropped = written(asking(Text(text="x", cache="5m"), top_k=3), "arn:…/abc", family="amazon")
    assert body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 3}}
    assert dropped == ()


def test_what_only_tunes_is_left_out_and_told() -> None:
    _, dropped = written(asking(seed=1, user="u", service_tier="scale"))
    assert dropped == ("seed", "user", "service_tier")
    assert written(asking(service_tier="auto"))[1] == ()
    assert set(dropped) <= set(DROPPED)


@pytest.mark.parametrize(
    ("conversation", "param"),
    [
        (asking(choices=2), "n"),
        (asking(logprobs=0), "logprobs"),
        (asking(frequency_penalty=0.5), "frequency_penalty"),
        (asking(presence_penalty=-1.0), "presence_penalty"),
        (asking(temperature=1.5), "temperature"),
        (asking(parallel_tool_calls=False, tools=(WEATHER,)), "parallel_tool_calls"),
        (asking(output=OutputSchema()), "response_format"),
        (asking(Image(url="https://a.example/cat.png")), "messages[0]"),
        (asking(Image(data="eA==", media_type="image/tiff")), "messages[0]"),
        (asking(File(data="eA==", media_type="application/zip")), "messages[0]"),
        (asking(Audio(data="eA==", media_type="audio/midi")), "messages[0]"),
        (Conversation(messages=(*HELLO, Message(role="assistant", parts=(PNG,)))), "messages[1]"),
        (Conversation(messages=(Message(role="system", parts=(Text(text="x"),)),)), "messages"),
        (
            Conversation(
                messages=(*HELLO, Message(role="assistant", parts=(ToolCall(id="1", name="weather", arguments="{}"),))),
                tools=(WEATHER,), tool_choice=ToolChoice(mode="none"),
            ),
            "tool_choice",
        ),
    ],
)  # fmt: skip
def test_what_has_no_place_is_refused_with_its_name(conversation: Conversation, param: str) -> None:
    with pytest.raises(errors.Unsupported) as caught:
        written(conversation)
    assert caught.value.param == param


def test_a_model_that_takes_no_top_k_says_so() -> None:
    with pytest.raises(errors.Unsupported) as caught:
        written(asking(top_k=5), LLAMA)
    assert caught.value.param == "top_k"


@pytest.mark.parametrize("arguments", ["{", "[]", "1", '"x"', "null"])
def test_arguments_that_are_no_object_are_the_callers_mistake(arguments: str) -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        written(Conversation(messages=(
            *HELLO, Message(role="assistant", parts=(ToolCall(id="1", name="weather", arguments=arguments),)),
        )))  # fmt: skip
    assert caught.value.param == "messages[1]"


def test_a_refusal_in_the_history_is_text() -> None:
    body, _ = written(Conversation(messages=(*HELLO, Message(role="assistant", parts=(Refusal(text="No."),)), *HELLO)))
    assert body["messages"][1] == {"role": "assistant", "content": [{"text": "No."}]}


@given(st.text(), st.text(), st.text())
def test_any_text_id_and_name_make_a_valid_body_or_a_refusal(text: str, call_id: str, name: str) -> None:
    conversation = Conversation(messages=(
        *HELLO,
        Message(role="assistant", parts=(ToolCall(id=call_id, name="weather", arguments=text),)),
        Message(role="user", parts=(ToolResult(call_id=call_id, parts=(Text(text=text), File(text=text, name=name))),)),
    ))  # fmt: skip
    try:
        body, _ = written(conversation)
    except errors.RequestError:
        return
    call, result = body["messages"][1]["content"][0]["toolUse"], body["messages"][2]["content"][0]["toolResult"]
    assert call["toolUseId"] == result["toolUseId"]
    assert 0 < len(call["toolUseId"]) <= 64
