"""What of a request reaches an upstream of the same dialect, and what its answers say of the response before them."""

import json
from typing import Any

import pytest

from taskfit.values.answer import Delta
from taskfit.wire.openai_responses import new_writer, read_answer, write_answer, write_straight
from taskfit.wire.sse import SseReader, event
from tests.wire.openai_responses.speaking import read, request_of

GOES_ON = request_of(input="And?", previous_response_id="resp_1")
INSIDE = [{"previous_response_id": None, "text": '"previous_response_id":null'}]
"""What looks like the member, and is none."""


def test_unknown_fields_and_items_survive_the_straight_lane() -> None:
    body = (
        b'{"model":"general","input":[{"type":"new_item","x":1.50,"y":"\\u00fc"}], "vendor": {"a":[1,  2]},'
        b'"temperature":1.0,"stream":true,"tools":[{"type":"namespace","name":"n","description":"d","tools":[]}]}'
    )
    sent = write_straight(read(body), model="gpt-5.4").body
    assert b'{"type":"new_item","x":1.50,"y":"\\u00fc"}' in sent
    assert b'{"a":[1,  2]}' in sent
    assert json.loads(sent) == {**json.loads(body), "model": "gpt-5.4"}


def test_nothing_absent_is_invented_on_the_straight_lane() -> None:
    assert json.loads(write_straight(request_of(input="x"), model="m").body) == {"model": "m", "input": "x"}


UNSIGNED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "taskfit:openai-chat:"}


def test_reasoning_that_another_vendor_signed_does_not_reach_openai() -> None:
    own = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}
    foreign = {"type": "reasoning", "summary": [], "encrypted_content": "taskfit:anthropic-messages:sig"}
    said = {"role": "user", "content": "what is taskfit:anthropic-messages:x?"}
    written = write_straight(request_of(input=[own, foreign, UNSIGNED, said]), model="m")
    assert json.loads(written.body)["input"] == [own, said]
    assert written.dropped == ("reasoning of another vendor",)


def test_a_text_that_speaks_of_seals_is_left_alone() -> None:
    request = request_of(input="taskfit:gemini-generate:x")
    assert json.loads(write_straight(request, model="m").body)["input"] == "taskfit:gemini-generate:x"


def response(**members: Any) -> dict[str, Any]:
    return {"id": "resp_2", "status": "completed", "output": [], **members}


def answered(body: bytes) -> bytes:
    return write_answer(read_answer(body), GOES_ON, reply_id="7", model="m", created=5)


@pytest.mark.parametrize("indent", [None, 2])
def test_an_answer_that_goes_on_says_from_where(indent: int | None) -> None:
    given = response(previous_response_id=None, tools=INSIDE)
    told = json.loads(answered(json.dumps(given, indent=indent).encode()))
    assert told == {**given, "previous_response_id": "resp_1"}


@pytest.mark.parametrize("given", [response(), response(tools=INSIDE), response(previous_response_id="resp_0")])
def test_nothing_else_is_touched_in_an_answer_that_goes_on(given: dict[str, Any]) -> None:
    body = json.dumps(given, indent=1).encode()
    assert answered(body) == body


def test_the_events_of_a_stream_that_goes_on_say_from_where() -> None:
    begun = response(status="in_progress", previous_response_id=None, tools=INSIDE)
    created: dict[str, Any] = {"type": "response.created", "response": begun}
    said = {"type": "response.output_text.delta", "delta": '"previous_response_id":null', "x": INSIDE}
    ended = {"type": "response.completed", "response": response(previous_response_id=None)}
    payloads: list[dict[str, Any]] = [
        {**each, "sequence_number": number} for number, each in enumerate((created, said, ended))
    ]
    frames = [event(json.dumps(each).encode(), each["type"].encode()) for each in payloads]
    writer = new_writer(GOES_ON, reply_id="7", created=5)
    deltas = [Delta(dialect="openai-responses", data=frames[0] + frames[1])]
    deltas.append(Delta(dialect="openai-responses", data=frames[2], finish="stop", is_terminal=True))
    stream = b"".join([writer.write(delta, model="m") for delta in deltas]) + writer.end()
    assert frames[1] in stream
    first, second, last = [json.loads(frame.payload) for frame in SseReader().feed(stream)]
    assert (first["response"]["previous_response_id"], first["response"]["tools"]) == ("resp_1", INSIDE)
    assert (second, last["response"]["previous_response_id"]) == (payloads[1], "resp_1")
    assert json.loads(writer.response)["previous_response_id"] == "resp_1"


def test_an_event_that_cannot_be_read_goes_out_as_it_came() -> None:
    writer = new_writer(GOES_ON, reply_id="7", created=5)
    odd = event(b'{"response":["previous_response_id"]}') + event(b'{"previous_response_id"') + event(b'"previous_response_id"')
    assert writer.write(Delta(dialect="openai-responses", data=odd), model="m") == odd
