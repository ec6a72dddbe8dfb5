"""The walk of one request, as a stream of events: profile → plan → attempt → check → accept | escalate | review → record.

Written once: a plain answer is a stream of one event. The events of a task with checks are held until the verdict, unless the
task delivers them early; those of a stream without checks pass at once, and from then on no other model can take over. Events are
pushed to a receiver, so that one that passes goes from the upstream's socket to the client's without waking a task
(docs/decisions/0007-dialects.md, 0010-trust.md).
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zlib import crc32

import msgspec

from taskfit.equivalence import said
from taskfit.errors import Overloaded, StoreUnavailable
from taskfit.pipeline.admit import check_bounds, check_callback, check_choices, choose_task
from taskfit.pipeline.aid import WalkAid
from taskfit.pipeline.attempt import LiveAttempt, Receiver
from taskfit.pipeline.audits import Walked
from taskfit.pipeline.calling import Calls
from taskfit.pipeline.check import Judged, check_answer
from taskfit.pipeline.confidence import confidence_of, weighs_signals
from taskfit.pipeline.delivery import Delivery
from taskfit.pipeline.escalate import UNCALLED, calls, next_step, spent
from taskfit.pipeline.failure import ending_of, walk_failure
from taskfit.pipeline.giving import answer_of, events_of, with_text
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.people import decide, new_case, open_in_time
from taskfit.pipeline.plan import make_plan
from taskfit.pipeline.race import run_race
from taskfit.pipeline.receivers import restored
from taskfit.pipeline.record import PERSON, baseline_cost, filter_of, new_record_id, overhead_ms, shown, to_micros, total_cost
from taskfit.pipeline.signals import signals_of
from taskfit.pipeline.summary import log_summary
from taskfit.pipeline.surroundings import Surroundings
from taskfit.pipeline.watching import Race
from taskfit.protocols import Check, ExplainingRouter, Scene
from taskfit.values.answer import Answer, Event
from taskfit.values.attempt import Attempt, Trail
from taskfit.values.condition import Condition
from taskfit.values.money import Usd
from taskfit.values.plan import Plan, Ranking
from taskfit.values.policy import Considered
from taskfit.values.profile import Profile
from taskfit.values.record import Outcome, Record
from taskfit.values.request import Request
from taskfit.values.step import Accept, AskPerson, GiveUp, Try
from taskfit.values.task import Task
from taskfit.values.verdict import Verdict
from taskfit.wire.added_turns import with_continuation
from taskfit.wire.adjust import with_logprobs
from taskfit.wire.texts import mapped_bytes

if TYPE_CHECKING:
    from taskfit.shaping.shape import Shaped, Shaper

SHAPED_ASIDE_BYTES = 10_000
AUDITED = frozenset({"answered", "in_review"})
WITHOUT_WORDS = frozenset({"openai-embeddings", "gemini-embeddings"})
"""Dialects whose answers are numbers: no check has anything to say of them."""

log = logging.getLogger("taskfit.walk")


def reserve(outbox: Outbox) -> None:
    """A place for the record of one request, before anything is done for it. Errors: Overloaded when there is none."""
    if not outbox.reserve():
        raise Overloaded(
            "the gateway cannot keep records at the moment and takes no more requests",
            operator_text=f"the outbox is full ({outbox.failing or 'the store is slow'})",
            retry_after_s=5,
        )


class Walk:
    """One request on its way. Use it in `with` and `run` it once; whatever happens, it leaves one record.

    The properties tell at any moment how far it is; `record` is set when it has ended, `review_id` when a person was asked.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        request: Request,
        began: float,
        *,
        contract: Task | None = None,
        audit_of: str | None = None,
    ) -> None:
        """`contract` None: the one that the request comes under. `audit_of` is the record that this walk audits."""
        self.request = request
        self.task: Task | None = None
        self.plan: Plan | None = None
        self.profile: Profile | None = None
        self.record: Record | None = None
        self.review_id: str | None = None
        self._surroundings = surroundings
        self._house = surroundings.house
        self._monotonic = surroundings.clock.monotonic
        self._began = began
        self._contract = contract
        self._audit_of = audit_of
        self.at = surroundings.clock.time()
        self.id = new_record_id(self.at)
        self._chosen_by = ""
        self._checks: Sequence[Check] = ()
        self._shaped: Shaped | None = None
        self._sent = request  # as models see it
        self._live: list[LiveAttempt] = []
        self._ended: list[Attempt] = []  # what the trail shows of those of them that have ended
        self._uncalled = 0  # attempts whose dialect could not carry the request
        self._accepted: int | None = None
        self._is_below_bar = False
        self._is_decided = False  # a person wrote the answer
        self._person_ms = 0.0  # how long the walk waited for a person
        self._is_held = False
        self._held_until_ms: float | None = None  # when the first event of a stream that was held for checks was given out

    def __enter__(self) -> Self:
        reserve(self._surroundings.outbox)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._finish(error)

    @property
    def live(self) -> Sequence[LiveAttempt]:
        """The attempts with what came of them."""
        return self._live

    @property
    def trail(self) -> Trail:
        """The attempts so far; the last one may be running."""
        return tuple([live.value() for live in self._live])

    @property
    def attempt_count(self) -> int:
        """How many models have been called."""
        if len(self._live) == 1 and not self._live[0].members and self._live[0].card.provider:
            return 1 - self._uncalled
        return calls(self.trail)

    @property
    def model(self) -> str | None:
        """The model that answers, or that is being tried."""
        if self._is_decided:
            return PERSON
        live = self._shown()
        return None if live is None else live.card.id

    @property
    def dropped(self) -> tuple[str, ...]:
        """What of the request was not told to the model that answers, because its dialect has no place for it."""
        live = self._shown()
        return () if live is None else live.dropped

    def _shown(self) -> LiveAttempt | None:
        """The attempt whose answer the caller gets, as far as is known: accepted, else seen, else the one being made."""
        if self._accepted is not None:
            return self._live[self._accepted]
        if len(self._live) < 2:
            return self._live[0] if self._live else None
        return next((live for live in reversed(self._live) if live.is_given), self._live[-1])

    @property
    def accepted(self) -> Attempt | None:
        """The attempt whose answer the caller gets; None before that, or where no model's is given."""
        return None if self._accepted is None else self._ended[self._accepted]

    @property
    def confidence(self) -> float | None:
        """That of the accepted answer; None before that, or where nothing was checked."""
        return None if self._accepted is None else self._ended[self._accepted].confidence

    @property
    def is_below_bar(self) -> bool:
        """Whether the caller gets an answer that is not good enough, because nothing better could be had."""
        return self._is_below_bar

    @property
    def is_holding(self) -> bool:
        """Whether an answer is held for its checks or for a person, so that the caller has seen nothing of it yet."""
        shown = self._shown()
        return self._is_held and self._accepted is None and not self._is_decided and not (shown and shown.is_given)

    @property
    def is_judged_later(self) -> bool:
        """Whether the answer is on its way to the caller before its checks have ended."""
        shown = self._shown()
        return bool(self._checks) and self._accepted is None and shown is not None and shown.is_given

    @property
    def tells_verdict(self) -> bool:
        """Whether the caller was given an answer before its checks had ended, and now is told what they say."""
        accepted = self.accepted
        return accepted is not None and accepted.is_given and bool(accepted.verdicts)

    @property
    def cost(self) -> Usd | None:
        """What the walk has cost so far. Units: micro-dollars."""
        return total_cost(self._ended)

    @property
    def first_event_ms(self) -> float | None:
        """When the first event of a stream was given out; None: not yet, or no stream. Units: milliseconds since it came in."""
        if self._held_until_ms is not None or not self.request.is_stream:
            return self._held_until_ms
        first = next((live for live in self._live if live.is_given), None)
        return None if first is None or first.first_token_ms is None else first.started_ms + first.first_token_ms

    @property
    def overhead_ms(self) -> float:
        """Milliseconds not spent waiting for models: up to the first event of a stream, else up to now."""
        first_event_ms = self.first_event_ms
        if first_event_ms is None:
            return overhead_ms(self.trail, self.elapsed_ms() - self._person_ms)
        waited = [live.duration_ms or live.first_token_ms or 0.0 for live in self._live]
        return max(0.0, first_event_ms - sum(waited) - self._person_ms)

    def elapsed_ms(self) -> float:
        """Milliseconds since the request came in."""
        return (self._monotonic() - self._began) * 1e3

    def explain(self) -> Plan:
        """The same as `prepare`, with all that is known of how the models are doing."""
        self.prepare()
        return self._make_plan(self._surroundings.conditions.current())

    def prepare(self) -> Plan:
        """Profile, shape and plan, without calling a model. Errors: ModelNotFound, TooLarge, InvalidRequest."""
        self._choose()
        if (shaper := self._shaper()) is not None:
            self._take_shape(shaper.shape(self.request))
        return self._make_plan()

    def _choose(self) -> None:
        """Which contract the request comes under. Errors: ModelNotFound, TooLarge, InvalidRequest."""
        house, request = self._house, self.request
        self.profile = profile = house.profiler.profile(request)
        if self._contract is None:
            task, self._chosen_by = choose_task(house, request, profile, self._surroundings)
        else:
            task, self._chosen_by = self._contract, f"an audit of {self._audit_of}"
        self.task = task
        check_bounds(task, request)
        check_callback(house, request)
        if task.checks and request.dialect not in WITHOUT_WORDS:
            check_choices(task, request)
            self._checks = house.checks[task.name]

    def _shaper(self) -> "Shaper | None":
        assert self.task is not None
        return self._house.shapers.get(self.task.name)

    def _take_shape(self, shaped: "Shaped") -> None:
        """What models see in the place of the request; its length is what is paid for."""
        assert self.profile is not None
        self._shaped, self._sent = shaped, shaped.request
        if shaped.template_version is not None:
            tokens = self._house.profiler.profile(shaped.request).input_tokens
            self.profile = msgspec.structs.replace(self.profile, input_tokens=tokens)

    def _make_plan(self, conditions: Mapping[str, Condition] | None = None) -> Plan:
        """`conditions` None: those that change what is done."""
        task, profile = self.task, self.profile
        assert task is not None and profile is not None
        if conditions is None:
            known = self._surroundings.conditions
            needs_all = task.hedge is not None or (task.slo is not None and self._house.router is not None)
            conditions = known.current() if needs_all else known.pressing()
        self.plan = make_plan(
            self.request,
            profile,
            task,
            cards=self._house.cards,
            ranking=self._ranking(task, profile, conditions),
            chosen_by=self._chosen_by,
            conditions=conditions,
            lapsed="" if task.error_budget is None else self._surroundings.promises.lapsed(task, self.request),
            lot=self._lot if task.review.share or task.audit_share else 0.5,
        )
        return self.plan

    @property
    def _lot(self) -> float:
        """What was drawn for this request, 0 to 1: the same whenever it is asked for."""
        return crc32(self.id.encode()) / 2**32

    def _ranking(self, task: Task, profile: Profile, conditions: Mapping[str, Condition]) -> Ranking | None:
        """What the router says; one that fails declines."""
        router = self._house.router
        if router is None or task.error_budget is not None:  # a bar is fitted for the ladder as it stands
            return None
        try:
            return router.rank(self.request, profile, task, self._scene(conditions))
        except Exception as error:  # noqa: BLE001  # the plug-in boundary: the ladder's own order holds
            log.warning("router_failed", extra={"router": router.name, "reason": type(error).__name__})
            return None

    def _scene(self, conditions: Mapping[str, Condition]) -> Scene:
        return Scene(cards=self._house.cards, conditions=conditions, lot=self._lot)

    def considered(self) -> tuple[Considered, ...]:
        """What the router weighed for this request, once it is planned; empty where it does not tell."""
        task, profile, router = self.task, self.profile, self._house.router
        if task is None or profile is None or task.error_budget is not None or not isinstance(router, ExplainingRouter):
            return ()
        return router.consider(self.request, profile, task, self._scene(self._surroundings.conditions.current()))

    async def run(self, receiver: Receiver) -> None:
        """Give the answer to the receiver.

        Errors: RequestError before any model was called; WalkFailed when none answered, or when a stream broke off after its
        first event had been given out; InReview when a person decides later; whatever the receiver raises.
        """
        self._choose()
        if (shaper := self._shaper()) is not None:
            await self._shape(shaper)
        plan = self._make_plan()
        assert self.task is not None
        delivery = Delivery(self.task, plan, self.request, self._checks, receiver, self._shaped)
        self._is_held = delivery.is_held
        self._calls = Calls(self._house, self._surroundings, plan, self._began)
        while True:
            match step := next_step(plan, self._ended, self.elapsed_ms() / 1e3):
                case Try():
                    await self._try(step, plan, delivery)
                case Accept():
                    await self._give(self._accept(step), delivery.receiver)
                    return
                case AskPerson():
                    await self._ask_person(step, delivery)
                    return
                case GiveUp():
                    delivery.flush()
                    raise walk_failure(step, plan, self._live)

    async def _shape(self, shaper: "Shaper") -> None:
        """A long text is gone over in a thread: it may take more than 5 ms."""
        request = self.request
        is_long = mapped_bytes(request) > SHAPED_ASIDE_BYTES
        self._take_shape(await asyncio.to_thread(shaper.shape, request) if is_long else shaper.shape(request))

    async def _try(self, step: Try, plan: Plan, delivery: Delivery) -> None:
        if step.after_s > 0:
            await asyncio.sleep(step.after_s)
        candidate = plan.candidates[step.candidate]
        if candidate.form != "single":
            live = await self._call_several(step, plan)
        elif step.hedge is not None:
            live = await self._race(step, plan, delivery)
        else:
            live = self._begin(step, plan, delivery)
            try:
                await self._calls.call(live, self._request_for(live), first_byte_s=step.first_byte_s)
            finally:
                if live.state != "running":
                    self._end(live)
        if live.state == "answered" and candidate.form != "filter" and (self._checks or live.verdicts):
            await self._judge(live)

    def _begin(self, step: Try, plan: Plan, delivery: Delivery, race: Race | None = None) -> LiveAttempt:
        """A new attempt in the trail, with what becomes of its events."""
        live = self._calls.new(plan.candidates[step.candidate].card, step.candidate)
        live.max_output_tokens = step.max_output_tokens
        if self._live and (seen := [each for each in self._live if each.state == "cut"]):
            live.before = "".join([each.collected.answer().text for each in seen])
        delivery.attend(live, race)
        self._live.append(live)
        return live

    def _request_for(self, live: LiveAttempt) -> Request:
        """What this model is asked: with the wish for its probabilities where a check reads them and its API has them, and with
        what the caller has seen of an answer that broke off."""
        house, request = self._house, self._sent
        if house.wants_logprobs and self.plan is not None and self.plan.task in house.wants_logprobs:
            request = with_logprobs(request, model=live.card.id, upstream=house.providers[live.card.provider].dialect)
        return request if live.before is None else with_continuation(request, live.before)

    async def _race(self, step: Try, plan: Plan, delivery: Delivery) -> LiveAttempt:
        """Two attempts at once; the one that answered, else the last."""
        hedge, race, place = step.hedge, Race(), len(self._live)
        assert hedge is not None

        def start_second() -> tuple[LiveAttempt, Coroutine[Any, Any, None]]:
            second = self._begin(hedge, plan, delivery, race)
            second.is_hedge = True
            return second, self._calls.call(second, self._request_for(second), first_byte_s=hedge.first_byte_s)

        first = self._begin(step, plan, delivery, race)
        run = (first, self._calls.call(first, self._request_for(first), first_byte_s=step.first_byte_s))
        try:
            await run_race(race, run, start_second, after_s=hedge.after_s)
        finally:
            for live in self._live[place:]:
                self._end(live)
        return race.winner or self._live[-1]

    async def _call_several(self, step: Try, plan: Plan) -> LiveAttempt:
        """A rung that is more than one call, or none: an ensemble, or a filter. Imported where a ladder has one."""
        from taskfit.pipeline.ensemble import Ensemble
        from taskfit.pipeline.filtering import run_filter

        assert self.task is not None and self.profile is not None
        candidate = plan.candidates[step.candidate]
        rung = self.task.ladder[candidate.rung]
        live = self._calls.new(candidate.card, step.candidate)
        live.max_output_tokens = step.max_output_tokens
        self._live.append(live)
        try:
            if rung.filter is not None:
                await run_filter(rung.filter, live, self._aid(live, ()), self.request, self.profile)
            else:
                left_s = self._calls.left_s
                share = step.first_byte_s / left_s if plan.first_byte_s is None and step.first_byte_s < left_s else 1.0
                ensemble = Ensemble(self._calls, rung, candidate, live)
                await ensemble.run(self._sent, first_byte_s=step.first_byte_s, share=share)
        finally:
            self._end(live)
        return live

    def _aid(self, live: LiveAttempt, verdicts: Sequence[Verdict]) -> WalkAid:
        """What a check may use. What the attempt's verdicts have cost so far is not in the trail yet."""

        def money_left() -> Usd | None:
            if self.plan is None or self.plan.max_cost is None:
                return None
            return self.plan.max_cost - spent(self._ended) - sum([verdict.cost or 0 for verdict in verdicts])

        masking = None if self._shaped is None else self._shaped.masking
        return WalkAid(self._calls, self._sent, model=live.card.id, money_left=money_left, masking=masking)

    async def _judge(self, live: LiveAttempt) -> None:
        """Ask the checks; what they say, and have cost, is kept also when they are called off."""
        assert self.task is not None
        own, judged = live.verdicts, Judged(self._whole_answer(live))
        place = self._live.index(live)
        try:
            if not any(verdict.judgement == "reject" for verdict in own):
                aid = self._aid(live, judged.verdicts)
                await check_answer(self._checks, self.request, judged, aid, left_s=self._calls.left_s)
        finally:
            live.verdicts, live.repaired = (*own, *self._kept(judged.verdicts)), judged.repaired
            calibration = self.task.calibration
            signals = signals_of(self.request, judged.answer) if weighs_signals(calibration) else {}
            live.confidence = confidence_of(live.verdicts, signals, calibration)
            self._ended[place] = live.value()

    def _kept(self, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
        """As they may stand in a record: a reason quotes the answer, and what is masked for models is masked there too."""
        masking = None if self._shaped is None else self._shaped.masking
        if masking is None:
            return verdicts
        mask = masking.mask
        return [
            msgspec.structs.replace(verdict, reason=mask(verdict.reason), repair=mask(verdict.repair)) for verdict in verdicts
        ]

    def _whole_answer(self, live: LiveAttempt) -> Answer:
        """What the caller would see: with what went before a cut, and with personal data put back."""
        answer = live.collected.answer()
        if live.before is not None:
            answer = with_text(answer, live.before + answer.text)
        masking = None if self._shaped is None else self._shaped.masking
        return answer if masking is None else restored(answer, masking)

    def _accept(self, step: Accept) -> Sequence[Event]:
        """What of the accepted answer is yet to be given."""
        self._accepted = step.attempt
        self._is_below_bar = step.is_below_bar
        live = self._live[step.attempt]
        if live.is_given:
            return ()
        if live.repaired is None:
            return live.held
        return events_of(with_text(live.collected.answer(), live.repaired), is_stream=self.request.is_stream)

    async def _give(self, events: Sequence[Event], receiver: Receiver) -> None:
        if events and self.request.is_stream:
            self._held_until_ms = self.elapsed_ms()
        for event in events:
            receiver.take(event)
            if receiver.is_full:
                await receiver.drain()

    async def _ask_person(self, step: AskPerson, delivery: Delivery) -> None:
        """Errors: InReview when the caller has to come back; WalkFailed when the person rejects the answer; StoreUnavailable when
        nobody can be asked, and the answer may not go out unseen or there is none."""
        assert self.task is not None
        best = None if step.attempt is None else self._live[step.attempt]
        answer = None if best is None else best.repaired or said(self._whole_answer(best))
        case = new_case(self.task, self.request, self.trail, step, answer, record_id=self.id, at=self._surroundings.clock.time())
        is_given = best is not None and best.is_given
        try:
            await open_in_time(case, self._surroundings.reviews, left_s=self._calls.left_s)
        except StoreUnavailable:
            may_go_unseen = self.task.path != "sensitive" and self.task.review.when != "always"
            if step.attempt is None or not (is_given or may_go_unseen):
                raise
            await self._give(self._accept(Accept(attempt=step.attempt, is_below_bar=True)), delivery.receiver)
            return
        self.review_id = case.id
        if step.attempt is not None and (is_given or self.task.review.mode == "provisional"):
            await self._give(self._accept(Accept(attempt=step.attempt, is_below_bar=True)), delivery.receiver)
            return
        asked_ms = self.elapsed_ms()
        try:
            text = await decide(case, self.task.review, self._surroundings.reviews, left_s=self._calls.left_s)
        finally:
            self._person_ms = self.elapsed_ms() - asked_ms
        if step.attempt is not None and text == answer:
            await self._give(self._accept(Accept(attempt=step.attempt)), delivery.receiver)
            return
        self._is_decided = True
        await self._give(events_of(answer_of(text), is_stream=self.request.is_stream), delivery.receiver)

    def _end(self, live: LiveAttempt) -> None:
        """Keep what the trail shows of it; one that was broken off before it could end is priced all the same."""
        if live.state == "running":
            live.end("cancelled", self.elapsed_ms(), self.profile.input_tokens if self.profile else 0)
        if live.error is not None and live.error.kind == UNCALLED:
            self._uncalled += 1
        self._ended.append(live.value())

    def _finish(self, error: BaseException | None) -> None:
        """Leave the record. Synchronous, so that a cancellation cannot keep it from happening."""
        for live in self._live[len(self._ended) :]:
            self._end(live)
        outcome, status, kind, text = ending_of(error, is_answered=self._accepted is not None or self._is_decided)
        baseline = self._house.cards[self._house.baseline] if self._house.baseline is not None else None
        plan, trail = self.plan, tuple(self._ended)
        accepted = None if self._accepted is None else trail[self._accepted]
        latency_ms, first_event_ms = self.elapsed_ms(), self.first_event_ms
        self.record = record = msgspec.structs.replace(
            self._empty_record(outcome, status),
            task=None if plan is None else plan.task,
            profile=self.profile,
            plan=plan,
            attempts=trail,
            review_id=self.review_id,
            model=PERSON if self._is_decided else None if accepted is None else accepted.model,
            confidence=None if accepted is None else accepted.confidence,
            filtered_by=None if accepted is None or plan is None else filter_of(plan, accepted),
            cost=total_cost(trail),
            baseline=None if baseline is None else baseline.id,
            baseline_cost=None if baseline is None or accepted is None else baseline_cost(baseline, accepted),
            latency_ms=to_micros(latency_ms),
            first_token_ms=None if first_event_ms is None else to_micros(first_event_ms),
            overhead_ms=to_micros(overhead_ms(trail, latency_ms - self._person_ms)),
            error=kind,
            error_text=text,
            audit_of=self._audit_of,
        )
        self._surroundings.outbox.put(record)
        log_summary(record)
        if plan is not None and plan.is_audited and outcome in AUDITED and record.filtered_by is None:
            self._audit(plan)

    def _audit(self, plan: Plan) -> None:
        """Have the first rung's answer compared, where it is one of words."""
        if self.task is not None and self.request.dialect not in WITHOUT_WORDS:
            is_masked = self._shaped is not None and self._shaped.masking is not None
            self._surroundings.promises.audit(
                self.id, self.request, self.task, Walked(plan=plan, live=self._live, is_masked=is_masked)
            )

    def _empty_record(self, outcome: Outcome, status: int) -> Record:
        """What is known without a plan. Apart, because a call with more than 15 keyword arguments passes through a dict."""
        request, shaped = self.request, self._shaped
        return Record(
            id=self.id,
            request_id=request.id,
            at=self.at,
            dialect=request.dialect,
            asked=shown(request.model),
            outcome=outcome,
            status=status,
            is_stream=request.is_stream,
            surface=request.terms.surface,
            session=request.terms.session,
            key_id=request.caller.key_id,
            team=request.caller.team,
            is_below_bar=self._is_below_bar,
            masked=() if shaped is None or shaped.masking is None else shaped.masking.kinds,
            template=None if shaped is None else shaped.template_version,
        )
