"""Which columns of a table of outcomes say what, under the names that tables have for it.

A long table has a row per prompt and model; a wide one a row per prompt, with columns such as `weak_correct` and `weak_response`
for the models `weak` and `strong`.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError

WANTED: Final = "prompt_id, prompt (or request), task, model, score, cost_usd, latency_s, response, confidence"
SCORES: Final = ("score", "correct")
ANSWERS: Final = ("answer", "pred")
COSTS: Final = ("cost_usd", "cost_usd_est", "cost_usd_nominal")
PROMPTS: Final = ("prompt", "question")
TASKS: Final = ("task", "category")
"""What is known, under the names that tables have for it; the first that is there counts."""

ABOUT_PROMPTS: Final = frozenset({"prompt_id", *PROMPTS, "request", *TASKS, "family", "contaminated"})
ABOUT_ANSWERS: Final = frozenset({*SCORES, *ANSWERS, *COSTS, "response", "confidence", "latency_s"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a table. `models` None: all. `cost`, `confidence` and `task` name columns to take these from, None: the
    usual ones."""

    models: tuple[str, ...] | None = None
    cost: str | None = None
    confidence: str | None = None
    task: str | None = None


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where things stand in one table. `sides` are the models of a wide table and the prefixes of their columns; a long one has
    none. `prompt_ids` is the column of the prompt's id."""

    file: Path
    sides: tuple[tuple[str, str], ...]
    prompt_ids: str
    tasks: tuple[str, ...]
    costs: tuple[str, ...]
    confidences: tuple[str, ...]
    columns: frozenset[str]


def layout_of(file: Path, columns: Sequence[str], wanted: Wanted) -> Layout:
    """How the table is to be read. Errors: ConfigurationError, with what is there and what is missing."""
    if not columns:
        raise ConfigurationError(f"{file}: there is nothing in it\n  wanted  rows with {WANTED}")
    sides = () if "model" in columns else _sides(columns, wanted.models)
    _complain_about_columns(file, columns, sides)
    costs = COSTS if wanted.cost is None else (wanted.cost,)
    _complain_about_named(file, columns, sides, wanted)
    confidences = (wanted.confidence or "confidence",)
    facts = {*ABOUT_ANSWERS, *costs, *confidences}
    read = {*ABOUT_PROMPTS, "model"} if wanted.task is None else {*ABOUT_PROMPTS, "model", wanted.task}
    read |= {f"{prefix}{name}" for _, prefix in sides for name in facts} if sides else facts
    return Layout(
        file=file,
        sides=sides,
        prompt_ids="prompt_id" if "prompt_id" in columns else "prompt",
        tasks=(wanted.task,) if wanted.task is not None else tuple([name for name in TASKS if name in columns])[:1],
        costs=costs,
        confidences=confidences,
        columns=frozenset(read),
    )


def _sides(columns: Sequence[str], models: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    if models is None:
        found = [name.removesuffix(f"_{score}") for name in columns for score in SCORES if name.endswith(f"_{score}")]
        models = tuple(dict.fromkeys(found))
    return tuple((model, f"{model}_") for model in models)


def _complain_about_columns(file: Path, columns: Sequence[str], sides: Sequence[tuple[str, str]]) -> None:
    has = set(columns)
    if "model" in has:
        missing = ["prompt_id"] * (not has & {"prompt_id", "prompt"}) + ["score"] * (not has & set(SCORES))
        wide = "weak_correct, weak_response, strong_correct, strong_response"
    elif not sides:
        missing = [name for name in ("prompt_id", "model", "score") if name not in has]
        wide = "weak_correct, weak_response, strong_correct, strong_response"
    else:
        missing = ["prompt_id"] * (not has & {"prompt_id", "prompt"})
        missing += [f"{model}_score" for model, prefix in sides if not has & {f"{prefix}{name}" for name in SCORES}]
        wide = ", ".join(f"{model}_correct, {model}_response" for model, _ in sides)
    if missing:
        raise ConfigurationError(
            f"{file}: not a table of outcomes\n  found   {', '.join(columns[:60])}\n  missing {', '.join(missing)}\n"
            f"  wanted  {WANTED}; or {wide}"
        )


def _complain_about_named(file: Path, columns: Sequence[str], sides: Sequence[tuple[str, str]], wanted: Wanted) -> None:
    """A column that was asked for by name has to be there."""
    has = {name.removeprefix(prefix) for name in columns for _, prefix in sides} if sides else set(columns)
    for name, what in ((wanted.cost, has), (wanted.confidence, has), (wanted.task, set(columns))):
        if name is not None and name not in what:
            close = get_close_matches(name, sorted(what), n=1)
            try_ = f"\n  try     {close[0]}" if close else ""
            raise ConfigurationError(f"{file}: there is no column {name}\n  found   {', '.join(columns[:60])}{try_}")
