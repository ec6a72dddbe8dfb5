"""Brings a database to the schema of this version of taskfit, and refuses one that it does not understand.

Knows no dialect. The caller has begun a transaction that keeps other writers out, and commits it.
"""

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, Text, column, inspect, select, table

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
        make_whole(connection)
    else:
        run_revisions(connection, since=revision, where=where)


def run_revisions(connection: Connection, *, since: str | None, where: str) -> None:
    """Every step after the revision `since`, None for the very first. Errors: StoreUnavailable for an unknown one."""
    # Alembic costs 120 ms to import (2026-10), more than all the rest of a start.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "taskfit.stores:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if since is not None and since not in known:
        raise StoreUnavailable("The store cannot be used.", operator_text=(
            f"{where}: its schema is at revision {since!r}, this version of taskfit knows revisions up to {HEAD!r}. "
            "It was probably written by a newer taskfit: run that version, or name another store."))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def make_whole(connection: Connection) -> None:
    """The newest schema in an empty database at once: what all revisions make of it, without Alembic's 120 ms and 10 MiB."""
    metadata.create_all(connection, checkfirst=False)
    number = Column("version_num", String(32), nullable=False)
    version = Table(VERSION_TABLE, MetaData(), number, PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"))
    version.create(connection)
    connection.execute(version.insert().values(version_num=HEAD))


def refuse_foreign_tables(connection: Connection, where: str) -> None:
    """A database with tables of our names that we did not make is somebody else's."""
    foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if foreign:
        raise StoreUnavailable("The store cannot be used.", operator_text=(
            f"{where}: has a table {foreign[0]!r} but no {VERSION_TABLE!r}, so it is not a store of taskfit. "
            "Name a file of its own for the store."))
