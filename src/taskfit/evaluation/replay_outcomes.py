"""What a task's ladder, or its router, would have made of prompts of which every model's answer is recorded. Exact.

Each prompt is profiled, ranked and planned by the functions that production calls; the plan is then followed through the table.
An ensemble that must agree does by the keys of its answers, and a model whose task has checks is left where its recorded
confidence is below the bar. Beside it stands what anyone could do: the cheapest model always, the best one always, and the random
mix of models at the same cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from taskfit.catalogue.names import nearest
from taskfit.errors import ConfigurationError, RequestError
from taskfit.evaluation.intervals import Figure, bootstrapped
from taskfit.evaluation.off_policy import Stratum, quantiles_of
from taskfit.evaluation.policies import Policy, Tried, best_of, difference, mean_of, measured, mixed_quality, over_random_mix
from taskfit.evaluation.rewalk import lapsed_of, way_of
from taskfit.evaluation.routing import of_rows
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.matrix import NO_ANSWER, OutcomeTable
from taskfit.pipeline.house import House
from taskfit.pipeline.plan import make_plan
from taskfit.protocols import Scene
from taskfit.training.folds import groups_of
from taskfit.training.outcome_rows import as_probabilities
from taskfit.training.policies import Gate, Stage, Trials, Way, follow_one, trials_of
from taskfit.values.plan import Candidate, Plan
from taskfit.values.policy import Policy as Rungs
from taskfit.values.request import Caller, Outline, Request, Terms
from taskfit.values.task import Rung, Task
from taskfit.wire.openai_chat import read_request

FOLLOWED: Final = ("single", "agree")
"""Rungs that single answers tell the outcome of."""


class OutcomesReplay(msgspec.Struct, frozen=True, kw_only=True):
    """What the new configuration would have made of `prompts`, beside always the cheapest and always the best of `models`.

    `ways` is what it does, by how many prompts; `random_mix` the quality of the best mix of single models at its cost.
    `left_out` prompts lack an answer of one of the models. Units: quality 0 to 1; USD and seconds for one prompt.
    """

    task: str
    prompts: int
    left_out: int
    models: tuple[str, ...]
    strong: str
    ways: Mapping[str, int]
    new: Policy
    cheapest: Policy | None
    best_single: Policy
    random_mix: Figure | None
    over_best_single: Figure
    over_random_mix: Figure | None
    latency_p50_s: Figure | None
    latency_p95_s: Figure | None
    notes: tuple[str, ...] = ()


def replay_outcomes(table: OutcomeTable, task: Task, house: House, *, seed: int = 0) -> OutcomesReplay:
    """The report. `task` is one of the new configuration, `table` the outcomes of its prompts.

    Errors: ConfigurationError where models or confidences lack that the plan asks for.
    """
    columns = _columns(task, table)
    whole = table.among([table.models[place] for place in sorted(columns.values())]).answered_by_all()
    if not len(whole.prompts):
        raise ConfigurationError(f"no prompt was answered by all of: {', '.join(whole.models)}")
    places = {model: whole.models.index(table.models[place]) for model, place in columns.items()}
    plans = [_plan(whole, row, task, house) for row in range(len(whole.prompts))]
    trials = _with_probabilities(trials_of(whole), task, plans, places)
    quality, cost, latency, strong_calls = np.empty((4, len(plans)))
    strong = places.get(task.ladder[-1].models[0]) if task.ladder[-1].models else None
    ways: dict[str, int] = {}
    for name, rows in _by_way(plans).items():
        way, mine = _way(plans[int(rows[0])], task, places), of_rows(trials, rows)
        quality[rows], cost[rows], latency[rows] = follow_one(mine, way)
        strong_calls[rows] = _calls(mine, way, strong)
        ways[name] = len(rows)
    new = Tried(quality=quality, cost=cost if np.isfinite(whole.cost_usd).any() else None)
    followed = _Followed(new=new, latency=latency, is_strong=np.minimum(strong_calls, 1.0), ways=ways)
    return _report(task, trials, followed, left_out=len(table.prompts) - len(plans), seed=seed)


class _Followed(msgspec.Struct, frozen=True, kw_only=True):
    new: Tried
    latency: Floats
    is_strong: Floats
    ways: Mapping[str, int]


def _columns(task: Task, table: OutcomeTable) -> Mapping[str, int]:
    """Where the answers of each model of the ladder stand, by its id; a table may leave out the provider."""
    wanted = dict.fromkeys([model for rung in task.ladder if _is_followed(rung) for model in rung.models])
    found = {}
    for model in wanted:
        names = [name for name in (model, model.partition("/")[2]) if name in table.models]
        if names:
            found[model] = table.models.index(names[0])
    missing = [model for model in wanted if model not in found]
    if missing:
        near = nearest(missing[0].partition("/")[2], table.models)
        raise ConfigurationError(
            f"tasks.{task.name}.ladder: these outcomes lack {', '.join(missing)}\n  found   {', '.join(table.models)}\n"
            f"  wanted  answers of every rung{f'{chr(10)}  try     {near[0]}' if near else ''}"
        )
    if not found:
        raise ConfigurationError(f"tasks.{task.name}.ladder: no rung is a model, or models that must agree")
    return found


def _is_followed(rung: Rung | Candidate) -> bool:
    """Whether answers of single models tell what becomes of it."""
    return rung.form in FOLLOWED or (rung.form == "vote" and rung.first_to is not None)


def _plan(table: OutcomeTable, row: int, task: Task, house: House) -> Plan:
    request = _request(table, row)
    profile, scene = house.profiler.profile(request), Scene(cards=house.cards)
    router = None if task.error_budget is not None else house.router  # as in a walk: a bar is for the ladder as it stands
    ranking = None if router is None else router.rank(request, profile, task, scene)
    return make_plan(
        request, profile, task, cards=house.cards, ranking=ranking, chosen_by="the replay names the task", conditions={},
        lapsed=lapsed_of(task),
    )  # fmt: skip


def _request(table: OutcomeTable, row: int) -> Request:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": table.prompts[row]}]}
    said = table.requests[row]
    try:
        if said is not None:
            body = msgspec.json.decode(said, type=dict[str, Any])
        encoded = msgspec.json.encode(body | {"model": "auto"})
        return read_request(encoded, request_id=table.prompt_ids[row], terms=Terms(), caller=Caller(), headers={})
    except (msgspec.DecodeError, msgspec.ValidationError, RequestError):
        prompt = table.prompts[row]
        outline = Outline(text_chars=len(prompt), message_count=1, prompt=prompt)
        return Request(
            id=table.prompt_ids[row], dialect="openai-chat", model="auto", is_stream=False, fields={}, outline=outline
        )  # fmt: skip


def _by_way(plans: Sequence[Plan]) -> Mapping[str, Integers]:
    found: dict[str, list[int]] = {}
    for row, plan in enumerate(plans):
        found.setdefault(way_of(plan), []).append(row)
    return {name: np.array(rows) for name, rows in found.items()}


def _in_turn(plan: Plan, task: Task) -> Iterator[tuple[Candidate, bool]]:
    """The candidates that may answer, and whether the answer of each may be left for the next one."""
    asked = [candidate for candidate in plan.candidates if not candidate.is_reserve and not candidate.is_alternate]
    for place, candidate in enumerate(asked):
        has_own = candidate.form == "agree" or candidate.first_to is not None
        is_left = place < len(asked) - 1 and (has_own or bool(task.checks))
        yield candidate, is_left
        if not is_left:
            return


def _way(plan: Plan, task: Task, places: Mapping[str, int]) -> Way:
    """Errors: ConfigurationError for a plan that answers of single models do not tell the outcome of."""
    stages = []
    for candidate, is_left in _in_turn(plan, task):
        if not _is_followed(candidate):
            raise ConfigurationError(
                f"tasks.{task.name}.ladder: {task.ladder[candidate.rung].id} cannot be followed through recorded answers\n"
                "  wanted  models, models that must agree, and votes with first_to"
            )
        models = tuple([places[card.id] for card in candidate.members or (candidate.card,)])
        if candidate.first_to is not None:
            gate: Gate = "votes" if is_left else "none"
            stages.append(Stage(models=models, gate=gate, bar=plan.bar, first_to=candidate.first_to))
        elif not is_left:
            stages.append(Stage(models=models))
        elif candidate.form == "agree":
            stages.append(Stage(models=models, gate="agreement"))
        else:
            stages.append(Stage(models=models, gate="bar", bar=plan.bar))
    if not stages:
        dropped = "; ".join(f"{each.model}: {each.reason}" for each in plan.dropped)
        raise ConfigurationError(f"tasks.{task.name}.ladder: no rung can take a prompt of these outcomes\n  found   {dropped}")
    return Way(policy=Rungs(rungs=(way_of(plan),)), stages=tuple(stages))


def _with_probabilities(trials: Trials, task: Task, plans: Sequence[Plan], places: Mapping[str, int]) -> Trials:
    """With the confidences of models that may be left as probabilities. Errors: ConfigurationError where there is none."""
    left = {
        candidate.card.id
        for plan in {way_of(plan): plan for plan in plans}.values()
        for candidate, is_left in _in_turn(plan, task)
        if is_left and candidate.form == "single"
    }
    confidence = trials.table.confidence.copy()
    for model in sorted(left):
        column = confidence[:, places[model]]
        is_known = np.isfinite(column)
        if not is_known.any():
            checks = ", ".join(use.name for use in task.checks)
            raise ConfigurationError(
                f"tasks.{task.name}.checks: whether {model} is left is for {checks} to say, and no confidence of it is recorded\n"
                "  wanted  the column confidence: 0 to 1, or natural logarithms of probabilities\n"
                "  try     --confidence-from, or `checks: []` for a ladder that goes up only where a model fails"
            )
        column[is_known] = as_probabilities(column[is_known], of=model)
    return msgspec.structs.replace(trials, table=msgspec.structs.replace(trials.table, confidence=confidence))


def _calls(trials: Trials, way: Way, strong: int | None) -> Floats:
    """How often the strong model is called for each prompt: its calls are counted as costs are."""
    counted = np.zeros_like(trials.cost_usd)
    if strong is not None:
        counted[:, strong] = 1.0
    return follow_one(msgspec.structs.replace(trials, cost_usd=counted), way)[1]


def _report(task: Task, trials: Trials, followed: _Followed, *, left_out: int, seed: int) -> OutcomesReplay:
    table, groups = trials.table, groups_of(trials.table.prompts)
    new, latency = followed.new, followed.latency
    has_costs = new.cost is not None
    singles = [
        Tried(quality=table.score[:, place], cost=trials.cost_usd[:, place] if has_costs else None)
        for place in range(len(table.models))
    ]
    best, cheapest = best_of(singles), int(np.argmin(trials.cost_usd.mean(axis=0)))
    return OutcomesReplay(
        task=task.name,
        prompts=len(table.prompts),
        left_out=left_out,
        models=table.models,
        strong=task.ladder[-1].id,
        ways=dict(sorted(followed.ways.items(), key=lambda way: -way[1])),
        new=measured("new", new, groups, seed=seed, is_strong=followed.is_strong),
        cheapest=measured(table.models[cheapest], singles[cheapest], groups, seed=seed) if has_costs else None,
        best_single=measured(table.models[best], singles[best], groups, seed=seed),
        random_mix=_mixed(new, singles, groups, seed=seed),
        over_best_single=difference(new, singles[best], groups, seed=seed),
        over_random_mix=over_random_mix(new, singles, groups, seed=seed),
        latency_p50_s=_quantile(latency, 0.5, groups, seed=seed),
        latency_p95_s=_quantile(latency, 0.95, groups, seed=seed),
        notes=tuple(_notes(task, table)),
    )


def _mixed(new: Tried, singles: Sequence[Tried], groups: Integers, *, seed: int) -> Figure | None:
    if new.cost is None:
        return None
    mean_cost = mean_of(new.cost)
    return bootstrapped(lambda weights: mixed_quality(singles, weights, mean_cost(weights)), groups, seed=seed)


def _quantile(latency: Floats, share: float, groups: Integers, *, seed: int) -> Figure | None:
    if not np.isfinite(latency).all():
        return None
    every = np.ones(len(latency))
    stratum = Stratum(member=every, weight=every, value=latency, model=np.zeros(len(latency)), seen=every, actual=latency)
    statistic = quantiles_of([stratum], share)
    return bootstrapped(lambda weights: statistic(weights)[:, 0], groups, seed=seed)


def _notes(task: Task, table: OutcomeTable) -> Iterator[str]:
    agreeing = any(rung.form in ("agree", "vote") for rung in task.ladder)
    if agreeing and (table.answers == NO_ANSWER).all():
        yield "no answers are recorded, so models never agree; a column `response` or `answer` would tell"
    if agreeing and task.checks:
        yield "answers that agree are taken to pass the task's checks, which are not run here"
