"""A plug-in's own settings: a section of the file as the Struct that the plug-in declares, every mistake on its line.

Knows no plug-in. Values are taken strictly, key by key, so that one mistake does not hide the next.
"""

import re
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from taskfit.config.complaints import Complaints, listed
from taskfit.config.reading import complain, complain_unknown
from taskfit.config.tree import Broken, Entry, Node, Scalar, Sequence, Table
from taskfit.values.secret import Secret

EXPECTED = re.compile(r"(?:Expected )?(?P<wanted>.*?)(?:, got .*?)?(?: - at `.*`)?")
WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
    Any: "anything",
    Secret: 'a key as text, such as "${NAME}"',
}

Resolvers = Mapping[str | None, Callable[[Node, Complaints], str | None]]
"""How texts are read whose type is marked so (values/settings.py); without a reader they stay as they are written."""

AS_WRITTEN: Resolvers = {}


class Unread(Exception):
    """Passes over a value that was complained about; never leaves the room."""


def read_settings(
    struct: type[msgspec.Struct],
    entries: Iterable[Entry],
    complaints: Complaints,
    *,
    line: int,
    path: str,
    resolvers: Resolvers = AS_WRITTEN,
) -> msgspec.Struct | None:
    """The settings, or None where something was complained about. `line` and `path` are those of the whole section."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    values: dict[str, Any] = {}
    is_whole = True
    for entry in entries:
        field = fields.get(entry.key)
        if field is None:
            complain_unknown(entry, fields, complaints)
            is_whole = False
            continue
        try:
            values[field.name] = _value(entry.value, field.type, complaints, resolvers)
        except Unread:
            values[field.name], is_whole = None, False
    for missing in (field for field in fields.values() if field.required and field.name not in values):
        name = missing.encode_name
        complaints.add(line, path, found=f"no {name}", wanted=f"{name}: {words(missing.type)}", try_=f"add {name}:")
        is_whole = False
    return _built(struct, values, complaints, line=line, path=path) if is_whole else None


def hidden_paths(node: Node, *, below: str) -> frozenset[str]:
    """Paths under `below` of the values that came from the environment."""
    if isinstance(node, Table):
        return frozenset().union(*(hidden_paths(entry.value, below=below) for entry in node.entries))
    if isinstance(node, Sequence):
        return frozenset().union(*(hidden_paths(item, below=below) for item in node.items))
    is_hidden = isinstance(node, Scalar) and node.is_from_environment
    return frozenset([node.path.removeprefix(f"{below}.")]) if is_hidden else frozenset()


def plain(node: Node) -> Any:
    """A value of the file as plain Python. Errors: Unread where it holds a broken one."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Table():
            return {entry.key: plain(entry.value) for entry in node.entries}
        case Broken():
            raise Unread


def words(wanted: Any) -> str:
    """A type in words, for people."""
    if wanted in WORDS:
        return WORDS[wanted]
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (types.UnionType, Union):
        return " or ".join(words(argument) for argument in arguments)
    if origin is Literal:
        return f"one of: {listed(str(argument) for argument in arguments)}"
    if origin in (list, tuple, set, frozenset):
        return f"a list of {words(arguments[0])}"
    if origin is dict:
        return f"a mapping to {words(arguments[1])}"
    if hasattr(wanted, "__metadata__"):
        return words(wanted.__origin__)
    return "a mapping"


def decode_secret(wanted: type, value: object) -> Secret:
    """The one type that msgspec does not know."""
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("Expected a key as text")


def _value(node: Node, wanted: Any, complaints: Complaints, resolvers: Resolvers) -> Any:
    wanted = _branch(wanted, node)
    marker = marker_of(wanted)
    if marker in resolvers:
        return _resolved(node, resolvers[marker], complaints)
    arguments = get_args(wanted)
    if wanted is Secret:
        return _secret(node, complaints)
    if isinstance(node, Table) and get_origin(wanted) is dict:
        return _each({entry.key: entry.value for entry in node.entries}, arguments[1], complaints, resolvers)
    if isinstance(node, Table) and isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        settings = read_settings(wanted, node.entries, complaints, line=node.line, path=node.path, resolvers=resolvers)
        if settings is None:
            raise Unread
        return settings
    if isinstance(node, Sequence) and (get_origin(wanted) is list or (get_origin(wanted) is tuple and ... in arguments)):
        items = _each(dict(enumerate(node.items)), arguments[0], complaints, resolvers).values()
        return get_origin(wanted)(items)
    try:
        return msgspec.convert(plain(node), wanted, strict=True, dec_hook=decode_secret)
    except msgspec.ValidationError as error:
        complain(node, complaints, wanted=_wanted(error, wanted))
        raise Unread from error


