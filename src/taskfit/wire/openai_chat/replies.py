"""What a client of this dialect receives: an Answer or Deltas to bytes.

An answer that came in this dialect goes out as it came; one that came in another is written anew.
"""

from typing import Any

import msgspec

from taskfit.values.answer import Answer, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage

_REASONS: dict[Finish, str] = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
    "refusal": "stop", "other": "stop",
}  # fmt: skip
_encode = msgspec.json.Encoder().encode


def write_answer(answer: Answer, *, reply_id: str, model: str, created: int) -> bytes:
    """The body of a whole answer. Units: `created` in seconds since the epoch."""
    if answer.dialect == "openai-chat" and answer.data is not None:
        return answer.data
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.finish == "refusal":
        message |= {"content": None, "refusal": answer.text}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in answer.tool_calls]
    finish = _REASONS[answer.finish] if answer.finish else None
    reply: dict[str, Any] = {
        "id": f"chatcmpl-{reply_id}",
        "object": "chat.completion",
        "created": created,
        "model": answer.model or model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }
    if answer.usage is not None:
        reply["usage"] = _usage(answer.usage)
    return _encode(reply)


def write_delta(delta: Delta, reply_id: str, model: str, created: int, *, is_first: bool, shows_usage: bool) -> tuple[bytes, ...]:
    """The payloads for one Delta: none where it holds nothing for the client, two where usage comes with the last words."""
    if delta.dialect == "openai-chat" and delta.data is not None:
        return () if delta.is_usage_only and not shows_usage else (delta.data,)
    head: dict[str, Any] = {
        "id": f"chatcmpl-{reply_id}", "object": "chat.completion.chunk", "created": created, "model": delta.model or model,
    }  # fmt: skip
    payloads = []
    content = _content(delta, is_first=is_first)
    if content or delta.finish:
        finish = _REASONS[delta.finish] if delta.finish else None
        choice = {"index": delta.choice, "delta": content, "logprobs": None, "finish_reason": finish}
        payloads.append(_encode({**head, "choices": [choice]}))
    if shows_usage and delta.finish and delta.usage is not None:
        payloads.append(_encode({**head, "choices": [], "usage": _usage(delta.usage)}))
    return tuple(payloads)


def _content(delta: Delta, *, is_first: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"role": "assistant", "content": ""} if is_first else {}
    if delta.text:
        content["content"] = delta.text
    if delta.reasoning:
        content["reasoning_content"] = delta.reasoning
    if delta.tool_calls:
        content["tool_calls"] = [_call_delta(call) for call in delta.tool_calls]
    return content


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_delta(call: ToolCallDelta) -> dict[str, Any]:
    piece: dict[str, Any] = {"index": call.index, "function": {"arguments": call.arguments}}
    if call.id is not None:
        piece |= {"id": call.id, "type": "function"}
    if call.name is not None:
        piece["function"]["name"] = call.name
    return piece


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": usage.input_audio_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": usage.output_audio_tokens},
    }
