"""What the walk does next."""

from typing import TypeAlias

import msgspec

from taskfit.values.plan import Candidate


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """Call this candidate; give up on it if no byte has come after `first_byte_s` seconds."""

    candidate: Candidate
    first_byte_s: float


class Accept(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of attempt number `attempt` goes to the caller. `is_below_bar`: nothing better could be had."""

    attempt: int
    is_below_bar: bool = False


class GiveUp(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing can be answered; `kind` is the error's kind, `why` says it to a person."""

    kind: str
    why: str


Step: TypeAlias = Try | Accept | GiveUp
