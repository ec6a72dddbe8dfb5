"""Audits and fitted bars: what is compared, and when a bar lapses."""

import asyncio
from typing import Any

import msgspec
import pytest

from taskfit.errors import UpstreamFailure
from taskfit.pipeline.audits import Audits
from taskfit.pipeline.drift import confidence_mark
from taskfit.pipeline.promises import NOT_FITTED, Promises
from taskfit.pipeline.receivers import EventList
from taskfit.protocols import Scene
from taskfit.values.answer import Answer
from taskfit.values.bar import Bar
from taskfit.values.plan import Ranked, Ranking
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.request import Request, Terms
from taskfit.values.review import Label
from taskfit.values.task import CheckUse, ErrorBudget, Filter, Rung, Task
from taskfit.values.verdict import Verdict
from tests.unit.pipeline.walking import Judge, Script, Stage, raises, says

MARK = confidence_mark(Task(name="default", ladder=(), checks=(CheckUse(name="scores"),)))
FITTED = Bar(
    task="default", promise="error", max_error=0.1, sure=0.95, value=0.5, bound=0.08, rows=400, accepted=300, errors=9.0, at=0.0,
    models={"up/a": "", "up/b": ""}, calibration=MARK,
)  # fmt: skip


def scores(**by_text: float) -> Judge:
    """A check whose score of an answer is the one that is given for its text."""

    def judge(answer: Answer) -> Verdict:
        score = by_text.get(answer.text, 0.0)
        return Verdict(check="scores", judgement="accept" if score else "reject", score=score)

    return Judge("scores", judge)


class Audited:
    """A stage whose every request is audited, and what the audits found."""

    def __init__(self, scripts: dict[str, Script], *, bar: Bar | None = None, has_budget: bool = True, **more: Any) -> None:
        budget = ErrorBudget(max_error=0.1, sure=0.95, bar=bar) if has_budget else None
        checks = [scores(**{"42": 0.9, "43": 0.9, "maybe": 0.2})]
        self.stage = Stage(scripts, checks=checks, audit_share=1.0, error_budget=budget, **more)
        self.labels: list[Label] = []
        self.stage.promises = self.promises = Promises(Audits(self.stage.walk_of, self._keep, self.stage.clock.time))
        self.promises.take(self.stage.house.tasks, ())

    async def _keep(self, label: Label) -> None:
        self.labels.append(label)

    def run(self) -> tuple[Record, ...]:
        """One request and its audit; their records."""

        async def run() -> None:
            with self.stage.walk() as walk:
                await walk.run(EventList())
            await self.promises.audits.settle()

        asyncio.run(run())
        records = tuple([self.stage.store.unpack(packed) for _, packed in self.stage.outbox._queue])
        self.stage.outbox._queue.clear()
        return records


def test_an_accepted_answer_is_compared_with_the_last_rung_s_in_a_walk_of_its_own() -> None:
    audited = Audited({"a": says("42"), "b": says("43")}, bar=FITTED)
    asked, audit = audited.run()
    assert (asked.model, asked.plan and asked.plan.is_audited) == ("up/a", True)
    assert (audit.model, audit.audit_of, len(audit.attempts)) == ("up/b", asked.id, 1)
    assert audit.cost == 20
    (label,) = audited.labels
    assert (label.record_id, label.source, label.model, label.task) == (asked.id, "audit", "up/a", "default")
    assert (label.score, label.confidence) == (0.0, 0.9)


def test_an_escalated_request_is_no_dearer_for_its_audit() -> None:
    audited = Audited({"a": says("maybe"), "b": says("43")}, bar=FITTED)
    (record,) = audited.run()
    assert (record.model, len(record.attempts)) == ("up/b", 2)
    assert [(label.score, label.confidence) for label in audited.labels] == [(0.0, 0.2)]


