"""Command-line clients that are no agents: `llm` and aider."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.testing import Reply, SeenRequest
from tests.clients.installed import python_program
from tests.clients.running import Desk
from tests.clients.scripted import MODELS, REPORT, WEATHER
from tests.walk.house import House

LLM_MODEL = """
- model_id: {model}
  model_name: {model}
  api_base: {url}/v1
  api_key_name: gateway
  supports_tools: true
  supports_schema: true
"""
WEATHER_FUNCTION = f'''
def weather(city: str) -> str:
    "The weather of a city."
    return "{WEATHER}" if city == "Oslo" else "No weather."
'''
EDIT = "I write it down.\n\nnote.txt\n```\nThe word is tangerine.\n```\n"


@pytest.fixture
def llm(desk: Desk) -> Callable[..., str]:
    folder = desk.home / "llm"
    folder.mkdir()
    (folder / "extra-openai-models.yaml").write_text("".join(LLM_MODEL.format(model=model, url=desk.url) for model in MODELS))
    program = python_program("clients", "llm")
    return lambda *more: desk.run("llm", [program, "prompt", "--key", desk.key, *more], LLM_USER_PATH=str(folder)).strip()


@pytest.mark.parametrize("model", MODELS)
def test_llm_asks_streams_calls_a_function_and_gets_a_structure(llm: Callable[..., str], model: str) -> None:
    assert llm("-m", model, "--no-stream", "Who are you?") == f"I am {model}."
    assert llm("-m", model, "Who are you?") == f"I am {model}."
    assert llm("-m", model, "--functions", WEATHER_FUNCTION, "What is the weather in Oslo?") == f"The tool says: {WEATHER}"
    assert json.loads(llm("-m", model, "--schema", "city, degrees int", "Report on Oslo.")) == REPORT


@pytest.mark.parametrize("model", MODELS)
def test_aider_edits_a_file_by_what_any_model_says(house: House, desk: Desk, tmp_path: Path, model: str) -> None:
    def edit(request: SeenRequest) -> Reply:
        return Reply(EDIT if "note.txt" in request.prompt else "Hello.")

    house.upstream.script({model: edit})
    note = tmp_path / "note.txt"
    note.write_text("The word is not known.\n")
    # Prices and releases that aider would look up elsewhere, it finds at home or is told not to want.
    prices = desk.home / ".aider" / "caches" / "model_prices_and_context_window.json"
    prices.parent.mkdir(parents=True)
    prices.write_text('{"none": {}}')
    flags = ["--no-git", "--yes-always", "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings",
             "--analytics-disable", "--no-fancy-input", "--no-pretty", "--no-suggest-shell-commands"]  # fmt: skip
    desk.run(
        "aider",
        [python_program("clients-pinned", "aider"), "--model", f"openai/{model}", *flags, "--message", "Write it.", "note.txt"],
        folder=tmp_path,
        OPENAI_API_BASE=f"{desk.url}/v1",
        OPENAI_API_KEY=desk.key,
        LITELLM_LOCAL_MODEL_COST_MAP="True",
    )
    assert note.read_text() == "The word is tangerine.\n"
    assert house.last_record().outcome == "answered"
