"""What `taskfit config check` says of a ladder that works and may still be a mistake: its money, its calls, its time.

The figures are those of the plan for a typical request, made by the function that production calls. Knows prices, not quality.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from taskfit.pipeline.affordable import calls_of
from taskfit.pipeline.plan import make_plan
from taskfit.values.card import ModelCard, cost_of
from taskfit.values.money import Usd, format_usd
from taskfit.values.plan import TYPICAL_OUTPUT_TOKENS, Candidate, Plan
from taskfit.values.profile import Profile
from taskfit.values.request import Outline, Request
from taskfit.values.task import Rung, Task
from taskfit.values.usage import Usage

TYPICAL_INPUT_TOKENS = 1000
VERDICT_TOKENS = 64
"""What a model writes that a check asks."""
LEAST_RATIO = 5
"""Below this a cascade rarely pays. Source: ROUTING.md, section 5."""
LEAST_RUNG_S = 1.0
"""Few models answer in less."""
TYPICAL = f"{TYPICAL_INPUT_TOKENS:,} tokens in, {TYPICAL_OUTPUT_TOKENS} out"

OWN_VERDICT = ("agree", "samples", "vote")
"""Rungs that reject their own answer where the voices differ."""

Said = tuple[str, str, str]
"""The key of the task that it is about, what is to be said, what to try."""


def ladder_notes(
    task: Task, cards: Mapping[str, ModelCard], asked: Mapping[str, Sequence[str]], *, is_routed: bool = False
) -> Iterator[Said]:
    """All that is to be said. `asked` are the models that each check of the task names; `is_routed`: a router chooses among the
    rungs, so that nothing follows from their order."""
    tried = _tried(_typical_plan(msgspec.structs.replace(task, max_cost=None), cards))
    if not is_routed:
        yield from _loss(task, tried, cards, asked)
    yield from _dear_checks(task, tried, cards, asked)
    yield from _dropped(task, cards)
    if not is_routed:
        yield from _calls(task, tried)
        yield from _time(task, tried)


def _typical_plan(task: Task, cards: Mapping[str, ModelCard]) -> Plan:
    outline = Outline(text_chars=4 * TYPICAL_INPUT_TOKENS, message_count=1, prompt="")
    request = Request(id="check", dialect="openai-chat", model="auto", is_stream=False, fields={}, outline=outline)
    profile = Profile(input_tokens=TYPICAL_INPUT_TOKENS)
    return make_plan(request, profile, task, cards=cards, ranking=None, chosen_by="", conditions={})


def _tried(plan: Plan) -> list[Candidate]:
    """One candidate for each rung, without other providers of the same model."""
    return [candidate for candidate in plan.candidates if not candidate.is_alternate]


def _loss(
    task: Task, tried: Sequence[Candidate], cards: Mapping[str, ModelCard], asked: Mapping[str, Sequence[str]]
) -> Iterator[Said]:
    """Rungs that are hardly cheaper than the next, or dearer.

    saving = 1 - c_cheap/c_strong - escalation rate - verifier/c_strong. Source: ROUTING.md, section 5.
    """
    answering = [candidate for candidate in tried if candidate.form != "filter"]
    for cheap, strong in pairwise(answering):
        if not task.checks and cheap.form not in OWN_VERDICT:
            continue  # its answer is always taken: the next rung is there for failures
        first, second = cheap.expected_cost, strong.expected_cost
        if not first or not second or second >= LEAST_RATIO * first:
            continue
        one, other = task.ladder[cheap.rung].id, task.ladder[strong.rung].id
        verifier = sum([_cost_of_verdict(cards[model]) or 0 for models in asked.values() for model in models])
        break_even = 1 - (first + verifier) / second
        costs = f"{one} costs about ${format_usd(first)} and {other} after it ${format_usd(second)} ({TYPICAL})"
        if second < first:
            yield "ladder", f"{costs}: a ladder goes from cheap to dear", f"{other} before {one}"
        elif break_even <= 0:
            yield "ladder", f"{costs}{_checked(verifier)}: asking {one} first never saves money", f"a ladder without {one}"
        else:
            said = f"{costs}{_checked(verifier)}: asking {one} first saves money only while fewer than {break_even:.0%} of its"
            yield "ladder", f"{said} answers go up; with {break_even / 2:.0%} it saves {break_even / 2:.0%}", ""


def _checked(verifier: Usd) -> str:
    return f", and the checks of an answer ${format_usd(verifier)}" if verifier else ""


def _cost_of_verdict(card: ModelCard) -> Usd | None:
    """What it costs to have a model look at a typical answer."""
    usage = Usage(input_tokens=TYPICAL_INPUT_TOKENS + TYPICAL_OUTPUT_TOKENS, output_tokens=VERDICT_TOKENS)
    return cost_of(card.price, usage)


def _dear_checks(
    task: Task, tried: Sequence[Candidate], cards: Mapping[str, ModelCard], asked: Mapping[str, Sequence[str]]
) -> Iterator[Said]:
    answering = [candidate for candidate in tried if candidate.form != "filter" and candidate.expected_cost]
    cheapest = min(answering, key=lambda candidate: candidate.expected_cost or 0, default=None)
    for check, models in asked.items():
        for model in models:
            cost = _cost_of_verdict(cards[model])
            if cheapest is None or cost is None or cheapest.expected_cost is None or cost <= cheapest.expected_cost:
                continue
            judged = task.ladder[cheapest.rung].id
            said = f"{check} asks {model} for about ${format_usd(cost)}, more than an answer of {judged} costs"
            yield f"checks.{check}", f"{said} (${format_usd(cheapest.expected_cost)}; {TYPICAL})", "a cheaper model"


def _dropped(task: Task, cards: Mapping[str, ModelCard]) -> Iterator[Said]:
    """Rungs that the cap on the cost leaves out."""
    if task.max_cost is None:
        return
    plan, without = _typical_plan(task, cards), _typical_plan(msgspec.structs.replace(task, max_cost=None), cards)
    for dropped in plan.dropped:
        if dropped not in without.dropped:
            yield "max_cost", f"{dropped.model} is left out ({TYPICAL}): {dropped.reason}", "a higher max_cost"
    if task.hedge is not None:
        said = f"a hedged call and the one beside it get half of what is left of ${format_usd(task.max_cost)} each"
        yield "hedge", f"{said}; where that is too little, there is no hedge", ""


def _calls(task: Task, tried: Sequence[Candidate]) -> Iterator[Said]:
    """Rungs that `max_attempts` leaves no calls for."""
    made = 0
    for candidate in tried:
        made += calls_of(candidate)
        if made > task.max_attempts:
            needed = sum([calls_of(each) for each in tried])
            said = f"{_name(task, candidate)} is never reached: the ladder makes up to {needed} calls, and may make"
            try_ = f"max_attempts: {needed}" if needed <= 10 else "a shorter ladder"
            yield "max_attempts", f"{said} {task.max_attempts}", try_
            return


def _time(task: Task, tried: Sequence[Candidate]) -> Iterator[Said]:
    stages = sum([1 + (candidate.merger is not None) for candidate in tried if calls_of(candidate)])
    if stages and task.deadline_s / stages < LEAST_RUNG_S:
        said = f"{task.deadline_s:g} s leave {task.deadline_s / stages:.2g} s for each of {stages} calls in a row"
        yield "deadline", said, "a longer deadline, or a shorter ladder"
    if task.first_byte_s is not None and stages > 1 and task.first_byte_s >= task.deadline_s:
        yield "first_byte", "one silent model takes the whole deadline, and no other is called", "a shorter first_byte"
    if task.hedge is None:
        return
    if task.hedge.after_s is not None and task.hedge.after_s >= task.deadline_s:
        yield "hedge", f"it comes after {task.hedge.after_s:g} s, when the deadline has passed", "a shorter one"
    if not _has_partner(task.ladder):
        yield "hedge", "there is no second model to call beside the first", "another rung, or another provider of its model"


def _has_partner(ladder: Sequence[Rung]) -> bool:
    """Whether any rung that may be hedged has a single one, or another provider, after it."""
    return sum([1 + len(rung.alternates) for rung in ladder if rung.form == "single"]) > 1


def _name(task: Task, candidate: Candidate) -> str:
    return task.ladder[candidate.rung].id
