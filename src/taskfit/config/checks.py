"""The checks that a task names, with their settings."""

from typing import Any

import msgspec

from taskfit.config.complaints import Complaints, listed, nearest, quoted
from taskfit.config.plugins import read_settings
from taskfit.config.reading import complain, is_null, read_text
from taskfit.config.references import Kinds, References
from taskfit.config.tree import Entry, Node, Scalar, Sequence, Table, as_written
from taskfit.values.secret import Secret
from taskfit.values.task import CheckUse

SCHEMA_CHECK = "json_schema"
"""The check that gets the file of `output`."""


def read_checks(node: Node, references: References, complaints: Complaints) -> tuple[CheckUse, ...] | None:
    """Every check of the list; None where one of them was complained about."""
    if not isinstance(node, Sequence):
        is_name = isinstance(node, Scalar) and node.value in references.checks
        complain(
            node, complaints, wanted="a list of checks", try_=f"[{node.written}]" if is_name and isinstance(node, Scalar) else ""
        )
        return None
    read = [_read_check(item, references, complaints) for item in node.items]
    uses = tuple(use for use in read if use is not None)
    for number, use in enumerate(uses):
        if use.name in (earlier.name for earlier in uses[:number]):
            complaints.add(node.line, node.path, found=f"{use.name} twice", wanted="each check once", try_="remove one")
    return uses if len(uses) == len(read) else None


def with_schema(uses: tuple[CheckUse, ...], file: str, kinds: Kinds) -> tuple[CheckUse, ...]:
    """The checks of a task whose answer must follow the JSON Schema in a file: `json_schema` gets it where it has none of its
    own, and comes first where it is not named."""
    key = _first_key(kinds[SCHEMA_CHECK]) if SCHEMA_CHECK in kinds else None
    if key is None:
        return uses
    given = CheckUse(name=SCHEMA_CHECK, settings={key: file})
    if SCHEMA_CHECK not in (use.name for use in uses):
        return (given, *uses)
    return tuple([
        msgspec.structs.replace(use, settings={key: file, **use.settings}) if use.name == SCHEMA_CHECK else use for use in uses
    ])


def _read_check(node: Node, references: References, complaints: Complaints) -> CheckUse | None:
    if isinstance(node, Table) and len(node.entries) == 1:
        entry = node.entries[0]
        return _read_use(node, entry.key, entry.value, references, complaints)
    if isinstance(node, Table):
        complain(node, complaints, wanted="one check: its name, or {name: settings}")
        return None
    name = read_text(node, complaints, wanted="a check: its name, or {name: settings}")
    return None if name is None else _read_use(node, name, None, references, complaints)


def _read_use(node: Node, name: str, said: Node | None, references: References, complaints: Complaints) -> CheckUse | None:
    kinds = references.checks
    if name not in kinds:
        _complain_unknown(node, name, kinds, complaints)
        return None
    table = _as_table(node, name, said, kinds[name], complaints)
    if table is None:
        return None
    read = read_settings(
        kinds[name], table.entries, complaints, line=node.line, path=table.path, resolvers=references.resolvers()
    )
    if read is None:
        return None
    settings = msgspec.to_builtins(read, builtin_types=(Secret,), enc_hook=lambda secret: secret)
    return CheckUse(name=name, settings=_said(table, settings))


def _said(node: Node, read: Any) -> Any:
    """What was read, without the defaults of what was not written."""
    if isinstance(node, Table) and isinstance(read, dict):
        return {entry.key: _said(entry.value, read[entry.key]) for entry in node.entries if entry.key in read}
    if isinstance(node, Sequence) and isinstance(read, list | tuple) and len(node.items) == len(read):
        return type(read)([_said(item, value) for item, value in zip(node.items, read, strict=True)])
    return read


def _as_table(node: Node, name: str, said: Node | None, kind: type[msgspec.Struct], complaints: Complaints) -> Table | None:
    """The settings of a check. What is no mapping is the value of the first of them."""
    if said is None or is_null(said):
        return Table(line=node.line, path=node.path if said is None else said.path, entries=())
    if isinstance(said, Table):
        return said
    key = _first_key(kind)
    if key is None:
        complain(said, complaints, wanted=f"settings of {name}: there are none")
        return None
    return Table(line=said.line, path=said.path, entries=(Entry(key=key, line=said.line, path=said.path, value=said),))


def _first_key(kind: type[msgspec.Struct]) -> str | None:
    return next((field.encode_name for field in msgspec.structs.fields(kind)), None)


def _complain_unknown(node: Node, name: str, kinds: Kinds, complaints: Complaints) -> None:
    wanted = f"one of: {listed(sorted(kinds))}" if kinds else "no checks"
    complaints.add(
        node.line,
        node.path,
        found=f"the unknown check {as_written(node) if isinstance(node, Scalar) else quoted(name)}",
        wanted=wanted,
        try_=nearest(name, kinds),
    )

