"""What values of the file may refer to beyond their own place: models, checks, files beside it, private addresses.

Also finds such references again in settings that were read. Knows no section.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from taskfit.config.files import find_file
from taskfit.config.models import Names, resolve
from taskfit.config.plugins import Resolvers, marker_of
from taskfit.values.settings import FILE, MODEL
from taskfit.values.task import CheckUse

Kinds = Mapping[str, type[msgspec.Struct]]


class References(msgspec.Struct, frozen=True, kw_only=True):
    """`checks` are the settings of each check by its name; `folder` is the file's own; `egress` are the private addresses that
    webhooks may reach; `has_secret`: there is something to sign messages with."""

    names: Names
    checks: Kinds
    folder: Path
    egress: tuple[str, ...] = ()
    has_secret: bool = False

    def resolvers(self) -> Resolvers:
        """How settings of plug-ins that are marked so (values/settings.py) are read."""
        return {
            MODEL: lambda node, complaints: resolve(node, self.names, complaints),
            FILE: lambda node, complaints: find_file(node, self.folder, complaints),
        }


def models_of(use: CheckUse, kinds: Kinds) -> tuple[str, ...]:
    """The ids of the models that a check names in its settings, each once."""
    return _named(use, kinds, MODEL)


def files_of(use: CheckUse, kinds: Kinds) -> tuple[str, ...]:
    """The files that a check names in its settings, each once."""
    return _named(use, kinds, FILE)


def _named(use: CheckUse, kinds: Kinds, marker: str) -> tuple[str, ...]:
    if use.name not in kinds:
        return ()
    return tuple(dict.fromkeys(_marked(kinds[use.name], dict(use.settings), marker)))


def _marked(wanted: Any, value: Any, marker: str) -> Iterator[str]:
    """The texts within `value` whose type bears the marker."""
    if isinstance(value, str):
        if marker in map(marker_of, (wanted, *get_args(wanted))):
            yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _marked(_type_below(wanted, key), inner, marker)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _marked(_type_below(wanted, None), item, marker)


def _type_below(wanted: Any, key: str | None) -> Any:
    """The type of a member, or of an item where there is no key; None where there is no such thing."""
    if hasattr(wanted, "__metadata__"):
        return _type_below(wanted.__origin__, key)
    origin, arguments = get_origin(wanted), get_args(wanted)
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return next((field.type for field in msgspec.structs.fields(wanted) if field.encode_name == key), None)
    if origin is dict and key is not None:
        return arguments[1]
    if origin in (list, tuple) and key is None:
        return arguments[0]
    below = (_type_below(argument, key) for argument in arguments) if origin not in (dict, list, tuple) else ()
    return next((found for found in below if found is not None), None)
