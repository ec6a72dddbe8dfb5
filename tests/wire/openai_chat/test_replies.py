"""What a client receives for an answer of another dialect: OpenAI's own types and its own accumulator are the judges."""

import json
from typing import Any

import pytest
from openai import omit
from openai.lib.streaming.chat._completions import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from taskfit.errors import WalkFailed
from taskfit.values.answer import Answer, Choice, Delta, TokenLogprob, ToolCallDelta
from taskfit.values.conversation import Citation, Message, Part, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.request import Caller, Request, Terms
from taskfit.values.usage import Usage
from taskfit.wire.openai_chat import new_writer, read_answer, read_conversation, read_request, write_answer
from taskfit.wire.sse import DONE, SseReader, event

USAGE = Usage(input_tokens=11, output_tokens=5, cached_tokens=3, reasoning_tokens=2)
GOLDEN_USAGE = {
    "prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16,
    "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 0},
}  # fmt: skip
ASKS_FOR_USAGE = {"stream_options": {"include_usage": True}}
SIGNATURE = Signature(origin="anthropic-messages", value="EqQB")
SEALED = "taskfit:anthropic-messages:EqQB"
PATCH_TOOL = {"tools": [{"type": "custom", "custom": {"name": "patch"}}, {"type": "function", "function": {"name": "find"}}]}
OLD_FUNCTIONS = {"functions": [{"name": "find", "parameters": {"type": "object"}}]}
HEAD = {"id": "chatcmpl-rec-1", "object": "chat.completion.chunk", "created": 7}


def request_with(**more: Any) -> Request:
    body = {"model": "auto", "messages": [{"role": "user", "content": "hi"}], "stream": True, **more}
    return read_request(json.dumps(body).encode(), request_id="req-1", terms=Terms(), caller=Caller(), headers={})


def written(answer: Answer, **more: Any) -> dict[str, Any]:
    data = write_answer(answer, request_with(**more), reply_id="rec-1", model="claude/haiku", created=7)
    ChatCompletion.model_validate_json(data)
    whole: dict[str, Any] = json.loads(data)
    return whole


def told(*parts: Part, finish: Any = "stop", **more: Any) -> dict[str, Any]:
    """The first choice that the client sees."""
    answer = Answer(dialect="anthropic-messages", choices=(Choice(parts=parts, finish=finish),))
    choice: dict[str, Any] = written(answer, **more)["choices"][0]
    return choice


def stream(*deltas: Delta, **more: Any) -> bytes:
    writer = new_writer(request_with(**more), reply_id="rec-1", created=7)
    return b"".join(writer.write(delta, model="claude/haiku") for delta in deltas) + writer.end()


def chunks(*deltas: Delta, **more: Any) -> list[dict[str, Any]]:
    """The events before the end."""
    payloads = [frame.payload for frame in SseReader().feed(stream(*deltas, **more))]
    assert payloads.pop() == DONE
    for payload in payloads:
        if b'"type":"custom"' not in payload and b'"custom":' not in payload:
            ChatCompletionChunk.model_validate_json(payload)
    return [json.loads(payload) for payload in payloads]


def accumulated(*deltas: Delta, **more: Any) -> dict[str, Any]:
    """The message as the SDK's accumulator puts it together."""
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState(input_tools=omit, response_format=omit)
    for chunk in chunks(*deltas, **more):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    message: dict[str, Any] = state.get_final_completion().choices[0].message.model_dump(exclude_unset=True)
    return message


def foreign(**fields: Any) -> Delta:
    return Delta(dialect="anthropic-messages", **fields)


def replayed(message: dict[str, Any], **more: Any) -> Message:
    """What the hub reads when the client sends the message back as it got it."""
    messages = [{"role": "user", "content": "hi"}, message, {"role": "user", "content": "go on"}]
    return read_conversation(request_with(messages=messages, **more)).messages[1]


def test_a_whole_answer() -> None:
    choice = Choice(parts=(Text(text="é 日本"),), finish="stop")
    assert written(Answer(dialect="anthropic-messages", model="haiku-1", choices=(choice,), usage=USAGE)) == {
        "id": "chatcmpl-rec-1",
        "object": "chat.completion",
        "created": 7,
        "model": "haiku-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "é 日本", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": GOLDEN_USAGE,
    }


