"""Attempt: one call to one model, watched. It enters the trail before the call, so that a cancelled one is still priced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from taskfit.errors import InvalidAnswer, TaskfitError
from taskfit.pipeline.check import confidence_of
from taskfit.pipeline.collect import Collector
from taskfit.values.answer import Event
from taskfit.values.attempt import Attempt, State
from taskfit.values.card import cost_of
from taskfit.values.money import Usd
from taskfit.values.plan import Candidate
from taskfit.values.profile import Profile
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

CHARS_PER_TOKEN = 4
MAX_HELD_BYTES = 32 * 1024 * 1024
MAX_DROPPED, MAX_DROPPED_CHARS = 100, 100
"""Names of dropped fields that a record keeps, and how much of each: a client's words are in them."""
UNBILLED = frozenset({
    "unsupported", "invalid_request", "upstream_unreachable", "upstream_overloaded", "upstream_rate_limited", "upstream_refused",
    "context_exceeded", "upstream_unauthorized", "upstream_model_missing",
})  # fmt: skip
"""Failures before the model has done any work, which vendors do not bill."""


class Receiver(Protocol):
    """Who gets the events of a walk: a client's connection, or a list."""

    def take(self, event: Event) -> None:
        """One event of the answer."""

    @property
    def is_full(self) -> bool:
        """Whether it takes events more slowly than they come."""
        ...

    async def drain(self) -> None:
        """Return when there is room again."""


@dataclass(slots=True)
class LiveAttempt:
    """An attempt while it runs; the sink of its provider.

    What comes passes to `receiver` at once; without one it is `held` for a verdict. `walk_began` is when the walk began, by the
    clock `monotonic`, in seconds. `fault` is what the receiver raised. Units: milliseconds since the walk began.
    Knows no walk: a reference back to it would be a cycle, and leave every request to the garbage collector.
    """

    candidate: Candidate
    started_ms: float
    collected: Collector
    receiver: Receiver | None
    monotonic: Callable[[], float]
    walk_began: float
    state: State = "running"
    duration_ms: float | None = None
    first_token_ms: float | None = None
    usage: Usage | None = None
    cost: Usd | None = None
    error: TaskfitError | None = None
    fault: Exception | None = None
    verdicts: tuple[Verdict, ...] = ()
    confidence: float | None = None
    dropped: tuple[str, ...] = ()
    held: list[Event] = field(default_factory=list)
    held_bytes: int = 0

    def put(self, event: Event) -> None:
        """See protocols.Sink."""
        if self.first_token_ms is None:
            self.first_token_ms = (self.monotonic() - self.walk_began) * 1e3 - self.started_ms
        self.collected.add(event)
        if self.receiver is None:
            self._hold(event)
            return
        try:
            self.receiver.take(event)
        except Exception as error:
            self.fault = error
            raise

    @property
    def is_full(self) -> bool:
        """See protocols.Sink."""
        return self.receiver is not None and self.receiver.is_full

    async def drain(self) -> None:
        """See protocols.Sink."""
        if self.receiver is not None:
            try:
                await self.receiver.drain()
            except Exception as error:
                self.fault = error
                raise

    def note_dropped(self, fields: Sequence[str]) -> None:
        """See protocols.Sink."""
        room = MAX_DROPPED - len(self.dropped)
        self.dropped = (*self.dropped, *[name[:MAX_DROPPED_CHARS] for name in fields[: max(0, room)]])

    @property
    def has_begun(self) -> bool:
        """Whether the upstream has sent anything of an answer."""
        return self.first_token_ms is not None

    @property
    def value(self) -> Attempt:
        """The attempt as the trail shows it."""
        card, collected, error = self.candidate.card, self.collected, self.error
        return Attempt(
            model=card.id,
            provider=card.provider,
            started_ms=self.started_ms,
            state=self.state,
            duration_ms=self.duration_ms,
            first_token_ms=self.first_token_ms,
            usage=self.usage,
            cost=self.cost,
            answered_as=collected.model,
            finish=collected.finish,
            error=None if error is None else error.kind,
            reason=None if error is None else str(error)[:500],
            retry_after_s=None if error is None else error.retry_after_s,
            dropped=self.dropped,
            verdicts=self.verdicts,
            confidence=self.confidence,
        )

    def _hold(self, event: Event) -> None:
        """Errors: InvalidAnswer when there is too much to hold."""
        self.held_bytes += len(event.data or b"")
        if self.held and max(self.held_bytes, self.collected.output_chars) > MAX_HELD_BYTES:
            raise InvalidAnswer(f"the stream is over {MAX_HELD_BYTES} bytes, more than is held for checks")
        self.held.append(event)

    def judge(self, verdicts: tuple[Verdict, ...]) -> None:
        """Take what the checks say."""
        self.verdicts = verdicts
        self.confidence = confidence_of(verdicts)

    def end(self, state: State, now_ms: float, profile: Profile | None, error: TaskfitError | None) -> None:
        """Close the attempt and price it; where the upstream did not count, the input is estimated from the profile."""
        self.receiver = None  # which holds the walk
        self.error = error
        self.state = state
        self.duration_ms = now_ms - self.started_ms
        self.usage = usage = self._usage(profile.input_tokens if profile else 0)
        self.cost = 0 if usage is None else cost_of(self.candidate.card.price, usage)

    def _usage(self, input_tokens: int) -> Usage | None:
        """What the upstream counted, else an estimate; None where nothing can have been billed."""
        collected = self.collected
        if collected.usage is not None:
            return collected.usage
        if self.error is not None and self.error.kind in UNBILLED and not self.has_begun:
            return None
        output_tokens = -(-collected.output_chars // CHARS_PER_TOKEN)
        return Usage(input_tokens=input_tokens, output_tokens=output_tokens, is_estimate=True)


def as_taskfit_error(error: Exception) -> TaskfitError:
    """What a provider raised, as one of ours whatever the plug-in did."""
    if isinstance(error, TaskfitError):
        return error
    return InvalidAnswer(f"the provider plug-in failed: {type(error).__name__}: {error}"[:500])
