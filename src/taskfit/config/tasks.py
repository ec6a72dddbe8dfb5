"""The sections `tasks` and `defaults`: contracts, with what a task does not say taken from the defaults.

Knows no key of a contract but `ladder`, `match`, and those that files and reviews hang on.
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import UNSET

from taskfit.config.checks import with_schema
from taskfit.config.complaints import Complaints
from taskfit.config.contract import Part, read_part
from taskfit.config.fit import fitted_budget
from taskfit.config.keys import OWN_TO_A_TASK, TASK, Key
from taskfit.config.ladder import single
from taskfit.config.reading import check_name, complain, is_null
from taskfit.config.references import Kinds, References, files_of
from taskfit.config.review import ReviewPart, complain_of_rule, rule_of
from taskfit.config.settings import TaskFiles
from taskfit.config.tree import Entry, Node, Table
from taskfit.values.task import DEFAULT_TASK, Bounds, Rung, Task

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Tasks(msgspec.Struct, frozen=True, kw_only=True):
    """All tasks in the order of the file, and by task the files that it was read from."""

    read: tuple[Task, ...]
    files: Mapping[str, TaskFiles]


def read_tasks(section: Entry | None, defaults: Entry | None, references: References, complaints: Complaints) -> Tasks:
    """All tasks; `default` comes last where it is not written."""
    reader = _Contracts(references, complaints)
    inherited = reader.defaults(defaults)
    tasks: list[Task] = []
    files: dict[str, TaskFiles] = {}
    for entry in _entries(section, complaints):
        task, of_task = _task(entry.key, reader.contract(entry), inherited, references.checks, complaints)
        line, place = _where_of_review(entry)
        complain_of_rule(task.review, task.path, complaints, line=line, place=place)
        tasks.append(task)
        files[entry.key] = of_task
    if DEFAULT_TASK not in files:
        task, of_task = _task(DEFAULT_TASK, Part(ladder=reader.first_ladder(section)), inherited, references.checks, complaints)
        if defaults is not None:
            line, place = _where_of_review(defaults)
            complain_of_rule(task.review, task.path, complaints, line=line, place=place)
        tasks.append(task)
        files[DEFAULT_TASK] = of_task
    return Tasks(read=tuple(tasks), files={name: of_task for name, of_task in files.items() if of_task != TaskFiles()})


def _entries(section: Entry | None, complaints: Complaints) -> tuple[Entry, ...]:
    if section is None or is_null(section.value):
        return ()
    if not isinstance(section.value, Table):
        complain(section.value, complaints, wanted="a mapping of names to contracts", try_="default: {ladder: [general]}")
        return ()
    return section.value.entries


def _where_of_review(contract: Entry) -> tuple[int, str]:
    """The line and the path where a contract speaks of reviews, or else stands."""
    written = contract.value.entries if isinstance(contract.value, Table) else ()
    said = {entry.key: entry for entry in written}
    entry = said.get("review") or said.get("path") or contract
    return entry.line, entry.path


def _task(name: str, part: Part, inherited: Part, kinds: Kinds, complaints: Complaints) -> tuple[Task, TaskFiles]:
    """The task with everything that it inherits, and its files."""
    said = {
        field: value
        for field in Part.__struct_fields__
        for value in [getattr(part, field) if getattr(part, field) is not UNSET else getattr(inherited, field)]
        if value is not UNSET and value is not None
    }
    bounds = Bounds(**{field: said.pop(field) for field in Bounds.__struct_fields__ if field in said})
    schema_file, template, calibration = said.pop("schema_file", None), said.pop("template", None), said.pop("calibration", None)
    if schema_file is not None:
        said["checks"] = with_schema(said.get("checks", ()), schema_file, kinds)
    reviews = [ReviewPart() if each.review is UNSET else each.review for each in (part, inherited)]
    said["review"] = rule_of(reviews[0], reviews[1], said.get("path", "safe"))
    budget = said.pop("budget", None)
    task = Task(
        name=name,
        error_budget=None if budget is None else fitted_budget(budget, name, complaints),
        bounds=bounds,
        ladder=said.pop("ladder", ()),
        template=None if template is None else template.use,
        calibration=None if calibration is None else calibration.calibration,
        **said,
    )
    return task, TaskFiles(
        template=None if template is None else template.file,
        calibration=None if calibration is None else calibration.file,
        bar=None if budget is None else str(budget.place_for(name)),
        checks=tuple(dict.fromkeys([file for use in task.checks for file in files_of(use, kinds)])),
    )


class _Contracts:
    def __init__(self, references: References, complaints: Complaints) -> None:
        self._references = references
        self._names = references.names
        self._complaints = complaints

    def defaults(self, entry: Entry | None) -> Part:
        if entry is None or is_null(entry.value):
            return Part()
        if isinstance(entry.value, Table):
            for inner in (inner for inner in entry.value.entries if inner.key in OWN_TO_A_TASK):
                self._complaints.add(
                    inner.line,
                    inner.path,
                    found=f"{inner.key} in defaults",
                    wanted="what tasks can share",
                    try_=f"move {inner.key} into a task",
                )
            shared = tuple(inner for inner in entry.value.entries if inner.key not in OWN_TO_A_TASK)
            entry = msgspec.structs.replace(entry, value=msgspec.structs.replace(entry.value, entries=shared))
        return self._part(entry.value, tuple(key for key in TASK if key.name not in OWN_TO_A_TASK))

    def contract(self, entry: Entry) -> Part:
        check_name(entry, NAME, self._complaints, wanted="a name of letters, digits and . _ -")
        node = entry.value
        is_default = entry.key == DEFAULT_TASK
        if is_null(node):
            node = Table(line=entry.line, path=entry.path, entries=())
        part = self._part(node, TASK)
        written = {inner.key: inner for inner in node.entries} if isinstance(node, Table) else {}
        if is_default and "match" in written:
            line, path = written["match"].line, written["match"].path
            self._complaints.add(
                line, path, found="a match on default", wanted="none: default takes what no other task matches", try_="remove it"
            )
        if isinstance(node, Table) and "ladder" not in written:
            if is_default:
                return msgspec.structs.replace(part, ladder=self.first_ladder(entry))
            rung = next((alias for alias in ("general", *self._names.aliases) if alias in self._names.aliases), "provider/model")
            self._complaints.add(
                entry.line, entry.path, found="no ladder", wanted="ladder: the models to try", try_=f"ladder: [{rung}]"
            )
        return part

    def first_ladder(self, entry: Entry | None) -> tuple[Rung, ...]:
        """The ladder of a `default` that has none: `general`, else the first alias."""
        aliases = self._names.aliases
        if not aliases:
            line, path = (entry.line, entry.path) if entry is not None else (None, "")
            self._complaints.add(
                line,
                path,
                found="no model for the task default",
                wanted="an alias under models:, or tasks.default.ladder",
                try_="models: {general: provider/model}",
            )
            return ()
        rung = single("general" if "general" in aliases else next(iter(aliases)), self._names)
        return () if rung is None else (rung,)

    def _part(self, node: Node, keys: tuple[Key, ...]) -> Part:
        return read_part(node, keys, self._references, self._complaints)
