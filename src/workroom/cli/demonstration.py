"""What ``workroom demo`` does around the server: furnish it once, then say how to look at it."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workroom.demo import ESSAY_ID, PEOPLE, PROJECT_ID, DemoPerson, furnish, residents
from workroom.errors import Misconfigured

if TYPE_CHECKING:
    from rich.table import Table

    from workroom.app import App
    from workroom.core.people import Right, User
    from workroom.transports.page import Visitors

DAY: Final = 86_400
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that people take for another."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_EVERYWHERE: Final = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::", "localhost"})  # noqa: S104


@dataclass(frozen=True, slots=True)
class Note:
    """What the demo remembers beside its database."""

    password: str
    complete: bool


async def prepare(app: App) -> None:
    """Furnish on the first start.

    Raises Misconfigured on data that are not the demo's: it would hand out other people's tokens.
    """
    path = _note_path(app)
    note = _read(path)
    if note is not None and note.complete:
        return
    if note is None:
        if (await app.store.user_page(limit=1, offset=0)).total:
            message = "there are people in it already; give the demo a directory of its own"
            raise Misconfigured(message, field="WORKROOM_DATA_DIR")
        note = Note(_new_password(), complete=False)
        _write(path, note)
    await furnish(app.accounts, app.store, app.hub, app.library.canvases, note.password)
    _write(path, Note(note.password, complete=True))


async def visitors(app: App) -> Visitors | None:
    """Whom one may be on the page by one click; nobody where other machines can reach it."""
    from workroom.transports.page import Visitor, Visitors

    note = _read(_note_path(app))
    if note is None or app.settings.host not in _LOOPBACK:
        return None
    users = await residents(app.store)
    return Visitors(
        note.password,
        tuple(Visitor(user.id, user.username, user.name, user.role.value) for user in users),
    )


async def announce(app: App, addresses: Sequence[tuple[str, int]]) -> None:
    """Print where everything is, and how to come in."""
    from rich.console import Console

    users = await residents(app.store)
    tokens = {user.id: await _token(app, user) for user in users}
    note = _read(_note_path(app))
    essays, projects = (_base(*addresses[0]), _base(*addresses[-1]))
    console = Console(highlight=False, soft_wrap=True)
    console.print("\n[bold]Workroom is running, with people and rooms to look at.[/bold]\n")
    console.print(f"  The page            http://{essays}/")
    console.print(f"  REST, documented    http://{essays}/api/docs")
    console.print(f"  Essay {ESSAY_ID}             ws://{essays}/ws/essays/{ESSAY_ID}/")
    console.print(f"  Project {PROJECT_ID}         ws://{projects}\n")
    Console().print(_table(users))
    if note is not None:
        console.print(f"\n  Password of everybody, until changed: [bold]{note.password}[/bold]")
    console.print(
        "\n[bold]Tokens[/bold], good for a day (`workroom token USERNAME` prints more):\n"
    )
    for user in users:
        console.print(f"  {user.username:<9} {tokens[user.id]}", markup=False)
    if users:
        console.print(_how_to_try(essays, projects, tokens[users[0].id]), markup=False)
    console.print(f"\nCtrl-C ends it. What you change is kept in {app.settings.data_dir}.\n")
    sys.stdout.flush()


async def _token(app: App, user: User) -> str:
    longest = max(app.settings.access_lifetime, app.settings.refresh_lifetime)
    return await app.accounts.issue_token(user, lifetime=min(DAY, longest))


def _table(users: Sequence[User]) -> Table:
    from rich.table import Table

    of_id = {person.id: person for person in PEOPLE}
    table = Table(box=None, padding=(0, 2))
    for heading in ("id", "user", "name", "role", f"essay {ESSAY_ID}", f"project {PROJECT_ID}"):
        table.add_column(heading, justify="right" if heading == "id" else "left")
    for user in users:
        person = of_id[user.id]
        table.add_row(
            str(user.id),
            user.username,
            user.name,
            user.role.value,
            _word(person, person.on_essay),
            _word(person, person.on_project),
        )
    return table


def _word(person: DemoPerson, right: Right | None) -> str:
    """As it was at the beginning."""
    if person.role.value == "admin":
        return "(all)"
    return "-" if right is None else right.word


def _how_to_try(essays: str, projects: str, token: str) -> str:
    python = os.path.relpath(sys.executable)
    python = python if len(python) < len(sys.executable) else sys.executable
    return f"""
Try it in another terminal. Any WebSocket client will do; this one is here already:

  {python} -m websockets 'ws://{essays}/ws/essays/{ESSAY_ID}/?token={token}'
  {{"action": "subscribe_essay", "essay_id": {ESSAY_ID}}}

  {python} -m websockets 'ws://{projects}/?token={token}'
  {{"type": "join_project", "payload": {{"project_id": {PROJECT_ID}}}}}

Or look on while others work:

  {python} -m workroom watch essay {ESSAY_ID}"""


def _base(host: str, port: int) -> str:
    """How somebody on this machine reaches it."""
    shown = "localhost" if host in _EVERYWHERE else host
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def _note_path(app: App) -> Path:
    """Beside the database: it is about that one and no other."""
    return app.settings.beside_database("demo")


def _read(path: Path) -> Note | None:
    try:
        note = json.loads(path.read_text("utf-8"))
        return Note(str(note["password"]), complete=bool(note["complete"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        message = f"{path} is no note of the demo; delete it together with the database"
        raise Misconfigured(message) from None


def _write(path: Path, note: Note) -> None:
    draft = path.with_name(f"{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"password": note.password, "complete": note.complete}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _new_password() -> str:
    """Random for each installation: a demo that can be reached from elsewhere is no open door."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
