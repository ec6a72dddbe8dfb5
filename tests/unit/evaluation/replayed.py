"""Records of made-up requests, and gateways of made-up configurations to replay them under."""

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from taskfit.artefacts.router import FORM, write_router
from taskfit.evaluation.replay import Replayed, replay
from taskfit.evaluation.rewalk import Then, without_chance
from taskfit.features.definition import DEFINITION
from taskfit.outcomes.judging import Evidence
from taskfit.pipeline.drift import confidence_mark
from taskfit.pipeline.gateway import Gateway
from taskfit.pipeline.house import House
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.plan import make_plan
from taskfit.profilers.rules import RuleProfiler, RuleSettings
from taskfit.protocols import Router, Scene
from taskfit.routers.fitted import FittedRouter, FittedSettings
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.values.attempt import Attempt
from taskfit.values.bar import Bar
from taskfit.values.card import ModelCard, Price
from taskfit.values.fitted import FittedRouter as Fitted
from taskfit.values.fitted import Manifest
from taskfit.values.plan import Plan
from taskfit.values.policy import Cell, Estimate, Point, Policy, PolicyTable
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.request import Outline, Request
from taskfit.values.review import Label
from taskfit.values.task import CheckUse, ErrorBudget, Rung, Task
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

CARDS: Final = {
    f"p/{name}": ModelCard(id=f"p/{name}", provider="p", name=name, price=Price(input=dear * 10**6, output=dear * 10**6))
    for name, dear in (("small", 1), ("large", 10), ("huge", 100))
}
SMALL, LARGE, HUGE = (Rung(models=(model,)) for model in CARDS)
REFUSAL: Final = CheckUse(name="refusal")
CASCADE: Final = Task(name="default", ladder=(SMALL, LARGE), checks=(REFUSAL,))
COST: Final = {"p/small": 100, "p/large": 1000, "p/huge": 9000}
TOOK_MS: Final = {"p/small": 100.0, "p/large": 700.0, "p/huge": 2000.0}
PROFILE: Final = Profile(input_tokens=10, kind="code")


def under(*tasks: Task, router: Router | None = None) -> tuple[Gateway, Then]:
    """A gateway of these tasks that serves nobody. The default one is there whether it is named or not."""
    named = {"default": CASCADE} | {task.name: task for task in tasks}
    pinned = {model: Task(name="default", ladder=(Rung(models=(model,)),)) for model in CARDS}
    house = House(
        tasks=named, pinned=pinned, aliases={}, cards=CARDS, providers={}, checks={},
        profiler=RuleProfiler("rules", RuleSettings()), router=router,
    )  # fmt: skip
    clock, store = Then(), SqliteStore("sqlite", SqliteSettings(url="sqlite::memory:"))
    return Gateway(without_chance(house), store=store, outbox=Outbox(store), clock=clock), clock


def answered(model: str, score: float | None = 1.0, *, place: int = 0, start_ms: float = 0.0, **more: Any) -> Attempt:
    """An answer that the check refusal gave this score; None: it was not run."""
    said = () if score is None else (Verdict(check="refusal", judgement="accept" if score >= 0.5 else "reject", score=score),)
    facts: dict[str, Any] = {
        "state": "answered", "cost": COST[model], "duration_ms": TOOK_MS[model], "verdicts": said, "confidence": score,
        "usage": Usage(input_tokens=10, output_tokens=10), **more,
    }  # fmt: skip
    return Attempt(model=model, provider="p", started_ms=start_ms, candidate=place, **facts)


def plan_of(task: Task = CASCADE, *, lot: float = 0.5, router: Router | None = None, name: str = "rec-1") -> Plan:
    asked = Request(
        id=name, dialect="openai-chat", model="auto", is_stream=False, fields={},
        outline=Outline(text_chars=9, message_count=1, prompt="what?"),
    )  # fmt: skip
    ranking = None if router is None else router.rank(asked, PROFILE, task, Scene(cards=CARDS, lot=lot))
    return make_plan(
        asked, PROFILE, task, cards=CARDS, ranking=ranking, chosen_by="no task's match holds", conditions={}, lot=lot
    )  # fmt: skip


