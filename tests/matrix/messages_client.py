"""Anthropic's SDK on messages."""

from base64 import b64encode
from typing import Any

import anthropic

from taskfit.values.answer import Finish
from tests.matrix.asking import Called, Failure, Function, Heard, Question, Used

FINISHES: dict[str, Finish] = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls", "refusal": "refusal",
}  # fmt: skip
MAX_TOKENS = 4096


class MessagesClient:
    """See `Client`."""

    any_error: type[Exception] = anthropic.APIError
    bad_request: type[Exception] = anthropic.BadRequestError
    unauthorized: type[Exception] = anthropic.AuthenticationError
    bad_kinds = frozenset({"invalid_request_error"})

    def __init__(self, root: str, key: str) -> None:
        self.sdk = anthropic.Anthropic(base_url=root, api_key=key)

    def ask(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        return _heard(self.sdk.messages.create(model=model, **_asked(question)))

    def stream(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        texts = arguments = 0
        with self.sdk.messages.stream(model=model, **_asked(question)) as stream:
            for event in stream:
                texts += event.type == "text"
                arguments += event.type == "input_json" and bool(event.partial_json)
            return _heard(stream.get_final_message(), texts, arguments)

    def failure(self, error: Exception) -> Failure:
        """See `Client`. The vendor's errors name no field but in their text."""
        assert isinstance(error, anthropic.APIStatusError)
        inner: Any = error.body
        return Failure(status=error.status_code, kind=inner["error"]["type"], message=inner["error"]["message"])

    def models(self) -> set[str]:
        """See `Client`."""
        return {model.id for model in self.sdk.models.list()}

    def found(self, name: str) -> str:
        """See `Client`."""
        return self.sdk.models.retrieve(name).id

    def close(self) -> None:
        """See `Client`."""
        self.sdk.close()


def _asked(question: Question) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": messages_of(question), "max_tokens": question.max_output_tokens or MAX_TOKENS}
    if question.system is not None:
        asked["system"] = question.system
    if question.tools:
        asked["tools"] = [tool_of(tool) for tool in question.tools]
    if question.must_call:
        asked["tool_choice"] = {"type": "any"}
    if question.schema is not None:
        asked["output_config"] = {"format": {"type": "json_schema", "schema": question.schema}}
    if question.thinks:
        asked["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    return asked


def messages_of(question: Question) -> list[Any]:
    """The conversation."""
    content: Any = question.text
    if question.image is not None:
        source = {"type": "base64", "media_type": "image/png", "data": b64encode(question.image).decode()}
        content = [{"type": "image", "source": source}, {"type": "text", "text": question.text}]
    messages: list[Any] = [{"role": "user", "content": content}]
    for one in question.past:
        results = [{"type": "tool_result", "tool_use_id": call, "content": text} for call, text in one.results.items()]
        messages += [{"role": "assistant", "content": one.heard.turn}, {"role": "user", "content": results}]
    return messages


def tool_of(tool: Function) -> dict[str, Any]:
    """A tool's declaration."""
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}


def _heard(message: Any, text_pieces: int = 0, argument_pieces: int = 0) -> Heard:
    usage = message.usage
    calls = [Called(id=block.id, name=block.name, arguments=block.input) for block in message.content if block.type == "tool_use"]
    return Heard(
        text="".join([block.text for block in message.content if block.type == "text"]),
        reasoning="".join([block.thinking for block in message.content if block.type == "thinking"]),
        calls=tuple(calls),
        finish=FINISHES[message.stop_reason],
        used=Used(
            input=usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0),
            output=usage.output_tokens,
            cached=usage.cache_read_input_tokens or 0,
            reasoning=usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0,
        ),
        turn=message.content,
        text_pieces=text_pieces,
        argument_pieces=argument_pieces,
    )
