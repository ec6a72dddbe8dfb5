"""A request of another dialect as the body of a chat completion, from the hub.

What is not said stays absent, because some servers refuse an explicit null. What this dialect has no place for is refused where
it changes what is asked, and else dropped by the table below.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from taskfit.errors import Unsupported
from taskfit.values.conversation import (
    Audio,
    Conversation,
    File,
    Image,
    Message,
    OutputSchema,
    Part,
    Reasoning,
    Refusal,
    Signature,
    Speaker,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.data_urls import data_url
from taskfit.wire.dialect import Written
from taskfit.wire.efforts import effort_of
from taskfit.wire.openai_chat.requests import DIALECT
from taskfit.wire.openai_chat.thoughts import call_fields, message_fields
from taskfit.wire.turns import FOREIGN_REASONING, at, body_of

MaxTokensField: TypeAlias = Literal["max_tokens", "max_completion_tokens"]
InstructionsRole: TypeAlias = Literal["system", "developer"]

DROPPED: Mapping[str, str] = {
    "cache": "marks of what to cache: these servers cache by themselves, unless `keeps_cache` says that they know marks",
    "citations": "what earlier answers cited, and the wish to have documents cited",
    "is_error": "that a tool failed: the text of its result says so",
    FOREIGN_REASONING: "thoughts of earlier turns that this upstream did not sign, or does not want back",
    "reasoning.is_shown": "whether thoughts shall be told: these servers tell them, or not, by themselves",
    "service_tier": "another vendor's name of a tier",
    "top_k": "a sampling hint that OpenAI lacks and refuses",
}
"""What of the hub is left out, with the reason for a person."""

_TIERS = frozenset({"auto", "default", "fast", "flex", "priority", "scale"})
_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How one server of this dialect wants a request to look, where servers differ.

    `keeps_reasoning`: it takes `reasoning_content` in the history, and wants it where a turn called tools. `keeps_cache`: it
    knows `cache_control`. `takes_top_k`: it knows that field. `joins_text`: it takes text content as one string only.
    """

    max_tokens_field: MaxTokensField = "max_completion_tokens"
    instructions_role: InstructionsRole = "system"
    keeps_reasoning: bool = False
    keeps_cache: bool = False
    takes_top_k: bool = False
    joins_text: bool = False


def write_conversation(
    conversation: Conversation,
    *,
    model: str,
    is_stream: bool,
    wants_usage: bool = True,
    max_tokens_field: MaxTokensField = "max_completion_tokens",
    instructions_role: InstructionsRole = "system",
    keeps_reasoning: bool = False,
    keeps_cache: bool = False,
    takes_top_k: bool = False,
    joins_text: bool = False,
) -> Written:
    """The body, and what it leaves out. `wants_usage` makes a stream report its usage; for the rest see `Habits`.

    Images that a tool gave follow the results in the next turn of the user, because a result holds only text here.
    Errors: Unsupported, with `param`, for a file by its address and for parts in a role that cannot have them; InvalidRequest
    for text that is not valid Unicode.
    """
    habits = Habits(
        max_tokens_field=max_tokens_field, instructions_role=instructions_role, keeps_reasoning=keeps_reasoning,
        keeps_cache=keeps_cache, takes_top_k=takes_top_k, joins_text=joins_text,
    )  # fmt: skip
    writer = _Writer(habits)
    body: dict[str, object] = {"model": model, "messages": writer.messages(conversation.messages)}
    if is_stream:
        body["stream"] = True
        if wants_usage:
            body["stream_options"] = {"include_usage": True}
    body |= writer.tool_fields(conversation) | writer.settings(conversation)
    return Written(body_of(body), tuple(writer.dropped))


