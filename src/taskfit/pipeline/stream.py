"""The walk of one request, as a stream of events: profile → plan → attempt → check → accept | escalate → record.

Written once: a plain answer is a stream of one event. The events of a task with checks are held until the verdict; those of a
stream without checks pass at once, and from then on no other model can take over. Events are pushed to a receiver, so that
one that passes goes from the upstream's socket to the client's without waking a task (docs/decisions/0007-dialects.md).
"""

from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self

from taskfit.errors import InternalError, Overloaded, RequestError, TaskfitError
from taskfit.pipeline.admit import check_bounds, choose_task
from taskfit.pipeline.attempt import LiveAttempt, Receiver, as_taskfit_error
from taskfit.pipeline.check import check_answer
from taskfit.pipeline.clock import Clock
from taskfit.pipeline.collect import Collector
from taskfit.pipeline.counting import Counting
from taskfit.pipeline.escalate import UNCALLED, next_step
from taskfit.pipeline.failure import outcome_of, walk_failure
from taskfit.pipeline.house import House
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.plan import make_plan
from taskfit.pipeline.record import new_record_id, overhead_ms, total_cost, write_record
from taskfit.pipeline.summary import log_summary
from taskfit.protocols import Call, Check
from taskfit.values.attempt import State, Trail
from taskfit.values.money import Usd
from taskfit.values.plan import Plan
from taskfit.values.profile import Profile
from taskfit.values.record import Outcome, Record
from taskfit.values.request import Request
from taskfit.values.step import Accept, GiveUp, Try
from taskfit.wire.failures import kind_of, status_of

STATUS_OK = 200
STATUS_CLIENT_LEFT = 499


def reserve(outbox: Outbox) -> None:
    """A place for the record of one request, before anything is done for it. Errors: Overloaded when there is none."""
    if not outbox.reserve():
        raise Overloaded(
            "the gateway cannot keep records at the moment and takes no more requests",
            operator_text=f"the outbox is full ({outbox.failing or 'the store is slow'})",
            retry_after_s=5,
        )


