"""A real model server that nobody here wrote, llama.cpp's, as upstream: what it says passes the gateway.

The model's weights are random: what it says is nonsense, but the same nonsense whoever asks,
and within the schema where there is one.
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI

from taskfit.testing import UpstreamThread
from tests.clients.gguf import write_random_model
from tests.walk.house import CLIENT_KEY, House, Served, write_configuration

CONFIGURATION = """
listen: 127.0.0.1:0
store: "sqlite:{store}"
providers:
  local: {{api: openai, url: "{server}/v1", responses: true}}
  messages: {{api: anthropic, url: "{server}"}}
models:
  tiny: {{model: local/tiny, price: {{input: 1, output: 2}}}}
  tiny-messages: {{model: messages/tiny, price: {{input: 1, output: 2}}}}
tasks:
  default: {{ladder: [tiny], deadline: 20s}}
"""
SERVER = Path(__file__).with_name("serve_model.py")
QUESTION = "Is it broken?"
ASK: list[Any] = [{"role": "user", "content": QUESTION}]
SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": ["bug", "praise"]}, "is_urgent": {"type": "boolean"}},
    "required": ["kind", "is_urgent"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the model server."""
    folder = tmp_path_factory.mktemp("model")
    command = [sys.executable, str(SERVER), str(write_random_model(folder / "tiny.gguf"))]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        with process:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, (folder / "log").read_text()
            yield address


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread, server: str) -> Iterator[Served]:
    """A gateway before the model server."""
    file = write_configuration(tmp_path_factory.mktemp("house"), upstream, CONFIGURATION, server=server)
    served = Served(file, upstream=upstream).start()
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture
def house(before: Served) -> House:
    before.settle()
    return House(before)


@pytest.fixture
def client(house: House) -> Iterator[OpenAI]:
    with OpenAI(base_url=house.url, api_key=CLIENT_KEY, max_retries=0) as made:
        yield made


@pytest.fixture
def messages(house: House) -> Iterator[Anthropic]:
    with Anthropic(base_url=house.root, api_key=CLIENT_KEY, max_retries=0) as made:
        yield made


def asked_directly(server: str, body: dict[str, Any]) -> Any:
    """The server's own answer to a chat completion, without the gateway."""
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=20)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def is_a_ticket(text: str | None) -> bool:
    """Whether the text is JSON as the schema wants it."""
    ticket = json.loads(text or "")
    return set(ticket) == {"kind", "is_urgent"} and ticket["kind"] in {"bug", "praise"} and isinstance(ticket["is_urgent"], bool)


def test_an_answer_is_the_server_s_own(server: str, house: House, client: OpenAI) -> None:
    direct = asked_directly(server, {"model": "tiny", "messages": ASK, "max_tokens": 20, "temperature": 0})
    answer = client.chat.completions.create(model="tiny", messages=ASK, max_tokens=20, temperature=0)
    assert answer.choices[0].message.content == direct["choices"][0]["message"]["content"]
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (direct["usage"]["prompt_tokens"], 20)
    assert answer.model_extra is not None
    assert "timings" in answer.model_extra
    usage = house.last_record().attempts[0].usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.is_estimate) == (answer.usage.prompt_tokens, 20, False)


def test_a_stream_adds_up_to_the_answer(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="tiny", messages=ASK, max_tokens=20, temperature=0)
    chunks = list(
        client.chat.completions.create(
            model="tiny", messages=ASK, max_tokens=20, temperature=0, stream=True, stream_options={"include_usage": True}
        )
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 20


def test_a_chat_client_gets_json_by_its_schema(client: OpenAI) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "ticket", "schema": SCHEMA, "strict": True}}
    answer = client.chat.completions.create(model="tiny", messages=ASK, response_format=wanted, max_tokens=300)
    assert is_a_ticket(answer.choices[0].message.content)
    assert answer.choices[0].finish_reason == "stop"
    chunks = list(client.chat.completions.create(model="tiny", messages=ASK, response_format=wanted, max_tokens=300, stream=True))
    assert is_a_ticket("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))


def test_a_responses_client_is_answered_by_the_server_s_own_responses(client: OpenAI) -> None:
    answer = client.responses.create(model="tiny", input=QUESTION, max_output_tokens=20, temperature=0, store=False)
    assert answer.output_text
    assert answer.usage is not None
    assert answer.usage.output_tokens == 20


@pytest.mark.parametrize("model", ["tiny", "tiny-messages"])
def test_a_messages_client_gets_an_answer_and_a_stream(messages: Anthropic, model: str) -> None:
    coldest = {"temperature": 0}  # the SDK has no word for it any more
    whole = messages.messages.create(model=model, max_tokens=20, messages=ASK, extra_body=coldest)
    assert whole.stop_reason == "max_tokens"
    assert whole.usage.output_tokens == 20
    with messages.messages.stream(model=model, max_tokens=20, messages=ASK, extra_body=coldest) as stream:
        said = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert [said] == [block.text for block in whole.content if block.type == "text"]
    assert final.stop_reason == "max_tokens"
    assert final.usage.output_tokens == 20


def test_a_messages_client_gets_json_by_its_schema(messages: Anthropic) -> None:
    answer = messages.messages.create(
        model="tiny", max_tokens=300, messages=ASK, output_config={"format": {"type": "json_schema", "schema": SCHEMA}}
    )
    assert is_a_ticket("".join(block.text for block in answer.content if block.type == "text"))


def test_a_gemini_client_gets_json_by_its_schema_in_a_stream(house: House) -> None:
    client = genai.Client(api_key=CLIENT_KEY, http_options=types.HttpOptions(base_url=house.root))
    wanted = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=SCHEMA, max_output_tokens=300
    )
    chunks = list(client.models.generate_content_stream(model="tiny", contents=QUESTION, config=wanted))
    assert is_a_ticket("".join(chunk.text or "" for chunk in chunks))
    client.close()


def test_a_prompt_beyond_the_window_is_the_client_s_fault(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "too long " * 2000}], max_tokens=5)
    assert caught.value.code == "context_length_exceeded"
