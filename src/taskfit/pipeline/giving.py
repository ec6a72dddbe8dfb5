"""Giving: answers that no upstream wrote as they stand, as events: repaired, merged, or decided by a person."""

import msgspec

from taskfit.values.answer import Answer, Choice, Delta, Event, Finish, ToolCallDelta
from taskfit.values.conversation import Refusal, Text, ToolCall
from taskfit.values.usage import Usage


def answer_of(text: str, *, finish: Finish = "stop", usage: Usage | None = None) -> Answer:
    """A whole answer of this text."""
    return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), finish=finish),), usage=usage)


def with_text(answer: Answer, text: str) -> Answer:
    """The same answer with another text in its first choice; thoughts and tool calls stay."""
    first = answer.choices[0]
    others = tuple([part for part in first.parts if not isinstance(part, (Text, Refusal))])
    calls = tuple([part for part in others if isinstance(part, ToolCall)])
    before = tuple([part for part in others if not isinstance(part, ToolCall)])
    choice = msgspec.structs.replace(first, parts=(*before, Text(text=text), *calls), logprobs=None)
    return msgspec.structs.replace(answer, data=None, choices=(choice, *answer.choices[1:]))


def events_of(answer: Answer, *, is_stream: bool) -> list[Event]:
    """The answer as a provider would have given it: one Answer, or for a stream the Deltas of its first choice."""
    if not is_stream:
        return [msgspec.structs.replace(answer, data=None)]
    calls = [
        ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments, signature=call.signature)
        for index, call in enumerate(answer.tool_calls)
    ]
    body = Delta(
        dialect=answer.dialect,
        response_id=answer.response_id,
        model=answer.model,
        reasoning=answer.reasoning,
        text=answer.text,
        tool_calls=tuple(calls),
    )
    return [body, Delta(dialect=answer.dialect, finish=answer.finish or "stop", usage=answer.usage)]
