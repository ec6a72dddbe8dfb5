"""JSON Schemas from files and from callers, made safe to compile and to hold values against.

Nothing is fetched: a schema may point into itself and nowhere else, neither to the network nor to a file. Patterns run in linear
time, and are few and small. What would take exponential time is refused, or left unjudged, by a count made beforehand. Knows no
check and no request.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import msgspec

from taskfit.checks.pattern_weight import weight_of

if TYPE_CHECKING:
    from jsonschema_rs import Validator, ValidatorMap

MOST_SCHEMA_BYTES: Final = 128 * 1024
MOST_PATTERNS: Final = 100
MOST_PATTERN_CHARS: Final = 20_000
MOST_PATTERN_WEIGHT: Final = 50_000
"""Of all patterns of a schema together: their number, their text, and their states as `weight_of` guesses them."""
MOST_ASKED_WEIGHT: Final = 15_000
"""The same for a schema of a request. A state takes some 1 µs, and the engine lets no other thread run meanwhile."""
MOST_STEPS: Final = 200_000_000
"""A validator makes roughly this many comparisons in a second or two, the most that one answer may cost."""

QUICK_STEPS: Final = 500_000
"""Up to here a value is held against a schema in less than 5 ms."""
_SMALL_WEIGHT: Final = 500
_SMALL_SCHEMAS: Final = 100
"""A schema with less in it can be compiled anew, to explain what does not fit, in less than 5 ms."""
QUICK_BYTES: Final = 4_000
"""A schema of up to so many bytes and without a pattern is compiled in less than a millisecond."""

_MOST_PATTERN_BYTES: Final = 1 << 20
_MOST_DFA_BYTES: Final = 1 << 18
_MOST_KEPT_BYTES: Final = 256 * 1024
"""A compiled schema takes some 30 times the memory of its text, and as much again once something had to be explained."""
_KEPT_BYTES_OF_STATE: Final = 2
"""A state of a pattern takes as much memory as so many bytes of a schema."""

MOST_UNCHECKED: Final = 20
_TURNING: Final = frozenset({"not", "oneOf", "if", "contains", "patternProperties"})
"""Keywords under which a schema that asks for less may fit less."""

_ONE_HERE: Final = ("not", "if", "then", "else")
_LIST_HERE: Final = ("allOf", "anyOf", "oneOf")
_NAMED_HERE: Final = ("dependentSchemas", "dependencies")
_ONE_BELOW: Final = (
    "additionalItems", "additionalProperties", "contains", "contentSchema", "items", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties",
)  # fmt: skip
_LIST_BELOW: Final = ("items", "prefixItems")
_NAMED_BELOW: Final = ("$defs", "definitions", "patternProperties", "properties")
_LISTS: Final = _LIST_HERE + _LIST_BELOW
_REFERENCES: Final = ("$ref", "$recursiveRef")
_COMPARED: Final = ("enum", "patternProperties", "required")
"""Keywords that cost a comparison for each of their entries."""


class InvalidSchema(Exception):
    """A schema that cannot be used; the text says why, for a person."""


class _OddPattern(InvalidSchema):
    """A pattern that does not run in linear time."""

    def __init__(self, pattern: str) -> None:
        why = "is malformed, or cannot run in linear time (look-around, back-references, large repetitions)"
        super().__init__(f"the pattern {pattern[:100]!r} {why}")


class Schema:
    """A compiled schema. `source` is the schema itself as JSON values; `unchecked` are patterns that were left out of it."""

    def __init__(self, source: Any, *, unchecked: Sequence[str] = ()) -> None:
        self.source = source
        self.unchecked = tuple(unchecked)
        self.pattern_weight = _bounded_weight(source, most=MOST_PATTERN_WEIGHT)
        breadth = _Breadth(source)
        self._breadth = breadth.most()
        self._is_large = self.pattern_weight > _SMALL_WEIGHT or breadth.schemas > _SMALL_SCHEMAS
        self._validator = validator_of(source)

    def is_slow(self, text_chars: int) -> bool:
        """Whether to hold a value of so many characters against it, and to explain, may take more than 5 ms."""
        return self._is_large or self._breadth * text_chars > QUICK_STEPS

    def is_too_costly(self, text_chars: int) -> bool:
        """Whether a value that takes so many characters as JSON may keep the validator busy for seconds."""
        return self._breadth * text_chars > MOST_STEPS

    def fits(self, value: Any) -> bool:
        """Whether a JSON value follows the schema, formats included."""
        return self._validator.is_valid(value)

    @cached_property
    def parts(self) -> "ValidatorMap":
        """The validators of the schema and of every schema inside it, by pointer ("#/properties/name")."""
        return cast("ValidatorMap", _built("validator_map_for", self.source))


def compile_schema(text: bytes) -> Schema:
    """A schema from its JSON text. Errors: InvalidSchema."""
    return _compiled(_decoded(text), ())


def _compile_readable(text: bytes) -> Schema:
    """The same without the patterns that do not run in linear time, where it then asks for less and nothing else.

    The engine keeps every other thread waiting, so faults are looked for in small pieces: in the schema without its patterns, and
    in each pattern alone.
    """
    source = _decoded(text)
    try:
        unchecked = _take_odd_patterns(source)
    except RecursionError as error:
        raise InvalidSchema("the schema is nested too deeply") from error
    return _compiled(source, unchecked)


def _take_odd_patterns(source: Any) -> list[str]:
    """Takes them out of a schema and gives them back. Errors: InvalidSchema; one without which the schema may ask for more."""
    _bounded_weight(source, most=MOST_ASKED_WEIGHT)
    schemas, turned = _places(source)
    found = [(schema, schema.pop("pattern")) for schema in schemas if isinstance(schema.get("pattern"), str)]
    if not found:
        return []
    Schema(source)
    linear = {pattern: _is_linear(pattern) for _, pattern in found}
    taken = list[str]()
    for schema, pattern in found:
        if linear[pattern]:
            schema["pattern"] = pattern
        elif id(schema) in turned or len(taken) == MOST_UNCHECKED:
            raise _OddPattern(pattern)
        else:
            taken.append(pattern)
    return taken


def _places(source: Any) -> tuple[list[dict[str, Any]], set[int]]:
    """Every schema in a schema, and the ids of those that stand, or are referred to, under a keyword that turns them around."""
    schemas, turned, seen = list[dict[str, Any]](), set[int](), set[tuple[int, bool]]()
    left: list[tuple[Any, bool]] = [(source, False)]
    while left:
        schema, is_turned = left.pop()
        if not isinstance(schema, dict) or (id(schema), is_turned) in seen:
            continue
        if (id(schema), not is_turned) not in seen:
            schemas.append(schema)
        seen.add((id(schema), is_turned))
        if is_turned:
            turned.add(id(schema))
        for name, value in schema.items():
            way = is_turned or name in _TURNING
            left += [(inner, way) for inner in _inner({name: value}, _ONE_HERE + _ONE_BELOW, _LISTS, _NAMED_HERE + _NAMED_BELOW)]
            if name in _REFERENCES and isinstance(value, str):
                left += [(target, way) for target in _referred(source, value)]
    return schemas, turned


def _referred(source: Any, reference: str) -> Iterator[Any]:
    """What a reference points to; nothing for one that leads nowhere, which is refused elsewhere."""
    try:
        yield resolve(source, f"#{reference.partition('#')[2]}")
    except LookupError:
        return


def _is_linear(pattern: str) -> bool:
    try:
        validator_of({"pattern": pattern})
    except InvalidSchema:
        return False
    return True


def _bounded_weight(source: Any, *, most: int) -> int:
    """The states of all patterns, wherever they stand. Errors: InvalidSchema for too many or too large ones."""
    patterns = list(_patterns(source))
    if len(patterns) > MOST_PATTERNS:
        raise InvalidSchema(f"the schema has {len(patterns):,} patterns; {MOST_PATTERNS:,} are the most")
    chars = sum(map(len, patterns))
    if chars > MOST_PATTERN_CHARS:
        raise InvalidSchema(f"the patterns of the schema take {chars:,} characters; {MOST_PATTERN_CHARS:,} are the most")
    weight = sum(map(weight_of, patterns))
    if weight > most:
        raise InvalidSchema("the patterns of the schema repeat too much, or name too many sets of signs, to be compiled")
    return weight


def _patterns(source: Any) -> Iterator[str]:
    left = [source]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            left += value.values()
            if isinstance(value.get("pattern"), str):
                yield value["pattern"]
            if isinstance(value.get("patternProperties"), dict):
                yield from value["patternProperties"]


def _decoded(text: bytes) -> Any:
    if len(text) > MOST_SCHEMA_BYTES:
        raise _too_long(text)
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidSchema(f"the schema is not JSON: {error}") from error
    except RecursionError as error:
        raise InvalidSchema("the schema is nested too deeply") from error


def _compiled(source: Any, unchecked: Sequence[str]) -> Schema:
    try:
        return Schema(source, unchecked=unchecked)
    except RecursionError as error:
        raise InvalidSchema("the schema is nested too deeply") from error


class _Kept:
    """Schemas by their text, those used last, up to `most_bytes` of text and what their patterns take. Threads share it."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._schemas: OrderedDict[bytes, Schema] = OrderedDict()
        self._lock = Lock()

    def find(self, text: bytes) -> Schema | None:
        with self._lock:
            schema = self._schemas.get(text)
            if schema is not None:
                self._schemas.move_to_end(text)
            return schema

    def keep(self, text: bytes, schema: Schema) -> None:
        with self._lock:
            if text in self._schemas:  # another thread was first
                return
            self._schemas[text] = schema
            self._bytes += _kept_bytes(text, schema)
            while self._bytes > self._most_bytes:
                self._bytes -= _kept_bytes(*self._schemas.popitem(last=False))


