"""One request of the demo: what is asked, what each model says to it, and how it must end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from taskfit.testing import Fault, Reply, SeenRequest
from taskfit.values.record import Outcome
from taskfit.values.review import Decision

Said: TypeAlias = str | Reply | Fault
Says: TypeAlias = Said | Callable[[SeenRequest], Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a request must end.

    `tried` has one text for each attempt: the alias, and after a colon why the walk went on: an error's kind or the check that
    rejected the answer. `answered_by` is an alias. `error` is a kind, `status` the HTTP status that the client sees.
    `says`: what must stand in the answer, or in the error's message; in that which a person lets out, where one is asked.
    An ensemble is written with all its models, a filter's rule as `rule`. `is_mended`: a check put the answer right. `masked`:
    the kinds of personal data that no model saw.
    """

    tried: tuple[str, ...] = ()
    answered_by: str | None = None
    dropped: tuple[str, ...] = ()
    status: int = 200
    outcome: Outcome = "answered"
    error: str | None = None
    says: str = ""
    finish: str | None = None
    is_below_bar: bool = False
    is_mended: bool = False
    masked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request. `title` says it in a few words; `question` is the last user message, `before` what stands before it and
    `after` what follows. `says` is by alias. `body` are further members of the request's body.
    `decision`: what a person says of its answer. `after_s`: how many seconds the demo lets pass before it."""

    title: str
    task: str | None
    question: str
    says: Mapping[str, Says] = field(default_factory=dict)
    ends: Ending
    model: str = "auto"
    before: tuple[Mapping[str, Any], ...] = ()
    after: tuple[Mapping[str, Any], ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    after_s: float = 0.0

    @property
    def is_stream(self) -> bool:
        """Whether the answer is asked for as a stream."""
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation in OpenAI's shape."""
        return [*map(dict, self.before), {"role": "user", "content": self.question}, *map(dict, self.after)]


def answered(
    *tried: str,
    says: str = "",
    finish: str = "stop",
    dropped: tuple[str, ...] = (),
    by: str = "",
    is_mended: bool = False,
    masked: tuple[str, ...] = (),
) -> Ending:
    """An answer by the last one tried; `by` says which of several."""
    return Ending(
        tried=tried, answered_by=by or tried[-1], says=says, finish=finish, dropped=dropped, is_mended=is_mended, masked=masked
    )


def refused(error: str, status: int = 400, *, tried: tuple[str, ...] = (), says: str = "") -> Ending:
    """A request that is itself at fault."""
    return Ending(tried=tried, error=error, status=status, outcome="refused", says=says)


def failed(error: str, status: int, *tried: str, outcome: Outcome = "failed", says: str = "") -> Ending:
    """A walk that ends without an answer."""
    return Ending(tried=tried, error=error, status=status, outcome=outcome, says=says)
