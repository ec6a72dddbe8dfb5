"""A Conversation as the body of `POST /v1/messages`.

What the API cannot carry is refused, with the field's name, or dropped by the table below. Knows no HTTP.
"""

from collections.abc import Iterator, Mapping

import msgspec

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import Conversation, Image, OutputSchema, Text, Tool, ToolResult
from taskfit.wire.anthropic_messages import schemas, versions
from taskfit.wire.anthropic_messages.prompt_blocks import write_block
from taskfit.wire.anthropic_messages.thinking import Plan, plan
from taskfit.wire.anthropic_messages.words import DIALECT, SERVICE_TIERS, Block, cache_control
from taskfit.wire.dialect import Written
from taskfit.wire.turns import FOREIGN_REASONING, Turn, body_of, instruction_texts, turns, with_own_reasoning

DEFAULT_MAX_TOKENS = 8192
MIN_TOP_P_WHILE_THINKING = 0.95
MAX_USER_CHARS = 256

DROPPED: Mapping[str, str] = {
    "citations": "citations of earlier answers need the vendor's own proof; the text stays",
    "detail": "the API has one resolution for images",
    "output.description": "the API has no place for it beside the schema",
    "reasoning": "the API forbids thinking with a forced call, with a limit of 1,024 tokens or less, and where the model goes on "
    "with an answer that was begun without its thoughts",
    FOREIGN_REASONING: "the API takes only thoughts with its own signature",
    "seed": "the API has none",
    "service_tier": "the API has only `auto` and `default`",
    "temperature": "a model that thinks takes only 1, the newest ones take none",
    "top_k": "a model that thinks takes none, nor do the newest ones",
    "top_p": "a model that thinks takes 0.95 to 1, the newest ones take none",
    "user": f"the API takes ids of up to {MAX_USER_CHARS} characters",
}
"""What of the hub this API has no place for and can do without, with the reason."""


def write_conversation(
    conversation: Conversation,
    *,
    model: str,
    is_stream: bool,
    default_max_tokens: int = DEFAULT_MAX_TOKENS,
    takes_effort: bool | None = None,
    takes_sampling: bool | None = None,
) -> Written:
    """The body of a request; what the conversation does not say is absent, but for `max_tokens`, which must be there.

    `takes_effort`: the model adapts its thinking to `output_config.effort`, and takes no budgets. `takes_sampling`: it takes
    temperature, top_p and top_k. None for either goes by the model's name.
    Errors: Unsupported for what the API cannot carry, InvalidRequest for a history that it cannot take; both with `param`.
    """
    _refuse_what_it_lacks(conversation)
    conversation, foreign = with_own_reasoning(conversation, DIALECT)
    said = turns(conversation)
    takes_effort = versions.adapts(model) if takes_effort is None else takes_effort
    takes_sampling = versions.samples(model) if takes_sampling is None else takes_sampling
    thoughts = plan(conversation, said, default_max_tokens=default_max_tokens, takes_effort=takes_effort)
    fields: Block = {"model": model, "max_tokens": thoughts.max_tokens}
    if system := _system(instruction_texts(conversation)):
        fields["system"] = system
    fields["messages"] = [_message(turn, is_last=turn is said[-1]) for turn in said]
    fields.update(_sampling(conversation, thoughts, takes_sampling=takes_sampling))
    fields.update(_stops(conversation.stop))
    fields.update(_tools(conversation))
    if thoughts.thinking is not None:
        fields["thinking"] = thoughts.thinking
    if config := _output_config(conversation.output, thoughts):
        fields["output_config"] = config
    fields.update(_bookkeeping(conversation))
    if is_stream:
        fields["stream"] = True
    return Written(body_of(fields), (*foreign, *_dropped(conversation, thoughts, fields)))


def _refuse_what_it_lacks(conversation: Conversation) -> None:
    if conversation.choices > 1:
        raise Unsupported("n: this model gives one answer to a request", param="n")
    if conversation.logprobs is not None:
        raise Unsupported("logprobs: this model does not tell the probabilities of its tokens", param="logprobs")
    for name in ("frequency_penalty", "presence_penalty"):
        if getattr(conversation, name):
            raise Unsupported(f"{name}: this model has no such setting", param=name)


def _dropped(conversation: Conversation, thoughts: Plan, fields: Block) -> Iterator[str]:
    if thoughts.is_left_out:
        yield "reasoning"
    for name in ("temperature", "top_p", "top_k", "service_tier", "seed"):
        if getattr(conversation, name) is not None and name not in fields:
            yield name
    if conversation.user is not None and "metadata" not in fields:
        yield "user"
    if conversation.output is not None and conversation.output.description is not None:
        yield "output.description"
    parts = [part for message in conversation.messages for part in message.parts]
    if any(isinstance(part, Text) and part.citations for part in parts):
        yield "citations"
    shown = [*parts, *[inner for part in parts if isinstance(part, ToolResult) for inner in part.parts]]
    if any(isinstance(part, Image) and part.detail not in (None, "auto") for part in shown):
        yield "detail"


