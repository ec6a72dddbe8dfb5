"""SDKs and frameworks as their users have them, each against upstreams of all dialects."""

import pytest

from tests.clients.installed import Group
from tests.clients.running import Desk, Heard
from tests.clients.scripted import MODELS, REPORT, WEATHER
from tests.walk.house import House

PYTHON: list[tuple[Group, str, str]] = [
    ("clients", "openai_sdk.py", "chat"),
    ("clients", "openai_sdk.py", "responses"),
    ("clients-pinned", "openai_sdk.py", "chat"),
    ("clients-pinned", "openai_sdk.py", "responses"),
    ("clients", "anthropic_sdk.py", "messages"),
    ("clients", "google_genai_sdk.py", "generate"),
    ("clients", "langchain_chat.py", "chat"),
    ("clients", "langchain_chat.py", "responses"),
    ("clients", "langchain_chat.py", "anthropic"),
    ("clients", "langchain_chat.py", "google"),
    ("clients", "pydantic_ai_agent.py", "chat"),
    ("clients", "pydantic_ai_agent.py", "responses"),
    ("clients", "pydantic_ai_agent.py", "anthropic"),
    ("clients", "pydantic_ai_agent.py", "google"),
    ("clients-pinned", "llama_index_chat.py", "chat"),
]


def check(heard: list[Heard]) -> None:
    """Every model was asked plainly, in a stream, with a tool and for a structure, and was understood."""
    assert [one.model for one in heard] == list(MODELS)
    for one in heard:
        said = f"I am {one.model}."
        assert one.plain == said
        assert one.streamed is not None
        assert "".join(one.streamed) == said
        assert one.after_tool is not None
        assert one.after_tool.startswith("The tool says: ")
        assert WEATHER in one.after_tool
        assert one.report == REPORT


@pytest.mark.parametrize(("group", "program", "flavour"), PYTHON)
def test_a_python_client_reaches_every_upstream(house: House, desk: Desk, group: Group, program: str, flavour: str) -> None:
    check(desk.ask_with_python(group, program, flavour, MODELS))
    assert {record.outcome for record in house.records()} == {"answered"}


@pytest.mark.parametrize("flavour", ["chat", "responses", "anthropic", "google"])
def test_the_ai_sdk_reaches_every_upstream(house: House, desk: Desk, flavour: str) -> None:
    check(desk.ask_with_node("ai_sdk.mjs", flavour, MODELS))
    assert {record.outcome for record in house.records()} == {"answered"}


@pytest.mark.parametrize("flavour", ["tools", "schema"])
def test_instructor_gets_its_structure_from_every_upstream(desk: Desk, flavour: str) -> None:
    heard = desk.ask_with_python("clients-pinned", "instructor_chat.py", flavour, MODELS)
    assert [(one.model, one.report) for one in heard] == [(model, REPORT) for model in MODELS]
