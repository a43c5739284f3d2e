"""The numbered migrations of the store, and how to run them from the program.

Alembic is imported only when there is something to do: it costs a quarter of a second, and a server
starts many times on a database that is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    inspect,
    select,
)

from workroom.adapters.store.files import make_private_file
from workroom.adapters.store.tables import metadata
from workroom.errors import Misconfigured

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

HEAD: Final = "0007"
"""The last migration. A test keeps this equal to what ``versions/`` says."""

_VERSION: Final = Table(
    "alembic_version",
    MetaData(naming_convention={"pk": "%(table_name)s_pkc"}),
    Column("version_num", String(32), primary_key=True),
)
"""Alembic's own table, as Alembic makes it."""


def upgrade(url: str) -> None:
    """Bring the database at ``url`` up to date, creating its tables when there are none.

    Raises Misconfigured when it was made by a newer Workroom.
    """
    engine = create_engine(url)
    try:
        if engine.dialect.name == "sqlite" and engine.url.database:
            make_private_file(Path(engine.url.database))
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                # The driver would begin by itself only at the first row that changes.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade_connection(connection)
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """The last migration that was run there; None when there are no tables of ours."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return current_revision(connection)
    finally:
        engine.dispose()


def pending(url: str) -> Sequence[str]:
    """The migrations that are still to be run there, in order."""
    revision = current(url)
    return [] if revision == HEAD else _after(revision)


def current_revision(connection: Connection) -> str | None:
    """As ``current``, on an open connection."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return revision


def upgrade_connection(connection: Connection) -> None:
    """As ``upgrade``, inside the transaction of an open connection."""
    revision = current_revision(connection)
    if revision == HEAD:
        return
    if revision is None:
        if inspect(connection).get_table_names():
            raise Misconfigured("The database belongs to another program: it has tables, not ours")
        _create(connection)
        return
    _after(revision)  # refuses what a newer Workroom made
    run(connection, "head")


def run(connection: Connection, target: str) -> None:
    """Run migrations up to ``target``, inside the transaction of an open connection."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _create(connection: Connection) -> None:
    """Make an empty database what all migrations would make it, without loading Alembic."""
    metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection)
    connection.execute(insert(_VERSION).values(version_num=HEAD))


def _after(revision: str | None) -> Sequence[str]:
    """Numbers of the migrations after ``revision``. Raises Misconfigured for an unknown one."""
    from alembic.script.revision import RevisionError
    from alembic.util.exc import CommandError

    try:
        steps = list(scripts().iterate_revisions("head", revision or "base"))
    except (CommandError, RevisionError):
        raise Misconfigured(
            f"The database was made by a newer Workroom (its schema is {revision}, this program"
            f" knows {HEAD}); start that version, or another database"
        ) from None
    return [step.revision for step in reversed(steps)]


def scripts() -> ScriptDirectory:
    """Alembic's view of ``versions/``."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
