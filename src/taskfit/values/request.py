"""One request as it came in: its body, its outline, what the caller asks beside it, and who the caller is."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from taskfit.values.money import Usd

Dialect: TypeAlias = Literal[
    "openai-chat", "openai-responses", "anthropic-messages", "gemini-generate", "bedrock-converse",
    "openai-embeddings", "gemini-embeddings",
]  # fmt: skip
Role: TypeAlias = Literal["admin", "client"]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends the request. `key_id` is None when authentication is off; `key_name` is what people call the key."""

    key_id: str | None = None
    key_name: str = ""
    role: Role = "client"
    team: str = ""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asks for beside the body, from the x-taskfit-… headers or keyword arguments.

    Units: seconds; micro-dollars. None means "not said". `callback` is an address to tell when a person has decided. `plan` is
    what the end user pays for, as the caller says. `headers` are other header fields that a task's match or condition names, and
    no others; names in lower case.
    """

    task: str | None = None
    surface: str = ""
    session: str | None = None
    deadline_s: float | None = None
    max_cost: Usd | None = None
    callback: str | None = None
    plan: str = ""
    headers: Mapping[str, str] = {}


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What can be seen of a request without understanding it.

    Units: `text_chars` counts the characters of all message text, `message_count` messages,
    `max_output_tokens` is the caller's own limit (None: not said),
    `choices` how many answers are asked for. `prompt` is the text of the last user message, `instructions`
    that of the system or developer messages.
    """

    text_chars: int
    message_count: int
    prompt: str
    instructions: str = ""
    max_output_tokens: int | None = None
    choices: int = 1
    has_tools: bool = False
    has_schema: bool = False
    has_images: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `fields` are the body's top-level members with their bytes as received, for the straight lane.

    `headers` are the caller's header fields that belong to the dialect (`anthropic-beta`); names in lower case. They go to an
    upstream of the same dialect only.
    """

    id: str
    dialect: Dialect
    model: str
    is_stream: bool
    fields: Mapping[str, msgspec.Raw]
    headers: Mapping[str, str] = {}
    outline: Outline
    terms: Terms = Terms()
    caller: Caller = Caller()
