"""The shapes of OpenAI's responses, through the official client and as they are on the wire."""

import asyncio
import json
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseReasoningItem, ResponseStreamEvent

from taskfit.testing import Reply, ScriptedUpstream
from taskfit.values.answer import Finish, TokenLogprob
from taskfit.values.conversation import Citation, ToolCall
from tests.unit.testing.wire import QUESTION, ask

WEATHER = ToolCall(id="call_1", name="weather", arguments='{"city": "Zürich"}')
TIME = ToolCall(id="call_2", name="time", arguments='{"zone": "CET"}')
ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"


def responded(reply: Reply, **asked: Any) -> Response:
    async def run() -> Response:
        async with ScriptedUpstream() as upstream, client_of(upstream) as client:
            upstream.script({"m": reply})
            response: Response = await client.responses.create(model="m", input=QUESTION, **asked)
            return response

    return asyncio.run(run())


def streamed(reply: Reply, **asked: Any) -> list[ResponseStreamEvent]:
    async def run() -> list[ResponseStreamEvent]:
        async with ScriptedUpstream() as upstream, client_of(upstream) as client:
            upstream.script({"m": reply})
            return [event async for event in await client.responses.create(model="m", input=QUESTION, stream=True, **asked)]

    return asyncio.run(run())


def client_of(upstream: ScriptedUpstream) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=upstream.url + "/v1", api_key="k", max_retries=0, _strict_response_validation=True)


def said(reply: Reply, **asked: Any) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = ask(reply, "responses", **asked).json["output"]
    return output


def test_a_plain_response_has_text_usage_and_ids() -> None:
    reply = Reply("Bern.", input_tokens=12, output_tokens=9, cached_tokens=8, cache_write_tokens=2, reasoning_tokens=4)
    response = responded(reply, instructions="Be brief.")
    assert (response.id, response.model, response.status, response.output_text) == ("resp_000001", "m", "completed", "Bern.")
    assert response.instructions == "Be brief."
    assert response.usage is not None
    assert response.usage.model_dump() == {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2, "cache_write_tokens_details": None},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 21,
    }


def test_a_stream_tells_each_item_from_its_beginning_to_its_end() -> None:
    events = streamed(Reply("It is Bern.", reasoning="Hm.", tool_calls=[WEATHER]))
    names = [event.type.removeprefix("response.") for event in events]
    assert [name for at, name in enumerate(names) if names[at - 1 : at] != [name]] == [
        "created", "in_progress",
        "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done",
        "reasoning_summary_part.done", "output_item.done",
        "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done",
        "output_item.done",
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
        "completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_the_pieces_of_a_stream_add_up_to_its_last_event() -> None:
    events = streamed(Reply("It is Bern.", reasoning="Let me think.", tool_calls=[WEATHER, TIME]))
    last = events[-1]
    assert last.type == "response.completed"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == last.response.output_text
    arguments = [event for event in events if event.type == "response.function_call_arguments.delta"]
    calls = [item for item in last.response.output if isinstance(item, ResponseFunctionToolCall)]
    for call in calls:
        assert "".join(event.delta for event in arguments if event.item_id == call.id) == call.arguments
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert done == last.response.output
    assert last.response.usage is not None


def test_an_event_is_named_in_its_frame_too() -> None:
    body = ask("Bern.", "responses", stream=True).body
    for frame in body.removesuffix(b"\n\n").split(b"\n\n"):
        event, data = frame.split(b"\n")
        assert event.removeprefix(b"event: ").decode() == json.loads(data.removeprefix(b"data: "))["type"]
    assert b"[DONE]" not in body


def test_calls_come_one_after_the_other_or_by_turns() -> None:
    def order(reply: Reply) -> list[int]:
        return [event.output_index for event in streamed(reply) if event.type == "response.function_call_arguments.delta"]

    assert order(Reply(tool_calls=[WEATHER, TIME])) == [0] * 4 + [1] * 4
    assert order(Reply(tool_calls=[WEATHER, TIME], is_interleaved=True)) == [0, 1] * 4


def test_encrypted_reasoning_comes_only_if_it_is_asked_for() -> None:
    reply = Reply("Bern.", reasoning="Hm.", signature="c2lnbmVk", redacted="aGlkZGVu")
    shown, hidden = responded(reply, include=[ENCRYPTED]).output[:2]
    assert isinstance(shown, ResponseReasoningItem)
    assert isinstance(hidden, ResponseReasoningItem)
    assert (shown.summary[0].text, shown.encrypted_content) == ("Hm.", "c2lnbmVk")
    assert (hidden.summary, hidden.encrypted_content) == ([], "aGlkZGVu")
    assert "encrypted_content" not in said(reply)[0]
    assert said(Reply("Bern.", reasoning="Hm."), include=[ENCRYPTED])[0]["encrypted_content"]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("refusal", "completed", None),
        ("other", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_each_finish_has_its_status(finish: Finish, status: str, reason: str | None) -> None:
    response = ask(Reply("x", finish=finish), "responses").json
    assert (response["status"], (response["incomplete_details"] or {}).get("reason")) == (status, reason)
    assert streamed(Reply("x", finish=finish))[-1].type == f"response.{status}"


def test_a_refusal_is_a_part_of_its_own() -> None:
    (message,) = said(Reply(refusal="I will not."))
    assert message["content"] == [{"type": "refusal", "refusal": "I will not."}]
    events = streamed(Reply(refusal="I will not."))
    assert "".join(event.delta for event in events if event.type == "response.refusal.delta") == "I will not."
    assert [event.type for event in events if "refusal.done" in event.type] == ["response.refusal.done"]


def test_pages_are_cited_in_the_text_and_in_events_of_their_own() -> None:
    page = Citation(url="https://a.example/", title="A", start=0, end=4)
    (message,) = said(Reply("Bern.", citations=[page, Citation(document=0)]))
    cited = {"type": "url_citation", "url": "https://a.example/", "title": "A", "start_index": 0, "end_index": 4}
    assert message["content"][0]["annotations"] == [cited]
    (event,) = [event for event in streamed(Reply("Bern.", citations=[page])) if "annotation" in event.type]
    assert event.type == "response.output_text.annotation.added"


def test_logprobs_come_with_their_pieces_if_they_are_asked_for() -> None:
    tokens = (TokenLogprob(token="Be", logprob=-0.1, top=(("Be", -0.1), ("Ba", -2.5))), TokenLogprob(token="rn", logprob=-0.2))
    reply = Reply("Bern", logprobs=tokens)
    deltas = [event for event in streamed(reply, include=[LOGPROBS]) if event.type == "response.output_text.delta"]
    assert [(event.delta, event.logprobs[0].logprob) for event in deltas] == [("Be", -0.1), ("rn", -0.2)]
    (message,) = said(reply, include=[LOGPROBS])
    assert message["content"][0]["logprobs"][0]["top_logprobs"][1]["token"] == "Ba"
    assert said(reply)[0]["content"][0]["logprobs"] == []


def test_the_service_tier_is_told_at_the_end() -> None:
    assert responded(Reply("x", service_tier="flex")).service_tier == "flex"
    assert responded(Reply("x")).service_tier == "default"
