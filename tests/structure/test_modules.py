"""The shape of the source: names, docstrings, sizes, and constructs that have no place in it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "taskfit"
MODULES = sorted(PACKAGE.rglob("*.py"))
SAYS_NOTHING = {"utils", "helpers", "common", "core", "misc", "base", "manager", "handler", "service", "data", "info"}
LONGEST_FILE_LINES = 600
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
DOORS = {
    "server/application.py",   # the outermost door: whatever it is becomes an internal error
    "plugins/discovery.py",    # the plug-in boundary: importing one,
    "assembly.py",             # opening and closing one,
    "pipeline/calling.py",     # calling a provider,
    "pipeline/check.py",       # asking a check
    "pipeline/watching.py",    # having it glance at a beginning,
    "pipeline/stream.py",      # asking a router
    "pipeline/outbox.py",      # the drain: what a store raised belongs to whoever waits for it
    "pipeline/reviews.py",     # what looks after overdue cases
    "server/serving.py",       # what looks after changed files
    "pipeline/deliveries.py",  # and what sends messages: a mistake of ours must not end any of them for good
    "providers/reply.py",      # a callback keeps what a taker raised, for the coroutine that it belongs to
    "providers/anyllm.py",     # a stranger's SDKs raise what they like
    "providers/bedrock.py",    # so do its sources of credentials
    "testing/script.py",       # a script's own mistake is answered with a 500 that names it
    "testing/conformance_store.py",  # a store may refuse in its own way
}
"""Where anything at all may be caught, and why."""
YAML_LOADS = {"load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    """Every module, parsed once."""
    return {path: ast.parse(path.read_text()) for path in MODULES}


def test_a_module_name_says_what_is_inside() -> None:
    nameless = [name_of(path) for path in [*MODULES, *PACKAGE.rglob("*/")] if path.stem in SAYS_NOTHING]
    assert nameless == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in MODULES}
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_module_opens_with_what_it_does(trees: dict[Path, ast.Module]) -> None:
    assert [name_of(path) for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_every_file_stays_readable_in_one_sitting() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def dangers(tree: ast.AST) -> list[str]:
    """Constructs that run code out of data, with their lines."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found += [f"{node.lineno}: import {alias.name}" for alias in names if alias.name.split(".")[0] in PICKLES]
            case ast.ImportFrom(module=str(source)) if source.split(".")[0] in PICKLES:
                found.append(f"{node.lineno}: from {source} import …")
            case ast.Call(func=ast.Name(id="eval" | "exec" as called)):
                found.append(f"{node.lineno}: {called}(…)")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr=called)) if called in YAML_LOADS:
                found.append(f"{node.lineno}: yaml.{called}(…)")
    return found


def test_nothing_in_any_module_turns_data_into_code(trees: dict[Path, ast.Module]) -> None:
    assert {name_of(path): found for path, tree in trees.items() if (found := dangers(tree))} == {}


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from dill import loads", "eval('1')", "exec(text)", "yaml.load(text)", "yaml.unsafe_load(text)"],
)
def test_the_search_for_dangers_finds_them(source: str) -> None:
    assert dangers(ast.parse(source))


def names_in(expression: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def catch_alls(tree: ast.AST) -> list[int]:
    """Lines that catch everything and do not pass it on."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & names_in(node.type))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]


def test_everything_is_caught_only_at_the_doors(trees: dict[Path, ast.Module]) -> None:
    inside = {path: tree for path, tree in trees.items() if str(path.relative_to(PACKAGE)) not in DOORS}
    assert {name_of(path): lines for path, tree in inside.items() if (lines := catch_alls(tree))} == {}


def test_the_search_for_catch_alls_finds_them() -> None:
    found = catch_alls(ast.parse("try: f()\nexcept (ValueError, Exception): pass\ntry: f()\nexcept BaseException:\n g()\n raise"))
    assert found == [2]
