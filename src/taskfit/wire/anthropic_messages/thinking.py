"""How much a model shall think, in a request of this API, and what the API then allows beside it.

Source: Anthropic's pages on extended and adaptive thinking, November 2026: a budget is at least 1,024 tokens and less than
`max_tokens`; a call of a tool cannot be forced; temperature is 1, top_p at least 0.95, top_k unsaid; and with a budget (not where
the model adapts) the last answer with calls must begin with thoughts, and the answer must not be begun by the caller.
"""

import msgspec

from taskfit.values.conversation import Conversation, Effort, Reasoning, Thinking, ToolResult
from taskfit.wire.anthropic_messages.words import Block
from taskfit.wire.efforts import budget_of, effort_of
from taskfit.wire.turns import Turn

MIN_BUDGET_TOKENS = 1024

USUAL_EFFORT: Effort = "medium"
"""What stands for "as much as it wants" where a model wants a budget."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of thinking. `max_tokens` holds the answer and the thoughts before it. `is_on` says whether the model
    may think; `is_left_out` that it should have, but cannot."""

    max_tokens: int
    thinking: Block | None = None
    effort: str | None = None
    is_on: bool = False
    is_left_out: bool = False


def plan(conversation: Conversation, turns: tuple[Turn, ...], *, default_max_tokens: int, takes_effort: bool) -> Plan:
    """What to say. Where the caller sets no limit, the thoughts get their budget beside the default limit of the answer.

    With `takes_effort` the model adapts to an effort, as all of 2026 do; else it gets a budget.
    """
    reasoning, limit = conversation.reasoning, conversation.max_output_tokens
    plain = Plan(max_tokens=default_max_tokens if limit is None else limit)
    if reasoning is None:
        return plain
    if reasoning.effort == "none" or reasoning.budget_tokens == 0:
        return msgspec.structs.replace(plain, thinking={"type": "disabled"})
    budget = max(MIN_BUDGET_TOKENS, _budget(reasoning))
    max_tokens = default_max_tokens + budget if limit is None else limit
    effort = _effort(reasoning) if takes_effort else None
    if _is_forced(conversation) or (not takes_effort and (max_tokens <= MIN_BUDGET_TOKENS or _must_not_begin_anew(turns))):
        return msgspec.structs.replace(plain, effort=effort, is_left_out=True)
    thinking: Block = {"type": "adaptive"} if takes_effort else {"type": "enabled", "budget_tokens": _fitting(budget, max_tokens)}
    if reasoning.is_shown is not None:
        thinking["display"] = "summarized" if reasoning.is_shown else "omitted"
    return Plan(max_tokens=max_tokens, thinking=thinking, effort=effort, is_on=True)


def _budget(reasoning: Reasoning) -> int:
    return budget_of(reasoning.effort or USUAL_EFFORT) if reasoning.budget_tokens is None else reasoning.budget_tokens


def _effort(reasoning: Reasoning) -> str | None:
    """This API's least effort is "low"; where nothing is said it adapts by itself."""
    effort = reasoning.effort
    if effort is None and reasoning.budget_tokens is not None:
        effort = effort_of(reasoning.budget_tokens)
    return "low" if effort == "minimal" else effort


def _fitting(budget: int, max_tokens: int) -> int:
    """The budget, or three quarters of the limit where it is not below it: the answer needs the rest."""
    return budget if budget < max_tokens else max(MIN_BUDGET_TOKENS, max_tokens * 3 // 4)


def _is_forced(conversation: Conversation) -> bool:
    return conversation.tool_choice is not None and conversation.tool_choice.mode in ("required", "named")


def _must_not_begin_anew(turns: tuple[Turn, ...]) -> bool:
    """Whether the model goes on with an answer that was begun without its own thoughts: by the caller, or by another model
    whose calls have just been answered."""
    last = turns[-1]
    if last.side == "assistant":
        return True
    has_results = any(isinstance(part, ToolResult) for _, part in last.parts)
    return has_results and len(turns) > 1 and not isinstance(turns[-2].parts[0][1], Thinking)
