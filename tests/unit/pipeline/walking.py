"""Walks without a socket: a house of plug-ins that do as a test says, with a store in a list."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar

import msgspec

from taskfit.pipeline.audits import Audits
from taskfit.pipeline.conditions import Conditions
from taskfit.pipeline.counting import Counting
from taskfit.pipeline.house import House
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.promises import Promises
from taskfit.pipeline.receivers import EventList
from taskfit.pipeline.reviews import Reviews, straight
from taskfit.pipeline.stream import Walk
from taskfit.profilers.rules import RuleProfiler, RuleSettings
from taskfit.protocols import Aid, Call, Check, Question, Router, Sink
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing import Clock
from taskfit.values.answer import Answer, Choice, Delta, Event
from taskfit.values.card import ModelCard, Price
from taskfit.values.conversation import Text
from taskfit.values.record import Record
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.values.task import CheckUse, Rung, Task
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict
from taskfit.wire.openai_chat import read_request

Script = Callable[[Call], AsyncGenerator[Event, None]]
USAGE = Usage(input_tokens=10, output_tokens=5)
PRICE = Price(input=1_000_000, output=2_000_000)


class Plugin:
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def __init__(self, name: str) -> None:
        self.name = name

    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Scripted(Plugin):
    """A provider that does for each model as its script says."""

    dialect: Dialect = "openai-chat"

    def __init__(self, name: str, scripts: Mapping[str, Script]) -> None:
        super().__init__(name)
        self.calls: list[Call] = []
        self._scripts = scripts

    async def stream(self, call: Call, sink: Sink) -> None:
        self.calls.append(call)
        async with aclosing(self._scripts[call.model](call)) as events:
            async for event in events:
                sink.put(event)
                if sink.is_full:
                    await sink.drain()

    def card_facts(self) -> Mapping[str, bool | None]:
        return {}

    def price_source(self) -> str | None:
        return None


class Judge(Plugin):
    """A check that says what its function says."""

    def __init__(self, name: str, judge: Callable[[Answer], Verdict]) -> None:
        super().__init__(name)
        self._judge = judge

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        return self._judge(answer)


class Asker(Plugin):
    """A check that asks a model, and accepts what it calls right."""

    def __init__(self, name: str, model: str) -> None:
        super().__init__(name)
        self._model = model

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        said = (await aid.ask(self._model, Question(text=f"Is this right? {answer.text}"))).text
        is_right = said == "right"
        return Verdict(check=self.name, judgement="accept" if is_right else "reject", score=float(is_right), reason=said)


class Mender(Plugin):
    """A check that mends every answer."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        aid.repair(answer.text.upper(), what="raised its voice")
        return Verdict(check=self.name, judgement="accept", score=0.9)


class Doorman(Judge):
    """A check that judges beginnings, too."""

    def glance(self, request: Request, answer: Answer) -> Verdict | None:
        return self._judge(answer)


class Sleeper(Plugin):
    """A check that never ends."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        await asyncio.Event().wait()
        raise AssertionError


def says(text: str, *, usage: Usage | None = USAGE) -> Script:
    """Answers with this text, plain or as two deltas."""

    async def script(call: Call) -> AsyncGenerator[Event, None]:
        if not call.request.is_stream:
            yield Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), finish="stop"),), usage=usage)
            return
        yield Delta(dialect="openai-chat", text=text)
        yield Delta(dialect="openai-chat", finish="stop", usage=usage)

    return script


def raises(error: Exception, *, after: str | None = None) -> Script:
    """Fails, before anything or after a first piece."""

    async def script(call: Call) -> AsyncGenerator[Event, None]:
        if after is not None:
            yield Delta(dialect="openai-chat", text=after)
        raise error

    return script


def waits(event: Callable[[], asyncio.Event], then: Script) -> Script:
    """Begins to answer once the event is set."""

    async def script(call: Call) -> AsyncGenerator[Event, None]:
        await event().wait()
        async for each in then(call):
            yield each

    return script


class Stage:
    """A gateway's walk over the models in `scripts`, cheapest first or as `rungs` say, and what came of it."""

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        checks: Sequence[Check] = (),
        router: Router | None = None,
        rungs: Sequence[Rung] = (),
        **more: Any,
    ) -> None:
        self.provider = Scripted("up", scripts)
        self.clock = Clock()
        self.store = SqliteStore("sqlite", SqliteSettings(url="sqlite::memory:"))
        self.outbox = Outbox(self.store)
        self.conditions = Conditions(self.clock.monotonic)
        self.counting = Counting()
        self.reviews = Reviews(self.store, straight, self.clock)
        self.promises = Promises(Audits(self.walk_of, self.reviews.add_label, self.clock.time))
        models = tuple(f"up/{name}" for name in scripts)
        ladder = tuple(rungs) or tuple(Rung(models=(model,)) for model in models)
        uses = tuple(CheckUse(name=check.name) for check in checks)
        task = Task(name="default", ladder=ladder, checks=uses, **{"deadline_s": 10.0, "retries": 0, **more})
        self.house = House(
            tasks={"default": task},
            pinned={
                name: msgspec.structs.replace(task, ladder=(Rung(models=(model,)),), checks=())
                for model in models
                for name in ((model, "first") if model == models[0] else (model,))
            },
            aliases={"first": models[0]},
            cards={model: ModelCard(id=model, provider="up", name=model[3:], price=PRICE) for model in models},
            providers={"up": self.provider},
            checks={"default": tuple(checks)},
            profiler=RuleProfiler("rules", RuleSettings()),
            router=router,
            baseline=models[-1],
        )

    def walk(self, *, stream: bool = False, model: str = "auto", terms: Terms = Terms(), **more: Any) -> Walk:  # noqa: B008  # frozen
        body = {"model": model, "messages": [{"role": "user", "content": "What is 6 x 7?"}], "stream": stream, **more}
        caller = Caller(key_id="key-1")
        request = read_request(msgspec.json.encode(body), request_id="req-1", terms=terms, caller=caller, headers={})
        return self.walk_of(request)

    def walk_of(self, request: Request, contract: Task | None = None, audit_of: str | None = None) -> Walk:
        return Walk(self, request, self.clock.monotonic(), contract=contract, audit_of=audit_of)

    def run(self, **more: Any) -> tuple[list[Event], Record]:
        """The events of a walk and its record. Errors: those of the walk; its record is `last` then."""
        received = EventList()

        async def run() -> None:
            with self.walk(**more) as walk:
                await walk.run(received)

        asyncio.run(run())
        return received.events, self.last

    @property
    def last(self) -> Record:
        """The one record that there is; its place in the outbox is taken and no other."""
        assert self.outbox.depth == 1
        assert self.outbox._reserved == 0
        return self.store.unpack(self.outbox._queue[0][1])
