"""Outcomes out of the store: what is known of recorded answers, a row for each. Reads only."""

from collections.abc import Iterable, Iterator

from taskfit.outcomes.judging import Evidence, judged_rows
from taskfit.outcomes.writing import OutcomeRow
from taskfit.pipeline.case_conversations import question_in
from taskfit.protocols import Store
from taskfit.values.record import Record
from taskfit.values.review import ReviewCase


def rows_by_record(records: Iterable[Record], store: Store) -> Iterator[tuple[OutcomeRow, ...]]:
    """The rows of each record of which anything is known. `records` newest first, so that the walk of an audit comes before the
    one that it belongs to."""
    audits: dict[str, list[Record]] = {}
    for record in records:
        if record.audit_of is not None:
            audits.setdefault(record.audit_of, []).append(record)
            continue
        if rows := judged_rows(_evidence(record, audits.pop(record.id, []), store)):
            yield rows


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
