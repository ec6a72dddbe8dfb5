"""Records and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The first tables."""
    op.create_table(
        "records",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("cost", sa.BigInteger),
        sa.Column("latency_ms", sa.Double, nullable=False),
        sa.Column("confidence", sa.Double),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("records_at", "records", ["at"])
    op.create_index("records_key_id_at", "records", ["key_id", "at"])
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
    )
