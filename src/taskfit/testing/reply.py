"""What a scripted upstream has seen, and what it says: values in no dialect's words.

Knows no socket and no JSON shape.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from itertools import zip_longest
from typing import Any, TypeVar

from taskfit.values.answer import Finish, TokenLogprob
from taskfit.values.conversation import Citation, ToolCall
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage

CHARS_PER_TOKEN = 4
Item = TypeVar("Item")


@dataclass(slots=True)
class SeenRequest:
    """One request as it arrived, with what it asks for in words that are the same in each dialect.

    `text` is the text of the last user message, `prompt` all text of the conversation. `headers` have lower-case names.
    `number` counts the model calls of one upstream from 1, `connection` its connections: two requests with the same
    number came over the same socket. `client_left` says that the client closed before it had the whole answer.
    `complaint` is what the vendor's own server finds wrong with the request; None: nothing, or nobody looked.

    `images` and `files` (documents and sound) are the media type of each that came with its bytes, the address or id of
    each other. `tool_results` are texts by the id of their call, `tools` the names of the offered functions, `tool_choice`
    "auto", "none", "required" or the name of the one that is forced. `thinking` are the signatures, encrypted and redacted
    thoughts that the history gives back. `schema` is the JSON Schema of the wanted answer, `effort_or_budget` how much it
    shall be thought about: a vendor's word, or tokens. `inputs` are the texts to embed. None and empty: not said.
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
    complaint: str | None = None
    images: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    tool_choice: str | None = None
    tool_results: Mapping[str, str] = field(default_factory=dict)
    thinking: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    stops: tuple[str, ...] = ()
    max_output_tokens: int | None = None
    effort_or_budget: str | int | None = None
    choices: int = 1
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; a dataclass, so that the text can be given by position. A dialect leaves out what it has no place for.

    `finish` is "refusal" with a refusal, "tool_calls" with tool calls and "stop" else, unless given. `refusal` is what the
    model says in place of an answer. `signature` signs the reasoning, `redacted` is a thought that is there but not shown.
    `choices` are the texts of further answers, for requests that want more than one; `logprobs` are told where asked for.
    Token counts default to a quarter of the characters, rounded up; `input_tokens` includes cached, cache-written and audio
    ones, `output_tokens` reasoning and audio ones. `model` is the name that the upstream answers with; None: the name that
    was asked for. `chunks` is how many pieces the text of a stream comes in, or the pieces themselves; None: a piece for each
    word. `is_interleaved` sends the pieces of several tool calls by turns, where the dialect can.
    Units: seconds; `delay_s` passes before the head, `chunk_delay_s` between the events of a stream.
    """

    text: str = ""
    _: KW_ONLY
    finish: Finish | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    reasoning: str = ""
    reasoning_tokens: int | None = None
    signature: str | None = None
    redacted: str = ""
    refusal: str = ""
    tool_calls: Sequence[ToolCall] = ()
    is_interleaved: bool = False
    citations: Sequence[Citation] = ()
    logprobs: Sequence[TokenLogprob] = ()
    choices: Sequence[str] = ()
    stop_sequence: str | None = None
    service_tier: str | None = None
    model: str | None = None
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    chunks: int | Sequence[str] | None = None

    def finish_or_default(self) -> Finish:
        """Why the model stopped."""
        return self.finish or ("refusal" if self.refusal else "tool_calls" if self.tool_calls else "stop")

    def refused(self) -> str:
        """What is said as a refusal: all of the text too, where that is the reason to stop."""
        return self.refusal or (self.text if self.finish == "refusal" else "")

    def spoken(self) -> str:
        """What is said as an answer."""
        return self.text if self.refusal or self.finish != "refusal" else ""

    def pieces(self) -> tuple[str, ...]:
        """The text of a stream, cut up; joined it is the whole text."""
        if self.chunks is None:
            tokens = tuple([item.token for item in self.logprobs])
            return tokens if tokens and "".join(tokens) == self.text else by_word(self.text)
        if isinstance(self.chunks, int):
            return cut_evenly(self.text, self.chunks)
        if "".join(self.chunks) != self.text:
            raise ValueError("the chunks of a reply must add up to its text")
        return tuple(self.chunks)

    def refused_pieces(self) -> tuple[str, ...]:
        """The refusal of a stream, cut up."""
        return by_word(self.refusal) if self.refusal else self.pieces() if self.finish == "refusal" else ()

    def spoken_pieces(self) -> tuple[str, ...]:
        """The answer of a stream, cut up."""
        return self.pieces() if self.spoken() else ()

    def others(self, request: SeenRequest) -> tuple[str, ...]:
        """The texts of the further answers that `request` wants, as far as there are any."""
        return tuple(self.choices[: max(0, request.choices - 1)])

    def usage(self, request: SeenRequest) -> Usage:
        """The tokens that this answer to `request` is said to have used."""
        texts = (self.text, self.refusal, *self.others(request))
        spoken = sum(map(len, texts)) + sum(len(call.name) + len(call.arguments) for call in self.tool_calls)
        thought = tokens_of(len(self.reasoning)) if self.reasoning_tokens is None else self.reasoning_tokens
        return Usage(
            input_tokens=tokens_of(len(request.prompt)) if self.input_tokens is None else self.input_tokens,
            output_tokens=tokens_of(spoken) + thought if self.output_tokens is None else self.output_tokens,
            cached_tokens=self.cached_tokens,
            cache_write_tokens=self.cache_write_tokens,
            reasoning_tokens=thought,
            input_audio_tokens=self.input_audio_tokens,
            output_audio_tokens=self.output_audio_tokens,
        )


def tokens_of(chars: int) -> int:
    """The tokens that so many characters count for."""
    return -(-chars // CHARS_PER_TOKEN)


def by_word(text: str) -> tuple[str, ...]:
    """The text cut up into its words, each with the space before it."""
    return tuple(re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text))


def cut_evenly(text: str, count: int) -> tuple[str, ...]:
    """At most `count` pieces of nearly the same length, none of them empty."""
    size = max(1, -(-len(text) // max(1, count)))
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def by_turns(rows: Iterable[Sequence[Item]]) -> list[Item]:
    """The first of each row, then the second of each, and so on."""
    return [item for column in zip_longest(*rows) for item in column if item is not None]
