"""What Anthropic's own server refuses of a messages request, as far as that is certain.

System turns may stand anywhere in the conversation, as newer clients send them.
Source: the vendor's API reference, and the messages of its 400s as users quote them.
"""

import re
from collections.abc import Iterator
from typing import Any

from taskfit.testing.anthropic_messages.turns import about_turns
from taskfit.testing.grammar import Complaint
from taskfit.testing.reply import SeenRequest
from taskfit.testing.tolerant import Object, at, number_at, objects, strings

MEMBERS = frozenset({
    "max_tokens", "messages", "model", "billing_policy", "cache_control", "compaction", "container", "context_management",
    "diagnostics", "fallback_credit_token", "fallbacks", "inference_geo", "mcp_servers", "metadata", "output_config",
    "output_format", "service_tier", "speed", "stop_sequences", "stream", "system", "temperature", "thinking", "thread",
    "tool_choice", "tools", "top_k", "top_p", "user_profile_id", "workspace_id",
})  # fmt: skip
"""With those of the vendor's betas, as of 2026-11."""
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
MIN_BUDGET_TOKENS = 1024
MAX_CACHE_MARKS = 4
MIN_TOP_P_WHEN_THINKING = 0.95


def complaint(request: SeenRequest) -> Complaint | None:
    """The first thing that is wrong; None where nothing is."""
    return next(_complaints(request), None)


def _complaints(request: SeenRequest) -> Iterator[Complaint]:
    body = request.body
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            yield Complaint(f"{name}: Field required")
    for name in body:
        if name not in MEMBERS:
            yield Complaint(f"{name}: Extra inputs are not permitted")
    limit = number_at(body, "max_tokens")
    if limit is None or limit < 1:
        yield Complaint("max_tokens: Input should be a valid integer, greater than or equal to 1")
    yield from about_turns(body)
    yield from _about_sampling(body)
    yield from _about_thinking(request)
    yield from _about_tools(body)
    yield from _about_output(body)
    marks = _cache_marks(body)
    if marks > MAX_CACHE_MARKS:
        yield Complaint(f"A maximum of {MAX_CACHE_MARKS} blocks with cache_control may be provided. Found {marks}.")


def _about_sampling(body: Object) -> Iterator[Complaint]:
    temperature = body.get("temperature")
    if isinstance(temperature, (int, float)) and not 0 <= temperature <= 1:
        yield Complaint("temperature: range: 0..1")
    if any(not text.strip() for text in strings(body.get("stop_sequences"))):
        yield Complaint("stop_sequences: each stop sequence must contain non-whitespace")


def _about_thinking(request: SeenRequest) -> Iterator[Complaint]:
    body = request.body
    if at(body, "thinking", "type") not in ("enabled", "adaptive"):
        return
    if body.get("temperature") not in (None, 1):
        yield Complaint("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.")
    if body.get("top_k") is not None:
        yield Complaint("`top_k` must be unset when thinking is enabled or in adaptive mode.")
    top_p = body.get("top_p")
    if isinstance(top_p, (int, float)) and top_p < MIN_TOP_P_WHEN_THINKING:
        yield Complaint("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in adaptive mode.")
    if at(body, "tool_choice", "type") in ("any", "tool"):
        yield Complaint("Thinking may not be enabled when tool_choice forces tool use.")
    if at(body, "thinking", "type") == "enabled":
        yield from _about_budget(request)


def _about_budget(request: SeenRequest) -> Iterator[Complaint]:
    budget = number_at(request.body, "thinking", "budget_tokens")
    if budget is None:
        yield Complaint("thinking.enabled.budget_tokens: Field required")
        return
    if budget < MIN_BUDGET_TOKENS:
        yield Complaint(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {MIN_BUDGET_TOKENS}")
    is_interleaved = "interleaved-thinking" in request.headers.get("anthropic-beta", "")
    if budget >= (request.max_output_tokens or 0) and not is_interleaved:
        yield Complaint("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _about_tools(body: Object) -> Iterator[Complaint]:
    tools = objects(body.get("tools"))
    if body.get("tool_choice") is not None and not tools:
        yield Complaint("tool_choice: `tool_choice` may only be specified while providing `tools`.")
    names = [tool.get("name") for tool in tools]
    if len(set(map(str, names))) < len(names):
        yield Complaint("tools: Tool names must be unique.")
    for position, tool in enumerate(tools):
        if tool.get("type", "custom") != "custom":
            continue
        place = f"tools.{position}.custom"
        if not TOOL_NAME.fullmatch(str(tool.get("name"))):
            yield Complaint(f"{place}.name: String should match pattern '^{TOOL_NAME.pattern}$'")
        schema = tool.get("input_schema")
        if at(schema, "type") != "object":
            yield Complaint(f"{place}.input_schema.type: Field required, and should be 'object'")
        if isinstance(schema, dict) and {"oneOf", "allOf", "anyOf"} & set(schema):
            yield Complaint(f"{place}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level")


def _about_output(body: Object) -> Iterator[Complaint]:
    forms = {"output_config.format": at(body, "output_config", "format"), "output_format": body.get("output_format")}
    for place, wanted in forms.items():
        if wanted is None:
            continue
        if at(wanted, "type") != "json_schema":
            yield Complaint(f"{place}.type: Input should be 'json_schema'")
        if not isinstance(at(wanted, "schema"), dict):
            yield Complaint(f"{place}.schema: Field required")
        if _has_open_object(at(wanted, "schema")):
            yield Complaint(f"{place}.schema: For 'object' type, 'additionalProperties' must be explicitly set to false")


def _has_open_object(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(_has_open_object(item) for item in schema)
    if not isinstance(schema, dict):
        return False
    is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return is_open or any(_has_open_object(value) for value in schema.values())


def _cache_marks(body: Object) -> int:
    """Those of tools, system prompt and blocks, also the blocks within tool results."""
    blocks = [block for turn in objects(body.get("messages")) for block in objects(turn.get("content"))]
    inner = [item for block in blocks for item in objects(block.get("content"))]
    marked = [*objects(body.get("tools")), *objects(body.get("system")), *blocks, *inner, body]
    return sum(1 for item in marked if item.get("cache_control") is not None)
