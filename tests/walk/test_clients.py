"""The clients that people have work against the gateway as they are: OpenAI's SDK, LangChain, curl."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from shutil import which
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from taskfit.testing import Fault, Reply
from taskfit.values.conversation import ToolCall
from tests.walk.house import House, ask

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "6 x 7?"}]
TOOLS: list[ChatCompletionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            "strict": True,
        },
    }
]
CALL = ToolCall(id="call_1", name="weather", arguments='{"city": "Paris"}')


@pytest.fixture
def client(house: House) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=house.url, api_key=house.key) as made:
        yield made


def test_openai_gets_a_plain_answer(house: House, client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="auto", messages=QUESTION)
    assert answer.choices[0].message.content == "I am mini."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 2
    assert house.last_record().outcome == "answered"


def test_openai_gets_the_headers_of_the_walk(house: House, client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=QUESTION)
    assert raw.headers["x-taskfit-record"] == house.last_record().id
    assert raw.parse().choices[0].message.content == "I am mini."


def test_openai_gets_a_stream_without_usage_unless_it_asked(house: House, client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="auto", messages=QUESTION, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "I am mini."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)
    record = house.last_record()
    assert record.is_stream
    assert record.attempts[0].usage is not None
    assert not record.attempts[0].usage.is_estimate


def test_openai_gets_the_usage_of_a_stream_if_it_asked(house: House, client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(model="auto", messages=QUESTION, stream=True, stream_options={"include_usage": True})
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 5


def test_openai_s_own_stream_helper_adds_up_to_the_answer(house: House, client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="auto", messages=QUESTION) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "I am mini."


def test_openai_s_asynchronous_client_gets_plain_and_streamed_answers(house: House) -> None:
    async def both() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=house.url, api_key=house.key) as client:
            plain = await client.chat.completions.create(model="general", messages=QUESTION)
            stream = await client.chat.completions.create(model="general", messages=QUESTION, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
            return plain.choices[0].message.content, "".join(pieces)

    assert asyncio.run(both()) == ("I am general.", "I am general.")
    assert [record.outcome for record in house.records()] == ["answered", "answered"]


def test_thirty_answers_at_once_leave_thirty_records(house: House) -> None:
    async def many() -> list[str | None]:
        async with openai.AsyncOpenAI(base_url=house.url, api_key=house.key) as client:
            answers = await asyncio.gather(
                *(
                    client.chat.completions.create(model="auto", messages=[{"role": "user", "content": f"{number}?"}])
                    for number in range(30)
                )
            )
            return [answer.choices[0].message.content for answer in answers]

    assert asyncio.run(many()) == ["I am mini."] * 30
    records = house.records()
    assert len({record.id for record in records}) == 30


def test_tools_pass_through_plain_and_streamed(house: House, client: openai.OpenAI) -> None:
    house.upstream.script({"mini": Reply(tool_calls=(CALL,))})
    answer = client.chat.completions.create(model="mini", messages=QUESTION, tools=TOOLS, tool_choice="required")
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert (calls[0].id, calls[0].function.name, calls[0].function.arguments) == ("call_1", "weather", CALL.arguments)
    assert answer.choices[0].finish_reason == "tool_calls"
    with client.chat.completions.stream(model="mini", messages=QUESTION, tools=TOOLS) as stream:
        final = stream.get_final_completion()
    streamed = final.choices[0].message.tool_calls
    assert streamed is not None
    assert streamed[0].function.arguments == CALL.arguments
    assert house.upstream.requests[0].body["tools"] == TOOLS
    assert house.upstream.requests[0].body["tool_choice"] == "required"


def test_a_conversation_with_tool_results_passes_through(house: House, client: openai.OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [
        *QUESTION,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": CALL.arguments}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
    ]
    client.chat.completions.create(model="mini", messages=messages, tools=TOOLS)
    assert house.upstream.requests[0].body["messages"] == messages


def test_a_wanted_schema_passes_through(house: House, client: openai.OpenAI) -> None:
    house.upstream.script({"mini": '{"answer": 42}'})
    wanted: Any = {
        "type": "json_schema",
        "json_schema": {
            "name": "sum",
            "strict": True,
            "schema": {"type": "object", "properties": {"answer": {"type": "integer"}}},
        },
    }
    answer = client.chat.completions.create(model="mini", messages=QUESTION, response_format=wanted)
    assert json.loads(answer.choices[0].message.content or "") == {"answer": 42}
    assert house.upstream.requests[0].body["response_format"] == wanted


def test_openai_lists_and_finds_models(house: House, client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"auto", "task:default", "task:checked", "mini", "general", "up/mini", "claude/haiku"} <= set(names)
    assert len(names) == len(set(names))
    assert client.models.retrieve("mini").id == "mini"
    assert house.get("/v1/models/up/mini").json["id"] == "up/mini"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


@pytest.mark.parametrize("name", ["mini", "up/mini", "task:default", "auto"])
def test_every_kind_of_listed_name_can_be_asked(house: House, client: openai.OpenAI, name: str) -> None:
    assert client.chat.completions.create(model=name, messages=QUESTION).choices[0].message.content == "I am mini."


def test_openai_understands_the_refusals(house: House, client: openai.OpenAI) -> None:
    with openai.OpenAI(base_url=house.url, api_key="wrong") as stranger, pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="auto", messages=QUESTION)
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="generl", messages=QUESTION)
    assert missing.value.code == "model_not_found"
    assert "general" in missing.value.message
    with pytest.raises(openai.BadRequestError) as bad:
        client.chat.completions.create(model="mini", messages=[])
    assert bad.value.param == "messages"


def test_openai_does_not_send_a_finished_walk_again(house: House, client: openai.OpenAI) -> None:
    """The SDK re-sends 5xx twice unless it is told not to."""
    house.upstream.script({"mini": Fault.status(500), "general": Fault.status(503)})
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="auto", messages=QUESTION)
    assert house.asked() == ["mini", "general"]
    assert len(house.records()) == 1


def test_openai_learns_that_a_stream_broke_off(house: House, client: openai.OpenAI) -> None:
    house.upstream.script({"mini": Fault.cut_stream(after=2)})
    with pytest.raises(openai.APIError, match="broke off"):
        list(client.chat.completions.create(model="mini", messages=QUESTION, stream=True))


def test_langchain_gets_plain_and_streamed_answers(house: House) -> None:
    from langchain_openai import ChatOpenAI  # it takes a second, which only this test need spend

    model = ChatOpenAI(base_url=house.url, api_key=house.key, model="auto")  # type: ignore[arg-type]  # it takes text too
    assert model.invoke("6 x 7?").text == "I am mini."
    assert "".join(chunk.text for chunk in model.stream("6 x 7?")) == "I am mini."
    assert len(house.records()) == 2


@pytest.mark.skipif(which("curl") is None, reason="needs curl")
def test_curl_gets_plain_and_streamed_answers(house: House) -> None:
    def curl(body: dict[str, Any]) -> str:
        command = ["curl", "-sS", "-N", f"{house.url}/chat/completions", "-H", f"Authorization: Bearer {house.key}"]
        return subprocess.run(
            [*command, "-H", "Content-Type: application/json", "-d", json.dumps(body)], capture_output=True, text=True, check=True
        ).stdout

    assert json.loads(curl(ask()))["choices"][0]["message"]["content"] == "I am mini."
    assert curl(ask(stream=True)).rstrip().endswith("data: [DONE]")
