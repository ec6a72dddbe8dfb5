"""Outcomes out of the store: what is known of recorded answers, a row for each. Reads only.

A check's rejections are known of all answers, other words of few. Exported as they come, a model that is audited now and then
would seem wrong nearly always. So no more of the rejected answers get a score than of the others: a random sample, by a hash.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias
from zlib import crc32

import msgspec

from taskfit.outcomes.judging import REJECTION, Evidence, judged_rows, standings
from taskfit.outcomes.writing import OutcomeRow
from taskfit.pipeline.case_conversations import question_in
from taskfit.protocols import Store
from taskfit.values.record import Record
from taskfit.values.review import ReviewCase


def rows_by_record(records: Iterable[Record], store: Store) -> Iterator[tuple[OutcomeRow, ...]]:
    """The rows of each record of which anything is known. `records` newest first, as for `evidence_by_record`."""
    for evidence in evidence_by_record(records, store):
        if rows := judged_rows(evidence):
            yield rows


Kept: TypeAlias = Mapping[tuple[str | None, str], float]
"""By task and model, how many of the answers that a check rejected, and nobody else judged, get a score: 0 to 1."""


def rejections_kept(evidences: Iterable[Evidence]) -> Kept:
    """So many that as many of the rejected answers have a score as of the others."""
    counts: Counter[tuple[str | None, str, bool, bool]] = Counter()
    for evidence in evidences:
        for model, is_rejected, is_judged in standings(evidence):
            counts[evidence.record.task, model, is_rejected, is_judged] += 1
    return {
        (task, model): _kept(counts[task, model, False, True], counts[task, model, False, False],
                             counts[task, model, True, True], counts[task, model, True, False])
        for task, model in {(task, model) for task, model, _, _ in counts}
    }  # fmt: skip


def _kept(judged: int, others: int, judged_rejections: int, rejections: int) -> float:
    """Where all answers are rejected, all count."""
    if judged + others == 0:
        return 1.0
    wanted = judged / (judged + others) * (judged_rejections + rejections) - judged_rejections
    return min(1.0, max(0.0, wanted / rejections)) if rejections else 1.0


def thinned(rows: Sequence[OutcomeRow], kept: Kept) -> tuple[OutcomeRow, ...]:
    """The rows, of the scores that are rejections only the sample. What has no score keeps its cost and its latency."""
    return tuple([
        row if row.source != REJECTION or _draw(row) < kept.get((row.task, row.model), 1.0)
        else msgspec.structs.replace(row, score=None, source=None)
        for row in rows
    ])  # fmt: skip


def _draw(row: OutcomeRow) -> float:
    """The same for the same answer, 0 to 1."""
    return crc32(f"{row.prompt_id} {row.model}".encode()) / 2**32


def evidence_by_record(records: Iterable[Record], store: Store) -> Iterator[Evidence]:
    """Each record with its labels and audits. `records` newest first, so that the walk of an audit comes before the one that it
    belongs to."""
    audits: dict[str, list[Record]] = {}
    for record in records:
        if record.audit_of is not None:
            audits.setdefault(record.audit_of, []).append(record)
        else:
            yield _evidence(record, audits.pop(record.id, []), store)


def _evidence(record: Record, audits: list[Record], store: Store) -> Evidence:
    case = None if record.review_id is None else store.get_case(record.review_id)
    return Evidence(
        record=record,
        labels=store.labels_of(record.id),
        audits=tuple(reversed(audits)),
        case=case,
        question=None if case is None else question_in(case),
        body=None if case is None else _body(case),
    )


def _body(case: ReviewCase) -> str | None:
    """The request, where it is one of the dialect in which outcomes have requests."""
    return case.request.decode("utf-8", "replace") if case.dialect == "openai-chat" else None
