"""All dialects that clients speak, by their names: the one place where a request finds the translator of its own dialect, and
where a refusal of another dialect is told in the words of the client's.

Knows nothing of upstreams.
"""

import re
from collections.abc import Callable, Mapping

from taskfit.errors import RequestError
from taskfit.values.conversation import Conversation
from taskfit.values.request import Dialect, Request
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_responses
from taskfit.wire.dialect import HubReader, Written

_READERS: Mapping[Dialect, HubReader] = {
    "openai-chat": openai_chat.read_conversation,
    "openai-responses": openai_responses.read_conversation,
    "anthropic-messages": anthropic_messages.read_conversation,
    "gemini-generate": gemini_generate.read_conversation,
}
_TURNS: Mapping[Dialect, str] = {"openai-responses": "input", "gemini-generate": "contents"}
_INSTRUCTIONS = ("system", "instructions", "systemInstruction", "system_instruction")
_NAMES: Mapping[Dialect, Mapping[str, str]] = {
    "openai-responses": {"response_format": "text.format", "logprobs": "top_logprobs"},
    "anthropic-messages": {"stop": "stop_sequences", "response_format": "output_config.format"},
    "gemini-generate": {
        "n": "generationConfig.candidateCount", "stop": "generationConfig.stopSequences", "top_k": "generationConfig.topK",
        "temperature": "generationConfig.temperature", "logprobs": "generationConfig.responseLogprobs",
        "presence_penalty": "generationConfig.presencePenalty", "frequency_penalty": "generationConfig.frequencyPenalty",
        "response_format": "generationConfig.responseSchema", "tool_choice": "toolConfig.functionCallingConfig",
    },
}  # fmt: skip
"""What a client calls a field that the hub calls otherwise."""

_TURN = re.compile(r"messages(?:\[(\d+)\])?")


def conversation_of(request: Request) -> Conversation:
    """A request in the hub's words, whatever dialect it came in. Errors: Unsupported, InvalidRequest; both with `param`."""
    return _READERS[request.dialect](request)


def cross(request: Request, write: Callable[[Conversation], Written]) -> Written:
    """A request as `write` makes it for an upstream of another dialect, with all that was dropped on both sides.

    Errors: Unsupported, InvalidRequest; both with `param`, in the words of the client.
    """
    conversation = conversation_of(request)
    try:
        written = write(conversation)
    except RequestError as error:
        raise _in_the_clients_words(error, request) from error
    return Written(written.body, (*conversation.dropped, *written.dropped))


def _in_the_clients_words(error: RequestError, request: Request) -> RequestError:
    said = error.param
    if said is None or request.dialect == "openai-chat":
        return error
    turn = _TURN.fullmatch(said)
    name = _NAMES[request.dialect].get(said, said) if turn is None else _turn(request, turn[1])
    return type(error)(error.caller_text.replace(said, name, 1), param=name)


def _turn(request: Request, number: str | None) -> str:
    """The place of a turn of the hub's in the body. Instructions that have a field of their own are the hub's first turn."""
    turns = _TURNS.get(request.dialect, "messages")
    if number is None:
        return turns
    own = next((name for name in _INSTRUCTIONS if name in request.fields), None)
    place = int(number) - (own is not None)
    return f"{turns}[{place}]" if place >= 0 or own is None else own
