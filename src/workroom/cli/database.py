"""``workroom db …``: the database, whether or not a server runs on it."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING

import typer

from workroom.cli.failures import Complaint
from workroom.cli.options import (
    DatabaseOption,
    DataDirOption,
    naming_the_database,
    prepare_directory,
    read_settings,
    require_data,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workroom.adapters.store.postgres import PostgresStore
    from workroom.adapters.store.sqlite import SqliteStore
    from workroom.config import Settings

    AnyStore = SqliteStore | PostgresStore

app = typer.Typer(help="The database: bring it up to date, check it.", no_args_is_help=True)


@app.command()
def upgrade(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """Make the database, or bring it to the form of this version.

    The server does so by itself when it starts. A SQLite file that a server
    has is left as it is, unless there is nothing to do.
    """
    settings = read_settings(database=database, data_dir=data_dir)
    prepare_directory(settings)
    with naming_the_database(settings):
        before, after = asyncio.run(_upgrade(settings))
    name = settings.database_name
    typer.echo(f"{name} is at version {after} (it was at {before or 'none: it is new'})")


@app.command()
def check(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """See whether the database is whole: its file, and the log of every room.

    A server may go on meanwhile. Exit code 1, and what is wrong, if it is not.
    """
    settings = read_settings(database=database, data_dir=data_dir)
    require_data(settings)
    name = settings.database_name
    with naming_the_database(settings):
        findings = asyncio.run(_verify(settings))
    for finding in findings:
        typer.echo(finding)
    if findings:
        message = f"{name} is damaged in {len(findings)} place(s)"
        raise Complaint(message, field="WORKROOM_DATABASE")
    typer.echo(f"{name} is whole")


async def _upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """The version before and after. Raises AlreadyServed rather than change what a server uses."""
    from workroom.adapters.store import migrations
    from workroom.adapters.store.server_lock import sole_server

    store = _store(settings)
    before = await store.version()
    path = settings.database_path
    with nullcontext() if path is None or before == migrations.HEAD else sole_server(path):
        await store.open()
        await store.close()
    return before, await store.version()


async def _verify(settings: Settings) -> Sequence[str]:
    store = _store(settings)
    await _require_current(settings, store)
    await store.open()
    try:
        return await store.verify()
    finally:
        await store.close()


async def _require_current(settings: Settings, store: AnyStore) -> None:
    """Opening would upgrade it: a check changes nothing."""
    from workroom.adapters.store import migrations

    version = await store.version()
    name = settings.database_name
    if version is None and settings.database_path is None:
        message = f"there is nothing of Workroom at {name}; run `workroom db upgrade` first"
        raise Complaint(message, field="WORKROOM_DATABASE")
    if version not in (None, migrations.HEAD):
        message = f"{name} is of another version; run `workroom db upgrade` first"
        raise Complaint(message, field="WORKROOM_DATABASE")


def _store(settings: Settings) -> AnyStore:
    from workroom.adapters.store.choice import make_store

    return make_store(
        settings.database_path,
        settings.database_url,
        settings.database_name,
        connections=settings.database_connections,
    )