def record(*attempts: Attempt, plan: Plan | None = None, **facts: Any) -> Record:
    plan = plan or plan_of()
    kept: dict[str, Any] = {
        "id": "rec-1", "request_id": "req", "at": 1.8e9, "dialect": "openai-chat", "asked": "auto", "outcome": "answered",
        "status": 200, "task": plan.task, "profile": PROFILE, "plan": plan, "attempts": attempts,
        "model": attempts[-1].model if attempts else None, "cost": sum(attempt.cost or 0 for attempt in attempts),
        "latency_ms": sum(attempt.duration_ms or 0.0 for attempt in attempts) + 2.0, "overhead_ms": 2.0, **facts,
    }  # fmt: skip
    return Record(**kept)


def escalated(**facts: Any) -> Record:
    """The small model was rejected, and the large one answered."""
    return record(answered("p/small", 0.0), answered("p/large", place=1, start_ms=100.0), **facts)


def label(score: float, *, of: str = "rec-1", **facts: Any) -> Label:
    kept: dict[str, Any] = {"source": "feedback", **facts}
    return Label(id=f"lab-{of}", record_id=of, at=1.8e9, score=score, **kept)


def again(evidence: Evidence | Record, *tasks: Task, **more: Any) -> Replayed:
    """One record under other tasks."""
    gateway, clock = under(*tasks, **more)
    given = evidence if isinstance(evidence, Evidence) else Evidence(record=evidence)
    return replay(given, gateway, clock, key_names={"key-1": "shop"})


def fitted(folder: Path, *, small: float, large: float) -> FittedRouter:
    """A router that expects these qualities."""
    estimates = tuple(
        Estimate(quality=quality, low=quality, high=quality, cost_usd=cost, rows=100)
        for quality, cost in ((small, 0.001), (large, 0.01))
    )
    points = [Point(trade=0.0, quality=max(small, large), cost_usd=0.01), Point(trade=100.0, quality=small, cost_usd=0.001)]
    table = PolicyTable(
        policies=tuple(Policy(rungs=(model,)) for model in ("p/small", "p/large")),
        cells={"all": Cell(parent=None, rows=100, estimates=estimates)},
        frontiers={"all": tuple(points)},
        best_single="p/large",
    )
    manifest = Manifest(
        form=FORM, made_by="0.1.0", at=0.0, data=f"{small}-{large}".ljust(64, "d"), features=DEFINITION, rows=200, prompts=100,
        models=("p/small", "p/large"), tasks=(), files={},
    )  # fmt: skip
    write_router(Fitted(manifest=manifest, table=table), folder)
    return FittedRouter("fitted", FittedSettings(folder=str(folder)))


def promised(task: Task, *, bar: float) -> Task:
    """The task with a fitted bar that holds."""
    kept = Bar(
        task=task.name, promise="error", max_error=0.1, sure=0.9, value=bar, bound=0.09, rows=100, accepted=50, errors=0.0,
        at=1.0, models=dict.fromkeys([rung.id for rung in task.ladder], ""), calibration=confidence_mark(task),
    )  # fmt: skip
    return msgspec.structs.replace(task, error_budget=ErrorBudget(max_error=0.1, sure=0.9, bar=kept))


def log_of(task: Task, router: Router, rows: int, *, seed: int = 0) -> list[Evidence]:
    """Requests as a router sent them to one rung each, all judged: the small model is right in 60 %, the large one in 90 %."""
    random, found = np.random.default_rng(seed), []
    for row in range(rows):
        name = f"rec-{row:05}"
        plan = plan_of(task, lot=float(random.random()), router=router, name=name)
        model = plan.candidates[0].card.id
        is_right = random.random() < (0.6 if model == "p/small" else 0.9)
        made = record(answered(model, None), plan=plan, id=name)
        found.append(Evidence(record=made, labels=(label(float(is_right), of=name),)))
    return found


def with_id(made: Record, name: str, **more: Any) -> Record:
    return msgspec.structs.replace(made, id=name, **more)
