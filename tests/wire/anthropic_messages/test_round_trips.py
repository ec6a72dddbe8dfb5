"""What goes into this dialect comes out of it again: conversations through a request, answers and streams through a reply."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from taskfit.pipeline.collect import collect
from taskfit.values.answer import Answer, Choice, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import (
    Citation,
    Conversation,
    Part,
    Reasoning,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
)
from taskfit.values.request import Caller, Terms
from taskfit.values.usage import Usage
from taskfit.wire.anthropic_messages import (
    DIALECT,
    new_reader,
    new_writer,
    read_answer,
    read_conversation,
    read_request,
    write_answer,
    write_conversation,
)
from taskfit.wire.signatures import call_signature_of, unseal
from taskfit.wire.streams import DeltaReader
from tests.wire.anthropic_messages.asking import asked
from tests.wire.conversations import ARGUMENTS, BASE64, NAMES, SETTINGS, WORDS, Subset, conversations

CARRIED = Subset(
    origin=DIALECT,
    settings={
        **{name: SETTINGS[name] for name in ("max_output_tokens", "temperature", "top_p", "top_k", "stop", "user")},
        "service_tier": st.sampled_from(["auto", "default"]),
    },
    several_system_parts=False,
    files=frozenset({"url", "data", "text"}),
    has_file_names=True,
    has_file_citations=True,
    thinking=frozenset({"signed", "redacted"}),
    results=frozenset({"text", "image", "file"}),
    results_at_most=3,
    mixes_results=True,
    has_result_errors=True,
    has_strict_tools=True,
    has_output_names=False,
    has_any_json=False,
    has_loose_output=False,
    cached=frozenset({"text", "image", "file", "tool", "call", "result"}),
)
EFFORTS = st.none() | st.sampled_from(["low", "medium", "high", "xhigh", "max"])


def crossed(conversation: Conversation, **how: Any) -> Conversation:
    """Out to an upstream, and read again as if a client had sent it."""
    written = write_conversation(conversation, model="m", is_stream=False, **how)
    assert written.dropped == ()
    return read_conversation(
        read_request(written.body, request_id="r", terms=Terms(), caller=Caller(), headers={}),
    )


def normal(conversation: Conversation) -> Conversation:
    """With what the API says anyway: a limit, calls in parallel, closed schemas, a choice where calls may not be parallel."""
    output = conversation.output
    if output is not None and output.schema is not None:
        schema = {**json.loads(bytes(output.schema)), "additionalProperties": False}
        output = msgspec.structs.replace(output, schema=msgspec.Raw(msgspec.json.encode(schema)))
    is_serial = conversation.parallel_tool_calls is False
    choice = conversation.tool_choice or (ToolChoice(mode="auto") if is_serial and conversation.tools else None)
    return msgspec.structs.replace(
        conversation, output=output, max_output_tokens=conversation.max_output_tokens or 8192,
        tool_choice=choice, parallel_tool_calls=False if is_serial else None,
    )  # fmt: skip


@given(conversations(CARRIED))
def test_a_conversation_comes_back_as_it_was(conversation: Conversation) -> None:
    assert crossed(conversation) == normal(conversation)


@given(
    conversation=conversations(CARRIED),
    reasoning=st.builds(Reasoning, effort=EFFORTS, is_adaptive=st.just(True), is_shown=st.none() | st.booleans()),
)
def test_thinking_comes_back_as_it_was(conversation: Conversation, reasoning: Reasoning) -> None:
    conversation = msgspec.structs.replace(
        conversation, reasoning=reasoning, temperature=None, top_p=None, top_k=None, tool_choice=None, parallel_tool_calls=None,
        max_output_tokens=1000,
    )  # fmt: skip
    assert crossed(conversation, takes_effort=True) == normal(conversation)


signatures = st.builds(Signature, origin=st.sampled_from(["gemini-generate", "openai-responses"]), value=BASE64)
thoughts = st.builds(Thinking, text=WORDS, signature=st.none() | signatures) | st.builds(
    Thinking, is_redacted=st.just(True), signature=signatures
)
citations = st.builds(Citation, url=NAMES, title=st.none() | WORDS, quote=WORDS) | st.builds(
    Citation, document=st.integers(0, 9), title=st.none() | WORDS, quote=WORDS
)
texts = st.builds(Text, text=WORDS, citations=st.lists(citations, max_size=2).map(tuple))
calls = st.builds(ToolCall, id=NAMES, name=NAMES, arguments=ARGUMENTS, signature=st.none() | signatures)
usages = st.builds(
    Usage, input_tokens=st.integers(100, 999), output_tokens=st.integers(50, 99), cached_tokens=st.integers(0, 50),
    cache_write_tokens=st.integers(0, 50), reasoning_tokens=st.integers(0, 50),
)  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Of another vendor: thoughts, then text, then calls."""
    parts: list[Part] = draw(st.lists(thoughts, max_size=2))
    parts += draw(st.lists(texts, max_size=1))
    asked_for = draw(st.lists(calls, max_size=3, unique_by=lambda call: call.id))
    ways: list[Finish] = ["tool_calls", "length"] if asked_for else ["stop", "length", "refusal"]
    finish = draw(st.sampled_from(ways))
    choice = Choice(parts=(*parts, *asked_for), finish=finish)
    return Answer(dialect="openai-chat", model="m", choices=(choice,), usage=draw(usages))