def test_without_a_bar_the_last_rung_answers_and_the_first_one_is_asked_beside() -> None:
    audited = Audited({"a": says("43"), "b": says("43")})
    asked, audit = audited.run()
    assert asked.plan is not None
    assert asked.plan.lapsed == NOT_FITTED
    assert [(each.card.id, each.is_reserve) for each in asked.plan.candidates] == [("up/b", False), ("up/a", True)]
    assert (asked.model, audit.model, audit.confidence) == ("up/b", "up/a", 0.9)
    assert [(label.model, label.score, label.confidence) for label in audited.labels] == [("up/a", 1.0, 0.9)]


def test_a_reserve_answers_where_the_last_rung_fails() -> None:
    audited = Audited({"a": says("43"), "b": raises(UpstreamFailure("it broke"))})
    asked, *_ = audited.run()
    assert (asked.model, [attempt.state for attempt in asked.attempts]) == ("up/a", ["failed", "answered"])


def test_an_audit_that_fails_leaves_no_label_and_its_record() -> None:
    audited = Audited({"a": says("42"), "b": raises(UpstreamFailure("it broke"))}, bar=FITTED)
    _, audit = audited.run()
    assert (audit.outcome, audited.labels) == ("failed", [])


def test_where_no_bar_keeps_the_promise_the_last_rung_answers() -> None:
    audited = Audited({"a": says("42"), "b": says("43")}, bar=msgspec.structs.replace(FITTED, value=None))
    asked, _ = audited.run()
    assert asked.plan is not None
    assert (asked.model, asked.plan.lapsed) == ("up/b", "no bar was found that keeps the promise")


def wrong(number: int, **more: object) -> Label:
    """An audit that found an accepted answer wrong."""
    said = {"score": 0.0, "confidence": 0.9, "model": "up/a", "task": "default", **more}
    return Label(id=f"lab-{number}", record_id="rec-1", at=float(number), source="audit", **said)  # type: ignore[arg-type]


def test_audits_that_speak_against_a_bar_end_it() -> None:
    audited = Audited({"a": says("42"), "b": says("43")}, bar=FITTED)
    task, request = audited.stage.house.tasks["default"], audited.stage.walk().request
    for number in range(1, 40):
        audited.promises.told(wrong(number))
        if audited.promises.lapsed(task, request):
            break
    assert 2 < number < 20
    assert audited.promises.lapsed(task, request) == (
        f"audits found {number} wrong of {number} accepted answers; at most 0.1 was promised"
    )
    audited.promises.take(audited.stage.house.tasks, [wrong(each) for each in range(1, number + 1)])
    assert audited.promises.lapsed(task, request), "another reading of the configuration and the store changes nothing"


@pytest.mark.parametrize(
    "more",
    [{"confidence": 0.4}, {"confidence": None}, {"task": "other"}, {"at": -1.0}, {"score": None}, {"model": "up/b"}],
)
def test_audits_of_what_was_not_accepted_under_this_bar_say_nothing_of_it(more: dict[str, object]) -> None:
    audited = Audited({"a": says("42"), "b": says("43")}, bar=FITTED)
    audited.promises.take(audited.stage.house.tasks, [msgspec.structs.replace(wrong(at), **more) for at in range(1, 40)])
    assert audited.promises.lapsed(audited.stage.house.tasks["default"], audited.stage.walk().request) == ""


def test_audits_of_instructions_to_which_the_bar_never_applied_do_not_count() -> None:
    bar = msgspec.structs.replace(FITTED, prompts=("0011223344556677", "template:"))
    audited = Audited({"a": says("42"), "b": says("43")}, bar=bar)
    tasks = audited.stage.house.tasks
    for prompt in ("", "7766554433221100", "template:"):
        audited.promises.take(tasks, [wrong(at, prompt=prompt) for at in range(1, 40)])
        audited.promises.told(wrong(40, prompt=prompt, answered_as="a-2026-02"))
        assert audited.promises._lapsed == {}, f"an audit of {prompt or 'no instructions'}"
    audited.promises.take(tasks, [wrong(at, prompt="0011223344556677") for at in range(1, 40)])
    assert audited.promises._lapsed["default"].startswith("audits found ")


