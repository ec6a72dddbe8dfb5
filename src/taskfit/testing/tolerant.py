"""Looks into JSON of any shape: what is not there, or of another type, reads as nothing. Knows no dialect."""

from typing import Any

import msgspec

Object = dict[str, Any]


def at(value: Any, *keys: str) -> Any:
    """The member at the end of these keys; None where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def either(value: Any, name: str) -> Any:
    """The member of that camelCase name, or of the same in snake_case: protobuf's JSON takes both."""
    found = at(value, name)
    return at(value, snake(name)) if found is None else found


def snake(name: str) -> str:
    """A camelCase name in snake_case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def objects(value: Any) -> list[Object]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: Any) -> tuple[str, ...]:
    """The strings of a list; a single string counts as a list of one."""
    if isinstance(value, str):
        return (value,)
    return tuple([item for item in value if isinstance(item, str)]) if isinstance(value, list) else ()


def text_at(value: Any, *keys: str) -> str | None:
    """The string at the end of these keys; None where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, str) else None


def number_at(value: Any, *keys: str) -> int | None:
    """The whole number at the end of these keys; None where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def object_at(value: Any, *keys: str) -> Object | None:
    """The object at the end of these keys; None where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, dict) else None


def texts_of(content: Any) -> list[str]:
    """The texts of a message's content: a string, or a list of parts of which some have a text."""
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in objects(content) if isinstance(part.get("text"), str)]


def source_of(url: str) -> str:
    """The media type of a data URL; any other URL as it is."""
    return url.removeprefix("data:").split(",")[0].split(";")[0] if url.startswith("data:") else url


def value_of(text: str) -> Any:
    """A tool call's arguments as a value; text that is not JSON stays text, as dialects without a string form must show it."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
