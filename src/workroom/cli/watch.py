"""``workroom watch …``: a room, live in the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from workroom.cli.data import open_data, user_named
from workroom.cli.options import DatabaseOption, DataDirOption, read_settings, require_data

if TYPE_CHECKING:
    from workroom.cli.stream import Watch
    from workroom.cli.views import View
    from workroom.config import Settings

REDRAWS: Final = 8
"""A second, at most."""

app = typer.Typer(
    help="Watch a room live. Whoever watches is present in it, as everybody can see.",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(metavar="ID", min=1, show_default=False)]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="WORKROOM_URL",
        help="The server, as wss://workroom.example.org.",
        show_default="ws://localhost:8000",
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="WORKROOM_TOKEN",
        show_envvar=True,
        help="An access token; without it, one is made from the data directory.",
    ),
]
UserOption = Annotated[
    str,
    typer.Option("--user", envvar="WORKROOM_USER", help="Whose token to make, without --token."),
]


@app.command()
def essay(
    number: Number,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = "admin",
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The end of the text, who is here, who is typing, and the feedback."""
    from workroom.cli.views import EssayView

    settings = read_settings(database=database, data_dir=data_dir)
    watch = _watch(settings, url, f"/ws/essays/{number}/", token, user)
    _run(watch, EssayView(number))


@app.command()
def project(
    number: Number,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = "admin",
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The project's fields, and who is here."""
    from workroom.cli.views import ProjectView

    settings = read_settings(database=database, data_dir=data_dir)
    watch = _watch(settings, url, "/ws/projects/", token, user)
    _run(watch, ProjectView(number))


def _watch(settings: Settings, url: str | None, path: str, token: str | None, user: str) -> Watch:
    from workroom.cli.stream import Watch

    base = (url or f"ws://localhost:{settings.port}").rstrip("/")
    base = base.replace("http", "ws", 1) if base.startswith("http") else base
    if token is None:
        require_data(settings)

    async def current() -> str:
        if token is not None:
            return token
        async with open_data(settings) as app:
            return await app.accounts.issue_token(await user_named(app, user))

    return Watch(base, path, current, renews=token is None)


def _run(watch: Watch, view: View) -> None:
    from workroom.cli import logs

    logs.set_up("text", "warning")
    try:
        if sys.stdout.isatty():
            asyncio.run(_on_screen(watch, view))
        else:
            asyncio.run(_as_lines(watch, view))
    except KeyboardInterrupt:
        pass


async def _as_lines(watch: Watch, view: View) -> None:
    """For pipes and files: one line per event."""
    from workroom.cli.stream import follow

    await follow(watch, view, lambda line: print(line, flush=True) if line else None)


async def _on_screen(watch: Watch, view: View) -> None:
    from rich.console import Console
    from rich.live import Live

    from workroom.cli.screen import draw
    from workroom.cli.stream import follow

    console = Console()
    live = Live(
        get_renderable=lambda: draw(view, console),
        console=console,
        screen=True,
        refresh_per_second=REDRAWS,
    )
    with live:
        await follow(watch, view, lambda _line: None)
