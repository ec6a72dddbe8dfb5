"""The JSON Schema of the file, for editors. What is not supported yet is left out, so that an editor does not offer it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.config.keys import (
    ACCEPT,
    EGRESS,
    EXPLORE,
    FILTER,
    FIT,
    INPUT,
    MATCH,
    MERGED,
    MODEL_FACTS,
    MODELS,
    OUTPUT,
    OWN_TO_A_TASK,
    PORTION,
    PRICE,
    PRIVACY,
    PROVIDER,
    REVIEW,
    RUNG,
    SAMPLES,
    SHARE,
    SLO,
    TASK,
    TEMPLATE,
    TOP,
    VOTE,
    WHEN,
    Key,
)
from taskfit.config.models import MOST_PROVIDERS
from taskfit.values.secret import Secret

OR_NULL = {"type": ["object", "null"]}
"""Null lifts what is inherited."""

Kinds = Mapping[str, type[msgspec.Struct]]

DURATION = {
    "type": "string",
    "pattern": "^[0-9]{1,9}(\\.[0-9]{1,6})?(ms|s|m|h)$",
    "description": "A duration: 1500ms, 4s, 2m; at most 1h.",
}
LONG_DURATION = {
    "type": "string",
    "pattern": "^[0-9]{1,9}(\\.[0-9]{1,6})?(ms|s|m|h|d)$",
    "description": "A duration that people need: 30m, 4h, 2d; at most 90d.",
}
MODEL = {"type": "string", "minLength": 1, "description": "An alias, or provider/model."}


def schema(kinds: Kinds, checks: Kinds) -> dict[str, Any]:
    """JSON Schema, draft 2020-12, with a description for every key."""
    fields = {struct: msgspec.structs.fields(struct) for struct in [*kinds.values(), *checks.values()]}
    types = {struct: [field.type for field in of] for struct, of in fields.items()}
    flat = [wanted for of in types.values() for wanted in of]
    schemas, definitions = msgspec.json.schema_components(flat, schema_hook=_hook, ref_template="#/$defs/{name}")
    drawn = iter(schemas)
    settings = {struct: _settings(of, [next(drawn) for _ in of]) for struct, of in fields.items()}
    of_apis = {name: settings[struct] for name, struct in kinds.items()}
    sections = {
        "providers": _providers(of_apis),
        "models": _models(),
        "tasks": _named(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", _ref("task")),
        "defaults": _ref("defaults"),
        "egress": _object(EGRESS),
    }
    parts = {
        "match": _object(MATCH) | {"minProperties": 1},
        "ladder": {"type": "array", "items": {"anyOf": [_ref("model"), _ref("rung")]}, "minItems": 1},
        "input": _object(INPUT),
        "accept": _object(ACCEPT),
        "fit": {"anyOf": [SHARE, _object(FIT) | {"minProperties": 1, "maxProperties": 1}, {"type": "null"}]},
        "explore": {"anyOf": [PORTION, _required(EXPLORE, "share"), {"type": "null"}]},
        "slo": _object(SLO) | {"minProperties": 1} | OR_NULL,
        "review": {"anyOf": [{"enum": list(WHEN)}, _object(REVIEW) | {"minProperties": 1}]},
        "output": _object(OUTPUT) | {"minProperties": 1} | OR_NULL,
        "template": {"anyOf": [{"type": "string", "minLength": 1}, _required(TEMPLATE, "file"), {"type": "null"}]},
        "privacy": _object(PRIVACY),
        "checks": _checks({name: settings[struct] for name, struct in checks.items()}),
    }
    inherited = tuple(key for key in TASK if key.name not in OWN_TO_A_TASK)
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "taskfit.yaml",
        **_object(TOP, sections),
        "required": ["providers"],
        "$defs": {
            **definitions,
            **_apis(of_apis),
            "duration": DURATION,
            "long_duration": LONG_DURATION,
            "model": MODEL,
            "rung": _rung(),
            "task": _object(TASK, parts),
            "defaults": _object(inherited, parts),
        },
    }
    return msgspec.json.decode(msgspec.json.encode(made), type=dict[str, Any])  # lists for tuples, and JSON for certain


def _hook(wanted: type) -> dict[str, Any]:
    if wanted is Secret:
        return {"type": "string", "minLength": 1, "description": "A secret; write ${NAME} to take it from the environment."}
    raise NotImplementedError


def _object(keys: tuple[Key, ...], filled: Mapping[str, Any] = {}) -> dict[str, Any]:
    properties = {
        key.name: {"description": key.means, **(key.schema or filled.get(key.name, {}))} for key in keys if not key.is_later
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _named(pattern: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": {"pattern": pattern}, "additionalProperties": value}


def _required(keys: tuple[Key, ...], *names: str) -> dict[str, Any]:
    return _object(keys) | {"required": list(names)}


def _rung() -> dict[str, Any]:
    merged = _required(MERGED, "models", "by")
    conditional, asking = {"required": ["when"]}, {"required": ["model", "ask"]}
    forms = {
        "samples": _required(SAMPLES, "model"),
        "vote": {"anyOf": [MODELS, _required(VOTE, "models")]},
        "best_of": merged,
        "synthesis": merged,
        "filter": _required(FILTER, "answer") | {"anyOf": [conditional, asking]},
    }
    return _object(RUNG, forms) | {"minProperties": 1, "maxProperties": 1}


def _settings(fields: tuple[msgspec.structs.FieldInfo, ...], schemas: list[dict[str, Any]]) -> dict[str, Any]:
    properties = {field.encode_name: drawn for field, drawn in zip(fields, schemas, strict=True)}
    required = [field.encode_name for field in fields if field.required]
    shape: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return shape | ({"required": required} if required else {})


def _apis(settings: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The settings of each API, once, under the name that refers to them, and `provider`: those of any API that is named."""
    apis = {
        _api_name(name): shape | {"properties": {"api": {"const": name, "description": PROVIDER[0].means}, **shape["properties"]}}
        for name, shape in settings.items()
    }
    named = [{"allOf": [_ref(name), {"required": ["api"]}]} for name in apis]
    return {**apis, "provider": {"anyOf": named}}


