"""What a model answers: whole, or as the deltas of a stream."""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage

Finish: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "other"]


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """One whole answer.

    `data` is the upstream's body in `dialect`, for the straight lane; None for an answer collected from deltas.
    With several choices, `text`, `tool_calls` and `finish` are those of the first.
    `finish` None means that the upstream did not say why it stopped.
    """

    dialect: Dialect
    data: bytes | None = None
    response_id: str | None = None
    model: str | None = None
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish | None = None
    usage: Usage | None = None


class ToolCallDelta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a tool call; `id` and `name` come with its first piece only."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class Delta(msgspec.Struct, frozen=True, kw_only=True, tag="delta"):
    """One event of a streamed answer; any part may be empty.

    `data` is the event's payload in `dialect`, for the straight lane. `usage` is cumulative: the last one counts.
    `is_usage_only` marks an event that carries usage and nothing else, which a client sees only if it asked for it.
    """

    dialect: Dialect
    data: bytes | None = None
    response_id: str | None = None
    model: str | None = None
    choice: int = 0
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish: Finish | None = None
    usage: Usage | None = None
    is_usage_only: bool = False


Event: TypeAlias = Answer | Delta
"""What a provider yields: one Answer for a plain request, or Deltas for a streamed one."""
