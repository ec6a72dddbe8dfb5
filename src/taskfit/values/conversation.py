"""The hub: what every dialect can say, in no dialect's words.

Only a request or an answer that crosses dialects is turned into these; on the straight lane its own bytes are forwarded.
"""

from typing import Literal, TypeAlias

import msgspec

from taskfit.values.request import Dialect

CacheTtl: TypeAlias = Literal["5m", "1h"]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's opaque proof that its model wrote something. It means something to upstreams of the dialect `origin` only,
    and goes back to them unchanged."""

    origin: Dialect
    value: str


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text has something from: a page on the web (`url`), or a document of the request (`document`, counted from 0).

    Units: `start` and `end` count characters of the text that cites, where the vendor gives them.
    """

    url: str | None = None
    document: int | None = None
    title: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """A run of text. `cache` marks that the prompt up to here shall be cached."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache: CacheTtl | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """What a model says when it refuses, in dialects that keep it apart from text."""

    text: str


class Image(msgspec.Struct, frozen=True, kw_only=True, tag="image"):
    """An image: either an address, or base64 `data` with its `media_type`."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    detail: str | None = None
    cache: CacheTtl | None = None


class File(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """A document, mostly a PDF: an address, or base64 `data` with its `media_type`. Plain text is `text` instead."""

    url: str | None = None
    data: str | None = None
    text: str | None = None
    media_type: str | None = None
    name: str | None = None
    has_citations: bool = False
    cache: CacheTtl | None = None


class Audio(msgspec.Struct, frozen=True, kw_only=True, tag="audio"):
    """Sound that the model shall hear: base64 `data` with its `media_type` (audio/wav, audio/mpeg, …)."""

    data: str
    media_type: str
    cache: CacheTtl | None = None


class Thinking(msgspec.Struct, frozen=True, kw_only=True, tag="thinking"):
    """What a model thought, or a summary of it. A redacted one has no text: its signature holds what it was.

    `id` is the vendor's own name of the item, where it has one.
    """

    text: str = ""
    signature: Signature | None = None
    is_redacted: bool = False
    id: str | None = None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """The model's wish to call a tool. `arguments` is JSON text exactly as the model wrote it; it may be malformed."""

    id: str
    name: str
    arguments: str
    signature: Signature | None = None
    cache: CacheTtl | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool answered to the call `call_id`."""

    call_id: str
    parts: tuple[Text | Image | File, ...]
    is_error: bool = False
    cache: CacheTtl | None = None

    @property
    def text(self) -> str:
        """The text of all its parts."""
        return "".join([part.text for part in self.parts if isinstance(part, Text)])


Part: TypeAlias = Text | Refusal | Image | File | Audio | Thinking | ToolCall | ToolResult
Speaker: TypeAlias = Literal["system", "user", "assistant"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. Tool results are parts of a user turn; system turns (a developer's too) may stand anywhere."""

    role: Speaker
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may call; `schema` is the JSON Schema of its arguments, as received."""

    name: str
    schema: msgspec.Raw
    description: str | None = None
    is_strict: bool = False
    cache: CacheTtl | None = None


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which tools the model may or must call; `name` only with mode "named"."""

    mode: Literal["auto", "none", "required", "named"]
    name: str | None = None


class OutputSchema(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON Schema that the answer must follow; `schema` None asks for any JSON object."""

    name: str = "answer"
    schema: msgspec.Raw | None = None
    description: str | None = None
    is_strict: bool = False


class Reasoning(msgspec.Struct, frozen=True, kw_only=True):
    """How much the model shall think before it answers, said as an effort, as a budget in tokens, or both; effort "none": not
    at all. `is_adaptive` leaves it to the model. `is_shown` says whether the thoughts, or a summary of them, shall be told."""

    effort: Effort | None = None
    budget_tokens: int | None = None
    is_adaptive: bool = False
    is_shown: bool | None = None


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A whole request in the hub's words. None means "not said": a translator must then say nothing either.

    Units: `choices` is how many answers are asked for, `logprobs` how many alternatives for each token of the answer (0: only
    the probability of the token itself). `user` is the end user's id as the client gives it. `dropped` names the fields of the
    request that the hub has no word for and that do not change what is asked, by the dialect's documented table.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    output: OutputSchema | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: int | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    service_tier: str | None = None
    user: str | None = None
    dropped: tuple[str, ...] = ()
