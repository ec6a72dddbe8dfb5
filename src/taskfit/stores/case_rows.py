"""Review cases, labels and messages to webhooks as rows, and the statements that every SQL store shares.

Pure: knows no connection. Only INSERT differs between dialects, and is with them.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, Update, case, func, not_, select, update

from taskfit.protocols import CaseCounts, CaseQuery, LabelQuery
from taskfit.stores.schema import cases, deliveries, labels, records
from taskfit.values.review import Delivery, Label, ReviewCase

UNDECIDED = ("open", "claimed")

logger = logging.getLogger("taskfit.store")

T = TypeVar("T")

COUNT_DELIVERIES = select(func.count()).select_from(deliveries).where(deliveries.c.state == "waiting")
"""Messages that wait, due or not."""

_encode = msgspec.json.Encoder().encode
_case = msgspec.json.Decoder(ReviewCase)
_label = msgspec.json.Decoder(Label)
_delivery = msgspec.json.Decoder(Delivery)


def case_row(value: ReviewCase) -> dict[str, object]:
    """A new case as a row. Errors: ValueError for text that JSON cannot carry, such as half a surrogate pair; so all below."""
    return {"id": value.id, "request": value.request, **_columns(value)}


def change_case_statement(value: ReviewCase) -> Update:
    """Puts a case in the place of the one before it, whose request stays; touches no row where that is not the stored one."""
    return update(cases).where(cases.c.id == value.id, cases.c.version == value.version - 1).values(**_columns(value))


def select_case(case_id: str) -> Select[Any]:
    """`(id, body, request)` of one case."""
    return select(cases.c.id, cases.c.body, cases.c.request).where(cases.c.id == case_id)


def select_cases(query: CaseQuery) -> Select[Any]:
    """`(id, body)` of what the query asks for, those due first first."""
    statement = select(cases.c.id, cases.c.body).order_by(cases.c.due_at, cases.c.id)
    if query.state is not None:
        statement = statement.where(cases.c.state == query.state)
    if query.is_undecided:
        statement = statement.where(cases.c.state.in_(UNDECIDED))
    if query.task:
        statement = statement.where(cases.c.task == query.task)
    if query.record_id:
        statement = statement.where(cases.c.record_id == query.record_id)
    if query.due_before is not None:
        statement = statement.where(cases.c.due_at < query.due_before)
    if query.is_overdue_told is not None:
        statement = statement.where(cases.c.is_overdue_told.is_(query.is_overdue_told))
    return statement.limit(max(query.limit, 0))


def readable_cases(rows: Iterable[Sequence[Any]]) -> tuple[ReviewCase, ...]:
    """Cases of rows `(id, body)`, without their requests. A body that is no case is left out and logged, as all below."""
    return tuple(_readable("case_unreadable", rows, _case))


def readable_case(row: Sequence[Any]) -> ReviewCase | None:
    """The case of a row `(id, body, request)`; None, and a line in the log, for one that cannot be read."""
    found = readable_cases([row[:2]])
    return msgspec.structs.replace(found[0], request=row[2]) if found else None


def count_statement(now: float) -> Select[int, int, int]:
    """`(open, claimed, overdue)`: a claim whose lease is over is open again."""
    is_held = (cases.c.state == "claimed") & (cases.c.claimed_until > now)
    is_free = not_(func.coalesce(is_held, False))
    counted = select(_count(is_free), _count(is_held), _count(cases.c.due_at < now))
    return counted.where(cases.c.state.in_(UNDECIDED))


def counts_of_row(row: Sequence[Any]) -> CaseCounts:
    """What `count_statement` found."""
    return CaseCounts(open=row[0], claimed=row[1], overdue=row[2])


def select_old_cases(before: float, limit: int) -> Select[Any]:
    """Ids of decided cases older than `before`, at most `limit` of them."""
    return select(cases.c.id).where(cases.c.at < before, cases.c.state.not_in(UNDECIDED)).limit(limit)


def label_row(value: Label) -> dict[str, object]:
    """The label as a row."""
    return {
        "id": value.id, "record_id": value.record_id, "at": value.at, "source": value.source, "task": value.task,
        "body": _encode(value).decode(),
    }  # fmt: skip


def select_labels(record_id: str) -> Select[Any]:
    """`(id, body)` of all labels of one record, oldest first."""
    return select(labels.c.id, labels.c.body).where(labels.c.record_id == record_id).order_by(labels.c.at, labels.c.id)


def select_labels_from(query: LabelQuery) -> Select[Any]:
    """`(id, body)` of the labels that the query asks for, oldest first."""
    statement = select(labels.c.id, labels.c.body).where(labels.c.source == query.source)
    if query.task is not None:
        statement = statement.where(labels.c.task == query.task)
    if query.since is not None:
        statement = statement.where(labels.c.at >= query.since)
    return statement.order_by(labels.c.at, labels.c.id).limit(max(query.limit, 0))


def readable_labels(rows: Iterable[Sequence[Any]]) -> tuple[Label, ...]:
    """The labels of rows `(id, body)`."""
    return tuple(_readable("label_unreadable", rows, _label))


def select_stray_labels(before: float, limit: int) -> Select[Any]:
    """Ids of labels older than `before` whose record is gone, at most `limit` of them."""
    has_record = select(records.c.id).where(records.c.id == labels.c.record_id).exists()
    return select(labels.c.id).where(labels.c.at < before, not_(has_record)).limit(limit)


def delivery_row(value: Delivery) -> dict[str, object]:
    """The message as a row."""
    return {"id": value.id, "state": value.state, "next_at": value.next_at, "body": _encode(value).decode()}


def select_due_deliveries(now: float, limit: int) -> Select[Any]:
    """`(id, body)` of messages that wait and whose time has come, oldest first."""
    statement = select(deliveries.c.id, deliveries.c.body).order_by(deliveries.c.next_at, deliveries.c.id)
    return statement.where(deliveries.c.state == "waiting", deliveries.c.next_at <= now).limit(max(limit, 0))


def readable_deliveries(rows: Iterable[Sequence[Any]]) -> tuple[Delivery, ...]:
    """The messages of rows `(id, body)`."""
    return tuple(_readable("delivery_unreadable", rows, _delivery))


def select_old_deliveries(before: float, limit: int) -> Select[Any]:
    """Ids of messages older than `before` that wait no more, at most `limit` of them."""
    return select(deliveries.c.id).where(deliveries.c.next_at < before, deliveries.c.state != "waiting").limit(limit)


def _columns(value: ReviewCase) -> dict[str, object]:
    """The columns that may change with a case."""
    body = _encode(msgspec.structs.replace(value, request=b"")).decode()
    return {
        "record_id": value.record_id, "task": value.task, "at": value.at, "due_at": value.due_at, "state": value.state,
        "is_overdue_told": value.is_overdue_told, "claimed_until": value.claimed_until, "version": value.version, "body": body,
    }  # fmt: skip


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _readable(event: str, rows: Iterable[Sequence[Any]], decoder: "msgspec.json.Decoder[T]") -> Iterable[T]:
    for row_id, body in rows:
        try:
            yield decoder.decode(body)
        except (msgspec.DecodeError, UnicodeError) as error:
            logger.error(event, extra={"row": row_id, "error": str(error)})
