"""Requests as the walk needs them: a lower limit, another temperature, probabilities; and a check's own.

Pure, for every dialect that clients speak. What is not adjusted keeps its bytes and its spelling. `model` is the one that will be
asked, as `provider/model` or as its upstream calls it ("": unknown): what it is known to refuse is not put into a request for it.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from taskfit.protocols import Question
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.wire import openai_chat, openai_models
from taskfit.wire.added_turns import whole
from taskfit.wire.anthropic_messages import versions
from taskfit.wire.anthropic_messages.thinking import MIN_BUDGET_TOKENS
from taskfit.wire.bodies import field, is_said, member
from taskfit.wire.gemini_generate.members import camel

LEAST_RESPONSES_TOKENS: Final = 16
TOP_LOGPROBS: Final = 5
MAX_ANTHROPIC_TEMPERATURE: Final = 1.0
INTERLEAVED: Final = "interleaved-thinking"
"""In the `anthropic-beta` header: a budget of thoughts may then be more than the limit of one answer."""

_LOGPROBS: Final = "message.output_text.logprobs"
_WITHOUT_LOGPROBS: Final = ("anthropic-messages", "bedrock-converse")
_NULL: Final = Raw(b"null")
_encode = msgspec.json.Encoder().encode
_Members = dict[str, Raw]


def with_output_limit(request: Request, tokens: int, *, model: str = "") -> Request:
    """The request with a limit of output tokens of at most `tokens`, in the member that the client uses; never a higher one.

    The least that an API takes (16 for OpenAI's responses) is the least that is set: `outline.max_output_tokens` tells it.
    Where a chat client says no limit, it is `max_tokens`: providers rename it for the servers that are known to want the newer
    name, while Ollama and others do not know that name and ignore it. Errors: InvalidRequest for members of a wrong type.
    """
    limit = max(tokens, LEAST_RESPONSES_TOKENS if request.dialect == "openai-responses" else 1)
    current = request.outline.max_output_tokens
    if current is not None and current <= limit:
        return request
    match request.dialect:
        case "openai-chat":
            fields = _chat_limit(request, limit, model)
        case "openai-responses":
            fields = _with(request.fields, max_output_tokens=limit)
        case "anthropic-messages":
            fields = _anthropic_limit(request, limit)
        case "gemini-generate":
            fields = _generation(request, {"maxOutputTokens": limit})
        case _:
            return request
    return replace(request, fields=fields, outline=replace(request.outline, max_output_tokens=limit))


def with_temperature(request: Request, value: float, *, model: str = "") -> Request:
    """The request at this temperature, 0 to 2; Anthropic's is at most 1.

    The very request where the API or the model would refuse one: for models that think, and at Anthropic's beside thoughts and
    beside a `top_p`. Errors: InvalidRequest for members of a wrong type.
    """
    match request.dialect:
        case "openai-chat" | "openai-responses" if openai_models.samples(model, _effort(request)):
            return replace(request, fields=_with(request.fields, temperature=value))
        case "anthropic-messages" if versions.samples(model) and not _is_sampling_fixed(request):
            return replace(request, fields=_with(request.fields, temperature=min(value, MAX_ANTHROPIC_TEMPERATURE)))
        case "gemini-generate":
            return replace(request, fields=_generation(request, {"temperature": value}))
        case _:
            return request


def with_logprobs(request: Request, *, model: str = "", upstream: Dialect | None = None) -> Request:
    """The request with a wish for the probabilities of the answer's tokens, and of five alternatives unless it says how many.

    The very request where the client's API has none, or the model or the API of its `upstream` is known to refuse them. A client
    that did not ask for them may see them in its answer: its dialect has a place for them, which it need not read.
    Errors: InvalidRequest for members of a wrong type.
    """
    if upstream in _WITHOUT_LOGPROBS or not _tells_logprobs(model, _effort(request)):
        return request
    match request.dialect:
        case "openai-chat":
            asked = {"logprobs": True} | ({} if is_said(request.fields.get("top_logprobs")) else {"top_logprobs": TOP_LOGPROBS})
            return replace(request, fields=_with(request.fields, **asked))
        case "openai-responses":
            return replace(request, fields=_with(request.fields, **_responses_logprobs(request)))
        case "gemini-generate":
            said = field(request, _spelt(request.fields, "generationConfig"), _Members) or {}
            is_counted = is_said(said.get(_spelt(said, "logprobs")))
            asked = {"responseLogprobs": True} | ({} if is_counted else {"logprobs": TOP_LOGPROBS})
            return replace(request, fields=_generation(request, asked))
        case _:
            return request


def question_request(
    question: Question, *, model: str, request_id: str, caller: Caller, terms: Terms, upstream: Dialect | None = None
) -> Request:
    """A check's question as a chat completion request, without what the model or its `upstream` is known to refuse.

    Halves of characters become question marks. Errors: InvalidRequest for numbers out of range or a schema that is no JSON.
    """
    said = [("system", question.instructions), ("user", question.text)]
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": role, "content": whole(text)} for role, text in said if text],
        _limit_name(model): question.max_output_tokens,
    }
    if question.temperature is not None and openai_models.samples(model):
        body["temperature"] = question.temperature
    if question.schema is not None:
        schema = member(Raw(whole(question.schema).encode()), _Members, "response_format")
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}
    if question.wants_logprobs and upstream not in _WITHOUT_LOGPROBS and _tells_logprobs(model, None):
        body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    return openai_chat.read_request(_encode(body), request_id=request_id, terms=terms, caller=caller, headers={})


def _with(fields: Mapping[str, Raw], **members: object) -> _Members:
    """The fields with these members, each in its place; new ones come last."""
    return {**fields, **{name: Raw(_encode(value)) for name, value in members.items()}}


def _limit_name(model: str) -> str:
    return "max_completion_tokens" if openai_models.is_newer(model) else "max_tokens"


def _chat_limit(request: Request, limit: int, model: str) -> _Members:
    """Both names where the client says both, each if it is higher."""
    said = {name: field(request, name, int) for name in ("max_completion_tokens", "max_tokens")}
    higher = [name for name, tokens in said.items() if tokens is not None and tokens > limit]
    if any(tokens is not None for tokens in said.values()):
        return _with(request.fields, **dict.fromkeys(higher, limit))
    null = next((name for name in said if name in request.fields), _limit_name(model))
    return _with(request.fields, **{null: limit})


def _anthropic_limit(request: Request, limit: int) -> _Members:
    """A budget of thoughts must be less than the limit, and at least 1,024; where that cannot be, the model does not think."""
    fields = _with(request.fields, max_tokens=limit)
    thinking: _Members = field(request, "thinking", _Members) or {}
    budget = None if "budget_tokens" not in thinking else member(thinking["budget_tokens"], int | None, "thinking.budget_tokens")
    if budget is None or budget < limit or INTERLEAVED in request.headers.get("anthropic-beta", ""):
        return fields
    if limit <= MIN_BUDGET_TOKENS:
        return {name: value for name, value in fields.items() if name != "thinking"}
    return _with(fields, thinking={**thinking, "budget_tokens": max(MIN_BUDGET_TOKENS, limit * 3 // 4)})


def _is_sampling_fixed(request: Request) -> bool:
    """Whether a temperature would be refused: beside thoughts, and newer models take one of temperature and top_p."""
    thinking: dict[str, Any] = field(request, "thinking", dict[str, Any]) or {}
    has_temperature = is_said(request.fields.get("temperature"))
    return thinking.get("type") in ("enabled", "adaptive") or (is_said(request.fields.get("top_p")) and not has_temperature)


def _effort(request: Request) -> str | None:
    """The effort that a request of OpenAI's asks for; also one that we do not know."""
    if request.dialect == "openai-chat":
        effort = field(request, "reasoning_effort", Any)
    elif request.dialect == "openai-responses":
        effort = (field(request, "reasoning", dict[str, Any]) or {}).get("effort")
    else:
        return None
    return None if effort is None else str(effort)


def _tells_logprobs(model: str, effort: str | None) -> bool:
    return versions.version_of(model) is None and openai_models.samples(model, effort)


def _responses_logprobs(request: Request) -> dict[str, object]:
    included: list[Raw] = field(request, "include", list[Raw]) or []
    mark = Raw(_encode(_LOGPROBS))
    asked: dict[str, object] = {} if mark in included else {"include": [*included, mark]}
    return asked if is_said(request.fields.get("top_logprobs")) else asked | {"top_logprobs": TOP_LOGPROBS}


def _generation(request: Request, members: Mapping[str, object]) -> _Members:
    """Google's generation config with these members, in the client's own spelling."""
    name = _spelt(request.fields, "generationConfig")
    said: _Members = field(request, name, _Members) or {}
    return _with(request.fields, **{name: _with(said, **{_spelt(said, each): value for each, value in members.items()})})


def _spelt(members: Mapping[str, Raw], name: str) -> str:
    """How the client spells a member of Google's, where it does (of two, the last one that is said); else in camel case."""
    spellings = [each for each in members if camel(each) == name]
    return next((each for each in reversed(spellings) if is_said(members[each])), spellings[-1] if spellings else name)
