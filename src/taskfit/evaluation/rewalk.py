"""One recorded request under another configuration: its plan by the functions that production calls, and its walk over what is
known of its answers.

Texts are not kept, so a request is rebuilt from its record: its surface, session, key, size, needs and kind. What would read a
text, or a header, cannot be told, and neither can the answer of a rung that was never asked. What a caller asked for beside the
body (a deadline, a cap on the cost) is not kept either, and taken as not said. Nothing is estimated here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from zlib import crc32

import msgspec

from taskfit.errors import RequestError
from taskfit.features.keys import cells_of
from taskfit.outcomes.judging import Evidence, rung_id, rung_of
from taskfit.pipeline.admit import AUTO, choose_task
from taskfit.pipeline.arrival import Arrival, reads_of
from taskfit.pipeline.confidence import confidence_of, weighs_signals
from taskfit.pipeline.drift import holds
from taskfit.pipeline.escalate import next_step
from taskfit.pipeline.house import House
from taskfit.pipeline.matching import look
from taskfit.pipeline.plan import make_plan
from taskfit.pipeline.promises import NOT_FITTED
from taskfit.pipeline.surroundings import Surroundings
from taskfit.protocols import Scene
from taskfit.routers.aims import aim_for
from taskfit.routers.choosing import cell_for
from taskfit.routers.fitted import FittedRouter
from taskfit.routers.ladder import LadderRouter
from taskfit.values.attempt import Attempt, Trail
from taskfit.values.calibration import Calibration
from taskfit.values.plan import Candidate, Plan, Ranking
from taskfit.values.profile import Profile
from taskfit.values.record import Record
from taskfit.values.request import Caller, Dialect, Outline, Request, Terms
from taskfit.values.step import Accept, AskPerson, GiveUp, Try
from taskfit.values.task import DEFAULT_TASK, Match, Task
from taskfit.values.verdict import Verdict

KEPT: Final = frozenset({
    "surface", "task", "team", "key", "key_id", "session", "dialect", "max_output_tokens", "has_tools", "has_schema",
    "has_images", "is_stream", "kind", "input_tokens",
})  # fmt: skip
"""Members of `request` that a record tells."""

FREE: Final = frozenset({
    "arithmetic", "code", "json_schema", "language", "length", "logprob", "pattern", "refusal", "rules", "tool_calls",
    "truncated",
})  # fmt: skip
"""Checks that cost nothing: where they were not run, and would change nothing, nothing is unknown."""

NOT_CHECKED: Final = "its checks were not run on that answer"

Known = Mapping[str, Sequence[tuple[Attempt, Record]]]
"""The attempts of each rung with the record that each is from."""


class Untold(Exception):
    """What would be done with a request, or what would come of it, cannot be told. The text says why, the same for all such."""


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """The walk under the new plan. `answered` is the attempt whose answer is given, or shown to a person; None: none is.

    Units: seconds.
    """

    trail: Trail
    answered: int | None
    is_answered: bool
    elapsed_s: float


@dataclass(slots=True)
class Then:
    """The clock of a replay: it stands at the moment of the record. Units: seconds since the epoch."""

    at: float = 0.0

    def time(self) -> float:
        """The moment of the record."""
        return self.at

    def monotonic(self) -> float:
        """It stands."""
        return self.at


def without_chance(house: House) -> House:
    """The same configuration with nothing tried out and no hedges: what it would choose, and not what it would draw."""

    def plain(tasks: Mapping[str, Task]) -> dict[str, Task]:
        return {name: msgspec.structs.replace(task, explore=None, hedge=None) for name, task in tasks.items()}

    return replace(house, tasks=plain(house.tasks), pinned=plain(house.pinned))


def plan_again(record: Record, there: Surroundings, *, key_names: Mapping[str, str]) -> tuple[Task, Plan]:
    """The contract and the plan for a recorded request. `there` is the new gateway, whose clock stands at the record's moment;
    `key_names` what people call the keys, by their ids. Errors: Untold."""
    profile, house = record.profile, there.house
    if profile is None:
        raise Untold("its record has no profile")
    request = request_of(record, profile, key_names)
    _complain_of_untold_match(Arrival(request, profile, house, there))
    try:
        task, chosen_by = choose_task(house, request, profile, there)
    except RequestError as error:
        raise Untold(f"the new configuration has no model or task {record.asked}") from error
    lot = crc32(record.id.encode()) / 2**32
    plan = make_plan(
        request,
        profile,
        task,
        cards=house.cards,
        ranking=_ranking(record, request, task, house, Scene(cards=house.cards, lot=lot)),
        chosen_by=chosen_by,
        conditions={},
        lapsed=lapsed_of(task),
        lot=lot,
    )
    version = None if task.template is None else task.template.version
    if version != record.template:
        raise Untold("models would see another prompt: the template is another one")
    return task, plan


def request_of(record: Record, profile: Profile, key_names: Mapping[str, str]) -> Request:
    """What is left of a request in its record."""
    plan = record.plan
    is_named = plan is not None and plan.chosen_by.startswith(f"the request names the task {record.task}")
    key_name = "" if record.key_id is None else key_names.get(record.key_id, "")
    return Request(
        id=record.request_id,
        dialect=cast("Dialect", record.dialect),
        model=record.asked,
        is_stream=record.is_stream,
        fields={},
        outline=Outline(
            text_chars=0,
            message_count=1,
            prompt="",
            max_output_tokens=None if plan is None else plan.max_output_tokens,
            choices=1 if plan is None else plan.choices,
            has_tools=profile.needs_tools,
            has_schema=profile.needs_schema,
            has_images=profile.needs_vision,
        ),
        terms=Terms(task=record.task if is_named else None, surface=record.surface, session=record.session),
        caller=Caller(key_id=record.key_id, key_name=key_name, team=record.team),
    )


def _complain_of_untold_match(arrival: Arrival) -> None:
    """Errors: Untold, where a task before the one that surely matches may match by what is not kept."""
    request = arrival.request
    if request.model != AUTO or request.terms.task is not None:
        return
    for task in arrival.house.tasks.values():
        if task.name == DEFAULT_TASK:
            continue
        lost = tuple(_lost(task.match, arrival.profile))
        told = task.match if not lost else _without(task.match, lost)
        may_hold = look(told, arrival).holds or (bool(lost) and told == Match())
        if lost and may_hold:
            raise Untold(f"the task {task.name} is recognised by what records do not keep: {', '.join(lost)}")
        if may_hold:
            return


def _lost(match: Match, profile: Profile) -> Iterator[str]:
    """What a match reads and no record keeps."""
    if match.plan:
        yield "plan"
    if match.headers:
        yield "headers"
    if match.language and not profile.language:
        yield "language"
    if match.sensitivity and profile.sensitivity == "none":
        yield "sensitivity"
    if match.when and ((reads := reads_of(match.when)).live or not reads.request <= KEPT):
        yield "when"


def _without(match: Match, lost: Sequence[str]) -> Match:
    bare = Match()
    return msgspec.structs.replace(match, **{name: getattr(bare, name) for name in lost})


def _ranking(record: Record, request: Request, task: Task, house: House, scene: Scene) -> Ranking | None:
    """As in a walk: where a bar was fitted for the ladder as it stands, no router is asked. Errors: Untold for a router that
    would read the text."""
    router = house.router
    if router is None or task.error_budget is not None or isinstance(router, LadderRouter):
        return None
    if not isinstance(router, FittedRouter):
        raise Untold(f"the router {router.name} may read the text, which is not kept")
    ranking = router.rank_in(_cell(record, request, task, router), request, task, scene)
    aim, gain = aim_for(router.fitted, task), router.fitted.gain
    if ranking is None or ranking.routing is None or aim is None or aim.pair is None or gain is None:
        return ranking
    if ranking.routing.policy in [router.fitted.table.policies[place].id for place in aim.pair]:
        raise Untold("the router chooses between two models by the text, which is not kept")
    return ranking


def _cell(record: Record, request: Request, task: Task, router: FittedRouter) -> str:
    """The task's, else the one in which the request was, else that of its key, surface or kind."""
    table, named = router.fitted.table, None if task.name == DEFAULT_TASK else task.name
    routing = None if record.plan is None else record.plan.routing
    if named is not None and f"task:{named}" in table.cells:
        return f"task:{named}"
    if routing is not None and routing.cell in table.cells:
        return routing.cell
    assert record.profile is not None, "without one nothing is planned"
    cell = cell_for(table, cells_of(request, record.profile, task=named))
    if router.fitted.predictor is not None and named is None and not cell.startswith(("key:", "surface:")):
        raise Untold("the router tells the task by the text, which is not kept")
    return cell


