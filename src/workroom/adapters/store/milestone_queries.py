"""The SQL of milestones: small functions on an open connection, for every SQL store.

Each runs inside the caller's transaction and lets the driver's errors through.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from workroom.adapters.store.sql import fetch, insert_many
from workroom.adapters.store.tables import milestones, rooms
from workroom.ids import RoomId
from workroom.ports.store import Milestone

_KIND: Final[Any] = bindparam("kind")
_NUMBER: Final[Any] = bindparam("number")
_OF_ROOM: Final = (milestones.c.room_kind == _KIND, milestones.c.room_id == _NUMBER)
_GROUPS: Final = (milestones.c.seq, milestones.c.groups_total, milestones.c.groups)

_LATEST: Final = (
    select(*_GROUPS, milestones.c.state)
    .where(*_OF_ROOM, milestones.c.seq <= bindparam("most"))
    .order_by(milestones.c.seq.desc())
    .limit(1)
)
_PAGE: Final = (
    select(*_GROUPS)
    .where(
        *_OF_ROOM,
        milestones.c.groups_total > bindparam("above"),
        milestones.c.groups_total < bindparam("below"),
    )
    .order_by(milestones.c.seq)
    .limit(bindparam("limit"))
)
_ALIVE: Final = (
    select(rooms.c.seq)
    .where(rooms.c.room_kind == _KIND, rooms.c.room_id == _NUMBER, rooms.c.deleted.is_(False))
    .with_for_update(read=True)
)


def milestone(connection: Connection, room: RoomId, most: int) -> Milestone | None:
    """The latest milestone up to ``most``."""
    values = {"kind": room.kind.value, "number": room.number, "most": most}
    row = connection.execute(_LATEST, values).first()
    return None if row is None else Milestone(*row)


def milestone_groups(
    connection: Connection, room: RoomId, above: int, below: int, limit: int
) -> list[Milestone]:
    """Milestones by the number of groups up to them, in order, without their state."""
    place = {"kind": room.kind.value, "number": room.number}
    values = place | {"above": above, "below": below, "limit": limit}
    rows = fetch(connection, _PAGE, values)
    return [Milestone(seq, total, groups, b"") for seq, total, groups in rows]


def keep_milestone(connection: Connection, room: RoomId, milestone: Milestone) -> None:
    """Keep it, if it is new and the room is there."""
    if not fetch(connection, _ALIVE, {"kind": room.kind.value, "number": room.number}):
        return
    row = (
        room.kind.value,
        room.number,
        milestone.seq,
        milestone.groups_total,
        milestone.groups,
        milestone.state,
    )
    insert_many(connection, milestones, [row], "ON CONFLICT DO NOTHING")
