"""The sections `tasks` and `defaults`: contracts, with what a task does not say taken from the defaults.

A part of the contract whose meaning is not built yet is read, and then refused; it is never ignored.
"""

import re
from collections.abc import Callable, Mapping

import msgspec
from msgspec import UNSET, UnsetType

from taskfit.config.checks import Kinds, read_checks
from taskfit.config.complaints import Complaints, nearest
from taskfit.config.keys import ACCEPT, INPUT, KINDS, MATCH, OWN_TO_A_TASK, TASK, Key
from taskfit.config.models import Names, resolve
from taskfit.config.reading import (
    check_name,
    complain,
    complain_later,
    is_null,
    read_choice,
    read_dollars,
    read_duration,
    read_entries,
    read_integer,
    read_percent,
    read_share,
    read_text,
    read_texts,
)
from taskfit.config.tree import Broken, Entry, Node, Scalar, Sequence, Table
from taskfit.values.money import Usd
from taskfit.values.task import Bounds, CheckUse, Match, Path, Task

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LAST_RESORT = "default"
ONLY = {"cache": "off", "review": "never", "deliver": "checked"}
KNOWN_LATER = {
    "cache": ("exact", "semantic", "on"),
    "review": ("when_unsure", "always", "sample"),
    "deliver": ("early", "provisional"),
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one section says of a task; UNSET where it says nothing, or nothing that could be read."""

    ladder: tuple[str, ...] | UnsetType = UNSET
    match: Match | UnsetType = UNSET
    path: Path | UnsetType = UNSET
    max_chars: int | UnsetType | None = UNSET
    max_messages: int | UnsetType | None = UNSET
    checks: tuple[CheckUse, ...] | UnsetType = UNSET
    bar: float | UnsetType = UNSET
    deadline_s: float | UnsetType = UNSET
    first_byte_s: float | UnsetType | None = UNSET
    max_cost: Usd | UnsetType | None = UNSET
    max_attempts: int | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


def read_tasks(
    section: Entry | None, defaults: Entry | None, names: Names, checks: Kinds, complaints: Complaints
) -> tuple[Task, ...]:
    """All tasks in the order of the file; `default` comes last where it is not written."""
    reader = _Contracts(names, checks, complaints)
    inherited = reader.defaults(defaults)
    entries = _entries(section, complaints)
    tasks = [_task(entry.key, reader.contract(entry), inherited) for entry in entries]
    if LAST_RESORT not in (task.name for task in tasks):
        tasks.append(_task(LAST_RESORT, Part(ladder=reader.first_ladder(section)), inherited))
    return tuple(tasks)


def _entries(section: Entry | None, complaints: Complaints) -> tuple[Entry, ...]:
    if section is None or is_null(section.value):
        return ()
    if not isinstance(section.value, Table):
        complain(section.value, complaints, wanted="a mapping of names to contracts", try_="default: {ladder: [general]}")
        return ()
    return section.value.entries


def _task(name: str, part: Part, inherited: Part) -> Task:
    said = {
        field: value
        for field in Part.__struct_fields__
        for value in [getattr(part, field) if getattr(part, field) is not UNSET else getattr(inherited, field)]
        if value is not UNSET
    }
    bounds = Bounds(max_chars=said.pop("max_chars", None), max_messages=said.pop("max_messages", None))
    return Task(name=name, bounds=bounds, ladder=said.pop("ladder", ()), **said)


class _Contracts:
    def __init__(self, names: Names, checks: Kinds, complaints: Complaints) -> None:
        self._names = names
        self._checks = checks
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
        is_default = entry.key == LAST_RESORT
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

    def first_ladder(self, entry: Entry | None) -> tuple[str, ...]:
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
        model = aliases.get("general", next(iter(aliases.values())))
        return () if model is None else (model,)

    def _part(self, node: Node, keys: tuple[Key, ...]) -> Part:
        entries = read_entries(node, keys, self._complaints) or {}
        said: dict[str, object] = {}
        for key, entry in entries.items():
            said |= {field: value for field, value in self._read(key, entry).items() if value is not UNSET}
        return Part(**said)  # type: ignore[arg-type]  # the fields are those of Part, each from a reader of its own type

    def _read(self, key: str, entry: Entry) -> Mapping[str, object]:
        node, complaints = entry.value, self._complaints
        if isinstance(node, Broken):
            return {}
        reader = READERS.get(key)
        if reader is not None:
            field, read, can_be_null = reader
            return {field: None if can_be_null and is_null(node) else _or_unset(read(node, complaints))}
        match key:
            case "ladder":
                return {"ladder": _or_unset(self._ladder(node))}
            case "checks":
                return {"checks": _or_unset(read_checks(node, self._checks, complaints))}
            case "match":
                return {"match": _or_unset(_read_match(node, complaints))}
            case "input":
                return _read_input(node, complaints)
            case "accept":
                return {"bar": _or_unset(_read_accept(node, complaints))}
            case _:
                _refuse_later(key, entry, complaints)
                return {}

    def _ladder(self, node: Node) -> tuple[str, ...] | None:
        complaints = self._complaints
        if not isinstance(node, Sequence) or not node.items:
            try_ = f"[{node.written[:60]}]" if isinstance(node, Scalar) and node.written in self._names.aliases else ""
            complain(node, complaints, wanted="a list of at least one model", try_=try_)
            return None
        rungs: list[str] = []
        for item in node.items:
            model = resolve(item, self._names, complaints)
            if model in rungs:
                complaints.add(item.line, item.path, found=f"{model} a second time", wanted="each model once", try_="remove it")
            elif model is not None:
                rungs.append(model)
        return tuple(rungs) or None


def _or_unset(value: object | None) -> object:
    return UNSET if value is None else value


def _read_path(node: Node, complaints: Complaints) -> str | None:
    path = read_choice(node, ("safe", "sensitive", "research"), complaints)
    if path == "sensitive":
        complain_later(
            node,
            complaints,
            what="the path sensitive",
            wanted="safe or research: on the sensitive path a person must decide",
            try_="keep such requests away from the gateway for now",
        )
        return None
    return path


def _read_only(key: str) -> Callable[[Node, Complaints], object]:
    def read(node: Node, complaints: Complaints) -> None:
        if isinstance(node, Scalar) and node.value in KNOWN_LATER[key]:
            complain_later(node, complaints, what=f"{key}: {node.value}", wanted=ONLY[key], try_=f"{key}: {ONLY[key]}")
        elif not isinstance(node, Scalar) or node.value != ONLY[key]:
            near = nearest(str(node.value), KNOWN_LATER[key]) if isinstance(node, Scalar) else ""
            later = f" ({near} is not supported yet)" if near else ""
            complain(node, complaints, wanted=ONLY[key] + later, try_=f"{key}: {ONLY[key]}")

    return read


READERS: Mapping[str, tuple[str, Callable[[Node, Complaints], object], bool]] = {
    "path": ("path", _read_path, False),
    "deadline": ("deadline_s", read_duration, False),
    "first_byte": ("first_byte_s", read_duration, True),
    "max_cost": ("max_cost", read_dollars, True),
    "max_attempts": ("max_attempts", lambda node, complaints: read_integer(node, complaints, least=1, most=10), False),
    "owner": ("owner", read_text, False),
    "description": ("description", read_text, False),
    "cache": ("cache", _read_only("cache"), False),
    "review": ("review", _read_only("review"), False),
    "deliver": ("deliver", _read_only("deliver"), False),
}
"""Keys that one reader reads: the field of Part, the reader, and whether null lifts what is inherited."""


def _read_match(node: Node, complaints: Complaints) -> Match | None:
    entries = read_entries(node, MATCH, complaints)
    if entries is None:
        return None
    if not entries and isinstance(node, Table) and not node.entries:
        complain(node, complaints, wanted="at least one of: kind, surface", try_="remove match, or add one of them")
    surfaces = read_texts(entries["surface"].value, complaints) if "surface" in entries else ()
    kinds = _read_kinds(entries["kind"].value, complaints) if "kind" in entries else ()
    return Match(surface=surfaces or (), kind=kinds)


def _read_kinds(node: Node, complaints: Complaints) -> tuple[str, ...]:
    items = node.items if isinstance(node, Sequence) and node.items else (node,)
    read = [read_choice(item, KINDS, complaints) for item in items]
    return tuple(kind for kind in read if kind is not None)


def _read_input(node: Node, complaints: Complaints) -> dict[str, object]:
    entries = read_entries(node, INPUT, complaints) or {}
    return {
        key: None if is_null(entry.value) else _or_unset(read_integer(entry.value, complaints, least=1))
        for key, entry in entries.items()
    }


def _read_accept(node: Node, complaints: Complaints) -> float | None:
    entries = read_entries(node, ACCEPT, complaints) or {}
    for key in ("max_error", "sure"):
        if key in entries and read_share(entries[key].value, complaints) is not None:
            complain_later(
                entries[key].value, complaints, what=f"accept.{key}", wanted="a bar set by hand", try_="accept: {bar: 0.9}"
            )
    return read_share(entries["bar"].value, complaints) if "bar" in entries else None


def _refuse_later(key: str, entry: Entry, complaints: Complaints) -> None:
    node = entry.value
    is_fine = True
    if key == "slo":
        keys = (Key(name="p95", takes="", means=""), Key(name="errors", takes="", means=""))
        entries = read_entries(node, keys, complaints)
        fine = (
            []
            if entries is None
            else [(read_duration if name == "p95" else read_percent)(inner.value, complaints) for name, inner in entries.items()]
        )
        is_fine = _has_no_other(node, entries) and None not in fine
    elif key == "output":
        entries = read_entries(node, (Key(name="json_schema", takes="", means=""),), complaints)
        is_fine = _has_no_other(node, entries) and all(
            read_text(inner.value, complaints, wanted="a file") for inner in (entries or {}).values()
        )
    elif key in ("golden", "template"):
        is_fine = read_text(node, complaints, wanted="a file") is not None
    if is_fine:
        complain_later(entry, complaints, what=key, wanted=f"a task without {key}", try_=f"remove {key}")


def _has_no_other(node: Node, entries: Mapping[str, Entry] | None) -> bool:
    return entries is not None and isinstance(node, Table) and len(entries) == len(node.entries)
