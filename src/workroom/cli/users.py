"""``workroom user …`` and ``workroom token``: people, their passwords and their tokens."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from workroom.cli.data import on_data, user_named
from workroom.cli.failures import Complaint, escaped
from workroom.cli.options import DatabaseOption, DataDirOption

if TYPE_CHECKING:
    from workroom.app import App
    from workroom.core.people import User

PAGE = 500

app = typer.Typer(help="People: create, list, change passwords.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(metavar="USERNAME", show_default=False)]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        envvar="WORKROOM_PASSWORD_STDIN",
        help="Read the password from the first line of standard input.",
    ),
]


@app.command()
def create(
    username: Username,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", envvar="WORKROOM_NAME", help="As others see it.", show_default="USERNAME"
        ),
    ] = None,
    role: Annotated[
        Literal["student", "coach", "admin"],
        typer.Option("--role", envvar="WORKROOM_ROLE", help="Admins may do everything."),
    ] = "student",
    avatar_url: Annotated[
        str | None,
        typer.Option(
            "--avatar-url", envvar="WORKROOM_AVATAR_URL", help="Picture: https://… or /path."
        ),
    ] = None,
    password_stdin: PasswordStdin = False,
    no_password: Annotated[
        bool,
        typer.Option(
            "--no-password",
            envvar="WORKROOM_NO_PASSWORD",
            help="No log-in here: only with tokens, of `workroom token` or of elsewhere.",
        ),
    ] = False,
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Create a user. Asks for a password on a terminal."""
    from workroom.core.people import Role

    password = None if no_password else _new_password(from_stdin=password_stdin)

    async def work(app: App) -> User:
        return await app.accounts.create_user(
            username, password, name=name, role=Role(role), avatar_url=avatar_url
        )

    user = on_data(work, database=database, data_dir=data_dir, make=True)
    typer.echo(f"created user {user.id}: {user.username} ({user.name}, {user.role})")


@app.command()
def passwd(
    username: Username,
    password_stdin: PasswordStdin = False,
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Change a password, and log the user out everywhere. Asks for it on a terminal."""
    password = _new_password(from_stdin=password_stdin)

    async def work(app: App) -> None:
        user = await user_named(app, username)
        await app.accounts.set_password(user.id, password)

    on_data(work, database=database, data_dir=data_dir)
    typer.echo(f"changed the password of {username}")


@app.command(name="list")
def list_users(database: DatabaseOption = None, data_dir: DataDirOption = None) -> None:
    """List everybody, by id."""

    async def work(app: App) -> list[User]:
        users: list[User] = []
        while True:
            page = await app.store.user_page(limit=PAGE, offset=len(users))
            users += page.users
            if not page.users or len(users) >= page.total:
                return users

    _show(on_data(work, database=database, data_dir=data_dir))


def token(
    username: Username,
    lifetime: Annotated[
        int | None,
        typer.Option(
            "--lifetime",
            envvar="WORKROOM_LIFETIME",
            metavar="SECONDS",
            help="At most as long as a refresh token lives.",
            show_default="WORKROOM_ACCESS_LIFETIME",
        ),
    ] = None,
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Print an access token of a user, and nothing else."""

    async def work(app: App) -> str:
        user = await user_named(app, username)
        return await app.accounts.issue_token(user, lifetime=lifetime)

    typer.echo(on_data(work, database=database, data_dir=data_dir))


def _show(users: list[User]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("id", justify="right")
    for heading in ("username", "name", "role"):
        table.add_column(heading, overflow="fold")
    for user in users:
        names = (escape(escaped(each)) for each in (user.username, user.name))
        table.add_row(str(user.id), *names, user.role.value)
    Console().print(table)


def _new_password(*, from_stdin: bool) -> str:
    """Never an argument: everybody on the machine can read those."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        message = "there is no terminal to ask for a password; use --password-stdin"
        raise Complaint(message)
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        message = "the two passwords are not the same"
        raise Complaint(message)
    return password
