"""``workroom db …``: the database, with the server stopped or running."""

from __future__ import annotations

import typer

from workroom.cli.options import DatabaseOption, DataDirOption

app = typer.Typer(help="The database: bring it up to date, check it.", no_args_is_help=True)


@app.command()
def upgrade(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """Make the database, or bring it to this version's form. The server does so by itself too."""


@app.command()
def check(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """See whether the database is whole: its file, its version, and the log of every room."""