def test_a_tool_call_a_thought_and_a_refusal() -> None:
    choice = told(Thinking(text="hm"), ToolCall(id="c", name="f", arguments='{"a":1}'), finish="tool_calls")
    assert choice["message"] == {
        "role": "assistant", "content": None, "refusal": None, "reasoning_content": "hm",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
    }  # fmt: skip
    assert choice["finish_reason"] == "tool_calls"
    refused = told(Refusal(text="No."), finish="refusal")
    assert (refused["message"]["content"], refused["message"]["refusal"], refused["finish_reason"]) == (None, "No.", "stop")


def test_a_refusal_that_only_the_finish_tells_has_all_words_of_a_whole_answer() -> None:
    refused = told(Text(text="No."), finish="refusal")
    assert (refused["message"]["content"], refused["message"]["refusal"], refused["finish_reason"]) == (None, "No.", "stop")
    wordless = told(finish="refusal")
    assert (wordless["message"]["refusal"], wordless["finish_reason"]) == (None, "content_filter")


def test_all_choices_with_their_probabilities_and_the_tier() -> None:
    logprobs = (TokenLogprob(token="é", logprob=-0.5, top=(("e", -1.0),)),)
    choices = (
        Choice(parts=(Text(text="é"),), finish="length", logprobs=logprobs),
        Choice(parts=(Text(text="e"),), finish="stop"),
    )
    body = written(Answer(dialect="gemini-generate", choices=choices, service_tier="flex"))
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
    assert [choice["finish_reason"] for choice in body["choices"][:1]] == ["length"]
    assert body["choices"][0]["logprobs"] == {
        "content": [{
            "token": "é", "logprob": -0.5, "bytes": [195, 169],
            "top_logprobs": [{"token": "e", "logprob": -1.0, "bytes": [101]}],
        }],
        "refusal": None,
    }  # fmt: skip
    assert body["service_tier"] == "flex"
    anthropic = Answer(dialect="anthropic-messages", choices=choices, service_tier="standard")
    assert "service_tier" not in written(anthropic)


def test_pages_are_cited_and_documents_are_not() -> None:
    page = Citation(url="https://a", title="A", quote="q", start=1, end=4)
    choice = told(Text(text="text", citations=(page, Citation(document=0, quote="q"), Citation(url="https://b"))))
    assert choice["message"]["annotations"] == [
        {"type": "url_citation", "url_citation": {"url": "https://a", "title": "A", "start_index": 1, "end_index": 4}},
        {"type": "url_citation", "url_citation": {"url": "https://b", "title": "", "start_index": 0, "end_index": 0}},
    ]


SIGNED: tuple[Part, ...] = (
    Thinking(text="hm", signature=SIGNATURE),
    Thinking(is_redacted=True, signature=SIGNATURE),
    Text(text="x"),
    ToolCall(id="c", name="find", arguments="{}", signature=Signature(origin="gemini-generate", value="Y2Fs")),
)


def test_signatures_come_back_unchanged_with_the_message() -> None:
    message = told(*SIGNED, finish="tool_calls")["message"]
    assert message["thinking_blocks"] == [
        {"type": "thinking", "thinking": "hm", "signature": SEALED}, {"type": "redacted_thinking", "data": SEALED},
    ]  # fmt: skip
    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "taskfit:gemini-generate:Y2Fs"}}
    assert replayed(message).parts == SIGNED


SIGNED_DELTAS = (
    foreign(reasoning="h"), foreign(reasoning="m"), foreign(signature=SIGNATURE),
    foreign(signature=SIGNATURE, is_redacted=True), foreign(text="x"),
    foreign(tool_calls=(
        ToolCallDelta(index=0, id="c", name="find", signature=Signature(origin="gemini-generate", value="Y2Fs")),
    )),
    foreign(tool_calls=(ToolCallDelta(index=0, arguments="{}"),)),
    foreign(finish="tool_calls"),
)  # fmt: skip


def test_signatures_come_back_unchanged_with_the_message_that_the_sdk_accumulates() -> None:
    assert replayed(accumulated(*SIGNED_DELTAS)).parts == SIGNED


