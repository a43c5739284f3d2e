"""Who was present when the server stopped, kept in a small file for the one that starts next.

It is a courtesy and no more: a file that is missing, old or damaged only means that nobody is
expected.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import orjson

from workroom.core.people import Role, User
from workroom.core.presence import Present
from workroom.ids import RoomId, UserId
from workroom.observe import logger

FRESH: Final = 60_000
"""Milliseconds after which nobody is expected any more."""
_NAME: Final = "present.json"

log = logger("attendance")


def leave_note(folder: Path, present: Present, wall: int) -> None:
    """Write down who is present at ``wall`` (milliseconds), for ``take_note``."""
    if not present:
        return
    rooms = {str(room): [_plain(user) for user in users] for room, users in present.items()}
    draft = folder / f"{_NAME}.draft"
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_bytes(orjson.dumps({"at": wall, "rooms": rooms}))
        draft.replace(folder / _NAME)
    except OSError as error:
        log.warning("presence_not_handed_over", reason=error.strerror)


def take_note(folder: Path, wall: int) -> tuple[Present, float]:
    """Who was present a moment before ``wall``, and how many seconds; only once.

    Empty when that is long ago.
    """
    path = folder / _NAME
    try:
        note = orjson.loads(path.read_bytes())
        if not 0 <= wall - note["at"] <= FRESH:
            return {}, 0.0
        rooms = note["rooms"].items()
        present = {RoomId.parse(room): [_user(each) for each in users] for room, users in rooms}
        return present, (wall - note["at"]) / 1000
    except FileNotFoundError:
        return {}, 0.0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log.warning("presence_not_taken_over")
        return {}, 0.0
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def _plain(user: User) -> dict[str, object]:
    return {name: getattr(user, name) for name in User.__slots__}


def _user(plain: dict[str, object]) -> User:
    return User(
        UserId(int(str(plain["id"]))),
        str(plain["username"]),
        str(plain["name"]),
        Role(str(plain["role"])),
        None if plain["avatar_url"] is None else str(plain["avatar_url"]),
    )
