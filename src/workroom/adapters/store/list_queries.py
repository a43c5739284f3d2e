"""The SQL of lists of rooms; as in ``queries``, each runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Select, bindparam, func, null, select

from workroom.adapters.store.sql import Row, fetch
from workroom.adapters.store.tables import people, rooms, users
from workroom.core.people import Right
from workroom.ids import RoomId, RoomKind, UserId
from workroom.ports.store import MOST_SEARCHED, ListedRoom, RoomPage, RoomSummary

_LISTED: Final = (
    rooms.c.room_id,
    rooms.c.seq,
    rooms.c.title,
    rooms.c.author,
    rooms.c.created_at,
    rooms.c.updated_at,
    rooms.c.updated_by,
    rooms.c.details,
)
_SHOWN: Final = (rooms.c.room_kind == bindparam("kind"), rooms.c.deleted.is_(False))
_NEWEST: Final = (rooms.c.updated_at.desc(), rooms.c.room_id.desc())
_PAGED: Final[Any] = (bindparam("limit"), bindparam("offset"))
_MEMBERSHIP: Final = (
    (people.c.room_kind == rooms.c.room_kind)
    & (people.c.room_id == rooms.c.room_id)
    & (people.c.user_id == bindparam("user_id"))
    & people.c.level.is_not(None)
)
_ALL: Final = select(*_LISTED, null().label("level")).where(*_SHOWN).order_by(*_NEWEST)
_THEIRS: Final = (
    select(*_LISTED, people.c.level).join(people, _MEMBERSHIP).where(*_SHOWN).order_by(*_NEWEST)
)


def _page(listed: Select[Any]) -> Select[Any]:
    return listed.limit(_PAGED[0]).offset(_PAGED[1])


def _chosen(listed: Select[Any]) -> Select[Any]:
    return listed.where(rooms.c.room_id.in_(bindparam("chosen", expanding=True)))


def _searched(listed: Select[Any]) -> Select[Any]:
    """By what a search goes: titles and names of authors, who may be unknown."""
    by = listed.outerjoin(users, users.c.id == rooms.c.author)
    return by.with_only_columns(rooms.c.room_id, rooms.c.title, users.c.name).limit(MOST_SEARCHED)


_ALL_PAGE: Final = _page(_ALL)
_ALL_TOTAL: Final = select(func.count()).select_from(rooms).where(*_SHOWN)
_ALL_CHOSEN: Final = _chosen(_ALL)
_ALL_SEARCHED: Final = _searched(_ALL)
_THEIR_PAGE: Final = _page(_THEIRS)
_THEIR_TOTAL: Final = (
    select(func.count()).select_from(rooms.join(people, _MEMBERSHIP)).where(*_SHOWN)
)
_THEIR_CHOSEN: Final = _chosen(_THEIRS)
_THEIR_SEARCHED: Final = _searched(_THEIRS)


def list_rooms(
    connection: Connection, kind: RoomKind, user_id: UserId | None, limit: int, offset: int
) -> RoomPage:
    """A page of the rooms in which the user has a right, or of all; newest change first."""
    values = _whose(kind, user_id)
    page, total = (_ALL_PAGE, _ALL_TOTAL) if user_id is None else (_THEIR_PAGE, _THEIR_TOTAL)
    rows = fetch(connection, page, {**values, "limit": limit, "offset": offset})
    return RoomPage(
        rooms=[_listed_room(kind, row) for row in rows],
        total=connection.execute(total, values).scalar_one(),
    )


def searched_rooms(connection: Connection, kind: RoomKind, user_id: UserId | None) -> Sequence[Row]:
    """Of each room that is searched: number, title, the author's name or None; newest first."""
    searched = _ALL_SEARCHED if user_id is None else _THEIR_SEARCHED
    return fetch(connection, searched, _whose(kind, user_id))


def chosen_rooms(
    connection: Connection, kind: RoomKind, user_id: UserId | None, chosen: Collection[int]
) -> list[ListedRoom]:
    """Those of these rooms in which the user has a right, or all of these; newest change first."""
    rooms_of = _ALL_CHOSEN if user_id is None else _THEIR_CHOSEN
    values = {**_whose(kind, user_id), "chosen": chosen}
    return [_listed_room(kind, row) for row in fetch(connection, rooms_of, values)]


def _whose(kind: RoomKind, user_id: UserId | None) -> dict[str, Any]:
    return {"kind": kind.value} if user_id is None else {"kind": kind.value, "user_id": user_id}


def _listed_room(kind: RoomKind, row: Row) -> ListedRoom:
    number, seq, title, author, created_at, updated_at, updated_by, details, level = row
    return ListedRoom(
        room=RoomId(kind, number),
        seq=seq,
        summary=RoomSummary(
            title, UserId(author), created_at, updated_at, UserId(updated_by), orjson.loads(details)
        ),
        right=None if level is None else Right(level),
    )
