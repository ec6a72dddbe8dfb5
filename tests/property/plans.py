"""Plans, tasks and requests as hypothesis draws them."""

from hypothesis import strategies as st

from taskfit.pipeline.plan import make_plan
from taskfit.values.attempt import Attempt, State
from taskfit.values.card import ModelCard, Price
from taskfit.values.plan import Candidate, Plan, Ranked
from taskfit.values.profile import Profile
from taskfit.values.request import Outline, Request, Terms
from taskfit.values.task import Task

MODELS = tuple(f"up/{letter}" for letter in "abcdef")
ERRORS = (
    "upstream_unreachable", "upstream_timeout", "upstream_rate_limited", "upstream_failure", "upstream_refused",
    "context_exceeded",
    "invalid_request", "unsupported", "invalid_answer", "cut_answer",
)  # fmt: skip

ENDS: tuple[State, ...] = ("answered", "failed", "cut")

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
tasks = st.builds(
    Task,
    name=st.just("t"),
    ladder=st.lists(st.sampled_from(MODELS), unique=True, max_size=6).map(tuple),
    bar=st.floats(0, 1),
    deadline_s=seconds,
    first_byte_s=st.none() | seconds,
    max_cost=st.none() | usd,
    max_attempts=st.integers(1, 8),
)


@st.composite
def cards(draw: st.DrawFn) -> dict[str, ModelCard]:
    return {
        model: ModelCard(
            id=model, provider="up", name=model[3:], price=draw(prices), context_tokens=draw(st.none() | st.integers(1, 20_000)),
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
        ranked = draw(st.none() | st.lists(st.sampled_from(task.ladder), unique=True))
        ranking = None if ranked is None else tuple(Ranked(model=model) for model in ranked)
    return request, profile, task, make_plan(request, profile, task, cards=draw(cards()), ranking=ranking, chosen_by="a test")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return draw(made_plans())[3]


@st.composite
def ended(draw: st.DrawFn, candidate: Candidate) -> Attempt:
    """How an attempt on this candidate ends; it costs no more than the plan says it may."""
    state: State = draw(st.sampled_from(ENDS))
    cost = None if candidate.worst_cost is None else draw(st.integers(0, candidate.worst_cost))
    return Attempt(
        model=candidate.card.id, provider="up", started_ms=0.0, state=state, cost=cost,
        confidence=draw(st.none() | st.floats(0, 1)) if state == "answered" else None,
        error=None if state == "answered" else draw(st.sampled_from(ERRORS)),
    )  # fmt: skip
