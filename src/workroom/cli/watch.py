"""``workroom watch …``: a room, live in the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from workroom.cli.data import open_data, user_named
from workroom.cli.options import DatabaseOption, DataDirOption, read_settings, require_data
from workroom.ids import RoomId, essay_room, project_room

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workroom.cli.stream import Event, Room, Watch
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


JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object per event and line, for programs.")
]


@app.command()
def essay(
    number: Number,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = "admin",
    json: JsonOption = False,
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The end of the text, who is here, who is typing, and the feedback."""
    settings = read_settings(database=database, data_dir=data_dir)
    _run(_watch(settings, url, essay_room(number), token, user), json)


@app.command()
def project(
    number: Number,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = "admin",
    json: JsonOption = False,
    database: DatabaseOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The project's fields, its tasks, and who is here."""
    settings = read_settings(database=database, data_dir=data_dir)
    _run(_watch(settings, url, project_room(number), token, user), json)


def _watch(
    settings: Settings, url: str | None, room: RoomId, token: str | None, user: str
) -> Watch:
    from workroom.cli.stream import Watch

    if token is None:
        require_data(settings)

    async def current() -> str:
        if token is not None:
            return token
        async with open_data(settings) as app:
            return await app.accounts.issue_token(await user_named(app, user))

    return Watch(url or f"ws://localhost:{settings.port}", room, current)


def _run(watch: Watch, json: bool) -> None:
    from workroom.cli import logs

    logs.set_up("text", "warning")
    try:
        if sys.stdout.isatty() and not json:
            asyncio.run(_on_screen(watch))
        else:
            asyncio.run(_as_lines(watch, json))
    except KeyboardInterrupt:
        pass


async def _as_lines(watch: Watch, json: bool) -> None:
    """For pipes and files: one line per event."""
    from workroom.cli.stream import follow
    from workroom.cli.views import Teller, as_json

    write = as_json if json else Teller().line

    def told(_room: Room, event: Event) -> None:
        line = write(event)
        if line is not None:
            print(line, flush=True)

    await follow(watch, told)


async def _on_screen(watch: Watch) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from workroom.cli.screen import draw
    from workroom.cli.stream import follow
    from workroom.cli.views import Teller
    from workroom.client.events import StatusChanged

    console, teller = Console(), Teller()
    shown: list[Room] = []
    connection = ["connecting"]

    def told(room: Room, event: Event) -> None:
        shown[:] = [room]
        if isinstance(event, StatusChanged):
            connection[:] = [teller.line(event) or event.status]

    def picture() -> RenderableType:
        return draw(shown[0], connection[0], console) if shown else Text("connecting")

    live = Live(get_renderable=picture, console=console, screen=True, refresh_per_second=REDRAWS)
    with live:
        await follow(watch, told)