def lapsed_of(task: Task) -> str:
    """Whether the fitted bar holds for the contract; what requests and audits may say against it is not known."""
    if task.error_budget is None:
        return ""
    bar = task.error_budget.bar
    return NOT_FITTED if bar is None else holds(bar, task)


def known_attempts(evidence: Evidence) -> Known:
    """What came of each rung that was asked for this request, in its walk and in its audits."""
    found: dict[str, list[tuple[Attempt, Record]]] = {}
    for record in (evidence.record, *evidence.audits):
        for attempt in record.attempts:
            if attempt.state in ("answered", "stopped", "failed", "cut") and not attempt.is_continuation:
                found.setdefault(rung_of(record, attempt), []).append((attempt, record))
    return found


def walk_again(plan: Plan, task: Task, known: Known) -> Walked:
    """The walk over what is known. Where checks were not run on an answer it is walked twice, as if they accepted and as if they
    rejected it: where that makes no difference, nothing is unknown. Errors: Untold."""
    walk = _Walk(plan, task, known, guess="accept")
    first = walk.run()
    if not walk.has_guessed:
        return first
    try:
        second = _Walk(plan, task, known, guess="reject").run()
    except Untold as untold:
        raise Untold(NOT_CHECKED) from untold
    asked = [tuple([attempt.candidate for attempt in walked.trail]) for walked in (first, second)]
    if asked[0] != asked[1] or first.answered != second.answered:
        raise Untold(NOT_CHECKED)
    return first