def unsealed(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """As a client of this dialect gives them back: with the signatures of other vendors."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, ToolCall) and found and isinstance(last := found[-1], Thinking):
            signature = call_signature_of(last.signature) if last.is_redacted else None
            if signature is not None:
                found[-1] = msgspec.structs.replace(part, signature=signature)
                continue
        found.append(_unsealed(part) if isinstance(part, Thinking) else part)
    return tuple(found)


def _unsealed(part: Thinking) -> Thinking:
    opened = unseal(part.signature.value, DIALECT) if part.signature is not None else None
    return msgspec.structs.replace(part, signature=opened if opened is not None and opened.value else None)


@given(answers())
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    read = read_answer(write_answer(answer, asked(), reply_id="7", model="m", created=0))
    assert unsealed(read.parts) == answer.parts
    assert (read.finish, read.usage, read.model) == (answer.finish, answer.usage, answer.model)


def pieces_of(answer: Answer) -> list[Delta]:
    """The same answer as another vendor's stream might tell it, in small pieces."""
    deltas, index = [Delta(dialect="openai-chat", model=answer.model)], 0
    for part in answer.parts:
        match part:
            case Thinking(text=text, signature=signature, is_redacted=is_redacted):
                deltas += [Delta(dialect="openai-chat", reasoning=letter) for letter in text]
                if signature is not None:
                    deltas.append(Delta(dialect="openai-chat", signature=signature, is_redacted=is_redacted))
            case Text(text=text, citations=found):
                deltas += [Delta(dialect="openai-chat", text=letter) for letter in text]
                deltas.append(Delta(dialect="openai-chat", citations=found))
            case ToolCall(id=call_id, name=name, arguments=arguments, signature=signature):
                first = ToolCallDelta(index=index, id=call_id, name=name, signature=signature)
                pieces = [first, *[ToolCallDelta(index=index, arguments=letter) for letter in arguments]]
                deltas += [Delta(dialect="openai-chat", tool_calls=(piece,)) for piece in pieces]
                index += 1
            case _:
                pass
    return [*deltas, Delta(dialect="openai-chat", finish=answer.finish), Delta(dialect="openai-chat", usage=answer.usage)]


def through_a_client(deltas: list[Delta]) -> list[Delta]:
    """Written for a client of this dialect, and read as an upstream's stream."""
    writer, seen = new_writer(asked(), reply_id="7", created=0), list[Delta]()
    reader = DeltaReader(new_reader(), seen.append)
    reader.feed(b"".join([writer.write(delta, model="m") for delta in deltas]) + writer.end())
    reader.finish()
    return seen


@given(answers())
def test_a_stream_says_what_it_said(answer: Answer) -> None:
    deltas = pieces_of(answer)
    read = through_a_client(deltas)
    found, expected = collect(read), collect(deltas)
    thoughts_of_calls = [part for part in found.parts if not isinstance(part, Thinking) or not _signs_a_call(part)]
    assert unsealed(tuple(thoughts_of_calls)) == tuple([_unsigned(part) for part in expected.parts])
    assert found.finish == expected.finish
    assert [delta.usage for delta in read if delta.usage is not None][-1] == answer.usage
    assert read[-1].is_terminal


def _signs_a_call(part: Thinking) -> bool:
    return (
        part.is_redacted and part.signature is not None and call_signature_of(unseal(part.signature.value, DIALECT)) is not None
    )


def _unsigned(part: Part) -> Part:
    return msgspec.structs.replace(part, signature=None) if isinstance(part, ToolCall) else part


@given(answers())
def test_the_history_of_a_client_holds_what_another_vendor_signed(answer: Answer) -> None:
    content = json.loads(write_answer(answer, asked(), reply_id="7", model="m", created=0))["content"]
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": content}]
    messages = read_conversation(asked(messages=history)).messages
    parts = messages[1].parts if len(messages) > 1 else ()
    assert [_argued(part) for part in parts] == [_argued(part) for part in answer.parts]


def _argued(part: Part) -> object:
    """Arguments may be spaced otherwise."""
    return msgspec.structs.replace(part, arguments=json.dumps(json.loads(part.arguments))) if isinstance(part, ToolCall) else part
