"""Every code block of the documents does what it shows."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from taskfit.assembly import build_checks, read_configuration
from taskfit.checks.rule_table import load_table
from taskfit.errors import ConfigurationError
from tests.docs.blocks import ROOT, Block, blocks, blocks_in, commands_of, reference
from tests.docs.commandline import complaint_about
from tests.docs.conftest import House

TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
MODELS = """\
providers: {openai: {key: made-up-key}}
models: {mini: openai/gpt-5.4-nano, small: openai/gpt-4.1-nano, general: openai/gpt-5.4-mini, expert: openai/gpt-5.4}
"""
STAND_INS = {".json": '{"type": "object"}', ".yaml": "rules: [{require: total}]", ".j2": "{{ letter }}"}
"""What stands in for the files that a contract names."""
MADE_UP_KEYS = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def test_a_console_block_holds_commands_and_their_output() -> None:
    (block,) = blocks_in(ROOT / "x.md", "```console\n$ make demo \\\n  ONCE=1 && taskfit serve\nready\n```\n")
    assert commands_of(block) == [["make", "demo", "ONCE=1"], ["taskfit", "serve"]]


def test_a_nested_fence_belongs_to_the_outer_block() -> None:
    (block,) = blocks_in(ROOT / "x.md", "  ````md\n  ```python\n  ```\n  ````\n")
    assert block.text == "```python\n```\n"


def complaint_about_make(words: list[str]) -> str | None:
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    unknown = [target for target in targets if target not in TARGETS]
    return f"no target {', '.join(unknown)} in the Makefile" if unknown else None


def complaint_about_curl(words: list[str]) -> str | None:
    found = [match for word in words if (match := re.match(r"(?:https?://)?(127\.0\.0\.1|localhost):\d+(?P<path>/[^?#]*)", word))]
    if not found:
        return "curl to something that is not a gateway on this machine"
    path = found[0]["path"]
    routes = re.findall(r"`[A-Z]+ (/[^`\s]*)`", reference())
    is_known = any(re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)), path) for route in routes)
    return None if is_known else f"{path} is not in docs/reference"


CHECKED: Mapping[str, Callable[[list[str]], str | None]] = {
    "taskfit": complaint_about,
    ".venv/bin/taskfit": complaint_about,
    "make": complaint_about_make,
    "curl": complaint_about_curl,
}
PLAIN_WORDS = {"cd", "export", "git"}
"""What a document may ask a shell for besides; nothing of ours can go wrong in it."""


CLIENTS = ROOT / "tests" / "clients"
OTHERS = {
    "claude": "test_agents.py",
    "codex": "test_agents.py",
    "gemini": "test_agents.py",
    "aider": "test_commands.py",
    "llm": "test_commands.py",
}
"""Programs of other people that a document shows, and where `make test-clients` runs each."""


def complaint_about_client(program: str, words: list[str], variables: list[str]) -> str | None:
    """A document shows no variable and no option that the test of the program does not use."""
    tried = (CLIENTS / OTHERS[program]).read_text()
    used = [*variables, *[word.split("=")[0] for word in words if word.startswith("-")]]
    unknown = [name for name in used if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", tried)]
    return f"{program}: {', '.join(unknown)} is not tried in tests/clients/{OTHERS[program]}" if unknown else None


def complaint_about_command(words: list[str]) -> str | None:
    variables = []
    while words and (assigned := re.match(r"^([A-Z_][A-Z0-9_]*)=", words[0])):
        variables.append(assigned[1])
        words = words[1:]
    if not words or words[0] in PLAIN_WORDS:
        return None
    if words[0] in OTHERS:
        return complaint_about_client(words[0], words[1:], variables)
    if words[0] not in CHECKED:
        return f"{words[0]}: a document shows only {', '.join([*CHECKED, *OTHERS, *sorted(PLAIN_WORDS)])}"
    return CHECKED[words[0]](words[1:])


def test_a_client_is_shown_with_what_its_test_uses() -> None:
    assert complaint_about_command(["OPENAI_API_KEY=k", "aider", "--model", "openai/general"]) is None
    assert "OPENAI_KEY, --modle" in (complaint_about_command(["OPENAI_KEY=k", "aider", "--modle", "x"]) or "")


@pytest.mark.parametrize("block", blocks("console", "bash", "sh", "shell"), ids=str)
def test_a_command_in_a_document_can_be_typed(block: Block) -> None:
    assert [complaint for words in commands_of(block) if (complaint := complaint_about_command(words))] == []


def is_configuration(block: Block) -> bool:
    """A whole file has its providers or models; a fragment of one is shown as such, with `…` in it."""
    return bool(re.search(r"^(providers|models):", block.text, re.MULTILINE)) and "…" not in block.text


@pytest.mark.parametrize("block", [block for block in blocks("yaml") if is_configuration(block)], ids=str)
def test_a_configuration_in_a_document_is_valid(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "taskfit.yaml"
    path.write_text(block.text)
    for name in re.findall(r"json_schema: *([\w/.-]+\.json)", block.text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"type": "object"}')
    keys = dict.fromkeys(MADE_UP_KEYS.findall(block.text), "made-up-key")
    try:
        read_configuration(str(path), keys)
    except ConfigurationError as error:
        pytest.fail(f"{block}\n{error}")


def is_rule_table(block: Block) -> bool:
    return bool(re.search(r"^rules:$", block.text, re.MULTILINE)) and "…" not in block.text


@pytest.mark.parametrize("block", [block for block in blocks("yaml") if is_rule_table(block)], ids=str)
def test_a_table_of_rules_in_a_document_is_valid(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(block.text)
    assert load_table(str(path)).rules


def is_contract(block: Block) -> bool:
    """Tasks without the models that they name, which the documents share."""
    return block.text.startswith("tasks:\n") and "…" not in block.text


@pytest.mark.parametrize("block", [block for block in blocks("yaml") if is_contract(block)], ids=str)
def test_a_contract_in_a_document_is_valid(block: Block, tmp_path: Path) -> None:
    for name in re.findall(r"[\w-]+/[\w/.-]+\.(?:json|yaml|j2)\b", block.text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(STAND_INS[Path(name).suffix])
    (tmp_path / "taskfit.yaml").write_text(MODELS + block.text)
    try:
        build_checks(read_configuration(str(tmp_path / "taskfit.yaml"), {}))
    except ConfigurationError as error:
        pytest.fail(f"{block}\n{error}")


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_in_a_document_is_json(block: Block) -> None:
    msgspec.json.decode(block.text)


def test_python_in_the_documents_runs(house: House, tmp_path: Path) -> None:
    """One process runs them all, each by itself: the SDKs that they import take longer than what they do."""
    programs = []
    for number, block in enumerate(blocks("python")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "taskfit.yaml").write_text(house.file.replace("taskfit.db", f"in-process-{number}.db"))
        text = block.text.replace("http://127.0.0.1:8400", house.url).replace("http://localhost:8400", house.url)
        programs.append((str(block), str(folder), text))
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("programs.py")],
        input=msgspec.json.encode(programs), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1] == f"{len(programs)} ran"


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_toml_in_a_document_is_toml(block: Block) -> None:
    tomllib.loads(block.text)


def imports_of(text: str) -> set[tuple[str, str]]:
    """Every module and name that a program imports, wherever it does."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {(node.module or "", alias.name) for node in found for alias in node.names}


@pytest.mark.parametrize("block", blocks("py"), ids=str)
def test_python_for_packages_that_are_not_here_is_python_of_a_client_that_is_tested(block: Block) -> None:
    """A block in `py` is not run: its packages are in environments of their own, where `make test-clients` runs them."""
    tried = [imports_of(path.read_text()) for path in (CLIENTS / "programs").glob("*.py")]
    assert imports_of(block.text) <= set().union(*tried)


@pytest.mark.parametrize("block", blocks("js"), ids=str)
def test_javascript_in_a_document_imports_what_a_tested_client_imports(block: Block) -> None:
    tried = "\n".join(path.read_text() for path in (CLIENTS / "npm").glob("*.mjs")).splitlines()
    assert {line for line in block.text.splitlines() if line.startswith("import ")} <= set(tried)
