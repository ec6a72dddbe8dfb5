"""YAML text as a tree in which every value knows its line and its path.

Built from the parser's events, so that no YAML tag can construct anything, an alias is copied under a limit, and depth is
bounded before it is walked. Knows nothing of what the keys mean.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn, TypeAlias

import msgspec
import yaml
from yaml import events

from taskfit.config.complaints import Complaints, quoted
from taskfit.config.scalars import Core, core_value, fill

MOST_BYTES = 1024 * 1024
MOST_NODES = 10_000
DEEPEST = 32

CORE_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}
UNREADABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BARE_REFERENCE = re.compile(r"[{\[,:]\s*\$\{")
PLAIN_KEY = re.compile(r"[^\s\"'\[\]]{1,80}")
PLAIN = (None, "")  # the style of an unquoted scalar, to the parser in Python and to the one in C
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """One value. `written` is its text in the file, `value` what it means, with `${…}` replaced."""

    line: int
    path: str
    written: str
    value: Core
    is_from_environment: bool = False


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was already complained about; readers pass over it in silence."""

    line: int
    path: str


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """A list."""

    line: int
    path: str
    items: tuple["Node", ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a mapping with its value; `line` and `path` are those of the key."""

    key: str
    line: int
    path: str
    value: "Node"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping; each key once."""

    line: int
    path: str
    entries: tuple[Entry, ...]


Node: TypeAlias = Scalar | Broken | Sequence | Table


def read_tree(text: str, complaints: Complaints, environ: Mapping[str, str]) -> Table:
    """The file as a tree; mistakes that leave a tree are only noted.

    Errors: InvalidConfig when there is no tree to go on with.
    """
    text = text.removeprefix("\ufeff")
    _check_characters(text, complaints)
    try:
        root = _Builder(text, complaints, environ).document()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, complaints) from error
    except yaml.YAMLError as error:
        complaints.add(None, "", found="text that is not YAML", wanted="YAML")
        raise complaints.refuse() from error
    match root:
        case Table():
            return root
        case None | Scalar(value=None):
            complaints.add(None, "", found="an empty file", wanted="providers and models", try_="taskfit init")
        case Broken():
            pass
        case _:
            complaints.add(root.line, "", found=found(root), wanted="a mapping: providers, models, tasks, …", try_="taskfit init")
    raise complaints.refuse()


def found(node: Node) -> str:
    """A value as it stands in the file, for a complaint. Never the value of an environment variable."""
    match node:
        case Sequence():
            return "a list" if node.items else "an empty list"
        case Table():
            return "a mapping" if node.entries else "an empty mapping"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=str()):
            return f"the text {quoted(node.written)}"
        case Scalar(value=bool()):
            return node.written
        case Scalar():
            return f"the number {node.written[:60]}"
        case Broken():
            return "a value that cannot be read"


def as_written(node: Node) -> str:
    """A value's own text, quoted, for a complaint. Never the value of an environment variable."""
    return quoted(node.written) if isinstance(node, Scalar) else found(node)


def child_path(path: str, key: str) -> str:
    """The path of a key under `path`."""
    shown = key if PLAIN_KEY.fullmatch(key) and key.isprintable() else quoted(key)
    return f"{path}.{shown}" if path else shown


def _check_characters(text: str, complaints: Complaints) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        complaints.add(None, "", found="a file of more than 1 MiB", wanted="at most 1 MiB")
        raise complaints.refuse()
    bad = UNREADABLE.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        complaints.add(
            line, "", found=f"the control character U+{ord(bad[0]):04X}", wanted="printable text in UTF-8", try_="remove it"
        )
        raise complaints.refuse()


def _syntax(error: yaml.MarkedYAMLError, text: str, complaints: Complaints) -> Exception:
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines() or [""]
    number = min(mark.line + 1, len(lines)) if mark is not None else 1
    line = lines[number - 1]
    at = line[mark.column : mark.column + 1] if mark is not None else ""
    says = (error.problem or "it cannot be read").removeprefix("found ")
    wanted, try_ = "YAML", "look at this line and at the one before it"
    if at == "\t":
        says, wanted, try_ = "a tab", "spaces for indentation", "replace the tab by spaces"
    elif BARE_REFERENCE.search(line):
        try_ = 'put the reference in quotes: "${NAME}"'
    elif ": " in line.partition(": ")[2]:
        try_ = "put the value in quotes: it has a colon and a space in it"
    complaints.add(number, "", found=f"broken YAML: {says}" if at != "\t" else says, wanted=wanted, try_=try_)
    return complaints.refuse()


