"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from workroom.cli.bench import app as bench
from workroom.cli.database import app as database
from workroom.cli.schema import app as schema
from workroom.cli.serving import demo, serve
from workroom.cli.users import app as users
from workroom.cli.users import token
from workroom.cli.watch import app as watch
from workroom.cli.worker import worker

app = typer.Typer(
    name="workroom",
    help="Real-time collaboration server for essays and projects.",
    epilog="Every option is also an environment variable; see docs/settings.md for all of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(serve)
app.command()(worker)
app.add_typer(database, name="db")
app.add_typer(users, name="user")
app.command()(token)
app.add_typer(watch, name="watch")
app.add_typer(bench, name="bench")
app.add_typer(schema, name="schema")


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