def _providers(settings: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    # Under the name of an API the key `api` may be left out, and with no required setting so may everything else.
    own_name = {
        name: {"anyOf": [_ref("provider"), _ref(_api_name(name)), *([] if shape.get("required") else [{"type": "null"}])]}
        for name, shape in settings.items()
    }
    return _named(r"^[a-z0-9][a-z0-9_-]*$", _ref("provider")) | {"properties": own_name, "minProperties": 1}


def _api_name(name: str) -> str:
    return f"api-{name}"


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _models() -> dict[str, Any]:
    price = _object(PRICE) | {"required": ["input", "output"]}
    long = _object(MODEL_FACTS, {"price": price}) | {"required": ["model"]}
    pinned = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*/.+$", "description": "provider/model"}
    one = {"anyOf": [pinned, long]}
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_PROVIDERS}
    return _named(r"^(?!auto$|task:)[A-Za-z0-9][A-Za-z0-9._:-]*$", {"anyOf": [pinned, long, several]})


def _checks(settings: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    bare = {"enum": [name for name, shape in settings.items() if not shape.get("required")]}
    told = {
        "type": "object",
        "properties": {name: {"anyOf": _ways(shape)} for name, shape in settings.items()},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"type": "array", "items": {"anyOf": [bare, told]}}


def _ways(shape: dict[str, Any]) -> list[Any]:
    """How the settings of a check are written: as a mapping, as the value of the first of them, or not at all."""
    first = list(shape["properties"])[:1]
    is_enough = set(shape.get("required", ())) <= set(first)
    return [shape, *[shape["properties"][name] for name in first if is_enough], {"type": "null"}]