def _kept_bytes(text: bytes, schema: Schema) -> int:
    return len(text) + _KEPT_BYTES_OF_STATE * schema.pattern_weight


_kept = _Kept(_MOST_KEPT_BYTES)


async def recall_schema(text: bytes) -> Schema:
    """A schema of a request, which will come again: it is compiled once, and beside the event loop unless that is quick.

    Callers write patterns for other engines, too: those that cannot run in linear time are left out, where the schema then asks
    for less and nothing else. Errors: InvalidSchema.
    """
    schema = _kept.find(text)
    if schema is not None:
        return schema
    if len(text) > MOST_SCHEMA_BYTES:
        raise _too_long(text)
    schema = _compile_readable(text) if _is_quick(text) else await asyncio.to_thread(_compile_readable, text)
    _kept.keep(text, schema)
    return schema


def _is_quick(text: bytes) -> bool:
    """Whether there is no pattern in it, not even one with its name in escapes, and it is short."""
    return len(text) <= QUICK_BYTES and b"pattern" not in text and b"\\" not in text


def _too_long(text: bytes) -> InvalidSchema:
    return InvalidSchema(f"the schema takes {len(text):,} bytes; {MOST_SCHEMA_BYTES:,} are the most")


def validator_of(source: Any) -> "Validator":
    """The validator of a schema, by the draft that `$schema` names, else 2020-12. Errors: InvalidSchema."""
    return cast("Validator", _built("validator_for", source))


