import json
import subprocess
import sys

import pytest

from tests.cli.conftest import CommandLine

BROKEN = """
providers:
  openai: {{api: openai, kee: x}}
models: {{mini: nobody/small}}
tasks:
  default: {{ladder: [mini]}}
"""
HELP_AND_MODULES = """
import sys
from taskfit.cli import main
sys.argv = ["taskfit", "--help"]
try:
    main()
finally:
    print(*sys.modules)
"""


def test_check_says_in_one_line_what_there_is_and_warns_of_unknown_prices(taskfit: CommandLine) -> None:
    done = taskfit.run("config", "check")
    assert (done.code, done.out) == (0, "taskfit.yaml: ok, 1 provider, 3 models, 1 task\n")
    assert done.err.startswith("warning: the price of openai/nobody-knows is unknown")
    said = json.loads(taskfit.run("config", "check", "--json").out)
    assert (said["is_ok"], said["unpriced_models"]) == (True, ["openai/nobody-knows"])


def test_check_tells_every_mistake_with_its_line_and_ends_with_two(taskfit: CommandLine) -> None:
    taskfit.configure(BROKEN)
    done = taskfit.run("config", "check")
    assert (done.code, done.out) == (2, "")
    assert "taskfit.yaml:3  providers.openai.kee" in done.err
    assert "taskfit.yaml:4  models.mini" in done.err
    assert "Traceback" not in done.err
    told = taskfit.run("config", "check", "--json")
    said = json.loads(told.out)
    assert (told.code, said["is_ok"], [complaint["line"] for complaint in said["complaints"]]) == (2, False, [3, 4])


NEARLY_ALIKE = """
providers:
  openai: {{api: openai, url: "{url}/v1", key: made-up-key}}
models:
  mini: {{model: openai/small, price: {{input: 1, output: 2}}}}
  general: {{model: openai/large, price: {{input: 2, output: 4}}}}
tasks:
  default:
    ladder: [mini, general]
    checks: [refusal]
"""
UNFIT = NEARLY_ALIKE.replace("[refusal]", '[refusal, {{pattern: "("}}, {{length: {{min_chars: 5, max_chars: 4}}}}]')


def test_check_notes_what_may_be_a_mistake_and_ends_with_zero(taskfit: CommandLine) -> None:
    taskfit.configure(NEARLY_ALIKE)
    done = taskfit.run("config", "check")
    assert (done.code, done.out) == (0, "taskfit.yaml: ok, 1 provider, 2 models, 1 task\n")
    assert done.err.startswith("taskfit.yaml:9  tasks.default.ladder\n  note    openai/small costs about $0.001512")
    (note,) = json.loads(taskfit.run("config", "check", "--json").out)["notes"]
    assert (note["line"], note["path"]) == (9, "tasks.default.ladder")


def test_check_builds_the_checks_and_tells_every_one_that_cannot_be(taskfit: CommandLine) -> None:
    taskfit.configure(UNFIT)
    done = taskfit.run("config", "check")
    assert (done.code, done.out) == (2, "")
    assert "taskfit.yaml:10  tasks.default.checks.pattern\n  found   pattern: must: (: missing )" in done.err
    assert "taskfit.yaml:10  tasks.default.checks.length\n  found   length: min_chars: 5 with max_chars: 4" in done.err


def test_every_command_refuses_a_broken_file_with_two(taskfit: CommandLine) -> None:
    taskfit.configure(BROKEN)
    for words in (("ask", "Hello"), ("serve",), ("keys", "list")):
        done = taskfit.run(*words)
        assert (done.code, done.out) == (2, "")
        assert "taskfit.yaml:3" in done.err


def test_show_hides_secrets_and_can_be_read_again(taskfit: CommandLine) -> None:
    shown = taskfit.run("config", "show").out
    assert "made-up-key" not in shown
    (taskfit.folder / "again.yaml").write_text(shown)
    assert taskfit.run("config", "check", "--config", "again.yaml").code == 0


