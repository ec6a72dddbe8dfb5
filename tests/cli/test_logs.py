"""Log lines: one event, one line, whatever its fields hold."""

import json
import logging

import pytest

from taskfit.cli.logs import JsonLines, TextLines


def line(formatter: logging.Formatter, event: str = "request", **fields: object) -> str:
    record = logging.makeLogRecord({"levelname": "INFO", "msg": event, "created": 1_700_000_000.25, "msecs": 250.0, **fields})
    return formatter.format(record)


def test_a_text_line_is_an_event_and_its_fields() -> None:
    said = line(TextLines(), status=200, model="openai/small", error=None)
    assert said == "2023-11-14T22:13:20.250Z INFO request status=200 model=openai/small"


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "a b=c", 'say "x"', "", "\u2028"])
def test_a_field_can_neither_break_its_line_nor_pass_for_two(text: str) -> None:
    said = line(TextLines(), reason=text, after="end")
    value = said.removeprefix("2023-11-14T22:13:20.250Z INFO request reason=").removesuffix(" after=end")
    assert value.isprintable()
    assert json.loads(value) == text


def test_an_event_of_another_library_stays_on_one_line() -> None:
    assert line(TextLines(), "two\nlines") == '2023-11-14T22:13:20.250Z INFO "two\\nlines"'


def test_a_json_line_is_one_object() -> None:
    said = line(JsonLines(), status=200, where={"a": 1})
    assert json.loads(said) == {
        "at": "2023-11-14T22:13:20.250Z", "level": "INFO", "event": "request", "status": 200, "where": {"a": 1},
    }  # fmt: skip
    assert "\n" not in said


def test_an_error_brings_its_trace_on_the_same_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        said = line(JsonLines(), exc_info=(ValueError, error, error.__traceback__))
    assert "ValueError: broken" in json.loads(said)["trace"]
    assert "\n" not in said
