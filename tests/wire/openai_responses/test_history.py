"""What is kept of a response, and requests that go on from it."""

import json
from typing import Any

import pytest

from taskfit.errors import InternalError, InvalidAnswer, InvalidRequest
from taskfit.values.request import Request
from taskfit.wire.openai_responses import previous_id, read_conversation, write_straight
from taskfit.wire.openai_responses.history import expand, final_response, keep, previous_of, response_id, response_of
from tests.wire.openai_responses.speaking import request_of

MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
           "content": [{"type": "output_text", "text": "Hello, Ada.", "annotations": []}]}  # fmt: skip


def response(*output: dict[str, Any], id: str = "resp_1") -> bytes:
    return json.dumps({"id": id, "object": "response", "output": output, "temperature": 1.0}).encode()


def input_of(request: Request) -> Any:
    return json.loads(write_straight(request, model="m").body)["input"]


def test_a_request_goes_on_with_all_items_before_its_own() -> None:
    first = request_of(input="I am Ada.", instructions="Be kind.")
    kept = keep(first, response(MESSAGE))
    second = request_of(input=[{"role": "user", "content": "Who am I?"}], previous_response_id="resp_1", temperature=0.5)
    whole = expand(second, [kept])
    said = {"type": "message", "role": "user", "content": "I am Ada."}
    assert input_of(whole) == [said, MESSAGE, {"role": "user", "content": "Who am I?"}]
    assert previous_id(whole) is None
    assert [message.role for message in read_conversation(whole).messages] == ["user", "assistant", "user"]

    then = keep(second, response(MESSAGE, id="resp_2"))
    assert (previous_of(kept), previous_of(then)) == (None, "resp_1")
    third = expand(request_of(input="Again?", previous_response_id="resp_2"), [kept, then])
    assert len(input_of(third)) == 5


def test_each_response_keeps_its_own_words_only() -> None:
    kept = keep(request_of(input="And now?", previous_response_id="resp_1"), response(MESSAGE, id="resp_2"))
    assert json.loads(kept)["asked"] == [{"type": "message", "role": "user", "content": "And now?"}]


def test_instructions_are_not_carried_over() -> None:
    kept = keep(request_of(instructions="Old."), response(MESSAGE))
    assert b"Old." not in kept
    assert expand(request_of(instructions="New.", previous_response_id="resp_1"), [kept]).outline.instructions == "New."


def test_the_outline_knows_the_whole_conversation() -> None:
    image = {"type": "input_image", "image_url": "https://example.com/a.png"}
    kept = keep(request_of(input=[{"role": "user", "content": [image]}]), response(MESSAGE))
    whole = expand(request_of(input="What is it?", previous_response_id="resp_1"), [kept])
    assert (whole.outline.has_images, whole.outline.message_count, whole.outline.prompt) == (True, 3, "What is it?")
    assert whole.outline.text_chars == len("Hello, Ada.What is it?")


def test_items_are_kept_as_they_came() -> None:
    kept = keep(request_of(input=[]), b'{"id":"resp_1","output":[{"type":"new","x":1.50}]}')
    assert b'{"type":"new","x":1.50}' in kept
    assert response_of(kept) == b'{"id":"resp_1","output":[{"type":"new","x":1.50}]}'


def test_a_request_without_input_goes_on_with_what_was_kept() -> None:
    kept = keep(request_of(input="x"), response(MESSAGE))
    whole = expand(request_of(input=None, previous_response_id="resp_1"), [kept])
    assert len(input_of(whole)) == 2


def test_a_response_tells_its_id() -> None:
    assert response_id(response()) == "resp_1"
    assert response_id(b"{}") is None


def test_what_is_no_response_cannot_be_kept() -> None:
    with pytest.raises(InvalidAnswer):
        keep(request_of(), b"[]")


@pytest.mark.parametrize("kept", [b"", b"{}", b"[]", b'{"response":{},"asked":7}', b"\xff"])
def test_kept_bytes_that_are_broken_are_our_fault(kept: bytes) -> None:
    with pytest.raises(InternalError):
        expand(request_of(previous_response_id="resp_1"), [kept])
    with pytest.raises(InternalError):
        response_of(kept)


def test_a_conversation_that_has_grown_too_long_is_refused() -> None:
    kept = json.dumps({"response": {}, "asked": [MESSAGE] * 10_000}).encode()
    with pytest.raises(InvalidRequest):
        expand(request_of(previous_response_id="resp_1"), [kept])


def test_frames_without_a_response_give_none() -> None:
    assert final_response(b"", []) == b""
    assert final_response(b"data: {\n\n", []) == b""
    assert final_response(b'data: {"type":"error"}\n\n', []) == b""
    assert final_response(b'data: {"type":"response.completed","response":{"id":"r"}}\n\n', []) == b'{"id":"r"}'
