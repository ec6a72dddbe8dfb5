"""Requests with their kind of work, out of a table: the kind stands in a column, or it is that of the task.

A prompt counts once, however many models answered it. Knows no model.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast, get_args

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.outcomes.reading import outcomes_in
from taskfit.outcomes.requests import read_recorded
from taskfit.outcomes.tables import Batch, columns_of, find_table, read_table
from taskfit.outcomes.values import Faults, documents, labels, texts
from taskfit.values.profile import Kind
from taskfit.values.request import Outline

KINDS: Final = tuple(kind for kind in get_args(Kind) if kind != "unknown")
MOST_REQUESTS: Final = 20_000
MOST_SHOWN: Final = 60
PROMPT, REQUEST, INSTRUCTIONS, KIND, TASK = "prompt", "request", "instructions", "kind", "task"


class LabelledRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request, as a profiler sees it, and its kind."""

    outline: Outline
    kind: Kind

    @property
    def question(self) -> str:
        """The same for the same text."""
        return f"{self.outline.instructions}\n{self.outline.prompt}"


def read_labelled(path: Path, *, kinds: Mapping[str, Kind], task: str | None = None) -> tuple[LabelledRequest, ...]:
    """The requests of a table; of more than MOST_REQUESTS a sample, the same each time.

    `kinds` are those of tasks, for rows whose kind no column says; rows of other tasks are left out. `task` names the column of
    tasks. Errors: ConfigurationError, which names the file and the rows.
    """
    file = (find_table(path, "prompts") if path.is_dir() else None) or outcomes_in(path)
    names = columns_of(file)
    task = task or TASK
    _complain_of_columns(file, names, kinds, task)
    found: dict[str, LabelledRequest] = {}
    faults, seen = Faults(file), set[str]()
    with closing(read_table(file, (PROMPT, REQUEST, INSTRUCTIONS, KIND, task))) as batches:
        for batch in batches:
            seen.update(_add(batch, found, kinds, task, faults))
    faults.complain()
    _complain_of_tasks(file, kinds, seen)
    if not found:
        wanted = "a kind in the column kind" + (f", or one of the tasks {', '.join(kinds)}" if kinds else "")
        raise ConfigurationError(f"{file}: no row has a prompt and a kind\n  wanted  {wanted}")
    if len(found) <= MOST_REQUESTS:
        return tuple(found.values())
    kept = sorted(found, key=lambda question: sha256(question.encode("utf-8", "replace")).digest())[:MOST_REQUESTS]
    return tuple([found[question] for question in kept])


def _add(
    batch: Batch, found: dict[str, LabelledRequest], kinds: Mapping[str, Kind], task: str, faults: Faults
) -> Iterable[str]:
    """Gives the tasks of the batch."""
    prompts = texts(batch, [PROMPT], called=PROMPT, faults=faults)
    requests = documents(batch, [REQUEST])
    instructions = texts(batch, [INSTRUCTIONS], called=INSTRUCTIONS, faults=faults)
    said, tasks = labels(batch, [KIND], called=KIND, faults=faults), labels(batch, [task], called=task, faults=faults)
    for place, row in enumerate(batch.rows):
        kind: Any = said[place] or kinds.get(tasks[place], "")
        outline = _outline(prompts[place], requests[place], instructions[place])
        if not kind or outline is None:
            continue
        if kind not in KINDS:
            faults.note(row, f"kind is {kind!r:.60}, not one of {', '.join(KINDS)}")
            continue
        labelled = LabelledRequest(outline=outline, kind=cast(Kind, kind))
        before = found.setdefault(labelled.question, labelled)
        if before.kind != kind:
            faults.note(row, f"kind is {kind}, and {before.kind} in an earlier row with the same prompt")
    return tasks


def _outline(prompt: str | None, request: str | None, instructions: str | None) -> Outline | None:
    """Of the whole request where it was recorded, else of its prompt."""
    if request is not None and (whole := read_recorded(request)) is not None:
        return whole.outline
    if not prompt or not prompt.strip():
        return None
    chars = len(prompt) + len(instructions or "")
    return Outline(text_chars=chars, message_count=1, prompt=prompt, instructions=instructions or "")


def _complain_of_tasks(file: Path, kinds: Mapping[str, Kind], seen: Collection[str]) -> None:
    absent = [name for name in kinds if name not in seen]
    if absent:
        near = get_close_matches(absent[0], seen, n=1)
        shown = ", ".join(sorted(filter(None, seen))[:MOST_SHOWN]) or "none"
        try_ = f"\n  try     {near[0]}" if near else ""
        raise ConfigurationError(f"{file}: there is no task {', '.join(absent)}\n  wanted  one of: {shown}{try_}")


def _complain_of_columns(file: Path, names: Sequence[str], kinds: Mapping[str, Kind], task: str) -> None:
    if PROMPT not in names and REQUEST not in names:
        raise ConfigurationError(f"{file}: has no prompts\n  found   {', '.join(names)[:300]}\n  wanted  a column {PROMPT}")
    if KIND not in names and not (kinds and task in names):
        raise ConfigurationError(
            f"{file}: does not say what kind of work a prompt is\n  found   {', '.join(names)[:300]}\n  wanted  a column {KIND}: "
            f"{', '.join(KINDS)}\n  try     --kind TASK=KIND, for a column {task}"
        )
