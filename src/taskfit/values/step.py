"""What the walk does next."""

from typing import TypeAlias

import msgspec


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """Call candidate number `candidate` of the plan; give up on it if no byte has come after `first_byte_s` seconds.

    `after_s`: wait so long before the call, because the model asked for it. `max_output_tokens`: what the cost cap leaves room
    for, where that is less than the model could write. `hedge`: what is called beside it if no byte has come by the time that the
    hedge's own `after_s` has passed. Units: seconds; tokens.
    """

    candidate: int
    first_byte_s: float
    after_s: float = 0.0
    max_output_tokens: int | None = None
    hedge: "Try | None" = None


class Accept(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of attempt number `attempt` goes to the caller. `is_below_bar`: nothing better could be had."""

    attempt: int
    is_below_bar: bool = False


class AskPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person decides. `attempt` has the best answer there is; None: there is none. `why` says it to the person."""

    attempt: int | None
    why: str


class GiveUp(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing can be answered; `kind` is the error's kind, `why` says it to a person."""

    kind: str
    why: str


Step: TypeAlias = Try | Accept | AskPerson | GiveUp
