import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.catalogue.names import nearest, shown

KNOWN = ("mini", "general", "expert", "code", "openai/gpt-5.4-nano", "openai/gpt-5.4-mini", "anthropic/claude-sonnet-5")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("genral", "general"),
        ("Mini", "mini"),
        ("gpt-5.4-nano", "openai/gpt-5.4-nano"),
        ("openai/gpt5.4-nano", "openai/gpt-5.4-nano"),
        ("claude-sonet-5", "anthropic/claude-sonnet-5"),
    ],
)
def test_the_nearest_name_comes_first(name: str, first: str) -> None:
    assert nearest(name, KNOWN)[0] == first


@pytest.mark.parametrize("name", ["", "   ", "zzzzzz", "../../etc/passwd"])
def test_nothing_near_gives_nothing(name: str) -> None:
    assert nearest(name, KNOWN) == ()


def test_no_more_names_than_asked_for() -> None:
    known = [f"model-{number}" for number in range(50)]
    assert len(nearest("model-1", known)) == 3
    assert len(nearest("model-1", known, most=1)) == 1


def test_control_characters_and_lone_surrogates_are_escaped() -> None:
    assert nearest("evil\x1b[31m", ["evil\x1b[31m"]) == ("evil\\x1b[31m",)
    assert shown("a\nb\ud800\u202e") == "a\\nb\\ud800\\u202e"
    assert shown("x" * 200) == "x" * 100 + "…"


def test_the_work_is_bounded_whatever_the_name() -> None:
    known = [f"provider/{'ab' * 100}-{number}" for number in range(20_000)]
    before = time.process_time()
    nearest("provider/" + "ab" * 5_000, known)
    assert time.process_time() - before < 1.0


@given(st.text(max_size=200), st.lists(st.text(max_size=30), max_size=10))
def test_suggestions_are_printable_and_never_fail(name: str, known: list[str]) -> None:
    found = nearest(name, known)
    assert len(found) <= 3
    assert all(suggestion.isprintable() for suggestion in found)
