"""The tables, as SQLAlchemy Core sees them, for every SQL store.

`records` has a column for each thing that is filtered or summed by; the whole record is JSON text in `body`. Of all tables
`responses` alone holds texts of conversations, in `data`. Knows no dialect and no connection. A change here needs a new
revision in migrations/versions and a new HEAD.
"""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text

HEAD = "0002"
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