@dataclass(slots=True)
class _Walk:
    """One walk; `guess` stands for the verdict that is not known."""

    plan: Plan
    task: Task
    known: Known
    guess: str
    has_guessed: bool = False

    def run(self) -> Walked:
        """Errors: Untold."""
        trail: list[Attempt] = []
        elapsed_s = 0.0
        while True:
            match step := next_step(self.plan, trail, elapsed_s):
                case Try():
                    attempt = self._made(step, trail, elapsed_s + step.after_s)
                    trail.append(attempt)
                    elapsed_s = (attempt.started_ms + (attempt.duration_ms or 0.0)) / 1e3 + _paid_checks_s(attempt)
                case Accept():
                    return Walked(trail=tuple(trail), answered=step.attempt, is_answered=True, elapsed_s=elapsed_s)
                case AskPerson():
                    return Walked(trail=tuple(trail), answered=step.attempt, is_answered=True, elapsed_s=elapsed_s)
                case GiveUp():
                    return Walked(trail=tuple(trail), answered=None, is_answered=False, elapsed_s=elapsed_s)

    def _made(self, step: Try, trail: Sequence[Attempt], start_s: float) -> Attempt:
        candidate = self.plan.candidates[step.candidate]
        if candidate.form == "filter":
            raise Untold("a filter reads the text, which is not kept")
        name = rung_id(candidate)
        times = sum(attempt.candidate == step.candidate for attempt in trail)
        found = self.known.get(name, ())
        if times >= len(found):
            raise Untold(f"{name} was never asked" if not found else f"{name} was not asked again")
        attempt, record = found[times]
        _complain_of_limits(attempt, step, left_s=self.plan.deadline_s - start_s)
        verdicts = self._verdicts(attempt, record)
        return msgspec.structs.replace(
            attempt,
            candidate=step.candidate,
            started_ms=start_s * 1e3,
            verdicts=verdicts,
            confidence=self._confidence(attempt, record, verdicts),
            is_hedge=False,
            is_given=bool(self.task.checks) and self.plan.deliver != "checked" and attempt.is_given,
        )

    def _verdicts(self, attempt: Attempt, record: Record) -> tuple[Verdict, ...]:
        """Those of the task's checks, and a rung's own. Errors: Untold."""
        if attempt.state not in ("answered", "stopped"):
            return attempt.verdicts
        then = () if record.plan is None else record.plan.checks
        now = tuple([use.name for use in self.task.checks])
        if now == then:
            return attempt.verdicts
        if attempt.state == "stopped":
            raise Untold("other checks would not have stopped that answer")
        kept = [verdict for verdict in attempt.verdicts if verdict.check not in then]
        said = {verdict.check: verdict for verdict in attempt.verdicts if verdict.check in then}
        for name in now:
            if any(verdict.judgement == "reject" for verdict in kept):
                break
            if name not in said:
                return (*kept, *self._guessed([name for name in now if name not in said]))
            kept.append(said[name])
        return tuple(kept)

    def _guessed(self, names: Sequence[str]) -> tuple[Verdict, ...]:
        if not FREE.issuperset(names):
            raise Untold("checks that cost something were not run on that answer")
        is_good, self.has_guessed = self.guess == "accept", True
        return (Verdict(check=names[0], judgement="accept" if is_good else "reject", score=float(is_good)),)

    def _confidence(self, attempt: Attempt, record: Record, verdicts: tuple[Verdict, ...]) -> float | None:
        """Worked out again from the verdicts; one that weighs signals, which are not kept, is taken as it was. Errors: Untold."""
        calibration = self.task.calibration
        if attempt.state != "answered" or not (self.task.checks or verdicts):
            return None
        if not weighs_signals(calibration):
            return confidence_of(verdicts, {}, calibration)
        if verdicts == attempt.verdicts and calibration is not None and _is_of(record, calibration):
            return attempt.confidence
        if len({verdict.check for verdict in verdicts}) == len(verdicts) and verdicts and verdicts[-1] not in attempt.verdicts:
            return 1.0 if self.guess == "accept" else 0.0
        raise Untold("the confidence was calibrated otherwise")


