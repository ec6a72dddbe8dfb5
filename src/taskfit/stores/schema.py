"""The tables, as SQLAlchemy Core sees them, for every SQL store.

A table has a column for each thing that is filtered or summed by; the whole record, case, label or message is JSON text in
`body`. Texts of conversations are in `responses`, `cases`, `labels` and `deliveries`, never in `records` and `keys`. Knows no
dialect and no connection. A change here needs a new revision in migrations/versions and a new HEAD.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text

HEAD = "0004"
"""The newest revision, so that an up-to-date database is recognised without importing Alembic."""

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Double, nullable=False),  # seconds since the epoch
    Column("task", Text),
    Column("surface", Text, nullable=False),
    Column("key_id", Text),
    Column("team", Text, nullable=False),
    Column("model", Text),
    Column("outcome", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", Text),
    Column("cost", BigInteger),  # micro-dollars
    Column("latency_ms", Double, nullable=False),
    Column("confidence", Double),
    Column("body", Text, nullable=False),
    Index("records_at", "at"),
    Index("records_key_id_at", "key_id", "at"),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("revoked_at", Double),
)

responses = Table(
    "responses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key_id", Text),
    Column("team", Text, nullable=False),
    Column("at", Double, nullable=False),  # seconds since the epoch
    Column("data", LargeBinary, nullable=False),
    Index("responses_at", "at"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("at", Double, nullable=False),  # seconds since the epoch, as all times below
    Column("due_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("is_overdue_told", Boolean, nullable=False),
    Column("claimed_until", Double),
    Column("version", Integer, nullable=False),
    Column("request", LargeBinary, nullable=False),  # not in `body`: it never changes, and lists do without it
    Column("body", Text, nullable=False),
    Index("cases_state_due_at", "state", "due_at"),
    Index("cases_record_id", "record_id"),
    Index("cases_at", "at"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Column("source", Text),
    Column("task", Text),
    Index("labels_record_id_at", "record_id", "at"),
    Index("labels_source_task_at", "source", "task", "at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Index("deliveries_state_next_at", "state", "next_at"),
)
