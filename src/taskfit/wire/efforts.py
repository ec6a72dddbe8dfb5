"""How much a model shall think: an effort for dialects that say it in a word, a budget for those that say it in tokens.

The one table for all dialects; a vendor's own scale is mapped where the vendor's dialect is written. Knows no dialect.
"""

from collections.abc import Mapping

from taskfit.values.conversation import Effort

BUDGETS: Mapping[Effort, int] = {
    "none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768,
}  # fmt: skip
"""Tokens of thought for each effort, the smallest first, from what Anthropic takes at least to what Google takes at most."""


def budget_of(effort: Effort) -> int:
    """The budget that stands for an effort. Units: tokens; 0 for "none"."""
    return BUDGETS[effort]


def effort_of(budget_tokens: int) -> Effort:
    """The smallest effort that allows for the budget: "none" for 0, "max" for all above the table.

    Units: tokens, not negative.
    """
    return next((effort for effort, tokens in BUDGETS.items() if budget_tokens <= tokens), "max")
