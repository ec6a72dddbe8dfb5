"""Records and what was said of them to rows that a bar can be fitted on. PURE.

A row is the first rung's answer to a request that was drawn at random before anything was known of it, whether that answer was
accepted or not: answers that went up the ladder are worse than others, and accepted ones better, so neither say how good a
confidence is. Knows no statistics.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from taskfit.values.attempt import Attempt
from taskfit.values.record import Record
from taskfit.values.review import Label
from taskfit.values.task import Task


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One judged answer of the first rung. `loss` is 0 (right) to 1 (wrong); `answered_as` what its upstream calls the model,
    `prompt` what the instructions are known by. Units: `at` seconds since the epoch."""

    record_id: str
    at: float
    confidence: float
    loss: float
    answered_as: str = ""
    prompt: str = ""


class AuditSample(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, oldest first, and how many requests were drawn and are not among them: `unjudged` ones nobody has said anything
    of yet; `outdated` ones are from another first rung, version, template or calibration; `unranked` ones have no confidence.
    `rung` is the first rung's id."""

    rung: str
    rows: tuple[AuditRow, ...]
    unjudged: int = 0
    outdated: int = 0
    unranked: int = 0


def audit_sample(records: Iterable[Record], labels: Mapping[str, Sequence[Label]], *, task: Task) -> AuditSample:
    """The sample of a task as it is now, from its records and their labels by the record's id."""
    rows: list[AuditRow] = []
    unjudged = outdated = unranked = 0
    for record in records:
        if not is_drawn(record):
            continue
        label = _judgement(record, labels.get(record.id, ()))
        if label is None:
            unjudged += 1
        elif not _is_current(record, label, task):
            outdated += 1
        elif (row := _row(record, label, task)) is None:
            unranked += 1
        else:
            rows.append(row)
    rows.sort(key=lambda row: (row.at, row.record_id))
    kept = tuple([row for row in rows if row.answered_as == rows[-1].answered_as])
    outdated += len(rows) - len(kept)
    return AuditSample(rung=first_rung(task), rows=kept, unjudged=unjudged, outdated=outdated, unranked=unranked)


def by_record(labels: Iterable[Label]) -> Mapping[str, Sequence[Label]]:
    """The labels of each record, in their order."""
    found: dict[str, list[Label]] = {}
    for label in labels:
        found.setdefault(label.record_id, []).append(label)
    return found


def is_drawn(record: Record) -> bool:
    """Whether the request was drawn to be looked at, whatever would become of it, and was answered."""
    plan = record.plan
    if plan is None or record.filtered_by is not None:
        return False
    return (plan.is_audited or plan.is_sampled) and record.outcome in ("answered", "in_review")


def _judgement(record: Record, labels: Sequence[Label]) -> Label | None:
    """What counts: the last audit, or else what a reviewer said last of a request that was drawn for review. What users say of
    answers does not: they choose what they talk about."""
    judged = [label for label in labels if _score(label) is not None]
    audits = [label for label in judged if label.source == "audit"]
    reviews = [label for label in judged if label.source == "review" and record.plan is not None and record.plan.is_sampled]
    counted = audits or reviews
    return counted[-1] if counted else None


def _is_current(record: Record, label: Label, task: Task) -> bool:
    version = task.template.version if task.template is not None else None
    since = task.calibration.fitted_at if task.calibration is not None else 0.0
    return record.template == version and record.at >= since and (not label.model or label.model == first_rung(task))


def _row(record: Record, label: Label, task: Task) -> AuditRow | None:
    first, score = _first_answer(record, task), _score(label)
    confidence = label.confidence if label.confidence is not None or first is None else first.confidence
    if confidence is None or score is None:
        return None
    if label.source == "review" and not label.model and (first is None or first.model != record.model):
        score = 0.0  # the reviewer saw another rung's answer: the first one was not accepted, and the worst is taken to be true
    return AuditRow(
        record_id=record.id,
        at=record.at,
        confidence=confidence,
        loss=1.0 - score,
        answered_as=label.answered_as or (first.answered_as or "" if first is not None else ""),
        prompt=label.prompt,
    )


def _first_answer(record: Record, task: Task) -> Attempt | None:
    """A caller who names task and model has another ladder, whose first rung is not the task's."""
    plan, place = record.plan, task.first_place
    if plan is None:
        return None
    answered = [attempt for attempt in record.attempts if attempt.state == "answered"]
    rungs = [(attempt, plan.candidates[attempt.candidate]) for attempt in answered if attempt.candidate < len(plan.candidates)]
    own = {*task.ladder[place].models, *task.ladder[place].alternates, task.ladder[place].merger}
    return next((attempt for attempt, candidate in rungs if candidate.rung == place and candidate.card.id in own), None)


def first_rung(task: Task) -> str:
    """The id of the first rung that answers: filters only let on."""
    return task.ladder[task.first_place].id


def _score(label: Label) -> float | None:
    if label.score is not None:
        return label.score
    return None if label.is_good is None else float(label.is_good)
