"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from workroom.cli import database, schema, serving, users, watch

app = typer.Typer(
    name="workroom",
    help="Real-time collaboration server for essays and projects.",
    epilog="Every option is also an environment variable; see docs/settings.md for all of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serving.demo)
app.command()(serving.serve)
app.add_typer(database.app, name="db")
app.add_typer(users.app, name="user")
app.command()(users.token)
app.add_typer(watch.app, name="watch")
app.add_typer(schema.app, name="schema")


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", is_eager=True)
    ] = False,
) -> None:
    """What stands before every command."""
    if version:
        from workroom import __version__

        typer.echo(f"workroom {__version__}")
        raise typer.Exit
