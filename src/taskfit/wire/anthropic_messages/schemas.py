"""JSON Schemas as this API takes them. What it takes as it is, stays so byte for byte.

Source: the API refuses an output schema with an object that does not say `additionalProperties: false`, and a tool's schema that
does not say that it is an object.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest


def closed(schema: Raw, place: str) -> Raw:
    """The schema with every object closed that says nothing of other members; what follows it follows the given one, too.

    Errors: InvalidRequest for what is no JSON object, or is nested too deeply.
    """
    try:
        given = msgspec.json.decode(schema, type=dict[str, Any])
        written = _closed(given)
        return schema if written == given else Raw(msgspec.json.encode(written))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{place}: this is no JSON Schema that can be read", param=place) from error


def of_an_object(schema: Raw, place: str) -> Raw:
    """The schema of a tool's arguments, which says that they are an object. Errors: as above."""
    try:
        given = msgspec.json.decode(schema, type=dict[str, Raw])
        return schema if "type" in given else Raw(msgspec.json.encode({"type": "object", **given}))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{place}: this is no JSON Schema that can be read", param=place) from error


def _closed(schema: Any) -> Any:
    """Only what stands where a schema stands is closed; a property may well be called "type"."""
    if not isinstance(schema, dict):
        return schema
    written = {name: _inner(name, value) for name, value in schema.items()}
    kind = written.get("type")
    if kind == "object" or (isinstance(kind, list) and "object" in kind):
        written.setdefault("additionalProperties", False)
    return written


def _inner(name: str, value: Any) -> Any:
    if name in _SCHEMAS_BY_NAME and isinstance(value, dict):
        return {key: _closed(inner) for key, inner in value.items()}
    if name in _LISTS and isinstance(value, list):
        return [_closed(inner) for inner in value]
    return _closed(value) if name in _ONES else value


_SCHEMAS_BY_NAME = frozenset({"properties", "$defs", "definitions"})
_LISTS = frozenset({"anyOf", "allOf", "oneOf", "prefixItems"})
_ONES = frozenset({"items"})
