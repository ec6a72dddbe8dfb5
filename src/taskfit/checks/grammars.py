"""A program that reads code by the grammar of its language, and says where it breaks. Runs none of it.

It is a process of its own, because a grammar can be led astray: some take exponential time (joins in SQL) or quadratic time
(angle brackets in Java) over short texts, hold the interpreter's lock all the while, and are written in C. checks/parsing.py
starts it, gives it up when it takes too long, and asks it in lines of JSON: first the list of folders to import from, then for
each question a list of [language, dialect, code], answered by null or [number of the piece, line, what is wrong]. It imports
nothing of taskfit.

Python is compiled as well as parsed, by the interpreter's own version of it. What tree-sitter reads is only as right as its
grammars are: they take fragments, and know no types.
"""

import json
import sys
import warnings
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import tree_sitter

Fault = tuple[int, str]
"""The line, from 1, and what is wrong with it."""

GRAMMARS: Final = {
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "bash": ("tree_sitter_bash", "language"),
}
"""The module of each language's grammar and the function in it that gives it."""

_QUOTE_CHARS: Final = 40
_MOST_BYTES: Final = 1 << 30


def main() -> None:
    """Answers questions until there are no more."""
    warnings.simplefilter("ignore")  # of code that is odd, but right
    _limit_memory()
    sys.path[:] = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_first_fault(json.loads(line))) + "\n")
        sys.stdout.flush()


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _first_fault(pieces: list[list[Any]]) -> tuple[int, int, str] | None:
    for number, (language, dialect, code) in enumerate(pieces):
        fault = find_fault(language, dialect, code)
        if fault is not None:
            return number, *fault
    return None


def find_fault(language: str, dialect: str | None, code: str) -> Fault | None:
    """The first thing that is wrong with a piece of code; None where it can be read. Errors: KeyError for a language without a
    grammar; what a parser raises that is at its own limits."""
    if language == "python":
        return _fault_of_python(code)
    if language == "sql":
        return _fault_of_sql(code, dialect)
    return _fault_by_tree(language, code)


def _fault_of_python(code: str) -> Fault | None:
    try:
        compile(code, "answer", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (RecursionError, MemoryError):
        return 1, "it is nested too deeply"
    except (ValueError, OverflowError) as error:
        return 1, str(error)
    return None


def _fault_of_sql(code: str, dialect: str | None) -> Fault | None:
    import sqlglot
    from sqlglot.errors import ParseError, TokenError

    try:
        sqlglot.parse(code, dialect=dialect)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        what = str(first.get("description") or "it cannot be read").rstrip(".")
        near = str(first.get("highlight") or "")[:_QUOTE_CHARS]
        return int(first.get("line") or 1), f'{what}, near "{near}"' if near else what
    except TokenError:
        return 1, "a quotation or comment is not closed"
    return None


def _fault_by_tree(language: str, code: str) -> Fault | None:
    import tree_sitter

    source = code.encode("utf-8", "replace")
    root = tree_sitter.Parser(_grammar(language)).parse(source).root_node
    if not root.has_error:
        return None
    node = _first_error(root)
    line = node.start_point[0] + 1
    if node.is_missing:
        return line, f'"{node.type}" is missing'
    near = " ".join(source[node.start_byte : node.end_byte][: 4 * _QUOTE_CHARS].decode(errors="ignore").split())
    return line, f'unexpected "{near[:_QUOTE_CHARS]}"'


@cache
def _grammar(language: str) -> "tree_sitter.Language":
    import tree_sitter

    module, function = GRAMMARS[language]
    return tree_sitter.Language(getattr(import_module(module), function)())


def _first_error(root: "tree_sitter.Node") -> "tree_sitter.Node":
    node = root
    while not (node.is_error or node.is_missing):
        broken = next((child for child in node.children if child.has_error), None)
        if broken is None:
            break
        node = broken
    return node


if __name__ == "__main__":
    main()
