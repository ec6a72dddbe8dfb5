"""OpenAI's SDK goes on from a response that the gateway has kept, whichever vendor's model gave it."""

from collections.abc import Mapping
from typing import Any

import openai
import pytest

from taskfit.testing import Fault, Reply
from taskfit.values.request import Dialect
from tests.matrix.asking import Client, Way
from tests.matrix.features import PARIS, SIGNATURE, THOUGHT, WEATHER
from tests.matrix.responses_client import ResponsesClient, tool_of
from tests.matrix.stage import Stage
from tests.matrix.table import DIALECTS

WAYS: tuple[Way, ...] = ("plain", "streamed")


@pytest.fixture
def sdk(clients: Mapping[Dialect, Client]) -> openai.OpenAI:
    client = clients["openai-responses"]
    assert isinstance(client, ResponsesClient)
    return client.sdk


def respond(sdk: openai.OpenAI, way: Way, **asked: Any) -> Any:
    """The whole response."""
    if way == "plain":
        return sdk.responses.create(**asked)
    with sdk.responses.stream(**asked) as stream:
        return stream.get_final_response()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("then", DIALECTS)
@pytest.mark.parametrize("first", DIALECTS)
def test_a_conversation_goes_on_with_any_vendor(
    stage: Stage, sdk: openai.OpenAI, first: Dialect, then: Dialect, way: Way
) -> None:
    stage.script({first: "Hello Ann.", then: ["Hello Ann.", "Ann."] if first == then else "Ann."})
    one = respond(sdk, way, model=first, input="I am Ann.", instructions="Be brief.")
    two = respond(sdk, way, model=then, input="Who am I?", previous_response_id=one.id)
    assert (one.output_text, two.output_text) == ("Hello Ann.", "Ann.")
    assert one.id != two.id
    seen = stage.requests[-1]
    assert seen.complaint is None
    assert (seen.dialect, seen.text, seen.prompt) == (then, "Who am I?", "I am Ann.Hello Ann.Who am I?")
    assert two.previous_response_id == one.id


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", DIALECTS)
def test_a_tool_s_result_finds_its_call(stage: Stage, sdk: openai.OpenAI, model: Dialect, way: Way) -> None:
    thought = Reply(reasoning=THOUGHT, signature=SIGNATURE, tool_calls=(PARIS,))
    stage.script({model: [thought, "It rains."]})
    tools = [tool_of(WEATHER)]
    one = respond(sdk, way, model=model, input="Weather?", tools=tools, reasoning={"effort": "low"})
    call = next(item for item in one.output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain."}
    two = respond(sdk, way, model=model, input=[result], tools=tools, previous_response_id=one.id, reasoning={"effort": "low"})
    assert two.output_text == "It rains."
    seen = stage.requests[-1]
    assert seen.complaint is None
    assert list(seen.tool_results.values()) == ["Rain."]
    assert "Weather?" in seen.prompt
    if model in {"anthropic-messages", "gemini-generate"}:
        assert seen.thinking == (SIGNATURE,)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", DIALECTS)
def test_a_response_can_be_read_again_and_deleted(stage: Stage, sdk: openai.OpenAI, model: Dialect, way: Way) -> None:
    made = respond(sdk, way, model=model, input="Who are you?")
    found = sdk.responses.retrieve(made.id)
    assert (found.id, found.output_text, found.status) == (made.id, f"I am {model}.", "completed")
    sdk.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.delete(made.id)
    with pytest.raises(openai.BadRequestError) as raised:
        sdk.responses.create(model=model, input="And?", previous_response_id=made.id)
    assert raised.value.param == "previous_response_id"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", DIALECTS)
def test_what_shall_not_be_stored_is_not_kept(stage: Stage, sdk: openai.OpenAI, model: Dialect, way: Way) -> None:
    made = respond(sdk, way, model=model, input="Who are you?", store=False)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(made.id)


@pytest.mark.parametrize("model", DIALECTS)
def test_a_stream_that_broke_off_is_not_kept(stage: Stage, sdk: openai.OpenAI, model: Dialect) -> None:
    stage.script({model: Fault.cut_stream(after=2)})
    response_id = ""
    with pytest.raises(openai.APIError):
        for event in sdk.responses.create(model=model, input="Who are you?", stream=True):
            if event.type == "response.created":
                response_id = event.response.id
    assert response_id
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(response_id)
