"""The checks that a task names, with their settings."""

from collections.abc import Mapping

import msgspec

from taskfit.config.complaints import Complaints, listed, nearest, quoted
from taskfit.config.keys import LATER_CHECKS
from taskfit.config.plugins import Unread, plain, read_settings
from taskfit.config.reading import complain, complain_later, is_null, read_text
from taskfit.config.tree import Node, Scalar, Sequence, Table, as_written
from taskfit.values.task import CheckUse

Kinds = Mapping[str, type[msgspec.Struct]]


def read_checks(node: Node, kinds: Kinds, complaints: Complaints) -> tuple[CheckUse, ...] | None:
    """Every check of the list; None where one of them was complained about."""
    if not isinstance(node, Sequence):
        is_name = isinstance(node, Scalar) and node.value in kinds
        complain(
            node, complaints, wanted="a list of checks", try_=f"[{node.written}]" if is_name and isinstance(node, Scalar) else ""
        )
        return None
    read = [_read_check(item, kinds, complaints) for item in node.items]
    uses = tuple(use for use in read if use is not None)
    for number, use in enumerate(uses):
        if use.name in (earlier.name for earlier in uses[:number]):
            complaints.add(node.line, node.path, found=f"{use.name} twice", wanted="each check once", try_="remove one")
    return uses if len(uses) == len(read) else None


def _read_check(node: Node, kinds: Kinds, complaints: Complaints) -> CheckUse | None:
    if isinstance(node, Table) and len(node.entries) == 1:
        entry = node.entries[0]
        return _read_use(node, entry.key, entry.value, kinds, complaints)
    if isinstance(node, Table):
        complain(node, complaints, wanted="one check: its name, or {name: settings}")
        return None
    name = read_text(node, complaints, wanted="a check: its name, or {name: settings}")
    return None if name is None else _read_use(node, name, None, kinds, complaints)


def _read_use(node: Node, name: str, settings: Node | None, kinds: Kinds, complaints: Complaints) -> CheckUse | None:
    if name not in kinds:
        _complain_unknown(node, name, kinds, complaints)
        return None
    if settings is None or is_null(settings):
        settings = Table(line=node.line, path=node.path, entries=())
    if not isinstance(settings, Table):
        complain(settings, complaints, wanted=f"settings of {name}: {listed(_fields(kinds[name])) or 'there are none'}")
        return None
    if read_settings(kinds[name], settings.entries, complaints, line=node.line, path=settings.path) is None:
        return None
    try:
        return CheckUse(name=name, settings=plain(settings))
    except Unread:
        return None


def _complain_unknown(node: Node, name: str, kinds: Kinds, complaints: Complaints) -> None:
    wanted = f"one of: {listed(sorted(kinds))}" if kinds else "no checks"
    if name in LATER_CHECKS:
        complain_later(node, complaints, what=f"the check {name}", wanted=wanted, try_="remove it")
        return
    complaints.add(
        node.line,
        node.path,
        found=f"the unknown check {as_written(node) if isinstance(node, Scalar) else quoted(name)}",
        wanted=wanted,
        try_=nearest(name, kinds),
    )


def _fields(struct: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(struct)]
