"""Tool calls in a recorded response, in the forms in which they are recorded.

That of a chat completion's message, or of its `tool_calls` alone; lists of names with arguments, `[{"add": {"x": 1}}]`; and what
models write that were told to write calls, `[add(x=1)]`. Nothing is executed: an argument that is no literal is taken as text.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from taskfit.outcomes.offered import api_name
from taskfit.values.conversation import ToolCall

MOST_CHARS: Final = 20_000
"""A longer response is not taken apart."""


def recorded_calls(response: str) -> tuple[ToolCall, ...] | None:
    """The calls that a response to a request with tools consists of; None where it is text."""
    text = response.strip()
    if not text or len(text) > MOST_CHARS:
        return None
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pairs = _written(text)
    else:
        pairs = _listed(said)
    if pairs is None:
        return None
    return tuple([
        ToolCall(id=f"call_{number}", name=api_name(name), arguments=arguments) for number, (name, arguments) in enumerate(pairs)
    ])


def _listed(said: Any) -> list[tuple[str, str]] | None:
    """Names and arguments in JSON."""
    if isinstance(said, dict) and "tool_calls" in said:
        said = said["tool_calls"] or []
    pairs = [_pair(each) for each in (said if isinstance(said, list) else [said])]
    found = [pair for pair in pairs if pair is not None]
    return found if len(found) == len(pairs) else None


def _pair(said: Any) -> tuple[str, str] | None:
    if not isinstance(said, dict):
        return None
    function = said.get("function", said)
    if isinstance(function, dict) and isinstance(function.get("name"), str) and "arguments" in function:
        return function["name"], _arguments(function["arguments"])
    if len(said) == 1:
        ((name, arguments),) = said.items()
        if isinstance(arguments, dict) or (isinstance(arguments, str) and arguments.lstrip().startswith("{")):
            return name, _arguments(arguments)
    return None


def _arguments(said: Any) -> str:
    """JSON text; text is kept as the model wrote it."""
    return said if isinstance(said, str) else msgspec.json.encode(said).decode()


def _written(text: str) -> list[tuple[str, str]] | None:
    """Calls in the form of Python. Only taken apart, never run."""
    try:
        tree = ast.parse(text, mode="eval").body
        listed = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
        calls = [call for call in listed if isinstance(call, ast.Call)]
        if not calls or len(calls) < len(listed):
            return None
        return [(ast.unparse(call.func), msgspec.json.encode(dict(_named(call))).decode()) for call in calls]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _named(call: ast.Call) -> Iterator[tuple[str, Any]]:
    """What stands without a name is kept under its place, which no schema knows."""
    for place, value in enumerate(call.args):
        yield f"argument {place + 1}", _literal(value)
    for keyword in call.keywords:
        yield keyword.arg or "**", _literal(keyword.value)


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return ast.unparse(node)
    return _plain(value)


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
