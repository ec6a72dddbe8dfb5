"""Requests with their kind of work, out of a table: the kind stands in a column, or it is that of the task.

A prompt counts once, however many models answered it; one that stands under several kinds (a greeting, say) tells of none of them
and is left out. Knows no model.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast, get_args

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.outcomes.layout import PROMPTS, TASKS
from taskfit.outcomes.reading import outcomes_in
from taskfit.outcomes.requests import read_recorded
from taskfit.outcomes.tables import Batch, columns_of, find_table, read_table
from taskfit.outcomes.values import Faults, documents, labels, texts
from taskfit.values.profile import Kind
from taskfit.values.request import Outline

KINDS: Final = tuple(kind for kind in get_args(Kind) if kind != "unknown")
MOST_REQUESTS: Final = 20_000
MOST_SHOWN: Final = 60
REQUEST, INSTRUCTIONS, KIND = "request", "instructions", "kind"


class LabelledRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request, as a profiler sees it, and its kind."""

    outline: Outline
    kind: Kind

    @property
    def question(self) -> str:
        """The same for the same text."""
        return f"{self.outline.instructions}\n{self.outline.prompt}"


class LabelledRequests(msgspec.Struct, frozen=True, kw_only=True):
    """Those of a table; `ambiguous` counts prompts that stand there under several kinds, and are not among them."""

    requests: tuple[LabelledRequest, ...]
    ambiguous: int = 0


def read_labelled(path: Path, *, kinds: Mapping[str, Kind], task: str | None = None) -> LabelledRequests:
    """The requests of a table; of more than MOST_REQUESTS a sample, the same each time.

    `kinds` are those of tasks, for rows whose kind no column says; rows of other tasks are left out. `task` names the column of
    tasks. Errors: ConfigurationError, which names the file and the rows.
    """
    file = (find_table(path, "prompts") if path.is_dir() else None) or outcomes_in(path)
    names = columns_of(file)
    of = [name for name in (TASKS if task is None else (task,)) if name in names][:1]
    _complain_of_columns(file, names, has_kinds=bool(kinds and of), task=task or TASKS[0])
    found: dict[str, LabelledRequest] = {}
    faults, seen, ambiguous = Faults(file), set[str](), set[str]()
    with closing(read_table(file, (*PROMPTS, REQUEST, INSTRUCTIONS, KIND, *of))) as batches:
        for batch in batches:
            tasks = labels(batch, of, called="task", faults=faults)
            seen.update(tasks)
            for request in _labelled_in(batch, tasks, kinds, faults):
                if found.setdefault(request.question, request).kind != request.kind:
                    ambiguous.add(request.question)
    faults.complain()
    _complain_of_tasks(file, kinds, seen)
    clear = {question: request for question, request in found.items() if question not in ambiguous}
    if not clear:
        raise ConfigurationError(f"{file}: {_why_nothing(kinds, len(ambiguous))}")
    kept: Iterable[str] = clear
    if len(clear) > MOST_REQUESTS:
        kept = sorted(clear, key=lambda question: sha256(question.encode("utf-8", "replace")).digest())[:MOST_REQUESTS]
    return LabelledRequests(requests=tuple([clear[question] for question in kept]), ambiguous=len(ambiguous))


def _labelled_in(
    batch: Batch, tasks: Sequence[str], kinds: Mapping[str, Kind], faults: Faults
) -> Iterator[LabelledRequest]:
    """The rows with a prompt and a kind."""
    prompts = texts(batch, PROMPTS, called=PROMPTS[0], faults=faults)
    requests = documents(batch, [REQUEST])
    instructions = texts(batch, [INSTRUCTIONS], called=INSTRUCTIONS, faults=faults)
    said = labels(batch, [KIND], called=KIND, faults=faults)
    for place, row in enumerate(batch.rows):
        kind: Any = said[place] or kinds.get(tasks[place], "")
        outline = _outline(prompts[place], requests[place], instructions[place])
        if not kind or outline is None:
            continue
        if kind in KINDS:
            yield LabelledRequest(outline=outline, kind=cast(Kind, kind))
        else:
            faults.note(row, f"kind is {kind!r:.60}, not one of {', '.join(KINDS)}")


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


def _complain_of_columns(file: Path, names: Sequence[str], *, has_kinds: bool, task: str) -> None:
    """`has_kinds`: tasks with kinds were named, and a column of tasks is there."""
    found = ", ".join(names)[:300] or "nothing"
    if not {*PROMPTS, REQUEST} & set(names):
        raise ConfigurationError(f"{file}: has no prompts\n  found   {found}\n  wanted  a column {PROMPTS[0]}")
    if KIND not in names and not has_kinds:
        raise ConfigurationError(
            f"{file}: does not say what kind of work a prompt is\n  found   {found}\n  wanted  a column {KIND}: "
            f"{', '.join(KINDS)}\n  try     --kind TASK=KIND, for a column {task}"
        )


def _why_nothing(kinds: Collection[str], ambiguous: int) -> str:
    """Why no request is left; `kinds` are the tasks whose kinds were named, all of which are there."""
    if ambiguous:
        return f"no prompt has one kind\n  found   {ambiguous} under several kinds\n  wanted  prompts of one kind each"
    if kinds:
        why = f"the rows of these tasks hold no prompt: records and audits keep none\n  found   {', '.join(kinds)}"
        return f"{why}\n  wanted  requests with their texts"
    return f"no row has a prompt and a kind\n  wanted  a kind in the column {KIND}"