def _each(nodes: dict[Any, Node], wanted: Any, complaints: Complaints, resolvers: Resolvers) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    is_whole = True
    for key, node in nodes.items():
        try:
            values[key] = _value(node, wanted, complaints, resolvers)
        except Unread:
            is_whole = False
    if not is_whole:
        raise Unread
    return values


def _resolved(node: Node, resolve: Callable[[Node, Complaints], str | None], complaints: Complaints) -> str:
    value = None if isinstance(node, Broken) else resolve(node, complaints)
    if value is None:
        raise Unread
    return value


def marker_of(wanted: Any) -> str | None:
    """What a type of values/settings.py stands for: MODEL or FILE; None for any other type."""
    for metadata in getattr(wanted, "__metadata__", ()):
        if isinstance(metadata, msgspec.Meta) and metadata.extra is not None:
            marker: str | None = metadata.extra.get("taskfit")
            return marker
    return None


def read_secret(node: Node, complaints: Complaints) -> Secret | None:
    """A secret that stands alone."""
    try:
        return _secret(node, complaints)
    except Unread:
        return None


def _secret(node: Node, complaints: Complaints) -> Secret:
    # What stands there may be a key, whatever its type: it is not repeated in the complaint.
    if isinstance(node, Broken):
        raise Unread
    if not isinstance(node, Scalar):
        complain(node, complaints, wanted=WORDS[Secret])
        raise Unread
    is_text = isinstance(node.value, str)
    if is_text and node.value and str(node.value).isprintable():
        return Secret(str(node.value))
    state = "a key with a line break or a control character in it" if is_text else "a value that is not text"
    found = "nothing" if node.value in ("", None) else state
    complaints.add(node.line, node.path, found=found, wanted=WORDS[Secret])
    raise Unread


def _built(
    struct: type[msgspec.Struct], values: dict[str, Any], complaints: Complaints, *, line: int, path: str
) -> msgspec.Struct | None:
    try:
        return struct(**values)
    except (TypeError, ValueError) as error:  # what a Struct's own __post_init__ may raise
        complaints.add(line, path, found="settings that cannot be used", wanted=str(error) or "other values")
        return None


def _branch(wanted: Any, node: Node) -> Any:
    """Of a type with alternatives the one that a value can only be meant for; the whole type where there are several."""
    if get_origin(wanted) not in (types.UnionType, Union) or (isinstance(node, Scalar) and node.value is None):
        return wanted
    others = [argument for argument in get_args(wanted) if argument is not type(None)]
    fitting = [argument for argument in others if _is_for(argument, node)]
    is_clear = isinstance(node, Sequence | Table) or any(marker_of(argument) for argument in fitting)
    if len(fitting) == 1 and is_clear:
        return fitting[0]
    return others[0] if len(others) == 1 else wanted


def _is_for(wanted: Any, node: Node) -> bool:
    """Whether a type is for lists, for mappings, or for single values, as the value is."""
    plain_type = wanted.__origin__ if hasattr(wanted, "__metadata__") else wanted
    origin = get_origin(plain_type)
    if isinstance(node, Sequence):
        return origin in (list, tuple, set, frozenset)
    is_mapping = origin is dict or (isinstance(plain_type, type) and issubclass(plain_type, msgspec.Struct))
    return is_mapping if isinstance(node, Table) else not is_mapping and origin not in (list, tuple, set, frozenset)


def _wanted(error: msgspec.ValidationError, wanted: Any) -> str:
    said = str(error)
    match = EXPECTED.fullmatch(said)
    if match and said.startswith("Expected") and ", got" not in said:
        return match["wanted"].replace("`", "")
    return words(wanted)
