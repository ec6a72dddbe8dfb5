"""Attempt: one call to one model, watched. It enters the trail before the call, so that a cancelled one is still priced."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from taskfit.errors import InvalidAnswer, TaskfitError
from taskfit.pipeline.collect import Collector
from taskfit.values.answer import Event
from taskfit.values.attempt import Attempt, State
from taskfit.values.card import ModelCard, cost_of
from taskfit.values.money import Usd
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


class Watcher(Protocol):
    """Who looks at each event of an attempt before it is passed on or held."""

    def look(self, live: "LiveAttempt") -> None:
        """One more event has come. What it raises ends the call."""


class LiveAttempt(msgspec.Struct, eq=False):
    """An attempt while it runs; the sink of its provider.

    What comes passes to `receiver` at once; without one it is `held` for a verdict. `walk_began` is when the walk began, by the
    clock `monotonic`, in seconds. `fault` is what the receiver raised. `number` is the candidate's in the plan. `repaired` is
    the text that stands in for the answer's, `before` what a cut answer had said that this one goes on with. `is_given`: the
    caller has seen something of it.
    Units: milliseconds since the walk began.
    Knows no walk: a reference back to it would be a cycle, and leave every request to the garbage collector. A Struct, for it is
    made in one step.
    """

    card: ModelCard
    number: int
    started_ms: float
    collected: Collector
    receiver: Receiver | None
    monotonic: Callable[[], float]
    walk_began: float
    watcher: Watcher | None = None
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
    held: list[Event] = msgspec.field(default_factory=list)
    held_bytes: int = 0
    max_output_tokens: int | None = None
    is_hedge: bool = False
    is_given: bool = False
    before: str | None = None
    repaired: str | None = None
    members: "tuple[LiveAttempt, ...]" = ()
    combined: str = ""

    def put(self, event: Event) -> None:
        """See protocols.Sink."""
        if self.first_token_ms is None:
            self.first_token_ms = (self.monotonic() - self.walk_began) * 1e3 - self.started_ms
        self.collected.add(event)
        if self.watcher is not None:
            self.watcher.look(self)
        if self.receiver is None:
            self._hold(event)
            return
        self.is_given = True
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

    def commit(self, receiver: Receiver) -> None:
        """Pass on what was held, and from now on whatever comes."""
        self.is_given = True
        self.receiver = receiver
        try:
            for event in self.held:
                receiver.take(event)
        except Exception as error:
            self.fault = error
            raise
        self.held.clear()

    @property
    def has_begun(self) -> bool:
        """Whether the upstream has sent anything of an answer."""
        return self.first_token_ms is not None

    def value(self) -> Attempt:
        """The attempt as the trail shows it."""
        card, collected, error = self.card, self.collected, self.error
        attempt = Attempt(
            model=card.id,
            provider=card.provider,
            started_ms=self.started_ms,
            candidate=self.number,
            state=self.state,
            duration_ms=self.duration_ms,
            first_token_ms=self.first_token_ms,
            usage=self.usage,
            cost=self.cost,
            answered_as=collected.model,
            finish=collected.finish,
            dropped=self.dropped,
            max_output_tokens=self.max_output_tokens,
            is_hedge=self.is_hedge,
            is_given=self.is_given,
        )
        if error is not None:
            replace = msgspec.structs.replace
            attempt = replace(attempt, error=error.kind, reason=str(error)[:500], retry_after_s=error.retry_after_s)
        if not (self.verdicts or self.members or self.combined or self.before is not None or self.confidence is not None):
            return attempt
        return msgspec.structs.replace(
            attempt,
            verdicts=self.verdicts,
            confidence=self.confidence,
            is_continuation=self.before is not None,
            members=tuple([member.value() for member in self.members]),
            combined=self.combined,
        )

    def _hold(self, event: Event) -> None:
        """Errors: InvalidAnswer when there is too much to hold."""
        self.held_bytes += len(event.data or b"")
        if self.held and max(self.held_bytes, self.collected.output_chars) > MAX_HELD_BYTES:
            raise InvalidAnswer(f"the stream is over {MAX_HELD_BYTES} bytes, more than is held for checks")
        self.held.append(event)

    def end(self, state: State, now_ms: float, input_tokens: int, error: TaskfitError | None = None) -> None:
        """Close the attempt and price it; where the upstream did not count, the input is estimated as `input_tokens`."""
        self.receiver = self.watcher = None  # which hold the walk
        self.error = error
        self.state = state
        self.duration_ms = now_ms - self.started_ms
        self.usage = usage = self._usage(input_tokens)
        self.cost = 0 if usage is None else cost_of(self.card.price, usage)

    def end_ensemble(self, state: State, now_ms: float, error: TaskfitError | None = None) -> None:
        """Close an attempt that is made of others, and add up what they used."""
        self.error = error
        self.state = state
        self.duration_ms = now_ms - self.started_ms
        costs = [member.cost for member in self.members]
        self.cost = None if None in costs else sum([cost for cost in costs if cost is not None])
        self.usage = _sum_of([member.usage for member in self.members if member.usage is not None])

    def _usage(self, input_tokens: int) -> Usage | None:
        """What the upstream counted, else an estimate; None where nothing can have been billed."""
        collected = self.collected
        if collected.usage is not None:
            return collected.usage
        if self.error is not None and self.error.kind in UNBILLED and not self.has_begun:
            return None
        output_tokens = -(-collected.output_chars // CHARS_PER_TOKEN)
        return Usage(input_tokens=input_tokens, output_tokens=output_tokens, is_estimate=True)


def _sum_of(usages: Sequence[Usage]) -> Usage | None:
    if not usages:
        return None
    return Usage(
        input_tokens=sum([usage.input_tokens for usage in usages]),
        output_tokens=sum([usage.output_tokens for usage in usages]),
        cached_tokens=sum([usage.cached_tokens for usage in usages]),
        cache_write_tokens=sum([usage.cache_write_tokens for usage in usages]),
        reasoning_tokens=sum([usage.reasoning_tokens for usage in usages]),
        input_audio_tokens=sum([usage.input_audio_tokens for usage in usages]),
        output_audio_tokens=sum([usage.output_audio_tokens for usage in usages]),
        is_estimate=any(usage.is_estimate for usage in usages),
    )


def as_taskfit_error(error: Exception) -> TaskfitError:
    """What a provider raised, as one of ours whatever the plug-in did."""
    if isinstance(error, TaskfitError):
        return error
    return InvalidAnswer(f"the provider plug-in failed: {type(error).__name__}: {error}"[:500])