class Walk:
    """One request on its way. Use it in `async with` and `run` it once; whatever happens, it leaves one record.

    The properties tell at any moment how far it is; `record` is set when it has ended.
    """

    def __init__(
        self, house: House, request: Request, *, outbox: Outbox, clock: Clock, began: float, counting: Counting
    ) -> None:
        self.request = request
        self.plan: Plan | None = None
        self.profile: Profile | None = None
        self.record: Record | None = None
        self._house = house
        self._outbox = outbox
        self._monotonic = clock.monotonic
        self._began = began
        self._counting = counting
        self.at = clock.time()
        self.id = new_record_id(self.at)
        self._checks: Sequence[Check] = ()
        self._live: list[LiveAttempt] = []
        self._uncalled = 0  # attempts whose dialect could not carry the request
        self._trail: Trail = ()  # the attempts that have ended
        self._accepted: int | None = None
        self._is_below_bar = False
        self._held_until_ms: float | None = None  # when the first event of a stream that was held for checks was given out

    async def __aenter__(self) -> Self:
        reserve(self._outbox)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._finish(error)

    @property
    def trail(self) -> Trail:
        """The attempts so far; the last one may be running."""
        return tuple([live.value for live in self._live])

    @property
    def attempt_count(self) -> int:
        """How many models have been called."""
        return len(self._live) - self._uncalled

    @property
    def model(self) -> str | None:
        """The model that answers, or that is being tried."""
        if self._accepted is not None:
            return self._trail[self._accepted].model
        return self._live[-1].candidate.card.id if self._live else None

    @property
    def dropped(self) -> tuple[str, ...]:
        """What of the request was not told to the model that answers, because its dialect has no place for it."""
        return self._live[-1 if self._accepted is None else self._accepted].dropped if self._live else ()

    @property
    def confidence(self) -> float | None:
        """That of the accepted answer; None before that, or where nothing was checked."""
        return None if self._accepted is None else self._trail[self._accepted].confidence

    @property
    def cost(self) -> Usd | None:
        """What the walk has cost so far. Units: micro-dollars."""
        return total_cost(self._trail)

    @property
    def first_event_ms(self) -> float | None:
        """When the first event of a stream was given out; None: not yet, or no stream. Units: milliseconds since it came in."""
        if self._held_until_ms is not None or not self._live or self._checks or not self.request.is_stream:
            return self._held_until_ms
        last = self._live[-1]
        return None if last.first_token_ms is None else last.started_ms + last.first_token_ms

    @property
    def overhead_ms(self) -> float:
        """Milliseconds not spent waiting for models: up to the first event of a stream, else up to now."""
        first_event_ms = self.first_event_ms
        if first_event_ms is None:
            return overhead_ms(self._trail, self.elapsed_ms())
        waited = [live.duration_ms or live.first_token_ms or 0.0 for live in self._live]
        return max(0.0, first_event_ms - sum(waited))

    def elapsed_ms(self) -> float:
        """Milliseconds since the request came in."""
        return (self._monotonic() - self._began) * 1e3

    def prepare(self) -> Plan:
        """Profile and plan, without calling a model. Errors: ModelNotFound, TooLarge."""
        house, request = self._house, self.request
        self.profile = profile = house.profiler.profile(request)
        task, chosen_by = choose_task(house, request, profile)
        check_bounds(task, request)
        if task.checks:
            self._checks = house.checks[task.name]
        ranking = house.router.rank(request, profile, task, [house.cards[model] for model in task.ladder])
        self.plan = make_plan(request, profile, task, cards=house.cards, ranking=ranking, chosen_by=chosen_by)
        return self.plan

    async def run(self, receiver: Receiver) -> None:
        """Give the answer to the receiver.

        Errors: RequestError before any model was called; WalkFailed when none answered, or when a stream broke off after its
        first event had been given out; whatever the receiver raises.
        """
        plan = self.prepare()
        passes = self.request.is_stream and not self._checks
        while True:
            now_ms = self.elapsed_ms()
            step = next_step(plan, self._trail, now_ms / 1e3)
            if isinstance(step, Accept):
                await self._accept(step, receiver)
                return
            if isinstance(step, GiveUp):
                raise walk_failure(step, plan, self._live)
            collected, passed_to = Collector(keeps_content=not passes), receiver if passes else None
            live = LiveAttempt(step.candidate, now_ms, collected, passed_to, self._monotonic, self._began)
            self._live.append(live)
            try:
                await self._call(step, plan, live)
            except Exception as error:  # noqa: BLE001  # the plug-in boundary: whatever a provider does, it is one failed attempt
                self._end(live, "cut" if passes and live.has_begun else "failed", as_taskfit_error(error))
                if live.fault is not None:
                    raise live.fault from None
            else:
                self._end(live, "answered")
                self._counting.observe(self.request, step.candidate.card.id, live.collected.usage)
                if self._checks:
                    await self._judge(live)

    def _call(self, step: Try, plan: Plan, live: LiveAttempt) -> Coroutine[Any, Any, None]:
        card = step.candidate.card
        total_s = max(step.first_byte_s, plan.deadline_s - live.started_ms / 1e3)
        call = Call(request=self.request, model=card.name, first_byte_s=step.first_byte_s, total_s=total_s)
        return self._house.providers[card.provider].stream(call, live)

    async def _accept(self, step: Accept, receiver: Receiver) -> None:
        self._accepted = step.attempt
        self._is_below_bar = step.is_below_bar
        held = self._live[step.attempt].held
        if held and self.request.is_stream:
            self._held_until_ms = self.elapsed_ms()
        for event in held:
            receiver.take(event)
            if receiver.is_full:
                await receiver.drain()

    def _end(self, live: LiveAttempt, state: State, error: TaskfitError | None = None) -> None:
        live.end(state, self.elapsed_ms(), self.profile, error)
        if error is not None and error.kind == UNCALLED:
            self._uncalled += 1
        self._trail = (*self._trail, live.value)

    async def _judge(self, live: LiveAttempt) -> None:
        live.judge(await check_answer(self._checks, self.request, live.collected.answer()))
        self._trail = (*self._trail[:-1], live.value)

    def _finish(self, error: BaseException | None) -> None:
        """Leave the record. Synchronous, so that a cancellation cannot keep it from happening."""
        if self._live and self._live[-1].state == "running":
            self._end(self._live[-1], "cancelled")
        outcome, status, kind, text = self._ending(error)
        baseline = self._house.cards[self._house.baseline] if self._house.baseline is not None else None
        self.record = write_record(
            self.request,
            record_id=self.id,
            at=self.at,
            outcome=outcome,
            status=status,
            latency_ms=self.elapsed_ms(),
            profile=self.profile,
            plan=self.plan,
            trail=self._trail,
            accepted=self._accepted,
            is_below_bar=self._is_below_bar,
            baseline=baseline,
            first_token_ms=self.first_event_ms,
            error=kind,
            error_text=text,
        )
        self._outbox.put(self.record)
        log_summary(self.record)

    def _ending(self, error: BaseException | None) -> tuple[Outcome, int, str | None, str | None]:
        if error is None:
            if self._accepted is not None:
                return "answered", STATUS_OK, None, None
            return "cancelled", STATUS_CLIENT_LEFT, None, None
        if isinstance(error, TaskfitError):
            kind = kind_of(error)
            outcome: Outcome = "refused" if isinstance(error, RequestError) else outcome_of(kind)
            return outcome, status_of(error), kind, str(error)[:1000]
        if isinstance(error, TimeoutError):
            return "timed_out", STATUS_CLIENT_LEFT, "deadline_exceeded", "the client read too slowly"
        if isinstance(error, Exception):
            return "failed", status_of(InternalError("")), InternalError.kind, f"{type(error).__name__}: {error}"[:1000]
        return "cancelled", STATUS_CLIENT_LEFT, None, None
