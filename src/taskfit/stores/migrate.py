"""Brings a database to the schema of this version of taskfit, and refuses one that it does not understand.

Knows no dialect. The caller has begun a transaction that keeps other writers out, and commits it.
"""

from sqlalchemy import Connection, Text, column, inspect, select, table

from taskfit.errors import StoreUnavailable
from taskfit.stores.schema import HEAD, metadata

VERSION_TABLE = "alembic_version"


def revision_of(connection: Connection) -> str | None:
    """The revision that a database is at; None for one without our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(column("version_num", Text)).select_from(table(VERSION_TABLE))).scalar()


def bring_up_to_date(connection: Connection, *, where: str) -> None:
    """Run what is missing, nothing if nothing is.

    Errors: StoreUnavailable for a database of a newer taskfit, or of something else. `where` names it to the operator.
    """
    revision = revision_of(connection)
    if revision == HEAD:
        return
    if revision is None:
        refuse_foreign_tables(connection, where)

    # Alembic costs 120 ms to import (2026-10), more than all the rest of a start.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "taskfit.stores:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreUnavailable("The store cannot be used.", operator_text=(
            f"{where}: its schema is at revision {revision!r}, this version of taskfit knows revisions up to {HEAD!r}. "
            "It was probably written by a newer taskfit: run that version, or name another store."))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def refuse_foreign_tables(connection: Connection, where: str) -> None:
    """A database with tables of our names that we did not make is somebody else's."""
    foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if foreign:
        raise StoreUnavailable("The store cannot be used.", operator_text=(
            f"{where}: has a table {foreign[0]!r} but no {VERSION_TABLE!r}, so it is not a store of taskfit. "
            "Name a file of its own for the store."))
