"""What a model answers: whole, or as the deltas of a stream."""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.conversation import Citation, Part, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.embedding import Embeddings
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage

Finish: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "other"]


class TokenLogprob(msgspec.Struct, frozen=True, kw_only=True):
    """One token of an answer with the natural logarithm of its probability, and the likeliest tokens in its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of the answers to one request. `finish` None means that the upstream did not say why it stopped.

    `stop_sequence` is the caller's stop text that ended it, where the vendor says so; `logprobs` None: not asked for.
    """

    parts: tuple[Part, ...] = ()
    finish: Finish | None = None
    stop_sequence: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """One whole answer; there is always a first choice.

    `data` is the upstream's body in `dialect`, for the straight lane; None for an answer collected from deltas.
    """

    dialect: Dialect
    data: bytes | None = None
    response_id: str | None = None
    model: str | None = None
    choices: tuple[Choice, ...] = (Choice(),)
    usage: Usage | None = None
    service_tier: str | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Those of the first choice."""
        return self.choices[0].parts

    @property
    def text(self) -> str:
        """All text of the first choice, a refusal's too."""
        parts = self.choices[0].parts
        if len(parts) == 1 and isinstance(parts[0], Text):  # as most answers are, which every check reads
            return parts[0].text
        return "".join([part.text for part in parts if isinstance(part, (Text, Refusal))])

    @property
    def reasoning(self) -> str:
        """What the model thought for the first choice, as far as it tells."""
        return "".join([part.text for part in self.parts if isinstance(part, Thinking)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Those of the first choice."""
        return tuple([part for part in self.choices[0].parts if isinstance(part, ToolCall)])

    @property
    def finish(self) -> Finish | None:
        """That of the first choice."""
        return self.choices[0].finish


class ToolCallDelta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a tool call; `id`, `name` and `signature` come with its first piece only.

    `index` counts the calls of the answer from 0, in every dialect.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    signature: Signature | None = None


class Delta(msgspec.Struct, frozen=True, kw_only=True, tag="delta", gc=False):
    """One event of a streamed answer; any part may be empty. Where one Delta holds several kinds, thoughts come before text,
    and text before tool calls.

    `data` is the event with its frame, as the upstream sent it in `dialect`, for the straight lane. `usage` is cumulative: the
    last one counts. `is_usage_only` marks an event that carries usage and nothing else, which a client sees only if it asked
    for it. `is_terminal` marks the event after which nothing comes: it is shown when the record is kept.
    `signature` closes the thoughts that went before it; with `is_redacted` it is all there is of them.
    """

    dialect: Dialect
    data: bytes | None = None
    response_id: str | None = None
    model: str | None = None
    choice: int = 0
    text: str = ""
    refusal: str = ""
    reasoning: str = ""
    signature: Signature | None = None
    is_redacted: bool = False
    tool_calls: tuple[ToolCallDelta, ...] = ()
    citations: tuple[Citation, ...] = ()
    logprobs: tuple[TokenLogprob, ...] | None = None
    finish: Finish | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    is_usage_only: bool = False
    is_terminal: bool = False


Event: TypeAlias = Answer | Delta | Embeddings
"""What a provider gives: one Answer or Embeddings for a plain request, or Deltas for a streamed one."""
