"""Where in the file the parts of tasks stand, for what is found out about them only after the file was read."""

from collections.abc import Iterator, Mapping

from taskfit.config.tree import Entry, Scalar, Sequence, Table

SECTIONS = ("tasks", "defaults")
ALONE = ("router", "profiler")


def lines_of(root: Table) -> Mapping[str, int]:
    """The lines of `tasks.NAME`, `tasks.NAME.KEY`, `tasks.NAME.checks.CHECK`, of the same under `defaults`, and of what stands
    ALONE."""
    lines: dict[str, int] = {}
    for section in root.entries:
        if section.key in ALONE:
            lines[section.path] = section.line
        if section.key not in SECTIONS or not isinstance(section.value, Table):
            continue
        contracts = section.value.entries if section.key == "tasks" else (section,)
        for contract in contracts:
            lines[contract.path] = contract.line
            for key in contract.value.entries if isinstance(contract.value, Table) else ():
                lines[key.path] = key.line
                lines.update(_checks(key))
    return lines


def _checks(key: Entry) -> Iterator[tuple[str, int]]:
    if key.key != "checks" or not isinstance(key.value, Sequence):
        return
    for item in key.value.items:
        if isinstance(item, Table) and item.entries:
            yield f"{key.path}.{item.entries[0].key}", item.line
        elif isinstance(item, Scalar):
            yield f"{key.path}.{item.value}", item.line
