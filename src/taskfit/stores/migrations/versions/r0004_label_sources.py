"""Where a label comes from and which task it is of, so that the audits of one task are found without reading all labels."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Two columns, filled from the labels themselves, and their index."""
    op.add_column("labels", sa.Column("source", sa.Text))
    op.add_column("labels", sa.Column("task", sa.Text))
    body = sa.cast(sa.column("body"), sa.JSON)
    labels = sa.table("labels", sa.column("source"), sa.column("body"))
    op.execute(labels.update().values(source=body["source"].as_string()))
    op.create_index("labels_source_task_at", "labels", ["source", "task", "at"])
