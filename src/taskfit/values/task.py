"""The contract for a kind of request."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from taskfit.values.money import Usd

Path: TypeAlias = Literal["safe", "sensitive", "research"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """How requests for `auto` are recognised: every field that is not empty must hold; an empty Match never does."""

    surface: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()


class CheckUse(msgspec.Struct, frozen=True, kw_only=True):
    """A check that a task names, with the settings for it."""

    name: str
    settings: Mapping[str, Any] = {}


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a task's input; None: no limit. Units: characters of all message text; messages."""

    max_chars: int | None = None
    max_messages: int | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task's contract with everything inherited filled in.

    `ladder` holds model ids (`provider/name`), cheapest first as written. Units: seconds; micro-dollars.
    `first_byte_s` None: an attempt may wait for its share of what is left of the deadline.
    """

    name: str
    ladder: tuple[str, ...]
    match: Match = Match()
    path: Path = "safe"
    bounds: Bounds = Bounds()
    checks: tuple[CheckUse, ...] = ()
    bar: float = 0.5
    deadline_s: float = 600.0
    first_byte_s: float | None = None
    max_cost: Usd | None = None
    max_attempts: int = 5
    owner: str = ""
    description: str = ""
