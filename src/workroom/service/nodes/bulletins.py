"""What nodes say to each other over the bus, and how it is written: JSON under a seal.

The seal keeps out what does not come from a node with the same secret: whoever can write to the bus
could otherwise put entries into rooms that are in no log.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

import orjson

from workroom.core.awareness import ClientState
from workroom.core.entries import Record
from workroom.core.people import Role, User
from workroom.core.signals import (
    Arrived,
    Departed,
    Pointed,
    Progressed,
    Roster,
    Shown,
    Signal,
    Typing,
)
from workroom.core.values import value
from workroom.ids import RoomId, SessionId, TaskId, UserId

SEAL: Final = 16
"""Bytes of the seal."""


@value
class Stored:
    """These entries are in the log; ``people`` are those whom they name."""

    records: tuple[Record, ...]
    people: tuple[User, ...]


@value
class Reached:
    """The log goes so far, and these are there. ``asks``: say the same of yourself."""

    seq: int
    roster: Roster | None = None
    asks: bool = False


@value
class Ended:
    """A log-in was revoked (``session``), or all of a user's were."""

    session: SessionId | None = None
    user_id: UserId | None = None


@value
class Leaving:
    """This node ends, and its people will be back through another."""


@value
class Living:
    """This node serves, and takes whoever is sent to it."""


News = Stored | Reached | Ended | Leaving | Living | Signal


@value
class Bulletin:
    """One message: which node says what, about which room (None: about all), and when (ms)."""

    node: str
    at: int
    room: RoomId | None
    news: News


class Scribe:
    """Writes and reads bulletins under one seal."""

    def __init__(self, secret: bytes) -> None:
        """``secret``: what the nodes of one installation share, and nobody else has."""
        self._key = hmac.digest(secret, b"workroom bus", "sha256")

    def write(self, bulletin: Bulletin) -> bytes:
        """The message."""
        kind, body = _body(bulletin.news)
        room = None if bulletin.room is None else str(bulletin.room)
        written = orjson.dumps([bulletin.node, bulletin.at, room, kind, body])
        return self._seal(written) + written

    def read(self, message: bytes) -> Bulletin:
        """What a message says. Raises ValueError for anything that no node of ours wrote."""
        if not hmac.compare_digest(message[:SEAL], self._seal(message[SEAL:])):
            raise ValueError("the seal is broken")
        try:
            node, at, room, kind, body = orjson.loads(message[SEAL:])
            news = _READERS[kind](body)
            about = None if room is None else RoomId.parse(room)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError("another version of Workroom wrote this") from error
        if not (isinstance(node, str) and isinstance(at, int)):
            raise ValueError("another version of Workroom wrote this")
        return Bulletin(node, at, about, news)

    def _seal(self, written: bytes) -> bytes:
        return hmac.digest(self._key, written, "sha256")[:SEAL]


# ---- by what is said ----------------------------------------------------------------------------


def _body(news: News) -> tuple[str, Any]:
    match news:
        case Stored(records=records, people=people):
            return "stored", [list(map(_record, records)), list(map(_user, people))]
        case Reached(seq=seq, roster=roster, asks=asks):
            return "reached", [seq, None if roster is None else _body(roster)[1], asks]
        case Ended(session=session, user_id=user_id):
            return "ended", [session, user_id]
        case Leaving():
            return "leaving", None
        case Living():
            return "living", None
        case Roster(users=users, watching=watching):
            return "roster", [list(map(_user, users)), watching]
        case Arrived(user=user):
            return "arrived", _user(user)
        case Departed(user_id=user_id):
            return "departed", user_id
        case Typing(user=user, typing=typing):
            return "typing", [_user(user), typing]
        case Pointed():
            return "pointed", [news.user_id, news.seq, news.position, news.selection_end]
        case Shown(states=states):
            return "shown", [[each.client, each.clock, each.state] for each in states]
        case Progressed():
            return "progressed", [news.task_id, news.attempt, news.percent, news.message]
        case _:
            assert_never(news)


def _record(record: Record) -> list[Any]:
    update = None if record.update is None else b64encode(record.update).decode()
    return [record.seq, record.kind, record.actor, record.at, record.body.decode(), update]


def _record_of(raw: list[Any]) -> Record:
    seq, kind, actor, at, body, update = raw
    return Record(
        seq, kind, actor, at, body.encode(), None if update is None else b64decode(update)
    )


def _user(user: User) -> list[Any]:
    return [user.id, user.username, user.name, user.role, user.avatar_url]


def _roster_of(raw: list[Any]) -> Roster:
    return Roster(tuple(map(_user_of, raw[0])), raw[1])


def _user_of(raw: list[Any]) -> User:
    user_id, username, name, role, avatar_url = raw
    return User(user_id, username, name, Role(role), avatar_url)


_READERS: Final[Mapping[str, Callable[[Any], News]]] = {
    "stored": lambda b: Stored(tuple(map(_record_of, b[0])), tuple(map(_user_of, b[1]))),
    "reached": lambda b: Reached(b[0], None if b[1] is None else _roster_of(b[1]), b[2]),
    "ended": lambda b: Ended(
        None if b[0] is None else SessionId(b[0]), None if b[1] is None else UserId(b[1])
    ),
    "leaving": lambda _: Leaving(),
    "living": lambda _: Living(),
    "roster": _roster_of,
    "arrived": lambda b: Arrived(_user_of(b)),
    "departed": lambda b: Departed(UserId(b)),
    "typing": lambda b: Typing(_user_of(b[0]), b[1]),
    "pointed": lambda b: Pointed(UserId(b[0]), b[1], b[2], b[3]),
    "shown": lambda b: Shown(tuple([ClientState(*each) for each in b])),
    "progressed": lambda b: Progressed(TaskId(b[0]), b[1], b[2], b[3]),
}
