"""What a scripted upstream has seen, and what it says: values in no dialect's words.

Knows no socket and no JSON shape.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from taskfit.values.answer import Finish
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage

CHARS_PER_TOKEN = 4


@dataclass(slots=True)
class SeenRequest:
    """One request as it arrived.

    `text` is the text of the last user message, `prompt` all text of the conversation. `headers` have lower-case names.
    `number` counts the model calls of one upstream from 1, `connection` its connections: two requests with the same
    number came over the same socket. `client_left` says that the client closed before it had the whole answer.
    """

    number: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes
    connection: int
    body: dict[str, Any] = field(default_factory=dict)
    dialect: Dialect | None = None
    model: str = ""
    text: str = ""
    prompt: str = ""
    is_stream: bool = False
    client_left: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; a dataclass, so that the text can be given by position.

    `finish` is "tool_calls" with tool calls and "stop" without, unless given. Token counts default to a quarter of the
    characters, rounded up; `input_tokens` includes cached and cache-written ones, `output_tokens` reasoning ones.
    `model` is the name that the upstream answers with; None: the name that was asked for.
    `chunks` is how many pieces the text of a stream comes in, or the pieces themselves; None: a piece for each word.
    Units: seconds; `delay_s` passes before the head, `chunk_delay_s` between the events of a stream.
    """

    text: str = ""
    _: KW_ONLY
    finish: Finish | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning: str = ""
    reasoning_tokens: int | None = None
    tool_calls: Sequence[ToolCall] = ()
    model: str | None = None
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    chunks: int | Sequence[str] | None = None

    def finish_or_default(self) -> Finish:
        """Why the model stopped."""
        return self.finish or ("tool_calls" if self.tool_calls else "stop")

    def pieces(self) -> tuple[str, ...]:
        """The text of a stream, cut up; joined it is the whole text."""
        if self.chunks is None:
            return tuple(re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", self.text))
        if isinstance(self.chunks, int):
            return cut_evenly(self.text, self.chunks)
        if "".join(self.chunks) != self.text:
            raise ValueError("the chunks of a reply must add up to its text")
        return tuple(self.chunks)

    def usage(self, request: SeenRequest) -> Usage:
        """The tokens that this answer to `request` is said to have used."""
        spoken = len(self.text) + sum(len(call.name) + len(call.arguments) for call in self.tool_calls)
        thought = tokens_of(len(self.reasoning)) if self.reasoning_tokens is None else self.reasoning_tokens
        return Usage(
            input_tokens=tokens_of(len(request.prompt)) if self.input_tokens is None else self.input_tokens,
            output_tokens=tokens_of(spoken) + thought if self.output_tokens is None else self.output_tokens,
            cached_tokens=self.cached_tokens,
            cache_write_tokens=self.cache_write_tokens,
            reasoning_tokens=thought,
        )


def tokens_of(chars: int) -> int:
    """The tokens that so many characters count for."""
    return -(-chars // CHARS_PER_TOKEN)


def cut_evenly(text: str, count: int) -> tuple[str, ...]:
    """At most `count` pieces of nearly the same length, none of them empty."""
    size = max(1, -(-len(text) // max(1, count)))
    return tuple(text[start : start + size] for start in range(0, len(text), size))
