"""The operator's unit tests for code in answers: one Python file that imports the module `answer`.

    from answer import slugify

    def test_spaces_become_hyphens():
        assert slugify("a b") == "a-b"

Every function of the file's top level whose name begins with `test` is called, in the order written, without arguments. Only the
standard library is there. Reads the file; runs nothing.
"""

import ast
from pathlib import Path
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError

_MOST_BYTES: Final = 1_000_000


class UnitTests(msgspec.Struct, frozen=True, kw_only=True):
    """The text of the file and the names of its tests."""

    source: str
    names: tuple[str, ...]


def read_tests(path: str) -> UnitTests:
    """Errors: ConfigurationError, which names the file and what it lacks."""
    try:
        source = Path(path).read_bytes()[: _MOST_BYTES + 1].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, found=f"it cannot be read: {error}", wanted="a Python file in UTF-8") from error
    if len(source) > _MOST_BYTES:
        raise _refused(path, found="more than 1 MB", wanted="a file of tests")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise _refused(path, found=f"it is not Python: {error}", wanted="a Python file") from error
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    tests = [function for function in functions if function.name.startswith("test")]
    if not tests:
        raise _refused(path, found="no test", wanted="functions whose names begin with test", try_="def test_it(): assert …")
    if not _imports_answer(tree):
        raise _refused(path, found="no import of the answer", wanted="the code under test", try_="from answer import …")
    for test in tests:
        _must_be_callable(path, test)
    return UnitTests(source=source, names=tuple(dict.fromkeys([test.name for test in tests])))


def _imports_answer(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.Import) and any(alias.name == "answer" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "answer")
        for node in ast.walk(tree)
    )


def _must_be_callable(path: str, test: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A coroutine that nobody awaits would pass whatever it says; a fixture that nobody gives would always fail."""
    arguments = test.args
    needed = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if isinstance(test, ast.AsyncFunctionDef) or needed or None in arguments.kw_defaults:
        kind = "an async function" if isinstance(test, ast.AsyncFunctionDef) else "a function with parameters"
        raise _refused(
            path, found=f"{test.name} in line {test.lineno} is {kind}", wanted="plain functions without parameters",
            try_="asyncio.run(…) within the test" if isinstance(test, ast.AsyncFunctionDef) else "",
        )  # fmt: skip


def _refused(path: str, *, found: str, wanted: str, try_: str = "") -> ConfigurationError:
    lines = [f"tests: {path}", f"  found   {found}", f"  wanted  {wanted}", *([f"  try     {try_}"] if try_ else [])]
    return ConfigurationError("\n".join(lines))
