"""OpenAI's SDK on responses; stateless, as most agents use it."""

import json
from typing import Any

import openai

from taskfit.values.answer import Finish
from tests.matrix.asking import Called, Failure, Function, Heard, Question, Used
from tests.matrix.chat_client import data_url, failure_of

INCOMPLETE: dict[str, Finish] = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ResponsesClient:
    """See `Client`."""

    any_error: type[Exception] = openai.APIError
    bad_request: type[Exception] = openai.BadRequestError
    unauthorized: type[Exception] = openai.AuthenticationError
    bad_kinds = frozenset({"invalid_request_error"})

    def __init__(self, root: str, key: str) -> None:
        self.sdk = openai.OpenAI(base_url=f"{root}/v1", api_key=key)

    def ask(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        return heard_of(self.sdk.responses.create(model=model, **_asked(question)))

    def stream(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        texts = arguments = 0
        with self.sdk.responses.stream(model=model, **_asked(question)) as stream:
            for event in stream:
                texts += event.type == "response.output_text.delta"
                arguments += event.type == "response.function_call_arguments.delta"
                if event.type == "response.incomplete":  # the SDK's helper knows only the response that is complete
                    return heard_of(event.response, texts, arguments)
            return heard_of(stream.get_final_response(), texts, arguments)

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


def _asked(question: Question) -> dict[str, Any]:
    asked: dict[str, Any] = {"input": _items(question), "store": False, "include": ["reasoning.encrypted_content"]}
    if question.system is not None:
        asked["instructions"] = question.system
    if question.tools:
        asked["tools"] = [tool_of(tool) for tool in question.tools]
    if question.must_call:
        asked["tool_choice"] = "required"
    if question.schema is not None:
        asked["text"] = {"format": {"type": "json_schema", "name": "report", "strict": True, "schema": question.schema}}
    if question.thinks:
        asked["reasoning"] = {"effort": "low", "summary": "auto"}
    if question.max_output_tokens is not None:
        asked["max_output_tokens"] = question.max_output_tokens
    return asked


def _items(question: Question) -> list[Any]:
    content: Any = question.text
    if question.image is not None:
        picture = {"type": "input_image", "detail": "auto", "image_url": data_url(question.image)}
        content = [{"type": "input_text", "text": question.text}, picture]
    items: list[Any] = [{"role": "user", "content": content}]
    for one in question.past:
        items += one.heard.turn
        items += [{"type": "function_call_output", "call_id": call, "output": text} for call, text in one.results.items()]
    return items


def tool_of(tool: Function) -> dict[str, Any]:
    """A tool's declaration."""
    return {
        "type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters, "strict": True,
    }  # fmt: skip


def heard_of(response: Any, text_pieces: int = 0, argument_pieces: int = 0) -> Heard:
    """A whole response."""
    calls = [item for item in response.output if item.type == "function_call"]
    content = [part for item in response.output if item.type == "message" for part in item.content]
    refusal = "".join([part.refusal for part in content if part.type == "refusal"])
    thoughts = [part.text for item in response.output if item.type == "reasoning" for part in item.summary]
    return Heard(
        text=response.output_text,
        refusal=refusal,
        reasoning="".join(thoughts),
        calls=tuple([Called(id=call.call_id, name=call.name, arguments=json.loads(call.arguments)) for call in calls]),
        finish=_finish(response, has_calls=bool(calls), has_refused=bool(refusal)),
        used=Used(
            input=response.usage.input_tokens,
            output=response.usage.output_tokens,
            cached=response.usage.input_tokens_details.cached_tokens,
            reasoning=response.usage.output_tokens_details.reasoning_tokens,
        ),
        turn=response.output,
        text_pieces=text_pieces,
        argument_pieces=argument_pieces,
    )


def _finish(response: Any, *, has_calls: bool, has_refused: bool) -> Finish:
    if response.status == "incomplete":
        return INCOMPLETE[response.incomplete_details.reason]
    assert response.status == "completed"
    return "refusal" if has_refused else "tool_calls" if has_calls else "stop"
