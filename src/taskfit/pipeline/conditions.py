"""Conditions: how each model and each provider is doing lately, from the calls that this process made.

A breaker opens when most of the last calls failed, so that requests go elsewhere at once instead of waiting for the next failure.
After a pause one request is let through as a probe; its success closes the breaker, its failure doubles the pause. A model that
limits our rate is left alone for as long as it asked. Measured per model and per provider: a provider that cannot be reached is
left alone with all its models.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from taskfit.pipeline.attempt import LiveAttempt
from taskfit.values.condition import Condition

LAST_CALLS = 20
FEWEST_FAILURES = 5
OPEN_SHARE = 0.5
"""A breaker opens at five failures that make half of the last 20 calls."""
PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
PROBE_S = 60.0
"""How long a probe may take before another one is let through."""
LONGEST_COOLDOWN_S = 3600.0
DEFAULT_COOLDOWN_S = 1.0
"""How long a model is left alone that limits our rate without saying for how long."""
LATENCIES = 100
FEWEST_LATENCIES = 20
REFRESH_CALLS = 16
"""Percentiles are worked out again after so many calls."""
FORGET_S = 300.0
"""How long failures and latencies count after a model's last call: one that is left out for being slow, or for its failures, is
called no more, so nothing else would ever show that it is well again."""
TROUBLE = frozenset({
    "upstream_unreachable", "upstream_timeout", "upstream_overloaded", "upstream_failure", "upstream_unauthorized",
    "upstream_model_missing", "invalid_answer", "cut_answer",
})  # fmt: skip
"""Failures that say something about the model's server; the others are about the request."""
PROVIDER_TROUBLE = frozenset({"upstream_unreachable", "upstream_timeout"})
"""Those that say something about all models of a provider."""


def _percentiles(values: deque[float], *shares: float) -> list[float | None]:
    """By nearest rank; None where too little is known."""
    if len(values) < FEWEST_LATENCIES:
        return [None] * len(shares)
    ranked = sorted(values)
    return [ranked[min(len(ranked) - 1, int(share * len(ranked)))] for share in shares]


_ALL_WELL: Mapping[str, Condition] = {}


