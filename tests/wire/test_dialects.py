"""What crosses to another dialect, and refusals of that dialect in the words of the client's own."""

import json
from typing import Any

import pytest

from taskfit.errors import RequestError
from taskfit.values.conversation import Conversation
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire import anthropic_messages, bedrock_converse, gemini_generate, openai_chat, openai_responses
from taskfit.wire.dialect import Written
from taskfit.wire.dialects import cross

WHO: dict[str, Any] = {"request_id": "r", "terms": Terms(), "caller": Caller(), "headers": {}}
SOUND = {"type": "base64", "media_type": "application/zip", "data": "QQ=="}


def of_responses(**fields: object) -> Request:
    return openai_responses.read_request(json.dumps({"model": "m", "input": "Hi", **fields}).encode(), **WHO)


def of_messages(**fields: object) -> Request:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], **fields}
    return anthropic_messages.read_request(json.dumps(body).encode(), **WHO)


def of_gemini(**fields: object) -> Request:
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], **fields}
    return gemini_generate.read_request(json.dumps(body).encode(), **WHO, model="m", is_stream=False)


def to_claude(conversation: Conversation) -> Written:
    return anthropic_messages.write_conversation(conversation, model="claude-sonnet-5", is_stream=False, default_max_tokens=9)


def to_responses(conversation: Conversation) -> Written:
    return openai_responses.write_conversation(conversation, model="m", is_stream=False)


AUDIO = {"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}
TALK = [
    {"role": "user", "parts": [{"text": "Hi"}]},
    {"role": "model", "parts": [{"text": "Yes?"}]},
    {"role": "user", "parts": [AUDIO]},
]


@pytest.mark.parametrize(
    ("request_", "write", "param"),
    [
        (of_messages(stop_sequences=["x"]), to_responses, "stop_sequences"),
        (of_gemini(generationConfig={"candidateCount": 2}), to_claude, "generationConfig.candidateCount"),
        (of_gemini(generationConfig={"stopSequences": ["x"]}), to_responses, "generationConfig.stopSequences"),
        (of_gemini(contents=TALK), to_claude, "contents[2]"),
        (of_gemini(contents=TALK, systemInstruction={"parts": [{"text": "Be brief."}]}), to_claude, "contents[2]"),
        (of_responses(text={"format": {"type": "json_object"}}), to_claude, "text.format"),
    ],
)
def test_a_refusal_names_the_field_as_the_client_does(request_: Request, write: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        cross(request_, write)
    assert caught.value.param == param
    assert caught.value.caller_text.startswith(param)


def test_a_chat_client_reads_the_hub_s_own_words() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"Hi"}],"n":2}'
    with pytest.raises(RequestError) as caught:
        cross(openai_chat.read_request(body, **WHO), to_claude)
    assert caught.value.param == "n"


def test_what_both_sides_drop_is_told() -> None:
    request = of_gemini(safetySettings=[{"category": "X", "threshold": "Y"}], generationConfig={"seed": 1})
    assert cross(request, to_claude).dropped == ("safetySettings", "seed")


def test_a_file_that_no_model_takes_is_named_by_its_turn() -> None:
    request = of_messages(system="Be brief.", messages=[{"role": "user", "content": [{"type": "image", "source": SOUND}]}])
    with pytest.raises(RequestError) as caught:
        cross(request, lambda said: bedrock_converse.write_conversation(said, model="m", is_stream=False))
    assert caught.value.param == "messages[0]"
