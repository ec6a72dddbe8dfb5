"""How much a model shall think, in Google's words: levels from Gemini 3 on, budgets in tokens for Gemini 2.5, nothing before.

Source: the Gemini API's guide to thinking, as of November 2026.
"""

import re
from typing import Any

from taskfit.errors import InvalidRequest
from taskfit.values.conversation import Effort, Reasoning
from taskfit.wire.efforts import budget_of, effort_of
from taskfit.wire.gemini_generate.members import Members

LEVELS: dict[str, Effort] = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh"}
_WRITTEN: dict[Effort, str] = {
    "none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH", "max": "HIGH",
}  # fmt: skip
_WITH_MINIMAL = ("gemini-3-flash", "gemini-3.1-flash-lite", "gemini-3.5-flash")
"""The models that take the least level; for all others "LOW" is the least."""

GEMINI_3 = (3, 0)
"""From this version on thinking has levels, calls need signatures, and results hold images."""

_BUDGETS = {"gemini-2.5-pro": (128, 32768), "gemini-2.5-flash-lite": (512, 24576), "gemini-2.5-flash": (1, 24576)}
_VERSION = re.compile(r"gemini-(\d{1,3})(?:\.(\d{1,3}))?")


def read_thinking(config: Members | None) -> Reasoning | None:
    """A `thinkingConfig`. A budget of 0 is no thinking, one of -1 leaves it to the model."""
    if config is None:
        return None
    budget, level = config.whole("thinkingBudget"), config.take("thinkingLevel", str)
    effort = _effort(level, config.at("thinkingLevel"))
    if budget is not None and budget < -1:
        raise InvalidRequest(f"{config.at('thinkingBudget')}: less than -1", param=config.at("thinkingBudget"))
    return Reasoning(
        effort="none" if budget == 0 else effort,
        budget_tokens=budget if budget is not None and budget > 0 else None,
        is_adaptive=budget == -1,
        is_shown=config.take("includeThoughts", bool),
    )


def write_thinking(reasoning: Reasoning, model: str) -> tuple[dict[str, Any], bool]:
    """The `thinkingConfig` for a model, empty where there is nothing to say, and whether the wish could be kept."""
    version = version_of(model)
    if version < (2, 5):
        return {}, reasoning.effort == "none" or reasoning == Reasoning(is_shown=reasoning.is_shown)
    config, is_kept = _budget(reasoning, model) if version < GEMINI_3 else _level(reasoning, model)
    if reasoning.is_shown is not None:
        config["includeThoughts"] = reasoning.is_shown
    return config, is_kept


def version_of(model: str) -> tuple[int, int]:
    """The generation of a model by its name; a name without one (`gemini-flash-latest`) is taken for the newest."""
    found = _VERSION.match(model.removeprefix("models/"))
    return (int(found[1]), int(found[2] or 0)) if found else (999, 0)


def _effort(level: str | None, place: str) -> Effort | None:
    if level is None or level.upper() == "THINKING_LEVEL_UNSPECIFIED":
        return None
    if level.upper() not in LEVELS:
        raise InvalidRequest(f"{place}: {level[:40]!r} is none of {', '.join(LEVELS)}", param=place)
    return LEVELS[level.upper()]


def _budget(reasoning: Reasoning, model: str) -> tuple[dict[str, Any], bool]:
    tokens = reasoning.budget_tokens
    if tokens is None and reasoning.effort is not None:
        tokens = budget_of(reasoning.effort)
    if tokens is None:
        return ({"thinkingBudget": -1} if reasoning.is_adaptive else {}), True
    name = model.removeprefix("models/")
    least, most = next((limits for prefix, limits in _BUDGETS.items() if name.startswith(prefix)), (1, 24576))
    if tokens == 0 and least != 128:
        return {"thinkingBudget": 0}, True
    return {"thinkingBudget": min(max(tokens, least), most)}, tokens > 0


def _level(reasoning: Reasoning, model: str) -> tuple[dict[str, Any], bool]:
    effort = reasoning.effort
    if effort is None and reasoning.budget_tokens is not None:
        effort = effort_of(reasoning.budget_tokens)
    if effort is None:
        return {}, True
    level = _WRITTEN[effort]
    if level == "MINIMAL" and not model.removeprefix("models/").startswith(_WITH_MINIMAL):
        level = "LOW"
    return {"thinkingLevel": level}, effort not in ("none", "xhigh", "max")