@dataclass(slots=True)
class _Record:
    """The last calls of one model or provider. Units: seconds of the monotonic clock."""

    has_failed: deque[bool] = field(default_factory=lambda: deque(maxlen=LAST_CALLS))
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    first_tokens_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    called_at: float = 0.0
    calls: int = 0
    pause_s: float = 0.0
    open_until: float = 0.0
    cool_until: float = 0.0
    last_error: str = ""
    p50_s: float | None = None
    p95_s: float | None = None
    first_token_p95_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether its breaker is; half open once the pause is over."""
        return self.pause_s > 0

    def count(self, now: float) -> None:
        """Take that a call has ended. What was before a long silence no longer counts, but for an open breaker, which waits for
        its probe, and for first tokens, by which races are held between models that are asked anyway."""
        if now - self.called_at > FORGET_S and not self.is_open:
            self.has_failed.clear()
            self.latencies_s.clear()
            self.p50_s = self.p95_s = None
            self.calls = 0
        self.called_at = now
        self.calls += 1

    def fail(self, error: str, now: float) -> None:
        """Take one failure. Before the first one nothing was written down: all calls had succeeded."""
        if not self.has_failed:
            self.has_failed.extend([False] * min(self.calls - 1, LAST_CALLS))
        self.has_failed.append(True)
        self.last_error = error
        if self.is_open:
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)
            self.open_until = now + self.pause_s
        elif (failures := sum(self.has_failed)) >= FEWEST_FAILURES and failures >= OPEN_SHARE * len(self.has_failed):
            self.pause_s = PAUSE_S
            self.open_until = now + PAUSE_S

    def succeed(self) -> None:
        """Take one success, which closes an open breaker."""
        if self.pause_s > 0:
            self.pause_s = self.open_until = 0.0
            self.has_failed.clear()
            self.calls = 0
        elif self.has_failed:
            self.has_failed.append(False)


    def take_time(self, duration_ms: float | None, first_token_ms: float | None) -> None:
        """Take what one answer took. Percentiles are worked out now and then."""
        if duration_ms is not None:
            self.latencies_s.append(duration_ms / 1e3)
        if first_token_ms is not None:
            self.first_tokens_s.append(first_token_ms / 1e3)
        if self.calls % REFRESH_CALLS == 0 or FEWEST_LATENCIES in (self.calls, len(self.latencies_s)):
            self.p50_s, self.p95_s = _percentiles(self.latencies_s, 0.5, 0.95)
            (self.first_token_p95_s,) = _percentiles(self.first_tokens_s, 0.95)


class Conditions:
    """Of all models that have been called. Units: seconds of the clock that is handed in."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._models: dict[str, _Record] = {}
        self._providers: dict[str, _Record] = {}
        self._unwell: set[str] = set()  # models and providers that are open or cooling

    def pressing(self) -> Mapping[str, Condition]:
        """As `current`, where any must be left alone; empty where all are well."""
        return self.current() if self._unwell else _ALL_WELL

    def current(self) -> Mapping[str, Condition]:
        """By model, as far as anything is known, and by provider with a slash behind it where its breaker is open. What must be
        left alone has `ready_in_s` above 0."""
        now = self._monotonic()
        for name in tuple(self._unwell):
            record = self._models.get(name) or self._providers.get(name)
            if record is None or (not record.is_open and record.cool_until <= now):
                self._unwell.discard(name)
        known = {model: self._condition(model, record, now) for model, record in self._models.items()}
        for provider, record in self._providers.items():
            if record.is_open:
                known[f"{provider}/"] = self._condition(f"{provider}/", record, now)
        return known

    def begin(self, model: str, provider: str) -> None:
        """A call begins; where a breaker is half open it is the probe, and nobody else is let through meanwhile."""
        if not self._unwell:
            return
        now = self._monotonic()
        for record in (self._models.get(model), self._providers.get(provider)):
            if record is not None and record.is_open and record.open_until <= now:
                record.open_until = now + PROBE_S

    def note(self, live: LiveAttempt, *, is_fair: bool = True) -> None:
        """A call has ended. `is_fair`: the model was given the time that it may take.

        Whoever was called off, or not given the time, says nothing of the server; any other answer, a refusal too, says that it
        is there.
        """
        error = None if live.error is None else live.error.kind
        if live.state == "cancelled" or (error == "upstream_timeout" and not is_fair):
            self._give_back(live)
        elif error == "upstream_rate_limited" and live.error is not None:
            self._cool(live.card.id, live.error.retry_after_s)
        elif error in TROUBLE:
            now = self._monotonic()
            self._fail(self._models, live.card.id, str(error), now)
            if error in PROVIDER_TROUBLE:
                self._fail(self._providers, live.card.provider, str(error), now)
        else:
            self._succeed(live)

    def _give_back(self, live: LiveAttempt) -> None:
        """A probe that came to nothing: the next one may go."""
        if self._unwell:
            for record in (self._models.get(live.card.id), self._providers.get(live.card.provider)):
                if record is not None and record.is_open:
                    record.open_until = min(record.open_until, self._monotonic())

    def _succeed(self, live: LiveAttempt) -> None:
        model, provider = live.card.id, live.card.provider
        record = self._models.get(model)
        if record is None:
            record = self._models[model] = _Record()
        now = self._monotonic()
        record.succeed()
        record.count(now)
        if (of_provider := self._providers.get(provider)) is not None:
            of_provider.succeed()
            of_provider.count(now)
        if live.state == "answered":
            record.take_time(live.duration_ms, live.first_token_ms)

    def _fail(self, records: dict[str, _Record], name: str, error: str, now: float) -> None:
        record = records.get(name)
        if record is None:
            record = records[name] = _Record()
        record.count(now)
        record.fail(error, now)
        if record.is_open:
            self._unwell.add(name)

    def _cool(self, model: str, retry_after_s: float | None) -> None:
        asked_s = DEFAULT_COOLDOWN_S if retry_after_s is None else min(max(0.0, retry_after_s), LONGEST_COOLDOWN_S)
        now = self._monotonic()
        record = self._models.setdefault(model, _Record())
        record.succeed()
        record.count(now)
        record.cool_until = max(record.cool_until, now + asked_s)
        self._unwell.add(model)

    def _condition(self, model: str, record: _Record, now: float) -> Condition:
        provider = self._providers.get(model.partition("/")[0])
        is_open, ready_in_s, reason = record.is_open, 0.0, ""
        if record.cool_until > now:
            ready_in_s, reason = record.cool_until - now, f"it limits our rate and asks for {record.cool_until - now:.1f} s"
        for name, closed in (("", record), ("its provider's ", provider)):
            if closed is not None and closed.is_open and closed.open_until > now:
                is_open, ready_in_s = True, max(ready_in_s, closed.open_until - now)
                failures = sum(closed.has_failed)
                reason = (
                    f"{name or 'its '}breaker is open: {failures} of the last {len(closed.has_failed)} calls failed, the last "
                    f"with {closed.last_error}; next probe in {closed.open_until - now:.1f} s"
                )
        is_recent = now - record.called_at <= FORGET_S
        return Condition(
            model=model,
            is_open=is_open,
            ready_in_s=ready_in_s,
            reason=reason,
            calls=record.calls,
            error_share=sum(record.has_failed) / len(record.has_failed) if record.has_failed and is_recent else 0.0,
            latency_p50_s=record.p50_s if is_recent else None,
            latency_p95_s=record.p95_s if is_recent else None,
            first_token_p95_s=record.first_token_p95_s,
        )
