"""Review cases with their messages to webhooks, and labels: what people decide and say of answers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The three tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_overdue_told", sa.Boolean, nullable=False),
        sa.Column("claimed_until", sa.Double),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("cases_state_due_at", "cases", ["state", "due_at"])
    op.create_index("cases_record_id", "cases", ["record_id"])
    op.create_index("cases_at", "cases", ["at"])
    op.create_table(
        "labels",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("labels_record_id_at", "labels", ["record_id", "at"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("deliveries_state_next_at", "deliveries", ["state", "next_at"])