def _is_of(record: Record, calibration: Calibration) -> bool:
    return record.at >= calibration.fitted_at


def _complain_of_limits(attempt: Attempt, step: Try, *, left_s: float) -> None:
    """Errors: Untold for an answer that the new limits would have cut, or that the old ones did."""
    if attempt.state == "answered" and (attempt.duration_ms or 0.0) > left_s * 1e3:
        raise Untold("the deadline would have ended that call")
    if (attempt.first_token_ms or 0.0) > step.first_byte_s * 1e3:
        raise Untold("the wait for the first byte would have ended that call")
    written = 0 if attempt.usage is None else attempt.usage.output_tokens
    if step.max_output_tokens is not None and written > step.max_output_tokens:
        raise Untold("the cap on the cost would have cut that answer")
    limit = attempt.max_output_tokens
    if attempt.finish == "length" and limit is not None and step.max_output_tokens != limit:
        raise Untold("the cap on the cost cut that answer, and would have cut it elsewhere")
    if attempt.error == "upstream_timeout" and (attempt.duration_ms or 0.0) < step.first_byte_s * 990:
        raise Untold("that call was given up, and would have been waited for longer")


def _paid_checks_s(attempt: Attempt) -> float:
    return sum(verdict.latency_ms for verdict in attempt.verdicts if verdict.cost != 0) / 1e3


def asked_in_turn(plan: Plan) -> tuple[str, ...]:
    """The rungs of a plan that are asked one after the other, without those that only stand in for one that fails."""
    return tuple([rung_id(candidate) for candidate in _in_turn(plan)])


def way_of(plan: Plan) -> str:
    """What a person calls the plan's policy; two plans with one name do the same with the same answers."""
    asked = _in_turn(plan)
    said = " > ".join([rung_id(candidate) for candidate in asked])
    if len(asked) < 2 or not (plan.checks or any(candidate.form not in ("single", "agree") for candidate in asked)):
        return said
    checks = f" by {', '.join(plan.checks)}" if plan.checks else ""
    return f"{said} at {plan.bar:.4g}{checks}"


def _in_turn(plan: Plan) -> Sequence[Candidate]:
    return [candidate for candidate in plan.candidates if not candidate.is_reserve and candidate.form != "filter"]
