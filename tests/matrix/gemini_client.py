"""Google's SDK on generateContent."""

from typing import Any

from google import genai
from google.genai import errors, types

from taskfit.values.answer import Finish
from tests.matrix.asking import Called, Failure, Function, Heard, Question, Used

FINISHES: dict[str, Finish] = {
    "STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "PROHIBITED_CONTENT": "content_filter",
}  # fmt: skip


class GeminiClient:
    """See `Client`. The SDK has one class for all errors of the caller."""

    any_error: type[Exception] = errors.APIError
    bad_request: type[Exception] = errors.ClientError
    unauthorized: type[Exception] = errors.ClientError
    bad_kinds = frozenset({"INVALID_ARGUMENT", "FAILED_PRECONDITION"})

    def __init__(self, root: str, key: str) -> None:
        self.sdk = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=root))

    def ask(self, model: str, question: Question) -> Heard:
        """See `Client`."""
        return _heard([self.sdk.models.generate_content(model=model, contents=contents_of(question), config=_config(question))])

    def stream(self, model: str, question: Question) -> Heard:
        """See `Client`. The parts of all events make one turn, as the vendor's guide has it for signatures."""
        stream = self.sdk.models.generate_content_stream(model=model, contents=contents_of(question), config=_config(question))
        return _heard(list(stream))

    def failure(self, error: Exception) -> Failure:
        """See `Client`."""
        assert isinstance(error, errors.APIError)
        return Failure(status=error.code, kind=error.status or "", message=error.message or "", place=_place(error.details))

    def models(self) -> set[str]:
        """See `Client`."""
        return {(model.name or "").removeprefix("models/") for model in self.sdk.models.list()}

    def found(self, name: str) -> str:
        """See `Client`."""
        return (self.sdk.models.get(model=name).name or "").removeprefix("models/")

    def close(self) -> None:
        """See `Client`."""
        self.sdk.close()


def _place(told: Any) -> str | None:
    details = told.get("error", {}).get("details", []) if isinstance(told, dict) else []
    fields = [each["field"] for detail in details for each in detail.get("fieldViolations", ())]
    return fields[0] if fields else None


def _config(question: Question) -> types.GenerateContentConfig:
    config = types.GenerateContentConfig(
        system_instruction=question.system,
        max_output_tokens=question.max_output_tokens,
        tools=[types.Tool(function_declarations=[declared(tool) for tool in question.tools])] if question.tools else None,
    )
    if question.must_call:
        calling = types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
        config.tool_config = types.ToolConfig(function_calling_config=calling)
    if question.schema is not None:
        config.response_mime_type, config.response_json_schema = "application/json", question.schema
    if question.thinks:
        config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.LOW)
    return config


def declared(tool: Function) -> types.FunctionDeclaration:
    """A tool's declaration."""
    return types.FunctionDeclaration(name=tool.name, description=tool.description, parameters_json_schema=tool.parameters)


def contents_of(question: Question) -> list[Any]:
    """The conversation."""
    parts = [types.Part.from_text(text=question.text)]
    if question.image is not None:
        parts.append(types.Part.from_bytes(data=question.image, mime_type="image/png"))
    contents: list[Any] = [types.Content(role="user", parts=parts)]
    for one in question.past:
        names = {call.id: call.name for call in one.heard.calls}
        answers = [_answer(call, names[call], text) for call, text in one.results.items()]
        contents += [one.heard.turn, types.Content(role="user", parts=answers)]
    return contents


def _answer(call: str, name: str, text: str) -> types.Part:
    return types.Part(function_response=types.FunctionResponse(id=call, name=name, response={"result": text}))


def _heard(responses: list[types.GenerateContentResponse]) -> Heard:
    candidates = [candidate for response in responses for candidate in response.candidates or ()]
    contents = [candidate.content for candidate in candidates if candidate.content is not None and candidate.content.parts]
    parts = [part for content in contents for part in content.parts or ()]
    texts = [part.text for part in parts if part.text and not part.thought]
    calls = [part.function_call for part in parts if part.function_call is not None]
    finishes = [candidate.finish_reason.value for candidate in candidates if candidate.finish_reason is not None]
    (finish,) = finishes
    return Heard(
        text="".join(texts),
        refusal="".join([candidate.finish_message or "" for candidate in candidates]),
        reasoning="".join([part.text or "" for part in parts if part.thought]),
        calls=tuple([Called(id=call.id or call.name or "", name=call.name or "", arguments=call.args) for call in calls]),
        finish="tool_calls" if calls and finish == "STOP" else FINISHES[finish],
        used=_used(responses[-1].usage_metadata),
        turn=types.Content(role="model", parts=parts),
        text_pieces=len(texts),
        argument_pieces=len(calls),
    )


def _used(usage: Any) -> Used:
    thoughts = usage.thoughts_token_count or 0
    return Used(
        input=usage.prompt_token_count,
        output=(usage.candidates_token_count or 0) + thoughts,
        cached=usage.cached_content_token_count or 0,
        reasoning=thoughts,
    )
