"""What an editor does with the schema of the file: the part of JSON Schema, draft 2020-12, that the schema is written in."""

import re
from collections.abc import Callable, Mapping
from typing import Any

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
IGNORED = {"$schema", "title", "description", "$defs", "additionalProperties", "default"}
Schema = Any
Keyword = Callable[[Any, Any, Callable[[Any, Schema], bool]], bool]
KEYWORDS: Mapping[str, Keyword] = {
    "type": lambda wanted, value, _: any(TYPES[name](value) for name in ([wanted] if isinstance(wanted, str) else wanted)),
    "enum": lambda wanted, value, _: value in wanted,
    "const": lambda wanted, value, _: value == wanted,
    "pattern": lambda wanted, value, _: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minLength": lambda wanted, value, _: not isinstance(value, str) or len(value) >= wanted,
    "minimum": lambda wanted, value, _: isinstance(value, str | None) or value >= wanted,
    "maximum": lambda wanted, value, _: isinstance(value, str | None) or value <= wanted,
    "maxItems": lambda wanted, value, _: not isinstance(value, list) or len(value) <= wanted,
    "minItems": lambda wanted, value, _: not isinstance(value, list) or len(value) >= wanted,
    "minProperties": lambda wanted, value, _: not isinstance(value, dict) or len(value) >= wanted,
    "maxProperties": lambda wanted, value, _: not isinstance(value, dict) or len(value) <= wanted,
    "required": lambda wanted, value, _: not isinstance(value, dict) or set(wanted) <= set(value),
    "items": lambda wanted, value, holds: not isinstance(value, list) or all(holds(item, wanted) for item in value),
    "propertyNames": lambda wanted, value, holds: not isinstance(value, dict) or all(holds(name, wanted) for name in value),
    "anyOf": lambda wanted, value, holds: any(holds(value, one) for one in wanted),
    "allOf": lambda wanted, value, holds: all(holds(value, one) for one in wanted),
    "properties": lambda wanted, value, holds: (
        not isinstance(value, dict) or all(holds(value[name], wanted[name]) for name in wanted if name in value)
    ),
}


def accepts(whole: Schema, value: Any) -> bool:
    """Whether a value follows a schema. Errors: KeyError for a keyword that this reader does not know."""

    def holds(value: Any, part: Schema) -> bool:
        if isinstance(part, bool):
            return part
        if "$ref" in part and not holds(value, whole["$defs"][part["$ref"].removeprefix("#/$defs/")]):
            return False
        others = [value[name] for name in value if name not in part.get("properties", {})] if isinstance(value, dict) else []
        if not all(holds(other, part.get("additionalProperties", True)) for other in others):
            return False
        return all(KEYWORDS[name](wanted, value, holds) for name, wanted in part.items() if name not in {*IGNORED, "$ref"})

    return holds(value, whole)
