"""One object of a client's body under Google's own names: Google takes every field in camel case and in snake case, also mixed.

Knows spelling, places and types, not what a field means. A list may come as its only element, as Google's own examples write it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.wire.bodies import member

_INDEX = re.compile(r"\[\d+\]")
_UNSAID = frozenset({b"null", b"false", b'""', b"[]"})
"""What says no more than an absent field in Google's JSON; an empty object does."""

_Whole = Annotated[float, Meta(ge=-(2**53), le=2**53)]


class Members:
    """The members of one object. `place` is its path in the body, empty for the body itself. What nobody took is unknown.

    Errors: InvalidRequest, with the path, for what is of the wrong type.
    """

    __slots__ = ("_members", "place")

    def __init__(self, members: Mapping[str, Raw], place: str) -> None:
        self.place = place
        self._members = {camel(name): raw for name, raw in members.items() if bytes(raw) != b"null"}

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.place}.{name}" if self.place else name

    def take(self, name: str, wanted: Any) -> Any:
        """A member as the type `wanted`; None where it is not said."""
        raw = self._members.pop(name, None)
        return None if raw is None else member(raw, wanted, self.at(name))

    def whole(self, name: str) -> int | None:
        """A whole number; some clients write it as a float."""
        value = self.take(name, _Whole)
        if value is not None and value != int(value):
            raise InvalidRequest(f"{self.at(name)}: Expected `int`, got `float`", param=self.at(name))
        return None if value is None else int(value)

    def raw(self, name: str) -> Raw | None:
        """A member as it came."""
        return self._members.pop(name, None)

    def inner(self, name: str) -> "Members | None":
        """An object inside."""
        value = self.take(name, dict[str, Raw])
        return None if value is None else Members(value, self.at(name))

    def list_of(self, name: str) -> "Iterator[Members]":
        """The objects of a list inside."""
        value = self.take(name, list[dict[str, Raw]] | dict[str, Raw])
        for index, members in enumerate([value] if isinstance(value, dict) else value or ()):
            yield Members(members, f"{self.at(name)}[{index}]")

    def settle(self, table: Mapping[str, str], dropped: set[str]) -> None:
        """Add what is left to `dropped`, by the table of what may be dropped. Errors: Unsupported for anything else."""
        for name in [name for name, raw in self._members.items() if bytes(raw) not in _UNSAID]:
            path = _INDEX.sub("", self.at(name))
            if path not in table:
                raise Unsupported(f"{self.at(name)} cannot be carried to a model of another API", param=self.at(name))
            dropped.add(path)


def camel(name: str) -> str:
    """A field's name as Google's documentation has it: `top_k` is `topK`; a leading underscore is nothing."""
    if "_" not in name:
        return name
    first, *rest = name.lstrip("_").split("_")
    return first + "".join([word[:1].upper() + word[1:] for word in rest])
