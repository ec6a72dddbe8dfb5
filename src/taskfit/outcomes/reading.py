"""Outcomes: what each model made of each prompt, read from a file or a folder and complained about where they do not fit.

A folder has `outcomes`, and may have `prompts` (texts and tasks, by prompt_id) and `responses` (by prompt_id and model). Rows
that are marked as `contaminated` are left out and counted. Knows no metric.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.answers import NO_ANSWER, UNCLEAR, wording_keys
from taskfit.outcomes.beside import add_prompts, add_responses
from taskfit.outcomes.columns import Columns
from taskfit.outcomes.complaints import (
    complain_of_absent_models,
    complain_of_doubles,
    complain_of_many_rows,
    complain_of_no_score,
    complain_of_nothing,
    complain_of_unscored,
)
from taskfit.outcomes.gathering import Gathering, Kept, Limits
from taskfit.outcomes.layout import Wanted, layout_of
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.outcomes.tables import columns_of, find_table, read_table
from taskfit.outcomes.values import Faults

LIMITS: Final = Limits()


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
    """Outcomes in the order of their file; `contaminated` and `left_out` count rows that are not among them."""

    rows: tuple[Outcome, ...]
    contaminated: int = 0
    left_out: int = 0


def read_outcome_table(
    path: Path,
    *,
    models: Sequence[str] | None = None,
    wants_responses: bool = False,
    cost: str | None = None,
    confidence: str | None = None,
    task: str | None = None,
    limits: Limits = LIMITS,
) -> OutcomeTable:
    """The outcomes of these models, None: of all that are there, in the order in which they first stand there.

    `cost`, `confidence` and `task` name the columns to take these from instead of the usual ones. Of more prompts than the limits
    allow it is a sample. Errors: ConfigurationError, which names the file, what was found and what was wanted.
    """
    wanted = Wanted(models=None if models is None else tuple(models), cost=cost, confidence=confidence, task=task)
    gathering = gather(path, wanted, Kept(responses=wants_responses, keys=True), limits)
    found = gathering.whole()
    complain_of_no_score(gathering)
    return _matrix(gathering, found)


def read_outcomes(path: Path, *, models: Sequence[str]) -> Outcomes:
    """The outcomes of these models, row by row. Errors: ConfigurationError, which names the file, what was found and wanted."""
    gathering = gather(path, Wanted(models=tuple(models)), Kept(answers=True, responses=True), LIMITS)
    found = gathering.whole()
    complain_of_unscored(gathering)
    return Outcomes(rows=_rows(gathering, found), contaminated=gathering.contaminated, left_out=gathering.left_out)


def answered_by_all(outcomes: Iterable[Outcome], models: Sequence[str]) -> tuple[tuple[Outcome, ...], ...]:
    """The outcomes of each prompt that all of these models answered, in the order of `models`."""
    by_prompt: dict[tuple[str, str], dict[str, Outcome]] = {}
    for outcome in outcomes:
        by_prompt.setdefault((outcome.task, outcome.prompt_id), {})[outcome.model] = outcome
    return tuple(tuple(found[model] for model in models) for found in by_prompt.values() if len(found) == len(set(models)))


def gather(path: Path, wanted: Wanted, kept: Kept, limits: Limits) -> Gathering:
    """All that the table, and those beside it, say of the wanted models. Errors: ConfigurationError."""
    file = outcomes_in(path)
    layout = layout_of(file, columns_of(file), wanted)
    gathering = Gathering(layout=layout, wanted=wanted.models, kept=kept, limits=limits, faults=Faults(file))
    with closing(read_table(file, layout.columns)) as batches:
        for batch in batches:
            gathering.add(batch)
            complain_of_many_rows(gathering)
    gathering.faults.complain()
    complain_of_nothing(gathering)
    complain_of_absent_models(gathering)
    complain_of_doubles(gathering)
    if path.is_dir():
        _add_beside(gathering, path, wanted)
    gathering.clear_up()
    complain_of_nothing(gathering)
    return gathering


def outcomes_in(path: Path) -> Path:
    """The file of the outcomes: the path itself, or that in a folder. Errors: ConfigurationError."""
    if not path.is_dir():
        return path
    file = find_table(path, "outcomes")
    if file is None:
        names = sorted(below.name for below in path.iterdir())[:10]
        found, wanted = ", ".join(names) or "nothing", "outcomes.parquet, outcomes.csv or outcomes.jsonl"
        raise ConfigurationError(f"{path}: a folder without outcomes\n  found   {found}\n  wanted  {wanted}")
    return file


def _add_beside(gathering: Gathering, folder: Path, wanted: Wanted) -> None:
    if (prompts := find_table(folder, "prompts")) is not None:
        add_prompts(gathering, prompts, task=wanted.task)
    if (responses := find_table(folder, "responses")) is not None:
        add_responses(gathering, responses)


def _rows(gathering: Gathering, found: Columns) -> tuple[Outcome, ...]:
    """In the order of the file; of one row of a wide table in that of the models."""
    prompts, names = gathering.prompts, list(gathering.models)
    costs, latencies, confidences = _known(found.cost_usd), _known(found.latency_s), _known(found.confidence)
    return tuple([
        Outcome(
            prompt_id=prompts.ids[prompt],
            prompt=prompts.texts[prompt] or prompts.requests[prompt] or prompts.ids[prompt],
            task=prompts.tasks[prompt],
            model=names[found.model[place]],
            score=float(found.score[place]),
            request=prompts.requests[prompt],
            response=found.responses[place],
            answer=found.answers[place],
            confidence=confidences[place],
            cost_usd=costs[place],
            latency_s=latencies[place],
        )
        for place in np.lexsort((found.model, found.row)).tolist()
        for prompt in (int(found.prompt[place]),)
    ])  # fmt: skip


def _known(numbers: Floats) -> list[float | None]:
    return [None if number != number else number for number in numbers.tolist()]  # noqa: PLR0124  # nan differs from itself


def _matrix(gathering: Gathering, found: Columns) -> OutcomeTable:
    prompts = gathering.prompts
    shape = (len(prompts.ids), len(gathering.models))

    def spread(numbers: Floats) -> Floats:
        matrix = np.full(shape, np.nan)
        matrix[found.prompt, found.model] = numbers
        return matrix

    said = [row for row, text in enumerate(found.responses) if text is not None]
    texts = zip(prompts.ids, prompts.texts, prompts.requests, strict=True)
    return OutcomeTable(
        prompt_ids=tuple(prompts.ids),
        prompts=tuple([text or request or prompt_id for prompt_id, text, request in texts]),
        requests=tuple(prompts.requests),
        tasks=tuple(prompts.tasks),
        families=tuple([family or _family(task) for family, task in zip(prompts.families, prompts.tasks, strict=True)]),
        models=tuple(gathering.models),
        score=spread(found.score),
        cost_usd=spread(found.cost_usd),
        latency_s=spread(found.latency_s),
        confidence=spread(found.confidence),
        answers=_answers(found, shape),
        responses={(int(found.prompt[row]), int(found.model[row])): found.responses[row] or "" for row in said},
        contaminated=gathering.contaminated,
        left_out=gathering.left_out,
    )


def _family(task: str) -> str:
    return task.partition("/")[0] if "/" in task else ""


def _answers(found: Columns, shape: tuple[int, int]) -> Integers:
    """The keys; the unclear ones by their wording."""
    keys = np.full(shape, NO_ANSWER, dtype=np.int64)
    keys[found.prompt, found.model] = found.key
    unclear: dict[int, dict[int, str]] = {}
    for place in np.flatnonzero(found.key == UNCLEAR).tolist():
        unclear.setdefault(int(found.prompt[place]), {})[int(found.model[place])] = found.unclear[place] or ""
    for prompt, texts in unclear.items():
        for model, key in wording_keys(texts).items():
            keys[prompt, model] = key
    return keys
