"""A client that speaks OpenAI's dialect is answered by models that speak another one."""

import json
from collections.abc import Iterator

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from taskfit.testing import Fault, Reply
from taskfit.values.conversation import ToolCall
from tests.walk.house import House

FOREIGN = ["haiku", "flash"]
QUESTION: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "6 x 7?"}]
TOOLS: list[ChatCompletionToolParam] = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
]
CALL = ToolCall(id="call_1", name="weather", arguments='{"city":"Paris"}')


@pytest.fixture
def client(house: House) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=house.url, api_key=house.key) as made:
        yield made


@pytest.mark.parametrize("model", FOREIGN)
def test_a_plain_answer_is_an_openai_answer(house: House, client: openai.OpenAI, model: str) -> None:
    house.upstream.script({model: Reply("It is 42.", input_tokens=11, output_tokens=5)})
    answer = client.chat.completions.create(model=model, messages=QUESTION)
    assert answer.object == "chat.completion"
    assert answer.model == model
    assert answer.choices[0].message.content == "It is 42."
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (11, 5, 16)
    record = house.last_record()
    assert answer.id == f"chatcmpl-{record.id}"
    assert record.cost == 11 + 5 * 5


@pytest.mark.parametrize("model", FOREIGN)
def test_a_stream_is_an_openai_stream_without_usage_unless_asked(house: House, client: openai.OpenAI, model: str) -> None:
    house.upstream.script({model: Reply("It is 42.", input_tokens=11, output_tokens=5)})
    reply = house.ask(model=model, stream=True)
    assert reply.streamed_text == "It is 42."
    assert reply.events[-1] == "[DONE]"
    assert reply.payloads[0]["choices"][0]["delta"]["role"] == "assistant"
    assert all("role" not in payload["choices"][0]["delta"] for payload in reply.payloads[1:])
    assert [payload["choices"][0]["finish_reason"] for payload in reply.payloads].count("stop") == 1
    assert all("usage" not in payload for payload in reply.payloads)
    assert {payload["object"] for payload in reply.payloads} == {"chat.completion.chunk"}
    assert len({payload["id"] for payload in reply.payloads}) == 1


@pytest.mark.parametrize("model", FOREIGN)
def test_a_stream_tells_its_usage_once_at_the_end_if_asked(house: House, client: openai.OpenAI, model: str) -> None:
    house.upstream.script({model: Reply("It is 42.", input_tokens=11, output_tokens=5)})
    chunks = list(
        client.chat.completions.create(model=model, messages=QUESTION, stream=True, stream_options={"include_usage": True})
    )
    usages = [chunk.usage for chunk in chunks if chunk.usage is not None]
    assert [(usage.prompt_tokens, usage.completion_tokens) for usage in usages] == [(11, 5)]
    assert chunks[-1].choices == []


@pytest.mark.parametrize("model", FOREIGN)
def test_tool_calls_are_openai_tool_calls(house: House, client: openai.OpenAI, model: str) -> None:
    house.upstream.script({model: Reply(tool_calls=(CALL,))})
    answer = client.chat.completions.create(model=model, messages=QUESTION, tools=TOOLS, tool_choice="required")
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].id
    assert (calls[0].function.name, json.loads(calls[0].function.arguments)) == ("weather", {"city": "Paris"})
    assert answer.choices[0].finish_reason == "tool_calls"
    with client.chat.completions.stream(model=model, messages=QUESTION, tools=TOOLS) as stream:
        final = stream.get_final_completion()
    streamed = final.choices[0].message.tool_calls
    assert streamed is not None
    assert (streamed[0].function.name, json.loads(streamed[0].function.arguments)) == ("weather", {"city": "Paris"})
    assert final.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("model", FOREIGN)
def test_a_whole_round_with_a_tool_works(house: House, client: openai.OpenAI, model: str) -> None:
    house.upstream.script({model: [Reply(tool_calls=(CALL,)), Reply("It rains in Paris.")]})
    first = client.chat.completions.create(model=model, messages=QUESTION, tools=TOOLS)
    call = (first.choices[0].message.tool_calls or [])[0]
    second = client.chat.completions.create(
        model=model,
        messages=[
            *QUESTION,
            first.choices[0].message.model_dump(exclude_none=True),  # type: ignore[list-item]  # what the SDK's guide does
            {"role": "tool", "tool_call_id": call.id, "content": "Rain."},
        ],
        tools=TOOLS,
    )
    assert second.choices[0].message.content == "It rains in Paris."
    assert "Rain." in house.upstream.requests[1].raw.decode()


@pytest.mark.parametrize("model", FOREIGN)
def test_a_stream_that_breaks_off_ends_with_an_openai_error(house: House, client: openai.OpenAI, model: str) -> None:
    house.upstream.script({model: Fault.cut_stream(after=2)})
    reply = house.ask(model=model, stream=True)
    assert "[DONE]" not in reply.events
    assert reply.payloads[-1]["error"]["code"] == "cut_answer"
    assert house.last_record().attempts[0].state == "cut"


def test_the_walk_goes_on_from_one_dialect_to_another(house: House) -> None:
    house.upstream.script({"mini": Fault.status(500)})
    plain, streamed = house.ask(model="task:abroad"), house.ask(model="task:abroad", stream=True)
    assert plain.text == streamed.streamed_text == "I am haiku."
    assert plain.headers["x-taskfit-model"] == streamed.headers["x-taskfit-model"] == "claude/haiku"


@pytest.mark.parametrize("model", FOREIGN)
@pytest.mark.parametrize("code", [429, 500, 529])
def test_a_foreign_error_is_an_openai_error(house: House, model: str, code: int) -> None:
    house.upstream.script({model: Fault.status(code)})
    reply = house.ask(model=model)
    assert reply.status in {429, 502, 503}
    assert model in reply.error["message"]


@pytest.mark.parametrize("model", FOREIGN)
def test_a_field_that_cannot_be_carried_is_named(house: House, model: str) -> None:
    reply = house.ask(model=model, logit_bias={"1": 5})
    assert reply.status == 400
    assert reply.error["param"] == "logit_bias"
    assert house.asked() == []
    assert house.last_record().outcome == "refused"


def test_a_field_that_one_rung_cannot_carry_goes_to_the_one_that_can(house: House) -> None:
    house.upstream.script({"mini": Fault.status(500)})
    assert house.ask(model="task:abroad", logit_bias={"1": 5}).status in {400, 502}
    assert house.last_record().attempts[1].error == "unsupported"
    assert house.last_record().attempts[1].cost == 0


@pytest.mark.parametrize("model", FOREIGN)
def test_the_upstream_s_key_goes_in_its_own_header(house: House, model: str) -> None:
    house.ask(model=model)
    seen = house.upstream.requests[0].headers
    assert "authorization" not in seen
    assert "x-api-key" in seen or "x-goog-api-key" in seen
