"""The generated parts of the reference that come from the dialects and from the rows of compatible servers.

Every table of what is dropped must have its place here: one that has none fails the run, so that none stays untold.
"""

import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import msgspec

import taskfit.wire
from taskfit.config.upstreams import UPSTREAMS, Upstream
from taskfit.errors import WalkFailed
from taskfit.providers import anyllm
from taskfit.values.conversation import Conversation, Effort, Message, Reasoning, Text
from taskfit.wire import anthropic_messages, bedrock_converse, gemini_generate, openai_chat, openai_responses
from taskfit.wire.anthropic_messages.failures import type_of
from taskfit.wire.efforts import BUDGETS
from taskfit.wire.failures import STATUSES
from taskfit.wire.gemini_generate.failures import WORDS
from taskfit.wire.openai_chat.failures import TABLE
from taskfit.wire.openai_responses.failures import error_of

Heads = tuple[str, ...]
Lines = Iterable[tuple[str, ...]]


def table(heads: Heads, lines: Lines) -> str:
    cells = [heads, tuple("---" for _ in heads), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in cells)


class Drops(NamedTuple):
    """One table of the code: where it stands, its title, and how `x-taskfit-dropped` writes one of its names."""

    module: str
    constant: str
    title: str
    written: str = "{}"


CLIENTS, UPSTREAM_SIDES, VECTORS = "From a client", "For an upstream", "Embeddings"
DROPS: Mapping[str, tuple[Drops, ...]] = {
    CLIENTS: (
        Drops("openai_chat.conversations", "DROPPED", "OpenAI chat completions"),
        Drops("openai_responses.conversations", "DROPPED", "OpenAI responses"),
        Drops("openai_responses.conversations", "DROPPED_ITEMS", "OpenAI responses: items of `input`", "input[N] ({})"),
        Drops("openai_responses.tools", "DROPPED_KINDS", "OpenAI responses: tools that OpenAI runs", "tools[N] ({})"),
        Drops("openai_responses.tools", "DROPPED_MEMBERS", "OpenAI responses: members of a tool", "tools[N].{}"),
        Drops("anthropic_messages.conversations", "DROPPED", "Anthropic messages"),
        Drops("anthropic_messages.blocks", "DROPPED_BLOCKS", "Anthropic messages: blocks of `messages`"),
        Drops("anthropic_messages.tools", "DROPPED_TOOLS", "Anthropic messages: tools that Anthropic runs", "tools[N] ({}…)"),
        Drops("anthropic_messages.tools", "DROPPED_MEMBERS", "Anthropic messages: members of a tool", "tools.{}"),
        Drops("gemini_generate.conversations", "DROPPED", "Gemini generateContent"),
    ),
    UPSTREAM_SIDES: (
        Drops("openai_chat.prompts", "DROPPED", "OpenAI chat completions, and compatible servers"),
        Drops("openai_responses.prompts", "DROPPED", "OpenAI responses"),
        Drops("anthropic_messages.prompts", "DROPPED", "Anthropic messages"),
        Drops("gemini_generate.prompts", "DROPPED", "Gemini generateContent"),
        Drops("bedrock_converse.prompts", "DROPPED", "Bedrock Converse"),
    ),
    VECTORS: (
        Drops("openai_embeddings", "DROPPED", "From a client of OpenAI's embeddings"),
        Drops("gemini_embeddings", "DROPPED", "From a client of Gemini's embeddings"),
        Drops("openai_embeddings", "DROPPED_FROM_HUB", "For an upstream of OpenAI's embeddings"),
    ),
}  # fmt: skip


def dialects() -> str:
    found = {(name, constant) for name, constant, _ in constants()}
    placed = {(drops.module, drops.constant) for group in DROPS.values() for drops in group}
    if found != placed:
        raise LookupError(f"tables of what is dropped without a place, or places without a table: {found ^ placed}")
    parts = [f"## What is dropped\n\n{DROPPED_WORDS}"]
    for title, group in DROPS.items():
        parts += [f"### {title}", *[_drops(drops) for drops in group]]
        if title == UPSTREAM_SIDES:
            parts.append(f"**The bridge to any-llm**, beside those of OpenAI chat completions\n\n{_reasons(anyllm.DROPPED)}")
    return "\n\n".join([*parts, f"## Efforts and budgets\n\n{EFFORT_WORDS}\n\n{efforts()}"])


DROPPED_WORDS = (
    "On the straight lane nothing is. Where a request crosses, these fields have no place on the other side and change nothing "
    "of what is asked; `x-taskfit-dropped` names each that was there. `N` counts from 0."
)
EFFORT_WORDS = (
    "Some APIs take an effort in a word, some a budget of tokens. A budget is read as the smallest effort that allows for it. "
    "Where an API has fewer words, the nearest one is asked for. The columns are what a request with that effort asks of a model."
)


def constants() -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Every table of what is dropped in `wire/`, with the module that makes it."""
    for module in pkgutil.walk_packages(taskfit.wire.__path__, "taskfit.wire."):
        if module.ispkg:
            continue
        for name, value in vars(import_module(module.name)).items():
            if name.startswith("DROPPED") and isinstance(value, Mapping):
                yield module.name.removeprefix("taskfit.wire."), name, value


def _drops(drops: Drops) -> str:
    reasons = getattr(import_module(f"taskfit.wire.{drops.module}"), drops.constant)
    return f"**{drops.title}**\n\n{_reasons(reasons, drops.written)}"


def _reasons(reasons: Mapping[str, str], written: str = "{}") -> str:
    names = {reason: [name for name, own in reasons.items() if own == reason] for reason in reasons.values()}
    lines = [(", ".join(f"`{written.format(name)}`" for name in same), reason) for reason, same in names.items()]
    return table(("dropped", "because"), lines)


class Column(NamedTuple):
    """An upstream's model, and how a request asks it to think."""

    head: str
    asked: Callable[[Conversation], object]