def test_diff_tells_what_changes(taskfit: CommandLine) -> None:
    (taskfit.folder / "other.yaml").write_text(taskfit.file.read_text().replace("[mini, general]", "[general]"))
    assert "ladder" in taskfit.run("config", "diff", "taskfit.yaml", "other.yaml").out
    assert taskfit.run("config", "diff", "taskfit.yaml", "taskfit.yaml").out == "no difference\n"
    assert json.loads(taskfit.run("config", "diff", "taskfit.yaml", "other.yaml", "--json").out)


def test_the_schema_is_json(taskfit: CommandLine) -> None:
    assert json.loads(taskfit.run("config", "schema").out)["properties"]["providers"]


def test_init_writes_a_file_that_can_be_used_and_keeps_keys_out_of_it(taskfit: CommandLine) -> None:
    taskfit.file.unlink()
    key = {"ANTHROPIC_API_KEY": "very-secret"}
    done = taskfit.run("init", environ=key)
    assert done.code == 0
    assert "found ANTHROPIC_API_KEY: anthropic" in done.out
    assert "taskfit serve" in done.out
    assert "very-secret" not in taskfit.file.read_text()
    assert taskfit.run("config", "check", environ=key).code == 0


def test_init_overwrites_nothing_unless_it_is_told_to(taskfit: CommandLine) -> None:
    before = taskfit.file.read_text()
    refused = taskfit.run("init")
    assert (refused.code, taskfit.file.read_text()) == (2, before)
    assert "--force" in refused.err
    assert taskfit.run("init", "--force", environ={"OPENAI_API_KEY": "x"}).code == 0
    assert taskfit.file.read_text() != before


def test_init_says_why_a_file_cannot_be_written(taskfit: CommandLine) -> None:
    done = taskfit.run("init", "--config", "no/such/folder.yaml")
    assert done.code == 2
    assert "cannot be written" in done.err


def test_models_list_spells_out_what_is_unknown(taskfit: CommandLine) -> None:
    lines = {line.split()[0]: line.split() for line in taskfit.run("models", "list").out.splitlines()}
    assert lines["mini"][1:4] == ["openai/small", "1", "2"]
    assert lines["unpriced"][2:4] == ["unknown", "unknown"]
    found = {model["id"]: model for model in json.loads(taskfit.run("models", "list", "--json").out)}
    assert found["openai/large"]["price"]["output"] == 20.0
    assert found["openai/large"]["source"] == "configuration"
    assert found["openai/nobody-knows"]["price"] is None


def test_models_show_takes_an_alias_and_suggests_the_nearest_name(taskfit: CommandLine) -> None:
    assert "price         $ per million tokens: input 10, output 20" in taskfit.run("models", "show", "general").out
    wrong = taskfit.run("models", "show", "genral")
    assert wrong.code == 1
    assert "general" in wrong.err


@pytest.mark.parametrize(("words", "code", "text"), [
    (("--version",), 0, "taskfit 0."),
    (("--help",), 0, "records"),
    (("config", "chekc"), 2, ""),
    (("ask", "--no-such-option"), 2, ""),
    (("records", "list", "--since", "yesterdy"), 2, ""),
    (("records", "list", "--limit", "0"), 2, ""),
])  # fmt: skip
def test_wrong_usage_ends_with_two(taskfit: CommandLine, words: tuple[str, ...], code: int, text: str) -> None:
    done = taskfit.run(*words)
    assert done.code == code
    assert text in done.out
    assert "Traceback" not in done.err


def test_a_reader_that_leaves_early_is_no_error_to_talk_about(taskfit: CommandLine) -> None:
    with taskfit.start("config", "schema") as writing:
        assert writing.stdout is not None
        assert writing.stderr is not None
        writing.stdout.close()
        writing.wait(20)
        assert writing.stderr.read() == ""


def test_help_loads_neither_the_gateway_nor_rich() -> None:
    done = subprocess.run([sys.executable, "-c", HELP_AND_MODULES], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"taskfit.assembly", "taskfit.config", "sqlalchemy", "uvicorn", "genai_prices", "rich", "yaml"} & loaded == set()
