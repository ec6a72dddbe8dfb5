"""Outcomes: what each model made of each prompt, read from a file or a folder and complained about where they do not fit.

A long table has a row per prompt and model; a wide one a row per prompt, with columns such as `weak_correct` and `weak_response`
for the models `weak` and `strong`. A folder has `outcomes`, and may have `prompts` (texts and tasks, by prompt_id) and
`responses` (by prompt_id and model). Rows that say of themselves `contaminated` are left out and counted. Knows no metric.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.outcomes.tables import Part, Row, Table, find_table, read_table

WANTED: Final = "prompt_id, prompt (or request), task, model, score, cost_usd, latency_s, response, confidence"
FACTS: Final = {
    "score": ("score", "correct"),
    "response": ("response",),
    "answer": ("answer", "pred"),
    "confidence": ("confidence",),
    "cost_usd": ("cost_usd", "cost_usd_est", "cost_usd_nominal"),
    "latency_s": ("latency_s",),
}
"""What is known of one answer, under the names that tables have for it; the first that is there counts."""

ABOUT_PROMPTS: Final = ("prompt_id", "prompt", "request", "task", "contaminated")
NUMBERS: Final = {"confidence": (-math.inf, math.inf), "cost_usd": (0.0, 1e6), "latency_s": (0.0, 1e9)}
MOST_FAULTS: Final = 5
TRUTHS: Final = {"true": 1.0, "false": 0.0}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one model made of one prompt. `score` is 0 (wrong) to 1 (right). `prompt` is the id where no text was recorded.

    `request` is the JSON of a chat completion request. `answer` is the final answer as whoever recorded it took it out of the
    response; `confidence` a natural logarithm of a probability. None: not recorded. Units: USD; seconds.
    """

    prompt_id: str
    prompt: str
    task: str
    model: str
    score: float
    request: str | None = None
    response: str | None = None
    answer: str | None = None
    confidence: float | None = None
    cost_usd: float | None = None
    latency_s: float | None = None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes in the order of their file; `contaminated` counts the rows that were left out."""

    rows: tuple[Outcome, ...]
    contaminated: int = 0


class _Faults(Exception):
    """What is wrong with one row."""


def read_outcomes(path: Path, *, models: Sequence[str]) -> Outcomes:
    """The outcomes of these models. Errors: ConfigurationError, which names the file, what was found and what was wanted."""
    file = _outcomes_in(path)
    about = _texts_beside(path, models)
    table = read_table(file, Part(columns=_columns(models), where={"model": models}))
    if not table.columns:
        raise ConfigurationError(f"{file}: there is nothing in it\n  wanted  rows with {WANTED}")
    _complain_about_columns(table, models)
    is_long = "model" in table.columns
    if is_long:
        _complain_about_models(table, models)
    read: dict[tuple[str, str, str], Outcome] = {}
    faults: list[str] = []
    contaminated = 0
    for number, row in enumerate(table.rows, start=1):
        if _is_true(row.get("contaminated")):
            contaminated += 1
            continue
        try:
            for outcome in [_long(row, about)] if is_long else _wide(row, models):
                key = (outcome.task, outcome.prompt_id, outcome.model)
                if key in read:
                    raise _Faults(f"{outcome.model} has answered {outcome.prompt_id} before; each prompt and model once")
                read[key] = outcome
        except _Faults as fault:
            faults.append(f"  row {number} of those read: {fault}")
            if len(faults) == MOST_FAULTS:
                break
    if faults:
        raise ConfigurationError("\n".join([f"{file}: some rows cannot be used", *faults]))
    return Outcomes(rows=tuple(read.values()), contaminated=contaminated)


def answered_by_all(outcomes: Iterable[Outcome], models: Sequence[str]) -> tuple[tuple[Outcome, ...], ...]:
    """The outcomes of each prompt that all of these models answered, in the order of `models`."""
    by_prompt: dict[tuple[str, str], dict[str, Outcome]] = {}
    for outcome in outcomes:
        by_prompt.setdefault((outcome.task, outcome.prompt_id), {})[outcome.model] = outcome
    return tuple(tuple(found[model] for model in models) for found in by_prompt.values() if len(found) == len(set(models)))


def _outcomes_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    file = find_table(path, "outcomes")
    if file is None:
        names = sorted(below.name for below in path.iterdir())[:10]
        found, wanted = ", ".join(names) or "nothing", "outcomes.parquet, outcomes.csv or outcomes.jsonl"
        raise ConfigurationError(f"{path}: a folder without outcomes\n  found   {found}\n  wanted  {wanted}")
    return file


def _columns(models: Sequence[str]) -> frozenset[str]:
    names = {name for aliases in FACTS.values() for name in aliases}
    return frozenset({*ABOUT_PROMPTS, "model", *names, *(f"{model}_{name}" for model in models for name in names)})


class _Texts(msgspec.Struct, frozen=True, kw_only=True):
    """What the tables beside the outcomes say: of each prompt, and the response of each prompt and model."""

    prompts: dict[str, Row] = {}
    responses: dict[tuple[str, str], str] = {}


def _texts_beside(path: Path, models: Sequence[str]) -> _Texts:
    if not path.is_dir():
        return _Texts()
    prompts, responses = find_table(path, "prompts"), find_table(path, "responses")
    texts = _Texts(prompts={}, responses={})
    if prompts is not None:
        rows = read_table(prompts, Part(columns=frozenset(ABOUT_PROMPTS))).rows
        texts.prompts.update((str(row.get("prompt_id")), row) for row in rows)
    if responses is not None:
        part = Part(columns=frozenset({"prompt_id", "model", "response"}), where={"model": models})
        for row in read_table(responses, part).rows:
            if isinstance(row.get("response"), str):
                texts.responses[str(row.get("prompt_id")), str(row.get("model"))] = row["response"]
    return texts


def _complain_about_columns(table: Table, models: Sequence[str]) -> None:
    if "model" in table.columns:
        missing = [name for name in ("prompt_id",) if name not in table.columns]
        if not set(FACTS["score"]) & set(table.columns):
            missing.append("score")
    else:
        scores = {model: {f"{model}_{name}" for name in FACTS["score"]} for model in models}
        missing = [f"{model}_score" for model, names in scores.items() if not names & set(table.columns)]
    if missing:
        raise ConfigurationError(
            f"{table.file}: not a table of outcomes\n  found   {', '.join(table.columns)}\n  missing {', '.join(missing)}\n"
            f"  wanted  {WANTED}; or {', '.join(f'{model}_correct, {model}_response' for model in models)}"
        )


def _complain_about_models(table: Table, models: Sequence[str]) -> None:
    """A model without a row is a slip of the pen."""
    seen = {row.get("model") for row in table.rows}
    absent = [model for model in models if model not in seen]
    if not absent:
        return
    rows = read_table(table.file, Part(columns=frozenset({"model"}))).rows
    names = sorted({str(row.get("model")) for row in rows})
    close = get_close_matches(absent[0], names, n=1)
    shown = ", ".join(names[:60])
    try_ = f"\n  try     {close[0]}" if close else ""
    raise ConfigurationError(f"{table.file}: there is no outcome of {absent[0]}\n  wanted  one of: {shown}{try_}")


def _long(row: Row, about: _Texts) -> Outcome:
    prompt_id = _prompt_id(row)
    model = row.get("model")
    facts = _facts(row, "")
    if facts.get("response") is None:
        facts["response"] = about.responses.get((prompt_id, str(model)))
    return Outcome(model=str(model), **_about({**about.prompts.get(prompt_id, {}), **_said(row)}, prompt_id), **facts)


def _wide(row: Row, models: Sequence[str]) -> Iterator[Outcome]:
    prompt_id = _prompt_id(row)
    for model in models:
        yield Outcome(model=model, **_about(_said(row), prompt_id), **_facts(row, f"{model}_"))


def _prompt_id(row: Row) -> str:
    found = row.get("prompt_id", row.get("prompt"))
    if found is None or not str(found).strip():
        raise _Faults("prompt_id is missing")
    return str(found)


def _said(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ABOUT_PROMPTS if row.get(name) is not None}


def _about(row: Row, prompt_id: str) -> dict[str, Any]:
    request, prompt = row.get("request"), row.get("prompt")
    if request is not None and not isinstance(request, str):
        request = json.dumps(request)
    for name, text in (("prompt", prompt), ("request", request)):
        if text is not None and not isinstance(text, str):
            raise _Faults(f"{name} is {_shown(text)}, not text")
    text = prompt or request or prompt_id
    return {"prompt_id": prompt_id, "prompt": text, "request": request, "task": str(row.get("task") or "")}


def _facts(row: Row, prefix: str) -> dict[str, Any]:
    """What is known of one answer, checked. Errors: _Faults."""
    facts: dict[str, Any] = {}
    for fact, aliases in FACTS.items():
        facts[fact] = next((row[prefix + name] for name in aliases if not _is_missing(row.get(prefix + name))), None)
    facts["score"] = _score(facts["score"], f"{prefix}score")
    for name in ("response", "answer"):
        if facts[name] is not None and not isinstance(facts[name], str):
            facts[name] = json.dumps(facts[name])
    for name, (least, most) in NUMBERS.items():
        if facts[name] is not None:
            facts[name] = _number(facts[name], f"{prefix}{name}", least=least, most=most)
    return facts


def _score(value: Any, name: str) -> float:
    if value is None:
        raise _Faults(f"{name} is missing")
    return _number(TRUTHS.get(str(value).lower(), value), name, least=0.0, most=1.0)


def _number(value: Any, name: str, *, least: float, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _Faults(f"{name} is {_shown(value)}, not a number") from None
    if not least <= number <= most:
        wanted = f"{least:g} to {most:g}" if math.isfinite(most) else "a number"
        raise _Faults(f"{name} is {_shown(value)}, not {wanted}")
    return number


def _is_missing(value: Any) -> bool:
    """Some libraries write "not a number" where nothing is known."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _is_true(value: Any) -> bool:
    return value is not None and TRUTHS.get(str(value).lower(), value) in (1, 1.0, "1", "1.0")


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:60]