class _Writer:
    """Writes one request; collects what it leaves out, each name once."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self.dropped: dict[str, None] = {}

    def settings(self, conversation: Conversation) -> dict[str, object]:
        """The top-level fields that need no other one."""
        said: dict[str, object] = {
            self._habits.max_tokens_field: conversation.max_output_tokens,
            "temperature": conversation.temperature,
            "top_p": conversation.top_p,
            "top_k": self._unless(conversation.top_k, "top_k", is_known=self._habits.takes_top_k),
            "stop": list(conversation.stop) or None,
            "seed": conversation.seed,
            "n": conversation.choices if conversation.choices != 1 else None,
            "frequency_penalty": conversation.frequency_penalty,
            "presence_penalty": conversation.presence_penalty,
            "logprobs": True if conversation.logprobs is not None else None,
            "top_logprobs": conversation.logprobs or None,
            "response_format": _output(conversation.output) if conversation.output is not None else None,
            "reasoning_effort": self._effort(conversation.reasoning),
            "service_tier": self._unless(conversation.service_tier, "service_tier", is_known=conversation.service_tier in _TIERS),
            "user": conversation.user,
        }
        return {name: value for name, value in said.items() if value is not None}

    def tool_fields(self, conversation: Conversation) -> dict[str, object]:
        """The tools and what is said of them; nothing without tools, because servers refuse the one without the other."""
        if not conversation.tools:
            return {}
        fields: dict[str, object] = {"tools": [self._tool(tool) for tool in conversation.tools]}
        if conversation.tool_choice is not None:
            fields["tool_choice"] = _tool_choice(conversation.tool_choice)
        if conversation.parallel_tool_calls is not None:
            fields["parallel_tool_calls"] = conversation.parallel_tool_calls
        return fields

    def messages(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """The history. Results come first within a turn, because they must follow their calls at once."""
        written: list[dict[str, Any]] = []
        shown: list[dict[str, Any]] = []  # what tools gave beside text, for the next turn of the user
        for index, message in enumerate(messages):
            place = at(index)
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            rest = [part for part in message.parts if not isinstance(part, ToolResult)]
            for result in results:
                written.append(self._result(result))
                shown += self._shown(result, place)
            if not rest:
                continue
            if shown and message.role != "user":
                written.append({"role": "user", "content": shown})
                shown = []
            turn = self._turn(message.role, rest, shown, place)
            shown = []
            if len(turn) > 1:
                written.append(turn)
        return [*written, {"role": "user", "content": shown}] if shown else written

    def _turn(self, role: Speaker, parts: Sequence[Part], shown: list[dict[str, Any]], place: str) -> dict[str, Any]:
        """One message that holds no results; only its role where nothing of it is left."""
        match role:
            case "system":
                return {"role": self._habits.instructions_role, "content": self._content(self._texts(parts, place))}
            case "assistant":
                return self._answer(parts, place)
            case "user":
                return {"role": "user", "content": self._content([*shown, *self._said(parts, place)])}

    def _answer(self, parts: Sequence[Part], place: str) -> dict[str, Any]:
        """A turn of the assistant."""
        turn: dict[str, Any] = {"role": "assistant"}
        texts = [part for part in parts if isinstance(part, Text)]
        if any(text.citations for text in texts):
            self._drop("citations")
        if content := self._texts(texts, place):
            turn["content"] = self._content(content)
        if refused := "".join([part.text for part in parts if isinstance(part, Refusal)]):
            turn["refusal"] = refused
        turn |= self._thoughts([part for part in parts if isinstance(part, Thinking)])
        if calls := [self._call(part) for part in parts if isinstance(part, ToolCall)]:
            turn["tool_calls"] = calls
            if self._habits.keeps_reasoning:
                turn.setdefault("reasoning_content", "")
        for part in parts:
            if isinstance(part, Image | File | Audio):
                raise Unsupported(f"{place}: this model takes no {part.__struct_config__.tag} that a model made", param=place)
        return turn

    def _thoughts(self, thoughts: Sequence[Thinking]) -> dict[str, Any]:
        """Their text where the server takes it; a foreign signature means nothing to it."""
        kept = []
        for thinking in thoughts:
            own = msgspec.structs.replace(thinking, signature=self._signature(thinking.signature))
            if self._habits.keeps_reasoning and (own.text or own.signature is not None):
                kept.append(own)
            else:
                self._drop(FOREIGN_REASONING)
        return message_fields(kept)

    def _signature(self, signature: Signature | None) -> Signature | None:
        if signature is None or signature.origin == DIALECT:
            return signature
        self._drop(FOREIGN_REASONING)
        return None

    def _call(self, call: ToolCall) -> dict[str, Any]:
        written = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        return written | call_fields(self._signature(call.signature)) | self._mark(call)

    def _result(self, result: ToolResult) -> dict[str, Any]:
        if result.is_error:
            self._drop("is_error")
        texts = [{"type": "text", "text": part.text} for part in result.parts if isinstance(part, Text)]
        if mark := self._mark(result):
            texts = [*texts[:-1], {**(texts or [{"type": "text", "text": ""}])[-1], **mark}]
        return {"role": "tool", "tool_call_id": result.call_id, "content": self._content(texts)}

    def _shown(self, result: ToolResult, place: str) -> list[dict[str, Any]]:
        """What a result holds beside text, with the name of its call in front, so that the model knows where it belongs."""
        seen = [part for part in result.parts if not isinstance(part, Text)]
        if not seen:
            return []
        note = {"type": "text", "text": f"From the result of the tool call {result.call_id}:"}
        return [note, *self._said(seen, place)]

    def _texts(self, parts: Sequence[Part], place: str) -> list[dict[str, Any]]:
        for part in parts:
            if not isinstance(part, Text):
                raise Unsupported(f"{place}: this model takes only text as instructions", param=place)
        return self._said(parts, place)

    def _said(self, parts: Sequence[Part], place: str) -> list[dict[str, Any]]:
        return [self._part(part, place) | self._mark(part) for part in parts]

    def _part(self, part: Part, place: str) -> dict[str, Any]:
        match part:
            case Text():
                return {"type": "text", "text": part.text}
            case Image():
                url = part.url if part.url is not None else data_url(part.media_type or "image/png", part.data or "")
                detail = {} if part.detail is None else {"detail": part.detail}
                return {"type": "image_url", "image_url": {"url": url, **detail}}
            case Audio():
                sound = _FORMATS.get(part.media_type, part.media_type.rpartition("/")[2])
                return {"type": "input_audio", "input_audio": {"data": part.data, "format": sound}}
            case File():
                return self._file(part, place)
            case _:
                raise Unsupported(f"{place}: a {part.__struct_config__.tag} has no place in a turn of the user", param=place)

    def _file(self, part: File, place: str) -> dict[str, Any]:
        if part.has_citations:
            self._drop("citations")
        if part.text is not None:
            return {"type": "text", "text": part.text if part.name is None else f"{part.name}:\n{part.text}"}
        if part.data is None:
            raise Unsupported(f"{place}: this model takes a file by its data, not by its address", param=place)
        media_type = part.media_type or "application/pdf"
        name = part.name or f"document.{media_type.rpartition('/')[2]}"
        return {"type": "file", "file": {"filename": name, "file_data": data_url(media_type, part.data)}}

    def _content(self, parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
        """A single text is told as a string, which every server takes."""
        if not parts:
            return ""
        texts: list[str] = [part["text"] for part in parts if len(part) == 2 and part["type"] == "text"]
        if len(texts) == len(parts) and (len(parts) == 1 or self._habits.joins_text):
            return "\n\n".join(texts)
        return parts

    def _tool(self, tool: Tool) -> dict[str, Any]:
        function: dict[str, Any] = {"name": tool.name, "parameters": tool.schema}
        if tool.description is not None:
            function["description"] = tool.description
        if tool.is_strict:
            function["strict"] = True
        return {"type": "function", "function": function} | self._mark(tool)

    def _mark(self, part: Part | Tool) -> dict[str, Any]:
        ttl = getattr(part, "cache", None)
        if ttl is None:
            return {}
        if not self._habits.keeps_cache:
            self._drop("cache")
            return {}
        return {"cache_control": {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}}

    def _effort(self, reasoning: Reasoning | None) -> str | None:
        if reasoning is None:
            return None
        if reasoning.is_shown is not None:
            self._drop("reasoning.is_shown")
        if reasoning.effort is not None or reasoning.budget_tokens is None:
            return reasoning.effort
        return effort_of(reasoning.budget_tokens)

    def _unless(self, value: object, name: str, *, is_known: bool) -> object:
        if value is None or is_known:
            return value
        self._drop(name)
        return None

    def _drop(self, name: str) -> None:
        assert name in DROPPED
        self.dropped[name] = None


def _tool_choice(choice: ToolChoice) -> object:
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "named" else choice.mode


def _output(output: OutputSchema) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    asked: dict[str, Any] = {"name": output.name, "schema": output.schema}
    if output.description is not None:
        asked["description"] = output.description
    if output.is_strict:
        asked["strict"] = True
    return {"type": "json_schema", "json_schema": asked}
