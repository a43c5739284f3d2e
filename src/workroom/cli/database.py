"""``workroom db …``: the database, whether or not a server runs on it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workroom.cli.failures import Complaint
from workroom.cli.options import (
    DatabaseOption,
    DataDirOption,
    database_path,
    naming_the_database,
    prepare_directory,
    read_settings,
    require_data,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(help="The database: bring it up to date, check it.", no_args_is_help=True)


@app.command()
def upgrade(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """Make the database, or bring it to the form of this version.

    The server does so by itself when it starts.
    """
    settings = read_settings(database=database, data_dir=data_dir)
    path = database_path(settings)
    prepare_directory(settings)
    before = _version(path)
    with naming_the_database(settings):
        asyncio.run(_open(path))
    typer.echo(f"{path} is at version {_version(path)} (it was at {before or 'none: it is new'})")


@app.command()
def check(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """See whether the database is whole: its file, and the log of every room.

    A server may go on meanwhile. Exit code 1, and what is wrong, if it is not.
    """
    settings = read_settings(database=database, data_dir=data_dir)
    require_data(settings)
    path = database_path(settings)
    with naming_the_database(settings):
        _require_current(path)
        findings = asyncio.run(_verify(path))
    for finding in findings:
        typer.echo(finding)
    if findings:
        message = f"{path} is damaged in {len(findings)} place(s)"
        raise Complaint(message, field="WORKROOM_DATABASE")
    typer.echo(f"{path} is whole")


async def _open(path: Path) -> None:
    from workroom.adapters.store import SqliteStore

    store = SqliteStore(path)
    await store.open()
    await store.close()


async def _verify(path: Path) -> Sequence[str]:
    from workroom.adapters.store import SqliteStore

    store = SqliteStore(path)
    await store.open()
    try:
        return await store.verify()
    finally:
        await store.close()


def _require_current(path: Path) -> None:
    """Opening would upgrade it: a check changes nothing."""
    from workroom.adapters.store import migrations

    if _version(path) not in (None, migrations.HEAD):
        message = f"{path} is of another version; run `workroom db upgrade` first"
        raise Complaint(message, field="WORKROOM_DATABASE")


def _version(path: Path) -> str | None:
    """The last migration; None for no database, or one that cannot be read (opening says why)."""
    from sqlalchemy.exc import DatabaseError

    from workroom.adapters.store import migrations

    if not path.exists():
        return None
    try:
        return migrations.current(f"sqlite:///{path}")
    except DatabaseError:
        return None