def test_thoughts_between_texts_are_blocks_of_their_own() -> None:
    deltas = (foreign(reasoning="a"), foreign(text="x"), foreign(reasoning="b", signature=SIGNATURE), foreign(finish="stop"))
    assert replayed(accumulated(*deltas)).parts == (
        Thinking(text="a"), Thinking(text="b", signature=SIGNATURE), Text(text="x"),
    )  # fmt: skip


def test_a_whole_stream() -> None:
    deltas = (
        foreign(model="haiku-1"),
        foreign(text="It is "),
        foreign(tool_calls=(ToolCallDelta(index=0, id="c", name="f"),)),
        foreign(tool_calls=(ToolCallDelta(index=0, arguments='{"a":1}'),)),
        foreign(),
        foreign(finish="tool_calls", usage=USAGE),
    )

    def chunk(model: str, delta: object, finish: str | None = None) -> dict[str, Any]:
        return {**HEAD, "model": model, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    golden = [
        chunk("haiku-1", {"role": "assistant", "content": ""}),
        chunk("claude/haiku", {"content": "It is "}),
        chunk(
            "claude/haiku",
            {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        ),
        chunk("claude/haiku", {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}),
        chunk("claude/haiku", {}, "tool_calls"),
    ]
    assert chunks(*deltas) == golden
    usage = {**HEAD, "model": "claude/haiku", "choices": [], "usage": GOLDEN_USAGE}
    assert chunks(*deltas, **ASKS_FOR_USAGE) == [*golden, usage]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_usage_comes_last_wherever_the_upstream_tells_it(place: int) -> None:
    deltas = [foreign(text="x"), foreign(finish="stop")]
    deltas.insert(place, foreign(usage=USAGE, is_usage_only=True))
    told = chunks(*deltas, **ASKS_FOR_USAGE)
    assert told[-1]["usage"] == GOLDEN_USAGE
    assert all("usage" not in chunk for chunk in told[:-1])
    assert all("usage" not in chunk for chunk in chunks(*deltas))


def test_each_choice_begins_with_its_role() -> None:
    told = chunks(foreign(text="a"), foreign(choice=1, text="b"), foreign(choice=1, text="c"), foreign(finish="stop"))
    assert [(chunk["choices"][0]["index"], chunk["choices"][0]["delta"]) for chunk in told] == [
        (0, {"role": "assistant", "content": "a"}), (1, {"role": "assistant", "content": "b"}), (1, {"content": "c"}), (0, {}),
    ]  # fmt: skip


def test_a_stream_whose_words_turn_out_to_be_a_refusal_ends_as_filtered() -> None:
    said, last = chunks(foreign(text="No."), foreign(finish="refusal"))
    assert (said["choices"][0]["delta"]["content"], last["choices"][0]["finish_reason"]) == ("No.", "content_filter")


def test_a_refusal_citations_and_probabilities_are_streamed() -> None:
    deltas = (
        foreign(text="see", citations=(Citation(url="https://a"),), logprobs=(TokenLogprob(token="see", logprob=-0.5),)),
        foreign(citations=(Citation(url="https://b", title="B"), Citation(document=1))), foreign(refusal="No."),
        foreign(finish="refusal"),
    )  # fmt: skip
    first, second, third, last = [chunk["choices"][0] for chunk in chunks(*deltas)]
    assert first["logprobs"]["content"][0]["token"] == "see"
    assert [each["index"] for each in first["delta"]["annotations"] + second["delta"]["annotations"]] == [0, 1]
    assert (third["delta"], last["finish_reason"]) == ({"refusal": "No."}, "stop")
    message = accumulated(*deltas)
    assert [each["url_citation"]["url"] for each in message["annotations"]] == ["https://a", "https://b"]
    assert message["refusal"] == "No."


def test_a_custom_tool_is_called_with_free_text() -> None:
    patch = ToolCall(id="c", name="patch", arguments='{"input":"*** Begin"}')
    find = ToolCall(id="d", name="find", arguments="{}")
    message = told(patch, find, finish="tool_calls", **PATCH_TOOL)["message"]
    assert message["tool_calls"] == [
        {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}},
        {"id": "d", "type": "function", "function": {"name": "find", "arguments": "{}"}},
    ]
    assert replayed(message, **PATCH_TOOL).parts == (patch, find)
    odd = told(ToolCall(id="c", name="patch", arguments="*** Begin"), **PATCH_TOOL)["message"]
    assert odd["tool_calls"][0]["custom"]["input"] == "*** Begin"


def test_a_custom_tool_is_streamed_as_free_text_when_it_is_whole() -> None:
    deltas = (
        foreign(tool_calls=(ToolCallDelta(index=0, id="c", name="patch", arguments='{"inp'),)),
        foreign(tool_calls=(ToolCallDelta(index=0, arguments='ut":"*** Begin"}'),)),
        foreign(tool_calls=(ToolCallDelta(index=1, id="d", name="find", arguments="{}"),)),
        foreign(finish="tool_calls"),
    )
    told = [chunk["choices"][0]["delta"].get("tool_calls") for chunk in chunks(*deltas, **PATCH_TOOL)]
    assert told == [
        [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "patch", "input": ""}}],
        [{"index": 1, "id": "d", "type": "function", "function": {"name": "find", "arguments": "{}"}}],
        [{"index": 0, "custom": {"input": "*** Begin"}}],
    ]


