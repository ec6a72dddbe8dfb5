"""Recorded requests under another configuration: what each would have come to, exactly where that is known.

What is summed up over many of them, and estimated where it is not known, is in what_if.py. Calls no model.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Final

import msgspec

from taskfit.evaluation.rewalk import Then, Untold, Walked, asked_in_turn, known_attempts, plan_again, walk_again, way_of
from taskfit.outcomes.judging import REJECTION, Evidence, best_rows, judged_rows, rung_id, rung_of
from taskfit.pipeline.record import PERSON, total_cost
from taskfit.pipeline.surroundings import Surroundings
from taskfit.values.attempt import Attempt
from taskfit.values.money import MICRO
from taskfit.values.plan import Plan
from taskfit.values.record import Record

WITHOUT_ANSWERS: Final = frozenset({"openai-embeddings", "gemini-embeddings"})
LEFT_OUT: Final = ("refused", "cancelled")
"""Outcomes that say nothing of a policy: the request itself was at fault, or its caller left."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request. None: not known. `is_strong`: the dearest rung of both plans was asked. `is_rejected`: a check
    rejected the answer, so that its quality is known without anybody's looking at it. Units: USD; seconds; quality 0 to 1."""

    cost_usd: float | None = None
    latency_s: float | None = None
    quality: float | None = None
    is_strong: bool | None = None
    is_answered: bool | None = None
    is_rejected: bool = False


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One request, then and under the new configuration. `new` None: it cannot be told, and `reason` says why.

    `way` is what the new plan does, empty where there is none; `single` the rung that it asks alone. `is_same`: the walk is the
    one that there was. `is_taken`: the plan of then did the same, so that `propensity` is the probability of knowing. `cell` and
    `router` are those of the recorded choice. `asked` has cost and latency of each rung that answered.
    """

    record_id: str
    group: str
    task: str
    actual: Made
    new: Made | None = None
    reason: str = ""
    way: str = ""
    single: str = ""
    is_same: bool = False
    is_taken: bool = False
    is_audited: bool = False
    propensity: float = 1.0
    cell: str = ""
    router: str = ""
    strong: str = ""
    asked: Mapping[str, tuple[float | None, float | None]] = {}


class Replays(msgspec.Struct, frozen=True, kw_only=True):
    """All requests that count, and how many do not, by why. `audits` are walks of audits, which are evidence alone."""

    rows: tuple[Replayed, ...]
    left_out: Mapping[str, int]
    audits: int = 0


def replay_all(evidences: Iterable[Evidence], there: Surroundings, clock: Then, *, key_names: Mapping[str, str]) -> Replays:
    """Every request under the configuration of `there`, whose clock is `clock`."""
    rows, left_out, audits = [], dict.fromkeys((*LEFT_OUT, "embeddings"), 0), 0
    for evidence in evidences:
        audits += len(evidence.audits)
        record = evidence.record
        if record.dialect in WITHOUT_ANSWERS:
            left_out["embeddings"] += 1
        elif record.outcome in LEFT_OUT:
            left_out[record.outcome] += 1
        else:
            rows.append(replay(evidence, there, clock, key_names=key_names))
    return Replays(rows=tuple(rows), left_out=left_out, audits=audits)


def replay(evidence: Evidence, there: Surroundings, clock: Then, *, key_names: Mapping[str, str]) -> Replayed:
    """One request."""
    record = evidence.record
    clock.at = record.at
    judged = judged_rows(evidence)
    scores = {row.model: row.score for row in best_rows(judged) if row.score is not None}
    rejected = frozenset([row.model for row in judged if row.source == REJECTION])
    then = _told_of_then(evidence, scores, rejected)
    try:
        task, plan = plan_again(record, there, key_names=key_names)
    except Untold as untold:
        return msgspec.structs.replace(then, reason=str(untold))
    rungs, strong = asked_in_turn(plan), _dearest(plan, record)
    called = {rung_of(record, attempt) for attempt in record.attempts if attempt.state != "cancelled"}
    then = msgspec.structs.replace(
        then,
        actual=msgspec.structs.replace(then.actual, is_strong=strong in called),
        way=way_of(plan),
        single=rungs[0] if len(rungs) == 1 else "",
        strong=strong,
    )
    try:
        walked = walk_again(plan, task, known_attempts(evidence))
    except Untold as untold:
        return msgspec.structs.replace(then, reason=str(untold))
    is_same = _is_same(walked, plan, record)
    return msgspec.structs.replace(
        then,
        new=then.actual if is_same else _made(walked, plan, record, scores=scores, rejected=rejected, strong=strong),
        is_same=is_same,
        is_taken=record.plan is not None and way_of(record.plan) == then.way,
    )


def _told_of_then(evidence: Evidence, scores: Mapping[str, float], rejected: Set[str]) -> Replayed:
    record = evidence.record
    routing = None if record.plan is None else record.plan.routing
    given = next((a for a in reversed(record.attempts) if a.state == "answered" and a.model == record.model), None)
    rung = None if given is None or record.model == PERSON else rung_of(record, given)
    return Replayed(
        record_id=record.id,
        group=record.id if record.session is None else f"session {record.session}",
        task=record.task or "",
        actual=Made(
            cost_usd=None if record.cost is None else record.cost / MICRO,
            latency_s=_latency_s(record),
            quality=None if rung is None else scores.get(rung),
            is_answered=record.outcome in ("answered", "in_review"),
            is_rejected=rung in rejected,
        ),
        is_audited=record.plan is not None and record.plan.is_audited,
        propensity=1.0 if routing is None else routing.propensity,
        cell="" if routing is None else routing.cell,
        router="" if routing is None else routing.fingerprint,
        asked=dict(_asked(evidence)),
    )


def _made(
    walked: Walked, plan: Plan, record: Record, *, scores: Mapping[str, float], rejected: Set[str], strong: str
) -> Made:
    cost = total_cost(walked.trail)
    names = [rung_id(plan.candidates[attempt.candidate]) for attempt in walked.trail]
    return Made(
        cost_usd=None if cost is None else cost / MICRO,
        latency_s=walked.elapsed_s + max(0.0, record.overhead_ms) / 1e3,
        quality=None if walked.answered is None else scores.get(names[walked.answered]),
        is_strong=strong in names,
        is_answered=walked.is_answered,
        is_rejected=walked.answered is not None and names[walked.answered] in rejected,
    )


def _is_same(walked: Walked, plan: Plan, record: Record) -> bool:
    """Whether the same rungs were asked in the same order, and the same one answered."""
    if any(attempt.is_hedge for attempt in record.attempts):
        return False
    then = [rung_of(record, attempt) for attempt in record.attempts]
    now = [rung_id(plan.candidates[attempt.candidate]) for attempt in walked.trail]
    if then != now or walked.is_answered != (record.outcome in ("answered", "in_review")):
        return False
    given = None if walked.answered is None else walked.trail[walked.answered].model
    return record.model in (given, PERSON, None)


def _latency_s(record: Record) -> float:
    """What models and the gateway took; where a person was waited for, without that."""
    if record.review_id is None:
        return record.latency_ms / 1e3
    waited, until = 0.0, 0.0
    for attempt in record.attempts:
        begin, end = max(until, attempt.started_ms), attempt.started_ms + (attempt.duration_ms or 0.0)
        if end > begin:
            waited, until = waited + end - begin, end
    return (waited + max(0.0, record.overhead_ms)) / 1e3


def _asked(evidence: Evidence) -> Iterator[tuple[str, tuple[float | None, float | None]]]:
    for name, attempts in known_attempts(evidence).items():
        for attempt, _ in attempts:
            if attempt.state == "answered":
                yield name, (_usd(attempt), None if attempt.duration_ms is None else attempt.duration_ms / 1e3)
                break


def _usd(attempt: Attempt) -> float | None:
    return None if attempt.cost is None else attempt.cost / MICRO


def _dearest(plan: Plan, record: Record) -> str:
    """The rung that is expected to cost most; of equals the last."""
    then = () if record.plan is None else record.plan.candidates
    costs = {rung_id(candidate): candidate.expected_cost or 0 for candidate in (*then, *plan.candidates)}
    return max(reversed(costs), key=costs.__getitem__, default="")
