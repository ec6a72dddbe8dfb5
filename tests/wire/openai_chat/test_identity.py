"""What this dialect can say comes back as it was: Conversation -> body -> Request -> Conversation."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.values.conversation import Conversation, Message, Reasoning, Text
from taskfit.values.request import Caller, Terms
from taskfit.wire.openai_chat import read_conversation, read_request, write_conversation
from tests.wire.conversations import EFFORTS, SETTINGS, Subset, conversations

SUBSET = Subset(
    origin="openai-chat",
    settings={
        **SETTINGS,
        "temperature": st.floats(0, 2),
        "frequency_penalty": st.floats(-2, 2).filter(bool),
        "presence_penalty": st.floats(-2, 2).filter(bool),
    },
    reasoning=st.sampled_from(EFFORTS).map(lambda effort: Reasoning(effort=effort)),
    is_system_anywhere=True,
    has_detail=True,
    files=frozenset({"data"}),
    has_file_names=True,
    always_names_files=True,
    has_audio=True,
    audio_types=("audio/wav", "audio/mpeg", "audio/flac"),
    thinking=frozenset({"unsigned", "signed", "redacted"}),
    has_thinking_ids=True,
    has_refusals=True,
    signs_calls=True,
    has_strict_tools=True,
    has_output_description=True,
    cached=frozenset({"text", "image", "file", "audio", "tool", "call", "result"}),
)
"""Without citations of the history, files by address or as text, images in results and what `DROPPED` names."""


def there_and_back(conversation: Conversation, **habits: Any) -> tuple[Conversation, tuple[str, ...]]:
    written = write_conversation(conversation, model="m", **habits)
    request = read_request(written.body, request_id="r-1", terms=Terms(), caller=Caller(), headers={})
    return read_conversation(request), written.dropped


def assert_nothing_is_null(body: bytes) -> None:
    said = json.loads(body)
    assert None not in said.values()
    assert all(None not in message.values() for message in said["messages"])


@given(
    conversation=conversations(SUBSET), is_stream=st.booleans(), field=st.sampled_from(["max_tokens", "max_completion_tokens"])
)
def test_the_subset_comes_back_as_it_was_without_a_null(conversation: Conversation, is_stream: bool, field: Any) -> None:
    came, dropped = there_and_back(
        conversation, is_stream=is_stream, max_tokens_field=field, keeps_reasoning=True, keeps_cache=True, takes_top_k=True
    )
    assert came == conversation
    assert dropped == ()
    assert_nothing_is_null(write_conversation(conversation, model="m", is_stream=True).body)


@given(conversation=conversations(SUBSET))
def test_what_a_plain_server_is_told_is_the_same_but_for_what_is_said_to_be_dropped(conversation: Conversation) -> None:
    came, dropped = there_and_back(conversation, is_stream=False)
    again, twice = there_and_back(came, is_stream=False)
    assert (again, twice) == (came, ())
    assert set(dropped) <= {"cache", "top_k", "reasoning of another vendor"}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_have_the_role_that_the_server_wants(role: Any) -> None:
    conversation = Conversation(messages=(Message(role="system", parts=(Text(text="Be brief."),)),))
    body = json.loads(write_conversation(conversation, model="m", is_stream=False, instructions_role=role).body)
    assert body["messages"] == [{"role": role, "content": "Be brief."}]