def test_a_client_of_functions_gets_a_function_call() -> None:
    call = ToolCall(id="c", name="find", arguments="{}")
    choice = told(call, finish="tool_calls", **OLD_FUNCTIONS)
    assert (choice["message"]["function_call"], choice["finish_reason"]) == ({"name": "find", "arguments": "{}"}, "function_call")
    assert "tool_calls" not in choice["message"]
    deltas = (
        foreign(tool_calls=(ToolCallDelta(index=0, id="c", name="find"),)),
        foreign(tool_calls=(ToolCallDelta(index=0, arguments="{}"), ToolCallDelta(index=1, id="d", name="find"))),
        foreign(finish="tool_calls"),
    )
    streamed = [chunk["choices"][0] for chunk in chunks(*deltas, **OLD_FUNCTIONS)]
    assert streamed[0]["delta"]["function_call"] == {"name": "find", "arguments": ""}
    assert streamed[1]["delta"] == {"function_call": {"arguments": "{}"}}
    assert streamed[2]["finish_reason"] == "function_call"


def test_what_came_in_this_dialect_goes_out_as_it_came() -> None:
    body = b'{ "choices" : [ {"message":{"content":"x"}, "x_more": 1.0} ] }'
    assert write_answer(read_answer(body), request_with(), reply_id="rec-1", model="m", created=7) == body
    first, second = (Delta(dialect="openai-chat", data=event(b'{"x": 1.0}')), Delta(dialect="openai-chat", choice=1, text="x"))
    usage = Delta(dialect="openai-chat", data=event(b'{"u": 1}'), is_usage_only=True, usage=USAGE)
    assert stream(first, second, usage) == event(b'{"x": 1.0}') + event(DONE)
    assert stream(first, second, usage, **ASKS_FOR_USAGE) == event(b'{"x": 1.0}') + event(b'{"u": 1}') + event(DONE)


def test_an_answer_of_this_dialect_that_was_no_stream_is_written_anew() -> None:
    delta = Delta(dialect="openai-chat", text="x", finish="stop")
    assert chunks(delta)[0]["choices"][0]["delta"] == {"role": "assistant", "content": "x"}


def test_the_forms_of_calls_are_not_looked_for_on_the_straight_lane() -> None:
    odd = request_with(tools=[{"type": "custom", "custom": 5}])
    writer = new_writer(odd, reply_id="rec-1", created=7)
    assert writer.write(Delta(dialect="openai-chat", data=b"data: {}\n\n", text="x"), model="m") == b"data: {}\n\n"


def test_an_empty_delta_is_no_chunk_unless_it_is_the_first() -> None:
    assert chunks(foreign(), foreign())[1:] == []


def test_a_stream_that_fails_ends_in_an_error_and_pings_are_no_events() -> None:
    writer = new_writer(request_with(), reply_id="rec-1", created=7)
    error = WalkFailed("the model broke off", reason="cut_answer", operator_text="x")
    (frame,) = SseReader().feed(writer.ping() + writer.comment("cost 0.1") + writer.fail(error))
    assert json.loads(frame.payload)["error"] == {
        "message": "the model broke off", "type": "server_error", "param": None, "code": "cut_answer",
    }  # fmt: skip
