"""Runs revisions on the connection that migrate.py hands over, inside the transaction that it has begun."""

from alembic import context

from taskfit.stores.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
