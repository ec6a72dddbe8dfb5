"""Walks that really run: whatever models and checks do, each ends in time, within its cap, and leaves one record."""

import asyncio
import time
from collections.abc import AsyncGenerator

from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.errors import RateLimited, TaskfitError, UpstreamFailure, UpstreamTimeout
from taskfit.pipeline.receivers import EventList
from taskfit.protocols import Aid, Call, Check, Question, Sink
from taskfit.values.answer import Answer, Choice, Delta, Event
from taskfit.values.conversation import Text
from taskfit.values.record import Record
from taskfit.values.request import Request
from taskfit.values.task import Deliver, Hedge, Rung
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict
from tests.unit.pipeline.walking import PRICE, Doorman, Plugin, Script, Scripted, Stage

SLICE_S = 0.25
"""What a busy machine may take to come back to a walk whose time is over."""
MICRO = 1

models = st.sampled_from(["quick", "slow", "silent", "failing", "limited", "cutting", "wordy"])
deliveries: st.SearchStrategy[Deliver] = st.sampled_from(["checked", "early", "provisional"])
names = st.sampled_from(["up/m0", "up/m1", "up/m2"])
rungs = st.lists(
    st.one_of(
        st.builds(Rung, models=st.tuples(names), alternates=st.lists(names, max_size=1).map(tuple)),
        st.builds(
            Rung,
            models=st.lists(names, min_size=2, max_size=3, unique=True).map(tuple),
            form=st.sampled_from(["agree", "vote"]),
        ),
        st.builds(
            Rung,
            models=st.lists(names, min_size=2, max_size=3, unique=True).map(tuple),
            form=st.just("vote"),
            first_to=st.just(2),
        ),
        st.builds(Rung, models=st.just(("up/m0", "up/m1")), form=st.just("synthesis"), merger=names),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda rung: rung.id,
)


def behaves(how: str) -> Script:
    """A model that keeps to the limit of its output and to the times that it is given."""

    async def script(call: Call) -> AsyncGenerator[Event, None]:
        if how == "silent":
            await asyncio.Event().wait()
        if how == "slow":
            await asyncio.sleep(0.02)
        if how == "failing":
            raise UpstreamFailure("500")
        if how == "limited":
            raise RateLimited("later", retry_after_s=0.01)
        most = call.request.outline.max_output_tokens or 400
        usage = Usage(input_tokens=10, output_tokens=min(most, 300 if how == "wordy" else 5))
        if call.request.is_stream:
            yield Delta(dialect="openai-chat", text=f"{how} " * 3)
            if how == "cutting":
                raise UpstreamFailure("cut")
            yield Delta(dialect="openai-chat", text="and so on", finish="stop", usage=usage)
        else:
            yield Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=how),), finish="stop"),), usage=usage)

    return script


class Punctual(Scripted):
    """A provider that keeps the promise of its protocol on time."""

    async def stream(self, call: Call, sink: Sink) -> None:
        try:
            async with asyncio.timeout(min(call.total_s, call.first_byte_s)):
                await super().stream(call, sink)
        except TimeoutError as error:
            raise UpstreamTimeout("silent") from error


class Moody(Plugin):
    """A check that judges by the length of the answer, asks a model now and then, and sometimes never ends."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        mood = len(answer.text) % 4
        if mood == 0:
            await asyncio.Event().wait()
        if mood == 1:
            await aid.ask("up/m0", Question(text="Is it right?"))
        return Verdict(check=self.name, judgement="accept" if mood < 3 else "reject", score=mood / 4)


async def run(stage: Stage, *, stream: bool) -> tuple[float, Record]:
    began = time.monotonic()
    try:
        with stage.walk(stream=stream) as walk:
            await walk.run(EventList())
    except TaskfitError:
        pass
    took_s = time.monotonic() - began
    assert walk.record is not None
    return took_s, walk.record


@settings(max_examples=60, deadline=None)
@given(
    how=st.tuples(models, models, models), ladder=rungs, deliver=deliveries, stream=st.booleans(), is_checked=st.booleans(),
    max_cost=st.none() | st.integers(500, 3_000), hedge=st.none() | st.just(Hedge(after_s=0.005)), continues=st.booleans(),
)  # fmt: skip
def test_every_walk_ends_in_time_and_within_its_cap(
    how: tuple[str, ...],
    ladder: list[Rung],
    deliver: Deliver,
    stream: bool,
    is_checked: bool,
    max_cost: int | None,
    hedge: Hedge | None,
    continues: bool,
) -> None:
    scripts = {f"m{number}": behaves(each) for number, each in enumerate(how)}
    checks: list[Check] = [Doorman("door", lambda _: Verdict(check="door", judgement="accept", score=1.0)), Moody("moody")]
    stage = Stage(
        scripts, rungs=ladder, checks=checks if is_checked else (), deliver=deliver, early_chars=5, max_cost=max_cost,
        deadline_s=0.08, hedge=hedge, continues_cut=continues, retries=1, max_wait_s=0.05,
    )  # fmt: skip
    stage.clock.monotonic = time.monotonic  # type: ignore[method-assign]  # these walks live in real time
    stage.provider = Punctual("up", scripts)
    stage.house.providers["up"] = stage.provider  # type: ignore[index]
    took_s, record = asyncio.run(run(stage, stream=stream))
    assert took_s <= 0.08 + SLICE_S
    assert [stage.store.unpack(packed) for _, packed in stage.outbox._queue] == [record]
    if max_cost is not None:
        assert record.cost is not None
        estimated = sum(attempt.usage is not None and attempt.usage.is_estimate for attempt in record.attempts)
        assert record.cost <= max_cost + MICRO * len(stage.provider.calls) + estimated * PRICE.input // 10**6 * 50
