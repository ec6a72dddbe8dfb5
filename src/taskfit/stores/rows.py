"""Records, keys and kept responses as rows, and the statements that every SQL store shares.

Pure: knows no connection. Only INSERT differs between dialects, and is with them.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Select, Update, bindparam, func, select, update

from taskfit.protocols import Key, RecordQuery
from taskfit.stores.schema import keys, records, responses
from taskfit.values.kept import KeptResponse
from taskfit.values.record import Record

LARGEST_GROUP = 256
"""Rows of one statement. SQLite takes 32,766 values in a statement; this is a tenth of it."""

logger = logging.getLogger("taskfit.store")

RecordRow: TypeAlias = tuple[
    str, float, str | None, str, str | None, str, str | None, str, int, str | None, int | None, float, float | None, str
]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def record_row(record: Record) -> RecordRow:
    """The record as a row, in the order of the table's columns. The body is JSON, so that no NUL character is ever in it.

    Errors: ValueError for a record that JSON cannot carry, such as one with half a surrogate pair.
    """
    return (
        record.id, record.at, record.task, record.surface, record.key_id, record.team, record.model, record.outcome,
        record.status, record.error, record.cost, record.latency_ms, record.confidence, _encode(record).decode(),
    )  # fmt: skip


def record_of_row(row: RecordRow) -> Record:
    """The record of a row of `record_row`."""
    return _decode(row[-1])


def groups(batch: Sequence[RecordRow]) -> Iterable[Sequence[RecordRow]]:
    """The batch in pieces of 256, 128, 64 … 1 rows, so that there are few different statements to keep prepared."""
    start, size = 0, LARGEST_GROUP
    while start < len(batch):
        while size > len(batch) - start:
            size //= 2
        yield batch[start : start + size]
        start += size


def readable_records(rows: Iterable[Sequence[Any]]) -> tuple[Record, ...]:
    """Records of rows `(id, body)`. Unknown fields are passed over; a body that is no Record is left out and logged."""
    found = []
    for record_id, body in rows:
        try:
            found.append(_decode(body))
        except (msgspec.DecodeError, UnicodeError) as error:
            logger.error("record_unreadable", extra={"record": record_id, "error": str(error)})
    return tuple(found)


def select_records(query: RecordQuery) -> Select[Any]:
    """`(id, body)` of what the query asks for, newest first."""
    statement = select(records.c.id, records.c.body).order_by(records.c.at.desc(), records.c.id.desc())
    for column, wanted in ((records.c.task, query.task), (records.c.key_id, query.key_id), (records.c.outcome, query.outcome)):
        if wanted:
            statement = statement.where(column == wanted)
    if query.since is not None:
        statement = statement.where(records.c.at >= query.since)
    if query.before is not None:
        statement = statement.where(records.c.at < query.before)
    return statement.limit(max(query.limit, 0))


def select_record(record_id: str) -> Select[Any]:
    """`(id, body)` of one record."""
    return select(records.c.id, records.c.body).where(records.c.id == record_id)


def select_old_ids(before: float, limit: int) -> Select[Any]:
    """Ids of records older than `before`, at most `limit` of them; asked again in the same transaction, the same ones."""
    return select(records.c.id).where(records.c.at < before).order_by(records.c.at, records.c.id).limit(limit)


def select_old_responses(before: float, limit: int) -> Select[Any]:
    """Ids of kept responses older than `before`, at most `limit` of them."""
    return select(responses.c.id).where(responses.c.at < before).limit(limit)


def select_response(response_id: str) -> Select[Any]:
    """One kept response."""
    return select(*(responses.c[name] for name in KeptResponse.__struct_fields__)).where(responses.c.id == response_id)


def response_row(response: KeptResponse) -> dict[str, object]:
    """The kept response as a row."""
    return msgspec.structs.asdict(response)


def response_of_row(row: Sequence[Any]) -> KeptResponse:
    """The kept response of a row of `select_response`."""
    return KeptResponse(**dict(zip(KeptResponse.__struct_fields__, row, strict=True)))


def select_keys() -> Select[Any]:
    """All keys, oldest first."""
    return select(*(keys.c[name] for name in Key.__struct_fields__)).order_by(keys.c.created_at, keys.c.id)


def revoke_statement() -> Update:
    """Marks the key `key_id` as revoked at `revoked`, unless it already is."""
    return (
        update(keys)
        .where(keys.c.id == bindparam("key_id"))
        .values(revoked_at=func.coalesce(keys.c.revoked_at, bindparam("revoked")))
    )


def key_row(key: Key) -> dict[str, object]:
    """The key as a row."""
    return msgspec.structs.asdict(key)


def keys_of_rows(rows: Iterable[Sequence[Any]]) -> tuple[Key, ...]:
    """The keys of rows of `select_keys`; one that this version cannot read is left out and logged."""
    found = []
    for row in rows:
        fields = dict(zip(Key.__struct_fields__, row, strict=True))
        try:
            found.append(msgspec.convert(fields, Key))
        except msgspec.ValidationError as error:
            logger.error("key_unreadable", extra={"key": fields["id"], "error": str(error)})
    return tuple(found)
