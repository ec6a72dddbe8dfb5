"""The reference names everything that a user can meet: a name without its line there fails."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.reference import stale_pages
from taskfit.assembly import plugin_settings
from taskfit.config import schema
from taskfit.errors import TaskfitError
from taskfit.server.headers import read_terms
from taskfit.server.keyring import keys_in
from taskfit.server.table import ROUTES
from taskfit.wire import anthropic_messages, gemini_generate, openai_chat, openai_responses
from tests.docs.blocks import DOCUMENTS, ROOT
from tests.docs.commandline import every_command

SOURCE = ROOT / "src" / "taskfit"
HEADER = re.compile(r"""["'](x-taskfit-[a-z0-9-]*[a-z0-9])["']""")


def page(name: str) -> str:
    path = ROOT / "docs" / "reference" / name
    assert path.exists(), f"there is no {path.relative_to(ROOT)}"
    return path.read_text()


def missing_from(text: str, names: Iterator[str] | set[str]) -> list[str]:
    """Names that the page never shows in code type, alone or at the end of a path."""
    return sorted(name for name in set(names) if not re.search(rf"`(?:[\w.]+\.)?{re.escape(name)}`", text))


def kinds(error: type[TaskfitError] = TaskfitError) -> Iterator[str]:
    yield error.kind
    for child in error.__subclasses__():
        yield from kinds(child)


def test_every_error_kind_is_in_the_reference() -> None:
    assert missing_from(page("errors.md"), kinds()) == []


def test_every_header_is_in_the_reference() -> None:
    names = {name for path in SOURCE.rglob("*.py") for name in HEADER.findall(path.read_text())}
    assert names
    assert missing_from(page("headers.md"), names) == []


def test_every_forwarded_header_is_in_the_reference() -> None:
    dialects = (anthropic_messages, gemini_generate, openai_chat, openai_responses)
    names = {name for dialect in dialects for name in dialect.FORWARDED_HEADERS}
    assert missing_from(page("headers.md"), names) == []
    assert missing_from(page("dialects.md"), names) == []


def test_every_session_header_of_the_reference_names_the_session() -> None:
    (said,) = re.findall(r"the first of these that is there: (.*?);", page("headers.md"))
    names = re.findall(r"`([^`]+)`", said)
    assert len(names) > 3
    assert [read_terms({name.encode(): b"one"}).session for name in names] == ["one"] * len(names)


def test_a_key_may_stand_wherever_the_reference_says() -> None:
    (said,) = re.findall(r"A key of the gateway may stand (.*?) in the address", page("http.md"))
    headers = [name for name in re.findall(r"`([^`]+)`", said) if not name.startswith(("authorization", "?"))]
    assert len(headers) == 3
    assert [keys_in({name.encode(): b"one"}, b"") for name in headers] == [[b"one"]] * 3
    assert keys_in({b"authorization": b"Bearer one"}, b"") == keys_in({}, b"key=one") == [b"one"]


def test_every_command_is_in_the_reference() -> None:
    commands = every_command()
    assert ("serve",) in commands
    assert missing_from(page("cli.md"), {" ".join(("taskfit", *words)) for words in commands}) == []


def test_every_route_is_in_the_reference() -> None:
    assert missing_from(page("http.md"), {f"{route.method} {route.path}" for route in ROUTES}) == []


def keys_of(schema: Any) -> Iterator[str]:
    """Every property name of a JSON Schema, at any depth."""
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        for below in schema.values():
            yield from keys_of(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from keys_of(below)


def test_every_configuration_key_is_in_the_reference() -> None:
    keys = set(keys_of(schema(kinds=plugin_settings("providers"), checks=plugin_settings("checks"))))
    assert {"providers", "models", "tasks", "ladder"} <= keys
    assert missing_from(page("configuration.md"), keys) == []


LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)(?P<path>[^)#\s]*)(?:#[^)\s]*)?\)")


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.exists()], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_between_documents_leads_somewhere(document: Path) -> None:
    broken = [link["path"] for link in LINK.finditer(document.read_text()) if not (document.parent / link["path"]).exists()]
    assert broken == []


def test_the_generated_pages_are_up_to_date() -> None:
    assert stale_pages() == [], "run make golden"
