"""What a client receives for an answer of another dialect: golden transcripts, and OpenAI's own types as the judge."""

import json

from openai.types.chat import ChatCompletion, ChatCompletionChunk

from taskfit.values.answer import Answer, Delta, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.openai_chat import read_answer, write_answer, write_delta

USAGE = Usage(input_tokens=11, output_tokens=5, cached_tokens=3, reasoning_tokens=2)
GOLDEN_USAGE = {
    "prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16,
    "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 0},
}  # fmt: skip


def answer(body: Answer) -> dict[str, object]:
    data = write_answer(body, reply_id="rec-1", model="claude/haiku", created=7)
    ChatCompletion.model_validate_json(data)
    whole: dict[str, object] = json.loads(data)
    return whole


def chunks(*deltas: Delta, shows_usage: bool = False) -> list[dict[str, object]]:
    payloads = [
        payload
        for number, delta in enumerate(deltas)
        for payload in write_delta(delta, "rec-1", "claude/haiku", 7, is_first=number == 0, shows_usage=shows_usage)
    ]
    for payload in payloads:
        ChatCompletionChunk.model_validate_json(payload)
    return [json.loads(payload) for payload in payloads]


def test_a_whole_answer() -> None:
    assert answer(Answer(dialect="anthropic-messages", model="haiku-1", text="é 日本", finish="stop", usage=USAGE)) == {
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


def test_a_tool_call_a_refusal_and_a_thought() -> None:
    call = ToolCall(id="c", name="f", arguments='{"a":1}')
    message = answer(Answer(dialect="gemini-generate", tool_calls=(call,), finish="tool_calls", reasoning="hm"))["choices"][0]  # type: ignore[index]
    assert message["message"] == {
        "role": "assistant", "content": None, "refusal": None, "reasoning_content": "hm",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
    }  # fmt: skip
    assert message["finish_reason"] == "tool_calls"
    refused = answer(Answer(dialect="gemini-generate", text="No.", finish="refusal"))["choices"][0]  # type: ignore[index]
    assert (refused["message"]["content"], refused["message"]["refusal"], refused["finish_reason"]) == (None, "No.", "stop")


def test_a_whole_stream() -> None:
    deltas = (
        Delta(dialect="anthropic-messages", model="haiku-1"),
        Delta(dialect="anthropic-messages", text="It is "),
        Delta(dialect="anthropic-messages", tool_calls=(ToolCallDelta(index=0, id="c", name="f"),)),
        Delta(dialect="anthropic-messages", tool_calls=(ToolCallDelta(index=0, arguments='{"a":1}'),)),
        Delta(dialect="anthropic-messages"),
        Delta(dialect="anthropic-messages", finish="tool_calls", usage=USAGE),
    )
    head = {"id": "chatcmpl-rec-1", "object": "chat.completion.chunk", "created": 7}

    def chunk(model: str, delta: object, finish: str | None = None) -> dict[str, object]:
        return {**head, "model": model, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    golden = [
        chunk("haiku-1", {"role": "assistant", "content": ""}),
        chunk("claude/haiku", {"content": "It is "}),
        chunk(
            "claude/haiku",
            {"tool_calls": [{"index": 0, "function": {"arguments": "", "name": "f"}, "id": "c", "type": "function"}]},
        ),
        chunk("claude/haiku", {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}),
        chunk("claude/haiku", {}, "tool_calls"),
    ]
    assert chunks(*deltas) == golden
    usage = {**head, "model": "claude/haiku", "choices": [], "usage": GOLDEN_USAGE}
    assert chunks(*deltas, shows_usage=True) == [*golden, usage]


def test_what_came_in_this_dialect_goes_out_as_it_came() -> None:
    body = b'{ "choices" : [ {"message":{"content":"x"}, "x_more": 1.0} ] }'
    assert write_answer(read_answer(body), reply_id="rec-1", model="m", created=7) == body
    event = Delta(dialect="openai-chat", data=b'{"x": 1.0}')
    usage = Delta(dialect="openai-chat", data=b'{"u": 1}', is_usage_only=True, usage=USAGE)
    assert write_delta(event, "rec-1", "m", 7, is_first=True, shows_usage=False) == (b'{"x": 1.0}',)
    assert write_delta(usage, "rec-1", "m", 7, is_first=False, shows_usage=False) == ()
    assert write_delta(usage, "rec-1", "m", 7, is_first=False, shows_usage=True) == (b'{"u": 1}',)


def test_an_empty_delta_is_no_chunk_unless_it_is_the_first() -> None:
    assert chunks(Delta(dialect="gemini-generate"), Delta(dialect="gemini-generate"))[1:] == []
