"""What of a history reaches an upstream of the same dialect when models of another one have answered in between."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.wire.dialect import Written
from taskfit.wire.openai_chat import write_straight
from tests.wire.openai_chat.test_requests import read

SEAL = "taskfit:gemini-generate:Cg"
ASKED = {"role": "user", "content": "what is taskfit:gemini-generate:x?"}
CALL = {"id": "c", "type": "function", "function": {"name": "now", "arguments": "{}"}}
FOREIGN_CALL = {**CALL, "extra_content": {"google": {"thought_signature": SEAL}}}
OWN_CALL = {**CALL, "extra_content": {"google": {"thought_signature": "Cg"}, "note": "taskfit:"}}
FOREIGN_BLOCK = {"type": "thinking", "thinking": "Hm.", "signature": SEAL}
OWN_BLOCK = {"type": "thinking", "thinking": "taskfit:", "signature": "Cg"}


def answered(**members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **members}


def written(*messages: Any, **more: Any) -> Written:
    return write_straight(read({"model": "m", "messages": [ASKED, *messages]}), model="m", wants_usage=True, **more)


def sent(*messages: Any, **more: Any) -> list[Any]:
    first, *others = json.loads(written(*messages, **more).body)["messages"]
    assert first == ASKED
    return list(others)


THOUGHT = answered(content="So.", reasoning_content="Hm.", thinking_blocks=[FOREIGN_BLOCK])
REDACTED = answered(content="So.", thinking_blocks=[{"type": "redacted_thinking", "data": SEAL}])


@pytest.mark.parametrize(
    ("message", "left"),
    [
        (THOUGHT, answered(content="So.")),
        (REDACTED, answered(content="So.")),
        (answered(tool_calls=[FOREIGN_CALL, CALL], reasoning_content="Hm."), answered(tool_calls=[CALL, CALL])),
    ],
)
def test_thoughts_and_signatures_of_another_vendor_stay_here(message: Any, left: Any) -> None:
    assert sent(message) == [left]
    assert written(message).dropped == ("reasoning of another vendor",)


def test_a_server_that_wants_thoughts_back_gets_their_text() -> None:
    assert sent(THOUGHT, keeps_reasoning=True) == [answered(content="So.", reasoning_content="Hm.")]


def test_a_message_that_says_nothing_else_is_left_out() -> None:
    assert sent(answered(reasoning_content="Hm.", thinking_blocks=[FOREIGN_BLOCK])) == []


def test_what_is_the_vendors_own_goes_out_byte_for_byte() -> None:
    own = answered(content="x", reasoning_content="taskfit:", thinking_blocks=[OWN_BLOCK], tool_calls=[OWN_CALL, 1.50])
    body = json.dumps({"model": "m", "messages": [ASKED, own]}, separators=(",", ":")).encode()
    assert write_straight(read(body), model="m", wants_usage=False) == Written(body)


def test_calls_that_are_no_list_are_refused_where_they_must_be_read() -> None:
    with pytest.raises(InvalidRequest) as caught:
        written(answered(tool_calls=SEAL))
    assert caught.value.param == "messages"


@given(st.recursive(st.none() | st.just(SEAL) | st.integers(), lambda inner: st.lists(inner, max_size=3)), st.booleans())
def test_no_shape_of_these_members_crashes(odd: Any, keeps: bool) -> None:
    for message in (answered(thinking_blocks=odd, content=SEAL), answered(tool_calls=[{"extra_content": odd}, {"x": SEAL}])):
        assert json.loads(written(message, keeps_reasoning=keeps).body)["messages"]
