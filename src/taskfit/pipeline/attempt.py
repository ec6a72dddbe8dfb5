"""Attempt: one call to one model, watched. It enters the trail before the call, so that a cancelled one is still priced."""

from dataclasses import dataclass, field

import msgspec

from taskfit.errors import InvalidAnswer, TaskfitError
from taskfit.pipeline.check import confidence_of
from taskfit.pipeline.collect import Collector
from taskfit.values.answer import Event
from taskfit.values.attempt import Attempt, State
from taskfit.values.card import cost_of
from taskfit.values.plan import Candidate
from taskfit.values.profile import Profile
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

CHARS_PER_TOKEN = 4
UNBILLED = frozenset({
    "unsupported", "invalid_request", "upstream_unreachable", "upstream_overloaded", "upstream_rate_limited", "upstream_refused",
    "context_exceeded", "upstream_unauthorized", "upstream_model_missing",
})  # fmt: skip
"""Failures before the model has done any work, which vendors do not bill."""


@dataclass(slots=True)
class LiveAttempt:
    """An attempt while it runs. `value` is what the trail shows; `held` are the events that wait for a verdict.

    Units: milliseconds since the walk began.
    """

    value: Attempt
    candidate: Candidate
    profile: Profile
    collected: Collector = field(default_factory=Collector)
    held: list[Event] = field(default_factory=list)
    error: TaskfitError | None = None

    def saw(self, event: Event, now_ms: float) -> None:
        """Take one event of the answer."""
        if self.value.first_token_ms is None:
            self.value = msgspec.structs.replace(self.value, first_token_ms=now_ms - self.value.started_ms)
        self.collected.add(event)

    @property
    def has_begun(self) -> bool:
        """Whether the upstream has sent anything of an answer."""
        return self.value.first_token_ms is not None

    def judge(self, verdicts: tuple[Verdict, ...]) -> None:
        """Take what the checks say."""
        self.value = msgspec.structs.replace(self.value, verdicts=verdicts, confidence=confidence_of(verdicts))

    def end(self, state: State, now_ms: float, error: TaskfitError | None = None) -> None:
        """Close the attempt and price it."""
        self.error = error
        usage = self._usage(error)
        self.value = msgspec.structs.replace(
            self.value,
            state=state,
            duration_ms=now_ms - self.value.started_ms,
            usage=usage,
            cost=0 if usage is None else cost_of(self.candidate.card.price, usage),
            answered_as=self.collected.model,
            finish=self.collected.finish,
            error=None if error is None else error.kind,
            reason=None if error is None else str(error)[:500],
            retry_after_s=None if error is None else error.retry_after_s,
        )

    def _usage(self, error: TaskfitError | None) -> Usage | None:
        """What the upstream counted, else an estimate; None where nothing can have been billed."""
        collected = self.collected
        if collected.usage is not None:
            return collected.usage
        if error is not None and error.kind in UNBILLED and not self.has_begun:
            return None
        output_tokens = -(-collected.output_chars // CHARS_PER_TOKEN)
        return Usage(input_tokens=self.profile.input_tokens, output_tokens=output_tokens, is_estimate=True)


def begin(candidate: Candidate, profile: Profile, *, now_ms: float) -> LiveAttempt:
    """The attempt as it enters the trail, before its call."""
    card = candidate.card
    return LiveAttempt(Attempt(model=card.id, provider=card.provider, started_ms=now_ms), candidate, profile)


def as_taskfit_error(error: Exception) -> TaskfitError:
    """What a provider raised, as one of ours whatever the plug-in did."""
    if isinstance(error, TaskfitError):
        return error
    return InvalidAnswer(f"the provider plug-in failed: {type(error).__name__}: {error}"[:500])
