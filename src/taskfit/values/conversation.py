"""The hub: what every chat dialect can say, in no dialect's words.

Only a request that crosses dialects is turned into these; on the straight lane its own bytes are forwarded.
"""

from typing import Literal, TypeAlias

import msgspec


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """A run of text."""

    text: str


class Image(msgspec.Struct, frozen=True, kw_only=True, tag="image"):
    """An image: either an address, or base64 `data` with its `media_type`."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """The model's wish to call a tool. `arguments` is JSON text exactly as the model wrote it; it may be malformed."""

    id: str
    name: str
    arguments: str


class ToolResult(msgspec.Struct, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool answered to the call `call_id`."""

    call_id: str
    text: str


Part: TypeAlias = Text | Image | ToolCall | ToolResult
Speaker: TypeAlias = Literal["system", "user", "assistant"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. Tool results are parts of a user turn; system turns may stand anywhere."""

    role: Speaker
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may call; `schema` is the JSON Schema of its arguments, as received."""

    name: str
    schema: msgspec.Raw
    description: str | None = None
    is_strict: bool = False


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which tools the model may or must call; `name` only with mode "named"."""

    mode: Literal["auto", "none", "required", "named"]
    name: str | None = None


class OutputSchema(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON Schema that the answer must follow; `schema` None asks for any JSON object."""

    name: str = "answer"
    schema: msgspec.Raw | None = None
    is_strict: bool = False


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A whole request in the hub's words. None means "not said": a translator must then say nothing either."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    output: OutputSchema | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    parallel_tool_calls: bool | None = None
