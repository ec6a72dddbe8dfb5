"""OpenAI's SDK on chat completions."""

import json
from base64 import b64encode
from typing import Any

import openai

from taskfit.values.answer import Finish
from tests.matrix.asking import Called, Failure, Function, Heard, Question, Used

FINISHES: dict[str, Finish] = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
}  # fmt: skip


class ChatClient:
    """See `Client`."""

    any_error: type[Exception] = openai.APIError
    bad_request: type[Exception] = openai.BadRequestError
    unauthorized: type[Exception] = openai.AuthenticationError
    bad_kinds = frozenset({"invalid_request_error"})

    def __init__(self, root: str, key: str) -> None:
        self.sdk = openai.OpenAI(base_url=f"{root}/v1", api_key=key)

    def ask(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        return _heard(self.sdk.chat.completions.create(model=model, **_asked(question)))

    def stream(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        texts = arguments = 0
        options: Any = {"include_usage": True}
        with self.sdk.chat.completions.stream(model=model, stream_options=options, **_asked(question)) as stream:
            for event in stream:
                texts += event.type == "content.delta"
                arguments += event.type == "tool_calls.function.arguments.delta" and bool(event.arguments_delta)
            return _heard(_final(stream), texts, arguments)

    def failure(self, error: Exception) -> Failure:
        """See `Client`."""
        return failure_of(error)

    def models(self) -> set[str]:
        """See `Client`."""
        return {model.id for model in self.sdk.models.list()}

    def found(self, name: str) -> str:
        """See `Client`."""
        return self.sdk.models.retrieve(name).id

    def close(self) -> None:
        """See `Client`."""
        self.sdk.close()


def _final(stream: Any) -> Any:
    """The whole answer. The SDK raises where it was cut at a limit or filtered, though everything has come."""
    try:
        return stream.get_final_completion()
    except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
        return stream.current_completion_snapshot


def failure_of(error: Exception) -> Failure:
    """An exception of this SDK."""
    assert isinstance(error, openai.APIError)
    status = error.status_code if isinstance(error, openai.APIStatusError) else 0
    return Failure(status=status, kind=error.type or "", message=error.message, place=error.param)


def data_url(image: bytes) -> str:
    """A PNG as an address."""
    return f"data:image/png;base64,{b64encode(image).decode()}"


def _asked(question: Question) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": _messages(question)}
    if question.tools:
        asked["tools"] = [_tool(tool) for tool in question.tools]
    if question.must_call:
        asked["tool_choice"] = "required"
    if question.schema is not None:
        wanted = {"name": "report", "strict": True, "schema": question.schema}
        asked["response_format"] = {"type": "json_schema", "json_schema": wanted}
    if question.thinks:
        asked["reasoning_effort"] = "low"
    if question.max_output_tokens is not None:
        asked["max_completion_tokens"] = question.max_output_tokens
    return asked


def _messages(question: Question) -> list[Any]:
    messages: list[Any] = [] if question.system is None else [{"role": "system", "content": question.system}]
    content: Any = question.text
    if question.image is not None:
        picture = {"type": "image_url", "image_url": {"url": data_url(question.image)}}
        content = [{"type": "text", "text": question.text}, picture]
    messages.append({"role": "user", "content": content})
    for one in question.past:
        messages.append(one.heard.turn)
        messages += [{"role": "tool", "tool_call_id": call, "content": text} for call, text in one.results.items()]
    return messages


def _tool(tool: Function) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters, "strict": True}
    return {"type": "function", "function": function}


def _heard(completion: Any, text_pieces: int = 0, argument_pieces: int = 0) -> Heard:
    choice = completion.choices[0]
    message, usage = choice.message, completion.usage
    calls = [
        Called(id=call.id, name=call.function.name, arguments=json.loads(call.function.arguments))
        for call in message.tool_calls or ()
    ]
    return Heard(
        text=message.content or "",
        refusal=message.refusal or "",
        reasoning=getattr(message, "reasoning_content", None) or "",
        calls=tuple(calls),
        finish="refusal" if message.refusal else FINISHES[choice.finish_reason],
        used=Used(
            input=usage.prompt_tokens,
            output=usage.completion_tokens,
            cached=usage.prompt_tokens_details.cached_tokens or 0 if usage.prompt_tokens_details else 0,
            reasoning=usage.completion_tokens_details.reasoning_tokens or 0 if usage.completion_tokens_details else 0,
        ),
        turn=message,
        text_pieces=text_pieces,
        argument_pieces=argument_pieces,
    )
