"""Coding agents from npm finish a loop through the gateway: each reads a file with its own tool, for another vendor's model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.testing import Reply, SeenRequest
from taskfit.values.conversation import ToolCall
from tests.clients.installed import node, npm_file
from tests.clients.running import Desk
from tests.clients.scripted import MODELS
from tests.walk.house import House

QUESTION = "Which word stands in note.txt?"
SECRET = "The secret word is tangerine."
ANSWER = "It is tangerine."
CODEX_CONFIGURATION = """
model_provider = "gateway"
check_for_update_on_startup = false
analytics = {{enabled = false}}
[model_providers.gateway]
name = "gateway"
base_url = "{url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
"""
GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
}


def reads(tool: str, **arguments: str) -> Callable[[SeenRequest], Reply]:
    """A model that wants the file read, and answers only once it has seen what stands in it."""

    def answer(request: SeenRequest) -> Reply:
        if not request.tool_results:
            assert tool in request.tools, f"{tool} is not among {request.tools}"
            call = ToolCall(id="call_1", name=tool, arguments=json.dumps(arguments))
            return Reply("I look into it.", tool_calls=[call])
        read = "".join(request.tool_results.values())
        return Reply(ANSWER if SECRET in read else f"I see no word in {read!r}.")

    return answer


@pytest.fixture
def note(tmp_path: Path) -> Path:
    file = tmp_path / "work" / "note.txt"
    file.parent.mkdir()
    file.write_text(SECRET + "\n")
    return file


def check(house: House, said: str) -> None:
    """The agent told what the model said after it had read the file, and both turns have their records."""
    assert ANSWER in said
    assert [record.outcome for record in house.records()] == ["answered", "answered"]
    first, second = house.upstream.requests
    assert first.complaint is second.complaint is None
    assert any(SECRET in result for result in second.tool_results.values())


@pytest.mark.parametrize("model", MODELS)
def test_claude_code_reads_a_file_for_a_model_of_any_vendor(house: House, desk: Desk, note: Path, model: str) -> None:
    house.upstream.script({model: reads("Read", file_path=str(note))})
    said = desk.run(
        "claude_code",
        [node(), npm_file("@anthropic-ai/claude-code/cli-wrapper.cjs"), "-p", QUESTION, "--allowedTools", "Read"],
        folder=note.parent,
        ANTHROPIC_BASE_URL=desk.url,
        ANTHROPIC_AUTH_TOKEN=desk.key,
        ANTHROPIC_MODEL=model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )
    check(house, said)


@pytest.mark.parametrize("model", MODELS)
def test_codex_reads_a_file_for_a_model_of_any_vendor(house: House, desk: Desk, note: Path, model: str) -> None:
    house.upstream.script({model: reads("exec_command", cmd=f"cat {note}")})
    home = desk.home / ".codex"
    home.mkdir()
    (home / "config.toml").write_text(CODEX_CONFIGURATION.format(url=desk.url))
    said = desk.run(
        "codex",
        # Its own sandbox needs kernel features that a container may lack; the one command that it runs is the script's.
        [node(), npm_file("@openai/codex/bin/codex.js"), "exec", "--model", model,
         "--skip-git-repo-check", "--sandbox", "danger-full-access", QUESTION],
        folder=note.parent,
        CODEX_HOME=str(home),
        GATEWAY_KEY=desk.key,
    )  # fmt: skip
    check(house, said)


@pytest.mark.parametrize("model", MODELS)
def test_gemini_cli_reads_a_file_for_a_model_of_any_vendor(house: House, desk: Desk, note: Path, model: str) -> None:
    house.upstream.script({model: reads("read_file", file_path=str(note))})
    settings = desk.home / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps(GEMINI_SETTINGS))
    said = desk.run(
        "gemini_cli",
        [node(), npm_file("@google/gemini-cli/bundle/gemini.js"), "--model", model, "--approval-mode", "yolo", "-p", QUESTION],
        folder=note.parent,
        GOOGLE_GEMINI_BASE_URL=desk.url,
        GEMINI_API_KEY=desk.key,
        GEMINI_CLI_TRUST_WORKSPACE="true",
    )
    check(house, said)
