"""What is known of the answers in a record, and who says so, as rows of outcomes. PURE.

A person's word counts more than an audit's, that more than what users say, that more than a judge's, and least counts a check:
who has looked closest is believed. A check that accepts has found nothing wrong, which proves nothing, so it gives no score.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from taskfit.outcomes.writing import OutcomeRow
from taskfit.values.attempt import Attempt
from taskfit.values.money import MICRO
from taskfit.values.plan import Candidate
from taskfit.values.record import Record
from taskfit.values.review import Label, ReviewCase
from taskfit.values.task import Rung

SOURCES: Final = ("review", "audit", "feedback", "judge", "check")
"""Whose word a score can be, from the weightiest."""

JUDGE: Final = "judge"
REJECTION: Final = "check"
DOUBTS: Final = frozenset({"agreement", "logprob", "self_check", "agree", "samples", "vote"})
"""Checks that tell how sure a model is, and rungs that tell whether their voices agree. Doubt does not make an answer wrong."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One record and what else the store knows of it. `labels` oldest first; `audits` are the records of walks that were made to
    compare with this one's answer; `question` and `body` are the request's text and JSON, where the case has kept them."""

    record: Record
    labels: Sequence[Label] = ()
    audits: Sequence[Record] = ()
    case: ReviewCase | None = None
    question: str | None = None
    body: str | None = None


class _Tried(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One answer: by which rung, at which place of the ladder."""

    attempt: Attempt
    record: Record
    model: str
    rung: int


def judged_rows(evidence: Evidence) -> tuple[OutcomeRow, ...]:
    """A row for each answer and each word on it, and one without a score for each answer that nobody has said anything of.

    Nothing where nobody has said anything of any.
    """
    tried = tuple(_tried(evidence))
    said = [(each, source, score) for each in tried for source, score in _words_on(each, evidence, tried)]
    if not said:
        return ()
    known = {id(each) for each, _, _ in said}
    silent = [(each, None, None) for each in tried if id(each) not in known]
    shown = _shown_to_people(evidence, tried)
    rows = [(each, _row(each, source, score, evidence)) for each, source, score in (*said, *silent)]
    return tuple([row if each is not shown else _with_response(row, evidence) for each, row in rows])


def standings(evidence: Evidence) -> Iterator[tuple[str, bool, bool]]:
    """Of each answer: by which rung, whether a check rejected it, and whether there is any other word on it."""
    tried = tuple(_tried(evidence))
    for each in tried:
        sources = {source for source, _ in _words_on(each, evidence, tried)}
        yield each.model, REJECTION in sources, bool(sources - {REJECTION})


def best_rows(rows: Iterable[OutcomeRow]) -> tuple[OutcomeRow, ...]:
    """Of each model's rows on a prompt the one with the weightiest word; the last of several."""
    best: dict[tuple[str, str], OutcomeRow] = {}
    for row in rows:
        key = (row.prompt_id, row.model)
        if key not in best or _weight(row) <= _weight(best[key]):
            best[key] = row
    return tuple(best.values())


def _weight(row: OutcomeRow) -> int:
    """The lower, the weightier."""
    return len(SOURCES) if row.source is None else SOURCES.index(row.source)


def _tried(evidence: Evidence) -> Iterator[_Tried]:
    """All answers, whole or stopped by a check, also those of the audits."""
    for record in (evidence.record, *evidence.audits):
        for attempt in record.attempts:
            candidate = _candidate(record, attempt)
            if attempt.state not in ("answered", "stopped") or (candidate is not None and candidate.form == "filter"):
                continue
            place = -1 if candidate is None else candidate.rung
            yield _Tried(attempt=attempt, record=record, model=rung_of(record, attempt), rung=place)


def rung_of(record: Record, attempt: Attempt) -> str:
    """The id of the rung that was asked, as a router calls it (`Rung.id`)."""
    candidate = _candidate(record, attempt)
    return attempt.model if candidate is None or candidate.form == "single" else rung_id(candidate)


