"""Tables of rules: a YAML file, or the configuration's own rows, as rules that can be asked.

Every mistake is found at its line, all at once. Knows no answer.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from taskfit.checks.rule_rows import Head, Output, Row, RowReader, Tell
from taskfit.config.complaints import Complaints, quoted
from taskfit.config.plugins import read_settings
from taskfit.config.reading import complain
from taskfit.config.tree import MOST_BYTES, Node, Sequence, Table, read_tree
from taskfit.rules.rulings import Rule


class RuleTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table that can be asked."""

    rules: tuple[Rule, ...]
    output: Output
    known: Mapping[str, Any]

    @property
    def reads_request(self) -> bool:
        """Whether a condition compares the answer with its request."""
        conditions = (condition for rule in self.rules for condition in rule.conditions)
        return any(path.keys[0] == "request" for condition in conditions for path in condition.paths)


class _Written(Head, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file as written; its rows are read one by one, so that a mistake in one hides none in another."""

    rules: Any


def load_table(path: str) -> RuleTable:
    """The table in a YAML file. Errors: InvalidConfig, a ConfigurationError, with every complaint and its line."""
    complaints = Complaints(path)
    root = read_tree(_read(path, complaints), complaints, {})
    head = read_settings(_Written, root.entries, complaints, line=root.line, path="")
    items = _items(root, complaints)
    rows = [(number, row) for number, item in enumerate(items) if (row := _row(item, complaints)) is not None]

    def tell(number: int | None, key: str, **says: str) -> None:
        item = root if number is None else items[number]
        entry = next((entry for entry in item.entries if entry.key == key), None) if isinstance(item, Table) else None
        where = item if entry is None else entry
        complaints.add(where.line, where.path, **says)

    if not isinstance(head, _Written):
        raise complaints.refuse()
    table = build_table(head, rows, tell)
    complaints.raise_if_any()
    return table


def inline_table(head: Head, rows: Iterable[Row], *, check: str) -> RuleTable:
    """The table that stands in the configuration itself. Errors: InvalidConfig, without lines, since those are not known here."""
    complaints = Complaints(f"the check {check}")

    def tell(number: int | None, key: str, **says: str) -> None:
        complaints.add(None, key if number is None else f"rules[{number}].{key}".rstrip("."), **says)

    table = build_table(head, enumerate(rows), tell)
    complaints.raise_if_any()
    return table


def build_table(head: Head, rows: Iterable[tuple[int, Row]], tell: Tell) -> RuleTable:
    """The rules of a table, from its rows by number. `tell` takes the number, the key, and what is wrong."""
    names: set[str] = set()
    rules = []
    for number, row in rows:
        rules.append(RowReader(row, number, head, tell).rule())
        if row.name and row.name in names:
            tell(number, "name", found=f"{quoted(row.name)} a second time", wanted="each name once")
        names.add(row.name)
    return RuleTable(rules=tuple(rules), output=head.output, known=head.known)


def _items(root: Table, complaints: Complaints) -> tuple[Node, ...]:
    node = next((entry.value for entry in root.entries if entry.key == "rules"), None)
    if isinstance(node, Sequence) and node.items:
        return node.items
    if node is not None:
        complain(node, complaints, wanted="a list of rules", try_="rules: [{require: total}]")
    return ()


def _row(item: Node, complaints: Complaints) -> Row | None:
    if not isinstance(item, Table):
        complain(item, complaints, wanted="a rule: a mapping with then, require, or a field and a test")
        return None
    row = read_settings(Row, item.entries, complaints, line=item.line, path=item.path)
    return row if isinstance(row, Row) else None


def _read(path: str, complaints: Complaints) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES + 4).decode("utf-8")
    except FileNotFoundError as error:
        complaints.add(None, "", found="no such file", wanted="a table of rules", try_="a path relative to the configuration")
        raise complaints.refuse() from error
    except UnicodeDecodeError as error:
        complaints.add(None, "", found="text that is not UTF-8", wanted="text in UTF-8", try_="save the file as UTF-8")
        raise complaints.refuse() from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        complaints.add(None, "", found=f"a file that cannot be read: {reason}", wanted="a readable file")
        raise complaints.refuse() from error
