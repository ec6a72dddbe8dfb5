"""Says in a person's words why a JSON value does not follow its schema: where, what is there, what is wanted.

The validator's own errors are no help: to list them takes exponential time for schemas that refer to themselves, and each holds a
copy of the value. So this goes from the top down, only into what does not fit, and asks a validator for each step.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from taskfit.checks.schemas import InvalidSchema, Schema, resolve, validator_of

MOST_STEPS: Final = 200
LONGEST_QUOTE: Final = 40
LONGEST_PLACE: Final = 80

_TYPES: Final[Mapping[str, tuple[str, tuple[type, ...]]]] = {
    "string": ("text", (str,)), "integer": ("a whole number", (int,)), "number": ("a number", (int, float)),
    "boolean": ("true or false", (bool,)), "null": ("null", (type(None),)), "array": ("a list", (list,)),
    "object": ("an object", (dict,)),
}  # fmt: skip
_WANTED: Final[Mapping[str, str]] = {
    "const": "exactly {}", "enum": "one of {}", "minimum": "at least {}", "maximum": "at most {}",
    "exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}", "multipleOf": "a multiple of {}",
    "minLength": "a length of at least {}", "maxLength": "a length of at most {}", "pattern": "text that matches {}",
    "format": "the format {}", "minItems": "a length of at least {}", "maxItems": "a length of at most {}",
    "uniqueItems": "no item twice", "minProperties": "at least so many keys: {}", "maxProperties": "at most so many keys: {}",
}  # fmt: skip
"""The keywords that say something of a value itself, and what each wants."""


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """One place that does not fit. `place` is a JSON pointer; empty for the whole value."""

    place: str
    found: str
    wanted: str

    @property
    def text(self) -> str:
        """The sentence for a person."""
        place = self.place if len(self.place) <= LONGEST_PLACE else f"…{self.place[-LONGEST_PLACE:]}"
        return f"{place or 'the whole'}: found {self.found}, wanted {self.wanted}"


def explain(schema: Schema, value: Any, *, most: int) -> tuple[Misfit, ...]:
    """The first places where a value does not fit a schema, in the order of the schema; empty where none can be told."""
    try:
        return _Explainer(schema).explain(value, most=most)
    except (InvalidSchema, LookupError, RecursionError):
        return ()


class _Explainer:
    """Explains the misfits of one value, in a bounded number of steps."""

    def __init__(self, schema: Schema) -> None:
        self._root = schema.source
        self._parts = schema.parts
        self._own: dict[str, Any] = {}  # validators of what a schema says of the value itself, by pointer
        self._left = MOST_STEPS

    def explain(self, value: Any, *, most: int) -> tuple[Misfit, ...]:
        """See above."""
        found: list[Misfit] = []
        for misfit in self._misfits("#", self._root, value, ""):
            if misfit not in found:
                found.append(misfit)
            if len(found) == most:
                break
        return tuple(found)

    def _misfits(self, at: str, schema: Any, value: Any, place: str) -> Iterator[Misfit]:
        """Those of a value that does not fit the schema `at`. Something is always said, unless steps run out."""
        self._left -= 1
        if self._left < 0:
            return
        if not isinstance(schema, dict):
            yield Misfit(place=place, found=quote(value), wanted="nothing here")
            return
        is_told = False
        for misfit in self._all(at, schema, value, place):
            is_told = True
            yield misfit
        if not is_told and self._left > 0:
            rules = ", ".join([name for name in schema if name not in ("title", "description", "$schema", "$defs")][:5])
            yield Misfit(place=place, found=quote(value), wanted=f"what the schema says here ({rules})")

    def _all(self, at: str, schema: Mapping[str, Any], value: Any, place: str) -> Iterator[Misfit]:
        yield from self._of_itself(at, schema, value, place)
        if isinstance(value, dict):
            yield from self._keys(at, schema, value, place)
        elif isinstance(value, list):
            yield from self._items(at, schema, value, place)
        yield from self._combined(at, schema, value, place)

    def _of_itself(self, at: str, schema: Mapping[str, Any], value: Any, place: str) -> Iterator[Misfit]:
        kinds = _kinds(schema)
        if kinds and not any(_is(value, kind) for kind in kinds):
            yield Misfit(place=place, found=quote(value), wanted=_either([_TYPES[kind][0] for kind in kinds]))
            return
        rules = {name: rule for name, rule in schema.items() if name in _WANTED}
        if not rules:
            return
        if at not in self._own:
            draft = {"$schema": self._root["$schema"]} if "$schema" in self._root else {}
            self._own[at] = validator_of(draft | rules)
        for error in self._own[at].iter_errors(value):
            name = str(error.kind.name)
            yield Misfit(place=place, found=quote(value), wanted=_WANTED.get(name, name).format(_listed(rules.get(name))))

    def _keys(self, at: str, schema: Mapping[str, Any], value: Mapping[str, Any], place: str) -> Iterator[Misfit]:
        required = schema.get("required")
        for name in required if isinstance(required, list) else ():
            if name not in value:
                yield Misfit(place=place, found=f"no {_quoted(name)}", wanted="this key")
        named = schema.get("properties")
        known = named if isinstance(named, dict) else {}
        for name in known:
            if name in value:
                yield from self._inside(at, ("properties", name), known[name], value[name], f"{place}/{_escaped(name)}")
        others = schema.get("additionalProperties")
        if others is None or others is True or "patternProperties" in schema:
            return
        for name in value:
            if name in known:
                continue
            if others is False:
                yield Misfit(place=place, found=f"the key {_quoted(name)}", wanted=f"only {_listed(list(known))}")
            else:
                yield from self._inside(at, ("additionalProperties",), others, value[name], f"{place}/{_escaped(name)}")

    def _items(self, at: str, schema: Mapping[str, Any], value: Sequence[Any], place: str) -> Iterator[Misfit]:
        name = "prefixItems" if "prefixItems" in schema else "items"
        first = schema.get(name)
        heads = first if isinstance(first, list) else []
        for index, head in enumerate(heads[: len(value)]):
            yield from self._inside(at, (name, str(index)), head, value[index], f"{place}/{index}")
        rest = "additionalItems" if heads and name == "items" else "items"
        if isinstance(schema.get(rest), (dict, bool)):
            for index in range(len(heads), len(value)):
                yield from self._inside(at, (rest,), schema[rest], value[index], f"{place}/{index}")

    def _combined(self, at: str, schema: Mapping[str, Any], value: Any, place: str) -> Iterator[Misfit]:
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            yield from self._at(reference, resolve(self._root, reference), value, place)
        for index, inner in enumerate(_list(schema, "allOf")):
            yield from self._inside(at, ("allOf", str(index)), inner, value, place)
        for name in ("anyOf", "oneOf"):
            if _list(schema, name):
                yield from self._choice(at, name, schema[name], value, place)

    def _choice(self, at: str, name: str, branches: Sequence[Any], value: Any, place: str) -> Iterator[Misfit]:
        """Where one branch alone may have been meant, what is wrong with it; else what all of them want."""
        pointers = [f"{at}/{name}/{index}" for index in range(len(branches))]
        fitting = sum([self._fits(pointer, value) for pointer in pointers])
        if fitting:
            if name == "oneOf" and fitting > 1:
                yield Misfit(place=place, found=f"{quote(value)}, which is {fitting} of the forms", wanted="exactly one of them")
            return
        resolved = [self._resolved(pointer, branch) for pointer, branch in zip(pointers, branches, strict=True)]
        alike = [branch for branch in resolved if _may_be(branch[1], value)]
        meant = [branch for branch in alike if self._is_marked(branch[1], value)]
        if len(meant) == 1:
            yield from self._misfits(*meant[0], value, place)
        elif alike:
            yield Misfit(place=place, found=quote(value), wanted=f"one of the {len(branches)} forms that are allowed here")
        else:
            kinds = [kind for _, branch in resolved for kind in _kinds(branch)]
            yield Misfit(place=place, found=quote(value), wanted=_either([_TYPES[kind][0] for kind in dict.fromkeys(kinds)]))

    def _resolved(self, at: str, schema: Any) -> tuple[str, Any]:
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if isinstance(reference, str) and reference.startswith("#"):
            return reference, resolve(self._root, reference)
        return at, schema

    def _is_marked(self, schema: Any, value: Any) -> bool:
        """Whether the keys that a schema gives a fixed value (its kind, mostly) have that value."""
        named = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(named, dict) or not isinstance(value, dict):
            return True
        marks = [(name, mark) for name, mark in named.items() if isinstance(mark, dict) and ("const" in mark or "enum" in mark)]
        return all(name not in value or value[name] in mark.get("enum", [mark.get("const")]) for name, mark in marks)

    def _inside(self, at: str, way: tuple[str, ...], schema: Any, value: Any, place: str) -> Iterator[Misfit]:
        yield from self._at("/".join([at, *map(_escaped, way)]), schema, value, place)

    def _at(self, at: str, schema: Any, value: Any, place: str) -> Iterator[Misfit]:
        if not self._fits(at, value):
            yield from self._misfits(at, schema, value, place)

    def _fits(self, at: str, value: Any) -> bool:
        """A place that the library does not know counts as fitting: nothing is said of it."""
        validator = self._parts.get(at)
        return validator is None or validator.is_valid(value)


def quote(value: Any) -> str:
    """A value for a person, short."""
    match value:
        case dict():
            return f"an object with {_listed(list(value))}" if value else "an empty object"
        case list():
            return f"a list of {len(value)}"
        case _:
            return _quoted(value)


def _quoted(value: Any) -> str:
    text = msgspec.json.encode(value[: LONGEST_QUOTE + 1] if isinstance(value, str) else value).decode()
    if len(text) <= LONGEST_QUOTE:
        return text
    return f'{text[: LONGEST_QUOTE - 2]}…"' if isinstance(value, str) else f"{text[: LONGEST_QUOTE - 1]}…"


def _listed(value: Any) -> str:
    if not isinstance(value, list):
        return _quoted(value)
    shown = ", ".join([_quoted(item) for item in value[:8]])
    return f"{shown}, …" if len(value) > 8 else shown


def _either(words: Sequence[str]) -> str:
    return " or ".join(dict.fromkeys(words)) or "what the schema says here"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _list(schema: Mapping[str, Any], name: str) -> list[Any]:
    inner = schema.get(name)
    return inner if isinstance(inner, list) else []


def _kinds(schema: Any) -> list[str]:
    said = schema.get("type") if isinstance(schema, dict) else None
    kinds = said if isinstance(said, list) else [said]
    return [kind for kind in kinds if isinstance(kind, str) and kind in _TYPES]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind][1])


def _may_be(schema: Any, value: Any) -> bool:
    kinds = _kinds(schema)
    return schema is not False and (not kinds or any(_is(value, kind) for kind in kinds))
