"""Plans, tasks and requests as hypothesis draws them."""

import msgspec
from hypothesis import strategies as st

from taskfit.pipeline.affordable import cost_of_calls
from taskfit.pipeline.plan import make_plan
from taskfit.values.attempt import Attempt, State
from taskfit.values.card import ModelCard, Price
from taskfit.values.condition import Condition
from taskfit.values.plan import Candidate, Plan, Ranked, Ranking
from taskfit.values.profile import Profile
from taskfit.values.request import Outline, Request, Terms
from taskfit.values.review import ReviewRule
from taskfit.values.step import Try
from taskfit.values.task import Filter, Hedge, Rung, Task
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict

MODELS = tuple(f"up/{letter}" for letter in "abcdef")
ERRORS = (
    "upstream_unreachable", "upstream_timeout", "upstream_rate_limited", "upstream_failure", "upstream_refused",
    "context_exceeded",
    "invalid_request", "unsupported", "invalid_answer", "cut_answer",
)  # fmt: skip

ENDS: tuple[State, ...] = ("answered", "failed", "cut", "stopped")

usd = st.integers(0, 5_000)
seconds = st.floats(0.001, 100)
prices = st.none() | st.builds(Price, input=st.integers(0, 10**8), output=st.integers(0, 10**8))
capability = st.sampled_from([None, True, False])
requests = st.builds(
    Request,
    id=st.just("req-1"),
    dialect=st.just("openai-chat"),
    model=st.just("auto"),
    is_stream=st.booleans(),
    fields=st.just({}),
    outline=st.builds(
        Outline, text_chars=st.integers(0, 10_000), message_count=st.integers(1, 5), prompt=st.just(""),
        max_output_tokens=st.none() | st.integers(1, 10_000),
    ),
    terms=st.builds(Terms, deadline_s=st.none() | seconds, max_cost=st.none() | usd),
)  # fmt: skip
profiles = st.builds(
    Profile,
    input_tokens=st.integers(0, 10_000),
    needs_tools=st.booleans(),
    needs_schema=st.booleans(),
    needs_vision=st.booleans(),
)
models = st.sampled_from(MODELS)
members = st.lists(models, unique=True, min_size=2, max_size=4).map(tuple)
rungs = st.one_of(
    st.builds(Rung, models=st.tuples(models), alternates=st.lists(models, max_size=2).map(tuple)),
    st.builds(Rung, models=members, form=st.sampled_from(["agree", "vote"])),
    st.builds(Rung, models=members, form=st.just("vote"), first_to=st.just(2)),
    st.builds(Rung, models=st.tuples(models), form=st.just("samples"), count=st.integers(2, 5)),
    st.builds(Rung, models=members, form=st.sampled_from(["best_of", "synthesis"]), merger=models),
    st.just(Rung(models=(), form="filter", filter=Filter(answer="no", rule="true"))),
)
condition = st.tuples(st.booleans(), st.just(0.0) | seconds)
conditions = st.dictionaries(models, condition).map(
    lambda drawn: {
        model: Condition(model=model, is_open=is_open, ready_in_s=ready_in_s, reason="it is unwell")
        for model, (is_open, ready_in_s) in drawn.items()
    }
)
tasks = st.builds(
    Task,
    name=st.just("t"),
    ladder=st.lists(rungs, unique_by=lambda rung: rung.id, max_size=6).map(tuple),
    bar=st.floats(0, 1),
    deadline_s=seconds,
    first_byte_s=st.none() | seconds,
    max_cost=st.none() | usd,
    max_attempts=st.integers(1, 8),
    max_wait_s=st.floats(0, 20),
    retries=st.integers(0, 3),
    hedge=st.none() | st.builds(Hedge, after_s=seconds),
    continues_cut=st.booleans(),
    review=st.builds(ReviewRule, when=st.sampled_from(["never", "when_unsure", "always"]), share=st.sampled_from([0.0, 0.5])),
)


@st.composite
def cards(draw: st.DrawFn) -> dict[str, ModelCard]:
    return {
        model: ModelCard(
            id=model, provider="up", name=model[3:], price=draw(prices), context_tokens=draw(st.none() | st.integers(1, 20_000)),
            max_output_tokens=draw(st.none() | st.integers(1, 5_000)),
            has_tools=draw(capability), has_vision=draw(capability), has_json_schema=draw(capability),
        )
        for model in MODELS
    }  # fmt: skip


@st.composite
def made_plans(draw: st.DrawFn) -> tuple[Request, Profile, Task, Plan]:
    """A plan with everything that it was made from."""
    task, request, profile = draw(tasks), draw(requests), draw(profiles)
    ranking = None
    if task.ladder:
        ranked = draw(st.none() | st.lists(st.sampled_from([rung.id for rung in task.ladder]), unique=True))
        if ranked is not None:
            ranking = Ranking(rungs=tuple([Ranked(model=model, is_reserve=draw(st.booleans())) for model in ranked]))
    plan = make_plan(
        request, profile, task, cards=draw(cards()), ranking=ranking, chosen_by="a test", conditions=draw(conditions)
    )
    return request, profile, task, plan


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return draw(made_plans())[3]


def most_tokens(plan: Plan, candidate: Candidate, step: Try) -> int:
    """What a model that keeps to its limits may write."""
    limits = (plan.max_output_tokens, candidate.card.max_output_tokens, step.max_output_tokens)
    return min([limit for limit in limits if limit is not None], default=100_000)


@st.composite
def ended(draw: st.DrawFn, plan: Plan, step: Try, now_s: float) -> Attempt:
    """How this attempt ends; the model writes no more than it may, and the input is not much longer than it was estimated."""
    candidate = plan.candidates[step.candidate]
    state: State = draw(st.sampled_from(ENDS))
    if candidate.form == "filter":
        state = draw(st.sampled_from(["passed", "answered", "failed"]))
    input_tokens = int(plan.input_tokens * draw(st.floats(0.5, 1.2)))
    output_tokens = draw(st.integers(0, most_tokens(plan, candidate, step)))
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens * plan.choices)
    cost = cost_of_calls(candidate.members or (candidate.card,), candidate.merger, usage)
    error = None if state in ("answered", "stopped", "passed") else draw(st.sampled_from(ERRORS))
    attempt = Attempt(
        model=candidate.card.id, provider=candidate.card.provider, candidate=step.candidate, started_ms=now_s * 1e3,
        duration_ms=0.0, state=state, cost=cost, usage=Usage(output_tokens=output_tokens),
        confidence=draw(st.none() | st.floats(0, 1)) if state == "answered" else None,
        verdicts=(Verdict(check="c", judgement=draw(st.sampled_from(["accept", "reject"])), score=0.5),),
        finish=draw(st.sampled_from(["stop", "length"])),
        error=error, retry_after_s=draw(st.none() | st.floats(0, 30)) if error == "upstream_rate_limited" else None,
    )  # fmt: skip
    members = len(candidate.members) + (candidate.merger is not None)
    return msgspec.structs.replace(attempt, members=(attempt,) * members) if members else attempt