def _built(factory: str, source: Any) -> Any:
    import jsonschema_rs

    make: Callable[..., Any] = getattr(jsonschema_rs, factory)
    linear = jsonschema_rs.RegexOptions(size_limit=_MOST_PATTERN_BYTES, dfa_size_limit=_MOST_DFA_BYTES)
    try:
        return make(source, retriever=_refuse, validate_formats=True, pattern_options=linear)
    except jsonschema_rs.ValidationError as error:
        raise _explained(error) from error
    except ValueError as error:
        raise InvalidSchema(f"the schema cannot be used: {str(error)[:200]}") from error


def _refuse(uri: str) -> NoReturn:
    raise LookupError(f"{uri[:200]} is outside the schema, and nothing is fetched")


def _explained(error: Any) -> InvalidSchema:
    if error.kind.name == "format" and error.kind.format == "regex":
        return _OddPattern(str(error.instance))
    place = "".join([f"/{part}" for part in error.instance_path]) or "its top"
    return InvalidSchema(f"the schema is wrong at {place}: {error.message[:200]}")


class _Breadth:
    """Counts how much a validator has to compare for one value: itself against everything that applies to the same place, on
    every way that leads there. Errors: InvalidSchema for a way without end, and for one that leads out of the schema."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._own_id = root.get("$id", root.get("id", "")) if isinstance(root, dict) else ""
        self._counts: dict[int, int] = {}
        self.schemas = 0
        self._open: set[int] = set()

    def most(self) -> int:
        """The most for any place of a value. `schemas` is then how many were seen."""
        most, seen, left = 0, set[int](), [self._root]
        while left:
            schema = left.pop()
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            self._refuse_what_moves(schema)
            most = max(most, self._count(schema))
            left += [*self._here(schema), *_below(schema)]
        self.schemas = len(seen)
        return most

    def _count(self, schema: Any) -> int:
        if not isinstance(schema, dict):
            return 1
        known = self._counts.get(id(schema))
        if known is not None:
            return known
        if id(schema) in self._open:
            raise InvalidSchema("the schema refers to itself for one and the same value, without an end")
        self._open.add(id(schema))
        count = 1 + sum([len(schema[name]) for name in _COMPARED if isinstance(schema.get(name), (list, dict))])
        self._counts[id(schema)] = count = count + sum([self._count(inner) for inner in self._here(schema)])
        self._open.discard(id(schema))
        return count

    def _here(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        """The schemas that hold for the same value."""
        for name in _REFERENCES:
            if isinstance(schema.get(name), str):
                yield self._target(schema[name])
        yield from _inner(schema, _ONE_HERE, _LIST_HERE, _NAMED_HERE)

    def _target(self, reference: str) -> Any:
        pointer = reference.removeprefix(self._own_id.partition("#")[0]) if isinstance(self._own_id, str) else reference
        try:
            return resolve(self._root, pointer)
        except LookupError as error:
            raise InvalidSchema(f"$ref {reference[:100]!r} is not a pointer (#/…) to a place in this schema") from error

    def _refuse_what_moves(self, schema: Mapping[str, Any]) -> None:
        if schema is not self._root and isinstance(schema.get("$id"), str):
            raise InvalidSchema(f"$id {schema['$id'][:100]!r} inside the schema: a schema made of several is not supported")
        if "$dynamicRef" in schema:
            raise InvalidSchema("$dynamicRef is not supported")


def resolve(root: Any, pointer: str) -> Any:
    """What a reference "#/…" points to. Errors: LookupError where there is nothing, or for any other reference."""
    from urllib.parse import unquote

    if pointer == "#":
        return root
    if not pointer.startswith("#/"):
        raise LookupError(pointer)
    found = root
    for part in unquote(pointer[2:]).split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdecimal():
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found[name]
        else:
            raise LookupError(pointer)
    return found


def _below(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas that hold for values inside the value."""
    yield from _inner(schema, _ONE_BELOW, _LIST_BELOW, _NAMED_BELOW)


def _inner(schema: Mapping[str, Any], one: tuple[str, ...], several: tuple[str, ...], named: tuple[str, ...]) -> Iterator[Any]:
    yield from [schema[name] for name in one if isinstance(schema.get(name), dict)]
    for name in several:
        if isinstance(schema.get(name), list):
            yield from schema[name]
    for name in named:
        if isinstance(schema.get(name), dict):
            yield from schema[name].values()
