"""Patterns that Python's own engine gets wrong in some of the versions that taskfit runs on."""

import ast
import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[?*+]|\{[0-9,]+\})\+")


def test_no_group_is_repeated_possessively() -> None:
    """Before 3.11.5 such a group leaves behind what a part of it has matched (CPython issue 106052). Atomic groups do not."""
    found = [
        f"{file.relative_to(SOURCE)}:{node.lineno}"
        for file in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and POSSESSIVE_GROUP.search(node.value)
    ]
    assert not found
