"""The store in one SQLite file: no server, several processes.

Durability: WAL with synchronous=NORMAL. What `append` has returned from survives the death of the process; a power
failure may lose the last commits before it, and never damages the file. Knows nothing of queues: see pipeline/outbox.py.

Privacy: records and keys hold no text of a conversation; kept responses, review cases, labels and messages to webhooks do, as
it is. Who can read the file can read them. What is deleted or replaced is overwritten in the file; in the WAL and in backups it
may live on until they are.
"""

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import ClassVar

import msgspec
from sqlalchemy import Connection, delete
from sqlalchemy.dialects.sqlite import insert

from taskfit.protocols import CaseCounts, CaseQuery, Key, LabelQuery, RecordQuery
from taskfit.stores import case_rows, rows
from taskfit.stores.schema import cases, deliveries, keys, labels, records, responses
from taskfit.stores.sqlite_file import SqliteFile, path_of, wiping
from taskfit.values.kept import KeptResponse
from taskfit.values.record import Record
from taskfit.values.review import Delivery, Label, ReviewCase

PRUNE_CHUNK = 5_000
"""Rows that one transaction deletes, so that other processes can write in between."""
PRUNE_TEXTS_CHUNK = 100
"""The same for kept responses and cases, which can have megabytes each."""

_KEEP_LABELS = insert(labels).on_conflict_do_nothing(index_elements=[labels.c.id])


class SqliteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the file is: `sqlite:taskfit.db`, `sqlite:/var/lib/taskfit/taskfit.db`, or `sqlite::memory:` for tests."""

    url: str


class SqliteStore:
    """A Store in a file. Any thread may use it; calls are served one after the other."""

    Settings: ClassVar[type[msgspec.Struct]] = SqliteSettings

    def __init__(self, name: str, settings: SqliteSettings) -> None:
        self.name = name
        self._file = SqliteFile(path_of(settings.url))
        self._insert_texts: dict[int, str] = {}

    async def open(self) -> None:
        """Create or open the file and bring its schema up to date. Errors: StoreUnavailable."""
        await asyncio.to_thread(self._file.open)

    async def close(self) -> None:
        """Release the file; the last process that does also empties the WAL into it."""
        await asyncio.to_thread(self._file.close)

    def append(self, records: Sequence[Record]) -> None:
        """All of them in one transaction, or none; a known id changes nothing.

        Errors: StoreUnavailable; ValueError or InternalError when one of the records cannot be stored at all.
        """
        self.append_packed([rows.record_row(record) for record in records])

    def pack(self, record: Record) -> rows.RecordRow:
        """See protocols.PackingStore."""
        return rows.record_row(record)

    def unpack(self, packed: rows.RecordRow) -> Record:
        """See protocols.PackingStore."""
        return rows.record_of_row(packed)

    def append_packed(self, batch: Sequence[rows.RecordRow]) -> None:
        """See protocols.PackingStore."""
        if not batch:
            return
        with self._file.begin() as connection:
            for group in rows.groups(batch):
                connection.exec_driver_sql(self._insert_of(len(group)), tuple(chain.from_iterable(group)))

    def find(self, query: RecordQuery) -> tuple[Record, ...]:
        """Records that match, newest first."""
        with self._file.begin() as connection:
            return rows.readable_records(connection.execute(rows.select_records(query)))

    def get(self, record_id: str) -> Record | None:
        """One record."""
        with self._file.begin() as connection:
            found = rows.readable_records(connection.execute(rows.select_record(record_id)))
        return found[0] if found else None

    def prune(self, *, before: float) -> int:
        """Delete older records with their labels, and older kept responses, decided cases and messages that wait no more; how
        many records. The file keeps its size, its free pages are used again."""
        file = self._file
        file.delete_in_chunks(responses, rows.select_old_responses(before, PRUNE_TEXTS_CHUNK), PRUNE_TEXTS_CHUNK)
        file.delete_in_chunks(cases, case_rows.select_old_cases(before, PRUNE_TEXTS_CHUNK), PRUNE_TEXTS_CHUNK)
        file.delete_in_chunks(deliveries, case_rows.select_old_deliveries(before, PRUNE_CHUNK), PRUNE_CHUNK)
        file.delete_in_chunks(labels, case_rows.select_stray_labels(before, PRUNE_CHUNK), PRUNE_CHUNK)
        return self._prune_records(before)

    def keep_response(self, response: KeptResponse) -> bool:
        """Keep a response; a known id changes nothing and is told."""
        with self._file.begin() as connection, wiping(connection):
            kept = insert(responses).values(rows.response_row(response))
            return connection.execute(kept.on_conflict_do_nothing(index_elements=[responses.c.id])).rowcount > 0

    def get_response(self, response_id: str) -> KeptResponse | None:
        """One kept response."""
        with self._file.begin() as connection:
            row = connection.execute(rows.select_response(response_id)).one_or_none()
        return None if row is None else rows.response_of_row(row)

    def delete_response(self, response_id: str) -> bool:
        """Whether there was such a response. Its text is overwritten."""
        with self._file.begin() as connection, wiping(connection):
            return connection.execute(delete(responses).where(responses.c.id == response_id)).rowcount > 0

    def open_case(self, case: ReviewCase, *, deliveries: Sequence[Delivery] = ()) -> None:
        """Keep a new case with its messages, in one transaction; a known id changes nothing."""
        row = insert(cases).values(case_rows.case_row(case)).on_conflict_do_nothing(index_elements=[cases.c.id])
        with self._file.begin() as connection, wiping(connection):
            if connection.execute(row).rowcount > 0:
                _put_deliveries(connection, deliveries)

    def find_cases(self, query: CaseQuery) -> tuple[ReviewCase, ...]:
        """Cases that match, those due first first. Their `request` is empty: it can have megabytes, and `get_case` has it."""
        with self._file.begin() as connection:
            return case_rows.readable_cases(connection.execute(case_rows.select_cases(query)))

    def get_case(self, case_id: str) -> ReviewCase | None:
        """One case, with its request."""
        with self._file.begin() as connection:
            row = connection.execute(case_rows.select_case(case_id)).one_or_none()
        return None if row is None else case_rows.readable_case(row)

    def change_case(self, case: ReviewCase, *, labels: Sequence[Label] = (), deliveries: Sequence[Delivery] = ()) -> bool:
        """Put the case in the place of its predecessor, with labels and messages, in one transaction; False where another change
        came first. Its request stays as it was."""
        with self._file.begin() as connection, wiping(connection):
            if connection.execute(case_rows.change_case_statement(case)).rowcount == 0:
                return False
            if labels:
                connection.execute(_KEEP_LABELS, [case_rows.label_row(label) for label in labels])
            _put_deliveries(connection, deliveries)
        return True

    def count_cases(self, *, now: float) -> CaseCounts:
        """How many wait, and how many of them are overdue; a claim whose lease is over counts as open."""
        with self._file.begin() as connection:
            return case_rows.counts_of_row(connection.execute(case_rows.count_statement(now)).one())

    def append_labels(self, labels: Sequence[Label]) -> None:
        """All of them in one transaction, or none; a known id changes nothing."""
        if not labels:
            return
        with self._file.begin() as connection, wiping(connection):
            connection.execute(_KEEP_LABELS, [case_rows.label_row(label) for label in labels])

    def labels_of(self, record_id: str) -> tuple[Label, ...]:
        """All labels of one record, oldest first."""
        with self._file.begin() as connection:
            return case_rows.readable_labels(connection.execute(case_rows.select_labels(record_id)))

    def find_labels(self, query: LabelQuery) -> tuple[Label, ...]:
        """Labels of one source, oldest first."""
        with self._file.begin() as connection:
            return case_rows.readable_labels(connection.execute(case_rows.select_labels_from(query)))

    def put_delivery(self, delivery: Delivery) -> None:
        """Keep a message; the same id again puts it in the place of the old one."""
        with self._file.begin() as connection, wiping(connection):
            _put_deliveries(connection, (delivery,))

    def due_deliveries(self, *, now: float, limit: int) -> tuple[Delivery, ...]:
        """Messages that are waiting and whose time has come, oldest first."""
        with self._file.begin() as connection:
            return case_rows.readable_deliveries(connection.execute(case_rows.select_due_deliveries(now, limit)))

    def count_deliveries(self) -> int:
        """How many messages are waiting, due or not."""
        with self._file.begin() as connection:
            return connection.execute(case_rows.COUNT_DELIVERIES).scalar_one()

    def keys(self) -> tuple[Key, ...]:
        """All keys, oldest first."""
        with self._file.begin() as connection:
            return rows.keys_of_rows(connection.execute(rows.select_keys()).all())

    def add_key(self, key: Key) -> None:
        """Keep a key; a known digest changes nothing."""
        with self._file.begin() as connection:
            connection.execute(insert(keys).values(rows.key_row(key)).on_conflict_do_nothing(index_elements=[keys.c.digest]))

    def revoke_key(self, key_id: str, *, at: float) -> bool:
        """Whether there was such a key. A revoked key stays revoked since the first time."""
        with self._file.begin() as connection:
            return connection.execute(rows.revoke_statement(), {"key_id": key_id, "revoked": at}).rowcount > 0

    def _prune_records(self, before: float) -> int:
        """Each record goes together with its labels."""
        deleted = 0
        old = rows.select_old_ids(before, PRUNE_CHUNK)
        while True:
            with self._file.begin() as connection, wiping(connection):
                connection.execute(delete(labels).where(labels.c.record_id.in_(old)))
                chunk = connection.execute(delete(records).where(records.c.id.in_(old))).rowcount
            deleted += chunk
            if chunk < PRUNE_CHUNK:
                return deleted

    def _insert_of(self, count: int) -> str:
        """The INSERT of so many rows.

        One statement for many rows, not one many times: Python's driver gives the interpreter lock away for each statement,
        and while requests keep the event loop busy it takes a change of thread to get it back.
        """
        text = self._insert_texts.get(count)
        if text is None:
            values = ", ".join([f"({', '.join('?' * len(records.c))})"] * count)
            columns = ", ".join(column.name for column in records.c)
            text = f"INSERT INTO {records.name} ({columns}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608  # names of our own
            self._insert_texts[count] = text
        return text


def _put_deliveries(connection: Connection, messages: Sequence[Delivery]) -> None:
    for message in messages:
        row = case_rows.delivery_row(message)
        connection.execute(insert(deliveries).values(row).on_conflict_do_update(index_elements=[deliveries.c.id], set_=row))