def rung_id(candidate: Candidate) -> str:
    """The id of a planned rung (`Rung.id`); of another provider of a model its id there."""
    if candidate.form == "single":
        return candidate.card.id
    models = tuple(dict.fromkeys([card.id for card in candidate.members]))
    merger = None if candidate.merger is None else candidate.merger.id
    count = len(candidate.members) // max(1, len(models))
    return Rung(models=models, form=candidate.form, count=count, merger=merger, first_to=candidate.first_to).id


def _candidate(record: Record, attempt: Attempt) -> Candidate | None:
    candidates = () if record.plan is None else record.plan.candidates
    return candidates[attempt.candidate] if attempt.candidate < len(candidates) else None


def _words_on(tried: _Tried, evidence: Evidence, all_tried: Sequence[_Tried]) -> Iterator[tuple[str, float]]:
    """Whose word there is on this answer, and the score that it comes to; of one source the last."""
    words: dict[str, float] = {}
    for label in evidence.labels:
        score = _score(label)
        if score is None:
            continue
        if tried is _judged_by(label, evidence, all_tried):
            words[label.source] = score
        elif label.source == "audit" and tried is _yardstick(label, all_tried):
            words.setdefault(label.source, 1.0)
    yield from words.items()
    yield from _verdicts(tried.attempt)


def _verdicts(attempt: Attempt) -> Iterator[tuple[str, float]]:
    judged = [verdict.score for verdict in attempt.verdicts if verdict.check == JUDGE and verdict.judgement != "unsure"]
    if judged:
        yield JUDGE, judged[-1]
    if any(verdict.judgement == "reject" and verdict.check not in {JUDGE, *DOUBTS} for verdict in attempt.verdicts):
        yield REJECTION, 0.0


def _judged_by(label: Label, evidence: Evidence, all_tried: Sequence[_Tried]) -> _Tried | None:
    """The answer that the label is about: that of the rung it names, else of the case, else the one that was given."""
    if label.model:
        return _last([each for each in all_tried if each.model == label.model])
    if label.source == "review" and evidence.case is not None:
        return _shown_to_people(evidence, all_tried)
    return _last([each for each in _own(evidence, all_tried) if each.attempt.model == evidence.record.model])


def _shown_to_people(evidence: Evidence, all_tried: Sequence[_Tried]) -> _Tried | None:
    """The answer that the review case holds."""
    model = None if evidence.case is None else evidence.case.model
    return _last([each for each in _own(evidence, all_tried) if each.attempt.model == model])


def _own(evidence: Evidence, all_tried: Sequence[_Tried]) -> list[_Tried]:
    """The whole answers of the record's own walk."""
    return [each for each in all_tried if each.record is evidence.record and each.attempt.state == "answered"]


def _yardstick(label: Label, all_tried: Sequence[_Tried]) -> _Tried | None:
    """The answer that an audit compares with: that of the highest rung, in a walk of its own or in this one."""
    others = [each for each in all_tried if each.model != label.model and each.attempt.state == "answered"]
    audits = [each for each in others if each.record.audit_of is not None]
    return _last(audits) or max(others, key=lambda each: each.rung, default=None)


def _last(found: Sequence[_Tried]) -> _Tried | None:
    return found[-1] if found else None


def _score(label: Label) -> float | None:
    """None: it does not say whether the answer is right. One that had to be corrected was not."""
    if label.score is not None:
        return label.score
    if label.is_good is not None:
        return float(label.is_good)
    return None if label.corrected is None else 0.0


def _row(tried: _Tried, source: str | None, score: float | None, evidence: Evidence) -> OutcomeRow:
    record, attempt = evidence.record, tried.attempt
    routing = None if record.plan is None else record.plan.routing
    return OutcomeRow(
        prompt_id=record.id,
        prompt=evidence.question,
        request=evidence.body,
        task=record.task,
        model=tried.model,
        score=score,
        cost_usd=None if attempt.cost is None else attempt.cost / MICRO,
        latency_s=None if attempt.duration_ms is None else attempt.duration_ms / 1000,
        confidence=attempt.confidence,
        source=source,
        propensity=None if routing is None or tried.record is not record else routing.propensity,
        at=record.at,
    )


def _with_response(row: OutcomeRow, evidence: Evidence) -> OutcomeRow:
    return msgspec.structs.replace(row, response=None if evidence.case is None else evidence.case.answer)
