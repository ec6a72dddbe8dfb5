"""Tools that a table offers with its prompts, as a whole request: so that checks of calls see what the model saw.

Data sets of function calling name types as Python does (`dict`, `float`); these become those of JSON Schema. A type that no JSON
has is left out, and then everything fits there. Names get the letters that model APIs take.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from taskfit.outcomes.layout import PROMPTS, TOOLS
from taskfit.outcomes.tables import Batch
from taskfit.outcomes.values import documents, first_of

TYPES: Final[Mapping[str, str]] = {
    "dict": "object", "float": "number", "double": "number", "tuple": "array", "list": "array", "bool": "boolean",
    "int": "integer", "str": "string",
}  # fmt: skip
JSON_TYPES: Final = frozenset({"object", "number", "array", "boolean", "integer", "string", "null"})
MOST_DEPTH: Final = 40
_NO_LETTERS: Final = re.compile(r"[^a-zA-Z0-9_-]")


def requests_with_tools(batch: Batch) -> Sequence[str | None]:
    """The JSON of a chat completion request for each row that names tools and a prompt; None for the others."""
    offered = documents(batch, TOOLS)
    prompts = first_of(batch, PROMPTS)
    if prompts is None:
        return [None] * len(offered)
    return [
        None if tools is None or not isinstance(prompt, str) else _request(prompt, tools)
        for prompt, tools in zip(prompts, offered, strict=True)
    ]


def api_name(name: str) -> str:
    """A function's name in the letters that model APIs take: `math.hypot` is called `math_hypot`."""
    return _NO_LETTERS.sub("_", name)


def _request(prompt: str, tools: str) -> str | None:
    try:
        listed = msgspec.json.decode(tools)
    except (msgspec.DecodeError, RecursionError):
        return None
    functions = [function for each in (listed if isinstance(listed, list) else [listed]) if (function := _function(each))]
    if not functions:
        return None
    body = {"model": "auto", "messages": [{"role": "user", "content": prompt}], "tools": functions}
    return msgspec.json.encode(body).decode()


def _function(tool: Any) -> dict[str, Any] | None:
    """A tool of a chat completion request; of a bare description of a function, the same."""
    said = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        return None
    function = {**said, "name": api_name(said["name"])}
    if isinstance(said.get("parameters"), dict):
        function["parameters"] = _schema(said["parameters"], MOST_DEPTH)
    return {"type": "function", "function": function}


def _schema(said: Any, depth: int) -> Any:
    if isinstance(said, list):
        return [_schema(each, depth - 1) for each in said] if depth else said
    if not isinstance(said, dict) or not depth:
        return said
    schema = {name: _schema(value, depth - 1) for name, value in said.items() if name != "type"}
    named = said.get("type")
    if isinstance(named, str):
        known = TYPES.get(named, named)
        return {"type": known, **schema} if known in JSON_TYPES else schema
    return schema if named is None else {"type": _schema(named, depth - 1), **schema}
