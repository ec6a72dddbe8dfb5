"""Recorded outcomes as the requests and answers that they were, for checks and routers that look at these."""

from taskfit.errors import ConfigurationError, RequestError
from taskfit.outcomes.calls import recorded_calls
from taskfit.outcomes.reading import Outcome
from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Text, ToolCall
from taskfit.values.request import Caller, Outline, Request, Terms
from taskfit.wire import openai_chat


def recorded_request(outcome: Outcome) -> Request:
    """The request that the model was asked; its text as one message of a user where no whole request was recorded.

    Errors: ConfigurationError for a recorded request that is not one.
    """
    if outcome.request is not None:
        try:
            return openai_chat.read_request(
                outcome.request.encode(), request_id=outcome.prompt_id, terms=Terms(), caller=Caller(), headers={}
            )
        except RequestError as error:
            raise ConfigurationError(f"{outcome.prompt_id}: its request cannot be read: {error}") from error
    outline = Outline(text_chars=len(outcome.prompt), message_count=1, prompt=outcome.prompt)
    return Request(id=outcome.prompt_id, dialect="openai-chat", model=outcome.model, is_stream=False, fields={}, outline=outline)


def recorded_answer(outcome: Outcome) -> Answer:
    """The answer as the upstream may have sent it: its text, else the final answer; a recorded confidence as its one token's
    log-probability; where the request offers tools, the calls that the text consists of.

    Errors: ConfigurationError where neither text nor confidence was recorded.
    """
    text = outcome.response if outcome.response is not None else outcome.answer
    if text is None and outcome.confidence is None:
        raise ConfigurationError(
            f"{outcome.prompt_id}: no answer of {outcome.model} was recorded\n  wanted  a response, an answer or a confidence"
        )
    logprobs = None
    if outcome.confidence is not None:
        logprobs = (TokenLogprob(token=outcome.answer or "", logprob=outcome.confidence),)
    parts = _parts(text or "", offers_tools=outcome.request is not None and '"tools"' in outcome.request)
    calls = any(isinstance(part, ToolCall) for part in parts)
    choice = Choice(parts=parts, finish="tool_calls" if calls else "stop", logprobs=logprobs)
    return Answer(dialect="openai-chat", model=outcome.model, choices=(choice,))


def _parts(text: str, *, offers_tools: bool) -> tuple[Text | ToolCall, ...]:
    calls = recorded_calls(text) if offers_tools else None
    return (Text(text=text),) if calls is None else calls