def _body(written: Any) -> dict[str, Any]:
    return msgspec.json.decode(written.body, type=dict[str, Any])


def _chat(conversation: Conversation) -> object:
    return _body(openai_chat.write_conversation(conversation, model="m", is_stream=False)).get("reasoning_effort")


def _responses(conversation: Conversation) -> object:
    asked = _body(openai_responses.write_conversation(conversation, model="m", is_stream=False))
    return asked.get("reasoning", {}).get("effort")


def _claude(model: str) -> Callable[[Conversation], object]:
    def asked(conversation: Conversation) -> object:
        body = _body(anthropic_messages.write_conversation(conversation, model=model, is_stream=False))
        thinking = body.get("thinking", {})
        return body.get("output_config", {}).get("effort") or thinking.get("budget_tokens") or thinking.get("type")

    return asked


def _gemini(model: str) -> Callable[[Conversation], object]:
    def asked(conversation: Conversation) -> object:
        body = _body(gemini_generate.write_conversation(conversation, model=model, is_stream=False))
        thinking = body.get("generationConfig", {}).get("thinkingConfig", {})
        return thinking.get("thinkingLevel", thinking.get("thinkingBudget"))

    return asked


def _bedrock(conversation: Conversation) -> object:
    body = _body(bedrock_converse.write_conversation(conversation, model="openai.gpt-oss-120b-1:0", is_stream=False))
    return body.get("additionalModelRequestFields", {}).get("reasoning_effort")


COLUMNS = (
    Column("OpenAI chat: `reasoning_effort`", _chat),
    Column("OpenAI responses: `reasoning.effort`", _responses),
    Column("`claude-opus-4-6`: `effort`", _claude("claude-opus-4-6")),
    Column("`claude-haiku-4-5`: `budget_tokens`", _claude("claude-haiku-4-5")),
    Column("`gemini-3.5-flash`: `thinkingLevel`", _gemini("gemini-3.5-flash")),
    Column("`gemini-2.5-pro`: `thinkingBudget`", _gemini("gemini-2.5-pro")),
    Column("gpt-oss on Bedrock: `reasoning_effort`", _bedrock),
)


def efforts() -> str:
    heads = ("effort", "tokens", *[column.head for column in COLUMNS])
    return table(heads, [(f"`{effort}`", str(tokens), *_asked(effort)) for effort, tokens in BUDGETS.items()])


def _asked(effort: Effort) -> Iterator[str]:
    question = (Message(role="user", parts=(Text(text="6 x 7?"),)),)
    conversation = Conversation(messages=question, reasoning=Reasoning(effort=effort))
    for column in COLUMNS:
        said = column.asked(conversation)
        yield "nothing" if said is None else f"`{said}`"


def words_of(kind: str) -> tuple[str, ...]:
    """Status, OpenAI's type and code, Anthropic's type and Google's status of an error kind; dashes for what is on no wire."""
    if kind not in STATUSES:
        return ("–",) * 4
    shape, failed = TABLE[kind], _ended_by(kind)
    return (str(STATUSES[kind]), f"`{shape.type}`, `{shape.code}`", f"`{type_of(failed)}`", f"`{WORDS[kind]}`")


def _ended_by(kind: str) -> WalkFailed:
    return WalkFailed("", reason=kind, operator_text="")


def failed_responses() -> str:
    """The codes that a failed stream of the Responses API has, where a client does something about them."""
    codes = {kind: error_of(_ended_by(kind))[0]["code"] for kind in sorted(STATUSES)}
    return table(("kind", "code"), [(f"`{kind}`", f"`{code}`") for kind, code in codes.items() if code != "server_error"])


def compatible_rows(names: Collection[str]) -> str:
    """The rows of compatible servers of these names, one line each."""
    heads = ("`api`", "what it is", "address", "key in", "differs in", "serves beside chat", "read from")
    return table(heads, [_row(row) for row in UPSTREAMS.values() if row.name in names])


def _row(row: Upstream) -> tuple[str, ...]:
    address = f"`{row.url}`" if row.url else f"yours: `{row.url_form}`"
    keys = " or ".join(f"`{variable}`" for variable in row.variables)
    quirks = [f"`{name}: {_said(getattr(row, name))}`" for name in QUIRKS if getattr(row, name) != getattr(PLAIN_ROW, name)]
    served = [name.replace("_", " ") for name in ("responses", "messages", "embeddings", "json_schema") if getattr(row, name)]
    return (f"`{row.name}`", row.title, address, keys, ", ".join(quirks), ", ".join(served), row.source)


QUIRKS = (
    "key_header", "max_tokens_field", "instructions_role", "stream_usage", "renamed", "unknown", "takes_null", "keeps_reasoning",
)  # fmt: skip


PLAIN_ROW = Upstream(name="", title="", source="")


def _said(value: object) -> str:
    match value:
        case str():
            return value
        case tuple():
            return f"[{', '.join(value)}]"
        case Mapping():
            return f"{{{', '.join(f'{name}: {own}' for name, own in value.items())}}}"
        case _:
            return msgspec.json.encode(value).decode()
