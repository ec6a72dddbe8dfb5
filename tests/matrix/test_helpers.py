"""What the SDKs do by themselves: typed answers, functions that they call, chats that they keep; each against every upstream."""

from collections.abc import Mapping

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel

from taskfit.testing import Reply
from taskfit.values.request import Dialect
from tests.matrix.asking import Client, Way
from tests.matrix.chat_client import ChatClient
from tests.matrix.features import PARIS, SIGNATURE
from tests.matrix.gemini_client import GeminiClient
from tests.matrix.messages_client import MessagesClient
from tests.matrix.responses_client import ResponsesClient
from tests.matrix.stage import Stage
from tests.matrix.table import DIALECTS
from tests.walk.house import CLIENT_KEY

Clients = Mapping[Dialect, Client]
ASKED = "What is the weather in Paris?"
SAID = '{"city":"Paris","celsius":12,"wind":"north"}'


class Report(BaseModel):
    """What each SDK makes a schema of, in its own way."""

    city: str
    celsius: int
    wind: str | None


REPORT = Report(city="Paris", celsius=12, wind="north")


def openai_of(clients: Clients) -> openai.OpenAI:
    client = clients["openai-chat"]
    assert isinstance(client, ChatClient)
    return client.sdk


def anthropic_of(clients: Clients) -> anthropic.Anthropic:
    client = clients["anthropic-messages"]
    assert isinstance(client, MessagesClient)
    return client.sdk


def google_of(clients: Clients) -> genai.Client:
    client = clients["gemini-generate"]
    assert isinstance(client, GeminiClient)
    return client.sdk


def check_schema(stage: Stage) -> None:
    """The upstream was asked for the report in JSON Schema's own words, and refused nothing."""
    seen = stage.requests[-1]
    assert seen.complaint is None
    assert seen.schema is not None
    assert set(seen.schema["properties"]) == {"city", "celsius", "wind"}
    kinds = {name: str(wanted.get("type")).lower() for name, wanted in seen.schema["properties"].items()}
    assert (kinds["city"], kinds["celsius"]) == ("string", "integer")
    assert seen.dialect == "gemini-generate" or seen.schema["properties"]["city"]["type"] == "string"


@pytest.mark.parametrize("model", DIALECTS)
def test_openai_parses_a_completion(clients: Clients, stage: Stage, model: Dialect) -> None:
    stage.script({model: SAID})
    asked = openai_of(clients).chat.completions
    answer = asked.parse(model=model, messages=[{"role": "user", "content": ASKED}], response_format=Report)
    assert answer.choices[0].message.parsed == REPORT
    check_schema(stage)
    with asked.stream(model=model, messages=[{"role": "user", "content": ASKED}], response_format=Report) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == REPORT


@pytest.mark.parametrize("model", DIALECTS)
def test_openai_parses_a_response(clients: Clients, stage: Stage, model: Dialect) -> None:
    stage.script({model: SAID})
    asked = clients["openai-responses"]
    assert isinstance(asked, ResponsesClient)
    assert asked.sdk.responses.parse(model=model, input=ASKED, text_format=Report).output_parsed == REPORT
    check_schema(stage)
    with asked.sdk.responses.stream(model=model, input=ASKED, text_format=Report) as stream:
        assert stream.get_final_response().output_parsed == REPORT


@pytest.mark.parametrize("model", DIALECTS)
def test_anthropic_parses_a_message(clients: Clients, stage: Stage, model: Dialect) -> None:
    stage.script({model: SAID})
    asked = anthropic_of(clients).messages
    message = asked.parse(model=model, max_tokens=500, messages=[{"role": "user", "content": ASKED}], output_format=Report)
    assert message.parsed_output == REPORT
    check_schema(stage)


@pytest.mark.parametrize("model", DIALECTS)
def test_google_parses_an_answer(clients: Clients, stage: Stage, model: Dialect) -> None:
    stage.script({model: SAID})
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Report)
    answer = google_of(clients).models.generate_content(model=model, contents=ASKED, config=config)
    assert answer.parsed == REPORT
    check_schema(stage)


@pytest.mark.parametrize("way", ["plain", "streamed"])
@pytest.mark.parametrize("model", DIALECTS)
def test_google_calls_a_function_by_itself(clients: Clients, stage: Stage, model: Dialect, way: Way) -> None:
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"Rain in {city}."

    signature = SIGNATURE if model == "gemini-generate" else None
    stage.script({model: [Reply(tool_calls=(PARIS,), signature=signature), "It rains."]})
    config, models = types.GenerateContentConfig(tools=[weather]), google_of(clients).models
    if way == "plain":
        said = models.generate_content(model=model, contents=ASKED, config=config).text
    else:
        stream = models.generate_content_stream(model=model, contents=ASKED, config=config)
        parts = [part for chunk in stream for part in (chunk.parts or ())]
        said = "".join([part.text or "" for part in parts])
    assert said == "It rains."
    seen = stage.requests[-1]
    assert (seen.complaint, seen.tools) == (None, ("weather",))
    assert list(seen.tool_results.values()) == ["Rain in Paris."]


@pytest.mark.parametrize("model", DIALECTS)
def test_google_keeps_a_chat(clients: Clients, stage: Stage, model: Dialect) -> None:
    stage.script({model: ["Hello Ann, how are you?", "You are Ann."]})
    chat = google_of(clients).chats.create(model=model)
    assert "".join([chunk.text or "" for chunk in chat.send_message_stream("I am Ann.")]) == "Hello Ann, how are you?"
    assert chat.send_message("Who am I?").text == "You are Ann."
    seen = stage.requests[-1]
    assert (seen.complaint, seen.text) == (None, "Who am I?")
    assert seen.prompt == "I am Ann.Hello Ann, how are you?Who am I?"


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_google_asks_either_version(stage: Stage, version: str) -> None:
    options = types.HttpOptions(base_url=stage.root, api_version=version)
    with genai.Client(api_key=CLIENT_KEY, http_options=options) as client:
        assert client.models.generate_content(model="openai-chat", contents=ASKED).text == "I am openai-chat."


@pytest.mark.parametrize("model", DIALECTS)
def test_anthropic_runs_its_tools_in_its_beta(clients: Clients, stage: Stage, model: Dialect) -> None:
    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"Rain in {city}."

    signature = SIGNATURE if model == "gemini-generate" else None
    stage.script({model: [Reply(tool_calls=(PARIS,), signature=signature), "It rains."]})
    runner = anthropic_of(clients).beta.messages.tool_runner(
        model=model, max_tokens=500, tools=[weather], messages=[{"role": "user", "content": ASKED}]
    )
    final = runner.until_done()
    assert [block.text for block in final.content if block.type == "text"] == ["It rains."]
    seen = stage.requests[-1]
    assert seen.complaint is None
    assert list(seen.tool_results.values()) == ["Rain in Paris."]


def test_anthropic_sends_its_key_as_a_bearer_too(stage: Stage) -> None:
    with anthropic.Anthropic(base_url=stage.root, auth_token=CLIENT_KEY) as client:
        message = client.messages.create(model="openai-chat", max_tokens=50, messages=[{"role": "user", "content": ASKED}])
        assert [block.text for block in message.content if block.type == "text"] == ["I am openai-chat."]