def _system(texts: tuple[Text, ...]) -> object:
    """One string, or blocks where one of them has a cache mark."""
    if all(text.cache is None for text in texts):
        return "\n\n".join([text.text for text in texts])
    return [_system_block(text) for text in texts]


def _system_block(text: Text) -> Block:
    block: Block = {"type": "text", "text": text.text}
    return block if text.cache is None else block | {"cache_control": cache_control(text.cache)}


def _message(turn: Turn, *, is_last: bool) -> Block:
    """An answer that the caller began must not end in white space."""
    content = [write_block(part, place, turn) for place, part in turn.parts]
    if is_last and turn.side == "assistant" and isinstance(text := content[-1].get("text"), str):
        content[-1]["text"] = text.rstrip()
    return {"role": turn.side, "content": content}


def _sampling(conversation: Conversation, thoughts: Plan, *, takes_sampling: bool) -> Block:
    fields: Block = {}
    temperature, top_p = conversation.temperature, conversation.top_p
    if takes_sampling:
        if temperature is not None and (temperature == 1 or not thoughts.is_on):
            fields["temperature"] = _within_range(temperature)
        if top_p is not None and (top_p >= MIN_TOP_P_WHILE_THINKING or not thoughts.is_on):
            fields["top_p"] = top_p
        if conversation.top_k is not None and not thoughts.is_on:
            fields["top_k"] = conversation.top_k
    return fields


def _stops(stop: tuple[str, ...]) -> Block:
    if any(not text.strip() for text in stop):
        raise Unsupported("stop: this model takes no stop sequence of white space alone", param="stop")
    return {"stop_sequences": stop} if stop else {}


def _within_range(temperature: float) -> float:
    if temperature > 1:
        raise Unsupported(f"temperature: this model takes 0 to 1, not {temperature:g}", param="temperature")
    return temperature


def _tools(conversation: Conversation) -> Block:
    fields: Block = {"tools": [_tool(tool) for tool in conversation.tools]} if conversation.tools else {}
    choice = _tool_choice(conversation)
    return fields if choice is None else fields | {"tool_choice": choice}


def _tool(tool: Tool) -> Block:
    fields: Block = {"name": tool.name, "input_schema": schemas.of_an_object(tool.schema, "tools")}
    if tool.description is not None:
        fields["description"] = tool.description
    if tool.is_strict:
        fields["strict"] = True
    if tool.cache is not None:
        fields["cache_control"] = cache_control(tool.cache)
    return fields


def _tool_choice(conversation: Conversation) -> Block | None:
    """None where nothing was said that the API would not do anyway."""
    choice = conversation.tool_choice
    if not conversation.tools:
        if choice is not None and choice.mode in ("required", "named"):
            raise InvalidRequest("tool_choice: a tool is asked for, but there are no tools", param="tool_choice")
        return None
    if choice is not None and choice.mode == "none":
        return {"type": "none"}
    is_serial = conversation.parallel_tool_calls is False
    if choice is None and not is_serial:
        return None
    mode = "auto" if choice is None else choice.mode
    fields: Block = {"type": {"auto": "auto", "required": "any", "named": "tool"}[mode]}
    if mode == "named" and choice is not None:
        fields["name"] = choice.name
    if is_serial:
        fields["disable_parallel_tool_use"] = True
    return fields


def _output_config(output: OutputSchema | None, thoughts: Plan) -> Block:
    config: Block = {} if thoughts.effort is None else {"effort": thoughts.effort}
    if output is not None:
        config["format"] = {"type": "json_schema", "schema": _output_schema(output)}
    return config


def _output_schema(output: OutputSchema) -> msgspec.Raw:
    if output.schema is None:
        raise Unsupported("response_format: this model needs a JSON Schema for JSON output", param="response_format")
    return schemas.closed(output.schema, "response_format")


def _bookkeeping(conversation: Conversation) -> Block:
    fields: Block = {}
    if conversation.user is not None and len(conversation.user) <= MAX_USER_CHARS:
        fields["metadata"] = {"user_id": conversation.user}
    tiers = {hub: own for own, hub in SERVICE_TIERS.items()}
    if conversation.service_tier in tiers:
        fields["service_tier"] = tiers[conversation.service_tier]
    return fields