class _Builder:
    def __init__(self, text: str, complaints: Complaints, environ: Mapping[str, str]) -> None:
        self._events: Iterator[events.Event] = iter(yaml.parse(text, Loader=LOADER))
        self._complaints = complaints
        self._environ = environ
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node | None:
        root: Node | None = None
        is_read = False
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent) and is_read:
                self._fatal(event, "", "a second document (---)", "one document", "put it into a file of its own")
            if isinstance(event, events.NodeEvent):
                root, is_read = self._node(event, "", 0), True
        return root

    def _node(self, event: events.Event, path: str, depth: int) -> Node:
        self._count(event, path, depth)
        if isinstance(event, events.AliasEvent):
            return self._alias(event, path, depth)
        node = self._written(event, path, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _written(self, event: events.Event, path: str, depth: int) -> Node:
        tag = event.tag if isinstance(event, events.ScalarEvent | events.CollectionStartEvent) else None
        is_wrong = tag is not None and tag != "!" and tag not in CORE_TAGS
        node: Node
        if isinstance(event, events.ScalarEvent):
            node = Broken(line=_line(event), path=path) if is_wrong else self._scalar(event, path)
        elif isinstance(event, events.SequenceStartEvent):
            node = self._sequence(event, path, depth)
        else:
            node = self._table(event, path, depth)
        if tag is not None and is_wrong:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._complaints.add(
                _line(event),
                path,
                found=f"the tag {quoted(shown)[1:-1]}",
                wanted="plain values: nothing is built from a tag",
                try_="remove the tag",
            )
            return Broken(line=_line(event), path=path)
        return node

    def _scalar(self, event: events.ScalarEvent, path: str) -> Node:
        line, written = _line(event), str(event.value)
        tag = CORE_TAGS.get(event.tag or "")
        is_text = tag == "str" or event.tag == "!" or (event.style not in PLAIN and tag is None)
        value = written if is_text else core_value(written)
        if tag not in (None, "str") and tag != _tag_of(value):
            self._complaints.add(
                line, path, found=f"the tag !!{tag} on {quoted(written)}", wanted="a value of that type", try_="remove the tag"
            )
            return Broken(line=line, path=path)
        if not isinstance(value, str):
            return Scalar(line=line, path=path, written=written, value=value)
        filled = fill(value, self._environ)
        for bad in filled.bad:
            self._complaints.add(line, path, found=bad.found, wanted=bad.wanted, try_=bad.try_)
        if filled.bad:
            return Broken(line=line, path=path)
        return Scalar(line=line, path=path, written=written, value=filled.text, is_from_environment=filled.is_from_environment)

    def _sequence(self, start: events.Event, path: str, depth: int) -> Sequence:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, events.SequenceEndEvent):
                break
            items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
        return Sequence(line=_line(start), path=path, items=tuple(items))

    def _table(self, start: events.Event, path: str, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        for event in self._events:
            if isinstance(event, events.MappingEndEvent):
                break
            key = self._key(event, path, depth)
            below = child_path(path, key or "?")
            value = self._node(next(self._events), below, depth + 1)
            if key is None:
                continue
            if key in entries:
                self._complaints.add(
                    _line(event),
                    below,
                    found=f"a key that stands already on line {entries[key].line}",
                    wanted="each key once",
                    try_="join the two, or remove one",
                )
                continue
            entries[key] = Entry(key=key, line=_line(event), path=below, value=value)
        return Table(line=_line(start), path=path, entries=tuple(entries.values()))

    def _key(self, event: events.Event, path: str, depth: int) -> str | None:
        line = _line(event)
        if not isinstance(event, events.ScalarEvent):
            self._node(event, path, depth + 1)
            self._complaints.add(line, path, found="a key that is not a word", wanted="plain keys", try_="write the key out")
            return None
        if event.value == "<<" and event.style in PLAIN:
            self._complaints.add(
                line, path, found="a merge key (<<)", wanted="keys written out", try_="put what tasks share under defaults:"
            )
            return None
        return str(event.value)

    def _alias(self, event: events.AliasEvent, path: str, depth: int) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            self._fatal(
                event,
                path,
                f"the alias *{event.anchor}, which names nothing before it",
                "an anchor before its alias",
                "write the value out",
            )
        return self._moved(node, path, depth, event)

    def _moved(self, node: Node, path: str, depth: int, event: events.Event) -> Node:
        self._count(event, path, depth)
        if isinstance(node, Sequence):
            items = (self._moved(item, f"{path}[{i}]", depth + 1, event) for i, item in enumerate(node.items))
            return msgspec.structs.replace(node, path=path, items=tuple(items))
        if isinstance(node, Table):
            entries = (
                msgspec.structs.replace(entry, path=below, value=self._moved(entry.value, below, depth + 1, event))
                for entry in node.entries
                for below in [child_path(path, entry.key)]
            )
            return msgspec.structs.replace(node, path=path, entries=tuple(entries))
        return msgspec.structs.replace(node, path=path)

    def _count(self, event: events.Event, path: str, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._fatal(
                event,
                path,
                f"more than {MOST_NODES:,} values, aliases counted each time",
                "a smaller file",
                "write fewer aliases (*name)",
            )
        if depth > DEEPEST:
            self._fatal(event, "", f"more than {DEEPEST} levels of nesting", "a flatter file", "look for unclosed brackets")

    def _fatal(self, event: events.Event, path: str, found_: str, wanted: str, try_: str) -> NoReturn:
        self._complaints.add(_line(event), path, found=found_, wanted=wanted, try_=try_)
        raise self._complaints.refuse()


def _line(event: events.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _tag_of(value: Core) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "str"
