"""Google's own Schema, a part of OpenAPI 3.0 with types in upper case, as JSON Schema. Knows no requests.

Source: the Gemini API's reference, `Schema`.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest
from taskfit.wire.bodies import member
from taskfit.wire.gemini_generate.members import camel

MAX_DEPTH = 100
EMPTY = Raw(b'{"type":"object","properties":{}}')

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_COUNTS = frozenset({"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"})
_FORMS = {"items": "one", "additionalProperties": "one", "anyOf": "list", "oneOf": "list", "allOf": "list", "prefixItems": "list",
          "properties": "named", "defs": "named", "$defs": "named"}  # fmt: skip


def json_schema(raw: Raw, place: str) -> Raw:
    """A Schema as JSON Schema. Errors: InvalidRequest for what is no Schema; `place` is its path."""
    schema = _schema(member(raw, dict[str, Any], place), place, 0)
    try:
        return Raw(msgspec.json.encode(schema))
    except RecursionError as error:
        raise InvalidRequest(f"{place}: nested too deeply", param=place) from error


def _schema(schema: Any, place: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise InvalidRequest(f"{place}: nested too deeply", param=place)
    if not isinstance(schema, dict):
        return schema
    said = {camel(name): value for name, value in schema.items() if value is not None}
    is_nullable, order = said.pop("nullable", False) is True, said.pop("propertyOrdering", None)
    if "example" in said:
        said["examples"] = [said.pop("example")]
    written = {name: _value(name, value, place, depth) for name, value in said.items()}
    if isinstance(order, list) and isinstance(written.get("properties"), dict):
        written["properties"] = _ordered(written["properties"], order)
    return _with_null(written) if is_nullable else written


def _value(name: str, value: Any, place: str, depth: int) -> Any:
    if name == "type":
        return _type(value, place)
    if name in _COUNTS:
        return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 20 else value
    match _FORMS.get(name), value:
        case "one", _:
            return _schema(value, f"{place}.{name}", depth + 1)
        case "list", list():
            return [_schema(inner, f"{place}.{name}", depth + 1) for inner in value]
        case "named", dict():
            return {key: _schema(inner, f"{place}.{name}.{key}", depth + 1) for key, inner in value.items()}
        case _:
            return value


def _type(value: Any, place: str) -> Any:
    if isinstance(value, str) and value.lower() in _TYPES:
        return value.lower()
    if isinstance(value, list):
        return [_type(inner, place) for inner in value]
    raise InvalidRequest(f"{place}.type: {str(value)[:40]!r} is not a type", param=f"{place}.type")


def _ordered(properties: dict[str, Any], order: list[Any]) -> dict[str, Any]:
    first = {name: properties[name] for name in order if isinstance(name, str) and name in properties}
    return first | properties


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if isinstance(schema.get("type"), str):
        more["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        more["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("anyOf"), list):
        more["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    return schema | more
