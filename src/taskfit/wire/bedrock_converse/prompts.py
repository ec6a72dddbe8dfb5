"""A Conversation as the body of `POST /model/{model}/converse`, or `/converse-stream`, which take the same.

What the API cannot carry is refused, with the field's name; what it does without is left out, by the table below. Knows no HTTP.
"""

from collections.abc import Mapping

from taskfit import errors
from taskfit.values.conversation import (
    Conversation,
    Effort,
    Image,
    OutputSchema,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.bedrock_converse.answers import DIALECT
from taskfit.wire.bedrock_converse.blocks import Block, blocks_of, cache_point
from taskfit.wire.bedrock_converse.models import Family, family_of, thinks_adaptively
from taskfit.wire.dialect import Written
from taskfit.wire.efforts import budget_of, effort_of
from taskfit.wire.turns import FOREIGN_REASONING, body_of, instruction_texts, turns, with_own_reasoning

DROPPED: Mapping[str, str] = {
    "seed": "no model here takes one",
    "user": "the API has no place for the end user's id",
    "service_tier": "a tier that the API does not have (it has default, flex, priority and reserved)",
    "reasoning": "the model's family is not known to be told how much to think, or the answer is too short for a thought",
    "cache": "cache marks are for models of Anthropic and Amazon",
    "detail": "an image is always seen as it is",
    "citations": "those of earlier answers; the text that cites is kept",
    FOREIGN_REASONING: "only the vendor that signed a thought can read it again",
}
"""Fields of a conversation that are left out, with the reason."""

SERVICE_TIERS = ("default", "flex", "priority", "reserved")
EFFORTS: Mapping[Effort, str] = {
    "minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max",
}  # fmt: skip
"""The hub's efforts in the words of the API; "none" has no word."""
LEAST_BUDGET_TOKENS = 1024
STOP_SEQUENCE_PATH = "/stop_sequence"


def write_conversation(
    conversation: Conversation,
    *,
    model: str,
    is_stream: bool,  # noqa: ARG001  # the path says it
    family: Family | None = None,
) -> Written:
    """The body of a request; what the conversation does not say is absent.

    `model` stands in the path; here it tells the family where `family` does not.
    Errors: Unsupported for what the API cannot carry, InvalidRequest for a history that it cannot take; both with `param`.
    """
    _refuse(conversation)
    family = family or family_of(model)
    said, foreign = with_own_reasoning(conversation, DIALECT)
    has_cache = family in ("anthropic", "amazon")
    fields: dict[str, object] = {
        "messages": [{"role": turn.side, "content": blocks_of(turn, has_cache=has_cache)} for turn in turns(said)],
    }
    if system := _system(said, has_cache=has_cache):
        fields["system"] = system
    if limits := _limits(said):
        fields["inferenceConfig"] = limits
    if (tools := _tools(said, has_cache=has_cache)) is not None:
        fields["toolConfig"] = tools
    fields.update(_extras(said, model, family))
    return Written(body_of(fields), (*foreign, *_dropped(said, model, family, has_cache=has_cache)))


def _refuse(conversation: Conversation) -> None:
    """What would change the answer and has no place."""
    refused = {
        "n": conversation.choices > 1,
        "logprobs": conversation.logprobs is not None,
        "frequency_penalty": bool(conversation.frequency_penalty),
        "presence_penalty": bool(conversation.presence_penalty),
        "parallel_tool_calls": conversation.parallel_tool_calls is False and bool(conversation.tools),
    }
    for name in [name for name, is_refused in refused.items() if is_refused]:
        raise errors.Unsupported(f"{name}: models behind Bedrock's Converse have no such setting", param=name)


def _system(conversation: Conversation, *, has_cache: bool) -> list[Block]:
    blocks: list[Block] = []
    for text in instruction_texts(conversation):
        blocks.append({"text": text.text})
        if has_cache:
            blocks.extend(cache_point(text.cache))
    return blocks


def _limits(conversation: Conversation) -> Block:
    if conversation.temperature is not None and conversation.temperature > 1:
        raise errors.Unsupported(f"temperature: this model takes 0 to 1, not {conversation.temperature:g}", param="temperature")
    said = {
        "maxTokens": conversation.max_output_tokens,
        "temperature": conversation.temperature,
        "topP": conversation.top_p,
        "stopSequences": conversation.stop or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _tools(conversation: Conversation, *, has_cache: bool) -> Block | None:
    """None for a model that shall call none; a history with calls needs the tools nevertheless. Errors: Unsupported."""
    choice = conversation.tool_choice
    if not conversation.tools:
        return None
    if choice is not None and choice.mode == "none":
        if any(isinstance(part, (ToolCall, ToolResult)) for message in conversation.messages for part in message.parts):
            raise errors.Unsupported(
                "tool_choice: this model cannot be kept from calling tools after it has called some", param="tool_choice"
            )
        return None
    tools: list[Block] = []
    for tool in conversation.tools:
        tools.append({"toolSpec": _tool(tool)})
        if has_cache:
            tools.extend(cache_point(tool.cache))
    return {"tools": tools} if choice is None else {"tools": tools, "toolChoice": _tool_choice(choice)}


def _tool(tool: Tool) -> Block:
    spec: Block = {"name": tool.name, "inputSchema": {"json": tool.schema}}
    if tool.description and tool.description.strip():
        spec["description"] = tool.description
    return {**spec, "strict": True} if tool.is_strict else spec


def _tool_choice(choice: ToolChoice) -> Block:
    match choice.mode:
        case "named":
            return {"tool": {"name": choice.name}}
        case "required":
            return {"any": {}}
        case _:
            return {"auto": {}}


def _extras(conversation: Conversation, model: str, family: Family) -> Block:
    """What stands beside the common fields. Errors: Unsupported."""
    fields: Block = {}
    output: Block = {} if conversation.output is None else {"textFormat": _text_format(conversation.output)}
    own: Block = {}
    if conversation.top_k is not None:
        own.update(_top_k(conversation.top_k, family))
    if conversation.reasoning is not None:
        thinking, effort = _thinking(conversation, conversation.reasoning, model, family)
        own.update(thinking)
        output.update(effort)
    if output:
        fields["outputConfig"] = output
    if own:
        fields["additionalModelRequestFields"] = own
    if conversation.stop and family == "anthropic":
        fields["additionalModelResponseFieldPaths"] = [STOP_SEQUENCE_PATH]
    if conversation.service_tier in SERVICE_TIERS:
        fields["serviceTier"] = {"type": conversation.service_tier}
    return fields


def _text_format(output: OutputSchema) -> Block:
    if output.schema is None:
        raise errors.Unsupported(
            "response_format: this model follows a JSON schema, but cannot be asked for just any JSON object",
            param="response_format",
        )
    definition: Block = {"schema": bytes(output.schema).decode(), "name": output.name}
    if output.description:
        definition["description"] = output.description
    return {"type": "json_schema", "structure": {"jsonSchema": definition}}


def _top_k(top_k: int, family: Family) -> Block:
    match family:
        case "anthropic":
            return {"top_k": top_k}
        case "amazon":
            return {"inferenceConfig": {"topK": top_k}}
        case _:
            raise errors.Unsupported("top_k: this model has no such setting", param="top_k")


def _thinking(conversation: Conversation, reasoning: Reasoning, model: str, family: Family) -> tuple[Block, Block]:
    """How the family is told to think: its own request fields, and those of `outputConfig`. Both empty: it is not."""
    if _is_none(reasoning):
        return {}, {}
    wanted = reasoning.effort or (None if reasoning.budget_tokens is None else effort_of(reasoning.budget_tokens))
    effort = None if wanted is None else EFFORTS[wanted]
    match family:
        case "anthropic" if thinks_adaptively(model):
            thinking: Block = {"type": "adaptive"}
            if reasoning.is_shown is not None:
                thinking["display"] = "summarized" if reasoning.is_shown else "omitted"
            return {"thinking": thinking}, {} if effort is None else {"effort": effort}
        case "anthropic":
            budget = _budget(conversation, reasoning)
            return ({"thinking": {"type": "enabled", "budget_tokens": budget}} if budget else {}), {}
        case "openai" if effort is not None:
            return {"reasoning_effort": "high" if effort in ("xhigh", "max") else effort}, {}
        case _:
            return {}, {}


def _is_none(reasoning: Reasoning) -> bool:
    """Whether the model shall not think, which is said by saying nothing."""
    return reasoning.effort == "none" or reasoning.budget_tokens == 0


def _budget(conversation: Conversation, reasoning: Reasoning) -> int | None:
    """Tokens of thought, which count as tokens of the answer and must be fewer; None where not even the least fit."""
    budget = reasoning.budget_tokens or budget_of(reasoning.effort or "medium")
    if conversation.max_output_tokens is not None:
        budget = min(budget, conversation.max_output_tokens - 1)
    return budget if budget >= LEAST_BUDGET_TOKENS else None


def _dropped(conversation: Conversation, model: str, family: Family, *, has_cache: bool) -> tuple[str, ...]:
    reasoning, tier = conversation.reasoning, conversation.service_tier
    parts = [part for message in conversation.messages for part in message.parts]
    parts += [inner for part in parts if isinstance(part, ToolResult) for inner in part.parts]
    marked = (*parts, *conversation.tools)
    left_out = {
        "seed": conversation.seed is not None,
        "user": conversation.user is not None,
        "service_tier": tier is not None and tier not in (*SERVICE_TIERS, "auto"),
        "reasoning": reasoning is not None and not _is_none(reasoning)
        and not any(_thinking(conversation, reasoning, model, family)),
        "cache": not has_cache and any(getattr(thing, "cache", None) is not None for thing in marked),
        "detail": any(isinstance(part, Image) and part.detail not in (None, "auto") for part in parts),
        "citations": any(isinstance(part, Text) and part.citations for part in parts),
    }   # fmt: skip
    return tuple([name for name, is_left_out in left_out.items() if is_left_out])