def test_another_version_of_the_model_ends_a_bar() -> None:
    bar = msgspec.structs.replace(FITTED, models={"up/a": "a-2026-01", "up/b": ""})
    audited = Audited({"a": says("42"), "b": says("42")}, bar=bar)
    task, request = audited.stage.house.tasks["default"], audited.stage.walk().request
    audited.promises.told(wrong(1, score=1.0, answered_as="a-2026-01"))
    assert audited.promises.lapsed(task, request) == ""
    audited.promises.told(wrong(2, score=1.0, answered_as="a-2026-02"))
    expected = "up/a answered as a-2026-01 when the bar was fitted, and now as a-2026-02"
    assert audited.promises.lapsed(task, request) == expected


def test_other_instructions_are_not_what_a_bar_was_fitted_for() -> None:
    audited = Audited({"a": says("42"), "b": says("43")}, bar=msgspec.structs.replace(FITTED, prompts=("0011223344556677",)))
    record, *_ = audited.run()
    assert record.plan is not None
    assert record.plan.lapsed == "the bar was fitted for other instructions than these (none)"


def test_a_task_of_one_rung_has_nothing_to_audit() -> None:
    audited = Audited({"a": says("42")}, has_budget=False)
    assert len(audited.run()) == 1
    assert audited.labels == []


def test_the_strong_answer_goes_out_though_it_is_less_sure_than_the_weak_one_that_missed_the_bar() -> None:
    bar = msgspec.structs.replace(FITTED, value=0.95)
    audited = Audited({"a": says("42"), "b": says("maybe")}, bar=bar)
    (record,) = audited.run()
    assert (record.model, record.confidence, record.is_below_bar) == ("up/b", 0.2, False)


def test_under_a_fitted_bar_the_router_has_no_say() -> None:
    class Chooser(Judge):
        def rank(self, request: Request, profile: Profile, task: Task, scene: Scene) -> Ranking:
            return Ranking(rungs=(Ranked(model="up/a"), Ranked(model="up/b", is_reserve=True)))

    router = Chooser("chooser", lambda _: Verdict(check="", judgement="accept", score=1.0))
    audited = Audited({"a": says("maybe"), "b": says("43")}, bar=FITTED, router=router)
    (record,) = audited.run()
    assert record.model == "up/b", "mini missed the bar, so the last rung is asked"


def test_what_a_filter_kept_from_the_models_is_not_audited() -> None:
    kept = Rung(models=(), form="filter", filter=Filter(rule="request.prompt == ''", answer="No."))
    rungs = (kept, Rung(models=("up/a",)), Rung(models=("up/b",)))
    audited = Audited({"a": says("42"), "b": says("43")}, has_budget=False, rungs=rungs)
    (record,) = audited.run()
    assert (record.filtered_by, audited.stage.provider.calls, audited.labels) == ("taskfit/rule", [], [])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"checks": ()}, "the bar was fitted with other checks, other settings of them, or another calibration"),
        ({"ladder": (Rung(models=("up/b",)), Rung(models=("up/a",)))}, "the ladder up/a, up/b, which is now up/b, up/a"),
    ],
)
def test_another_order_or_other_checks_end_a_bar(more: dict[str, Any], why: str) -> None:
    audited = Audited({"a": says("42"), "b": says("43")}, bar=FITTED)
    task = msgspec.structs.replace(audited.stage.house.tasks["default"], **more)
    audited.promises.take({"default": task}, ())
    assert why in audited.promises.lapsed(task, audited.stage.walk().request)


def test_an_audit_is_not_bound_by_the_caller_s_own_limits() -> None:
    audited = Audited({"a": says("42"), "b": says("42")}, bar=FITTED)

    async def run() -> None:
        with audited.stage.walk(terms=Terms(max_cost=600, deadline_s=5.0)) as walk:
            await walk.run(EventList())
        await audited.promises.audits.settle()

    asyncio.run(run())
    assert [label.score for label in audited.labels] == [1.0]
