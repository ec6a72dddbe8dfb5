"""The gateway: requests in, walks out. The server, the command line and Python callers all stand in front of this one."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from decimal import Decimal
from random import getrandbits
from typing import Any

import msgspec

from taskfit.catalogue.tokens import Count
from taskfit.errors import ConfigurationError, InvalidRequest, RequestError, TaskfitError
from taskfit.pipeline.audits import Audits
from taskfit.pipeline.clock import Clock, SystemClock
from taskfit.pipeline.collect import collect
from taskfit.pipeline.conditions import Conditions
from taskfit.pipeline.counting import Counting
from taskfit.pipeline.house import House
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.promises import Promises
from taskfit.pipeline.receivers import EventList, EventQueue
from taskfit.pipeline.record import new_record_id, shown, to_micros
from taskfit.pipeline.reviews import Reviews
from taskfit.pipeline.stream import SHAPED_ASIDE_BYTES, Walk, reserve
from taskfit.pipeline.summary import log_summary
from taskfit.protocols import RecordQuery, Store
from taskfit.values.answer import Answer, Delta
from taskfit.values.money import usd_from_decimal
from taskfit.values.plan import Plan
from taskfit.values.policy import Considered
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.values.task import Task
from taskfit.wire.failures import kind_of, status_of
from taskfit.wire.openai_chat import read_request
from taskfit.wire.texts import mapped_bytes

Messages = str | Sequence[Mapping[str, Any]]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer with the record of its walk."""

    answer: Answer
    record: Record

    @property
    def text(self) -> str:
        """The answer's text."""
        return self.answer.text


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done with a request, and what it looks like. `considered` are the policies that the router weighed."""

    profile: Profile
    plan: Plan
    considered: tuple[Considered, ...] = ()


class Gateway:
    """Answers requests by the configuration it holds; `house` may be swapped while walks go on."""

    def __init__(self, house: House, *, store: Store, outbox: Outbox, clock: Clock | None = None) -> None:
        self.house = house
        self.store = store
        self.outbox = outbox
        self.clock: Clock = clock or SystemClock()
        self.is_draining = False
        self.conditions = Conditions(self.clock.monotonic)
        self.reviews = Reviews(store, outbox.call, self.clock)
        self.promises = Promises(Audits(self._audit, self.reviews.add_label, self.clock.time))
        self.counting = Counting()

    def walk(self, request: Request, *, began: float | None = None) -> Walk:
        """The walk of a request that has been read already. `began` is the monotonic time at which it came in."""
        return Walk(self, request, self.clock.monotonic() if began is None else began)

    def _audit(self, request: Request, contract: Task, audit_of: str) -> Walk:
        """Errors: ConfigurationError where a reload has taken the task or a model of it away."""
        house = self.house
        if contract.name not in house.tasks or any(model not in house.cards for model in contract.models):
            raise ConfigurationError(f"the configuration has changed since, and {contract.name} is another task")
        return Walk(self, request, self.clock.monotonic(), contract=contract, audit_of=audit_of)

    async def answer(self, messages: Messages, *, model: str = "auto", **more: Any) -> Answered:
        """One whole answer. `messages` is a prompt, or messages in OpenAI's shape.

        `more`: `task`, `surface`, `session`, `plan`, `headers` (a mapping; those that tasks are recognised by), `deadline_s`
        (seconds), `max_cost_usd` (dollars); anything else goes into the body.
        Errors: RequestError, WalkFailed, Overloaded.
        """
        received = EventList()
        with self.walk(self._request(messages, model, more, is_stream=False)) as walk:
            await walk.run(received)
            answer = collect(received.events)
        assert walk.record is not None
        return Answered(answer=answer, record=walk.record)

    async def stream(self, messages: Messages, *, model: str = "auto", **more: Any) -> AsyncGenerator[Delta, None]:
        """One answer as Deltas. Arguments and errors as for `answer`; close the generator if you leave it early."""
        queue = EventQueue()
        with self.walk(self._request(messages, model, more, is_stream=True)) as walk:
            running = asyncio.create_task(walk.run(queue))   # not in a task group, which must not be left open at a yield
            running.add_done_callback(lambda _: queue.close())
            try:
                while events := await queue.next_events():
                    for event in events:
                        if isinstance(event, Delta):
                            yield event
                await running
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)   # whoever leaves early does not ask how it ended

    def explain(self, messages: Messages, *, model: str = "auto", **more: Any) -> Explained:
        """What would be tried and why, without calling a model. Leaves no record."""
        return self.explain_request(self._request(messages, model, more, is_stream=False))

    def explain_request(self, request: Request) -> Explained:
        """The same for a request that has been read already."""
        walk = self.walk(request)
        plan = walk.explain()
        assert walk.profile is not None
        return Explained(profile=walk.profile, plan=plan, considered=walk.considered())

    async def explain_aside(self, request: Request) -> Explained:
        """The same, in a thread where the request is long: templates and masks go over all of it."""
        if mapped_bytes(request) <= SHAPED_ASIDE_BYTES:
            return self.explain_request(request)
        return await asyncio.to_thread(self.explain_request, request)

    async def count_aside(self, request: Request) -> Count:
        """As `count_tokens`, in a thread where the request is long."""
        if mapped_bytes(request) <= SHAPED_ASIDE_BYTES:
            return self.count_tokens(request)
        return await asyncio.to_thread(self.count_tokens, request)

    def count_tokens(self, request: Request) -> Count:
        """Tokens of a request's input for the model that would be tried first; an estimate. Errors: ModelNotFound, TooLarge."""
        candidates = self.walk(request).prepare().candidates
        return self.counting.count(request, candidates[0].card.id if candidates else request.model)

    def record_refusal(
        self, error: TaskfitError, *, request_id: str, dialect: Dialect, caller: Caller, terms: Terms, asked: str, began: float
    ) -> str:
        """Leave the record of a request that never became a walk; its id. Errors: Overloaded."""
        reserve(self.outbox)
        at = self.clock.time()
        record = Record(
            id=new_record_id(at),
            request_id=request_id,
            at=at,
            dialect=dialect,
            asked=shown(asked),
            outcome="refused" if isinstance(error, RequestError) else "failed",
            status=status_of(error),
            surface=terms.surface,
            session=terms.session,
            key_id=caller.key_id,
            team=caller.team,
            cost=0,
            latency_ms=to_micros((self.clock.monotonic() - began) * 1e3),
            error=kind_of(error),
            error_text=str(error)[:1000],
        )
        self.outbox.put(record)
        log_summary(record)
        return record.id

    async def find_records(self, query: RecordQuery) -> tuple[Record, ...]:
        """Records that match, newest first. Errors: StoreUnavailable."""
        return await self.outbox.call(lambda: self.store.find(query))

    async def get_record(self, record_id: str) -> Record | None:
        """One record. Errors: StoreUnavailable."""
        return await self.outbox.call(lambda: self.store.get(record_id))

    def _request(self, messages: Messages, model: str, more: dict[str, Any], *, is_stream: bool) -> Request:
        terms = Terms(
            task=more.pop("task", None),
            surface=more.pop("surface", ""),
            session=more.pop("session", None),
            deadline_s=more.pop("deadline_s", None),
            max_cost=_micro(more.pop("max_cost_usd", None)),
            plan=more.pop("plan", ""),
            headers=self._matched(more.pop("headers", {})),
        )
        turns = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        body: dict[str, Any] = {"model": model, "messages": turns, **more}
        if is_stream:
            body["stream"] = True
        try:
            encoded = msgspec.json.encode(body)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequest(f"the request cannot be written as JSON: {error}") from error
        request_id = f"req-{getrandbits(96):024x}"
        return read_request(encoded, request_id=request_id, terms=terms, caller=Caller(role="admin"), headers={})

    def _matched(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Those of a caller's headers that tasks are recognised by."""
        return {name.lower(): value for name, value in headers.items() if name.lower() in self.house.matched_headers}


def _micro(dollars: float | None) -> int | None:
    return None if dollars is None else usd_from_decimal(Decimal(str(dollars)))
