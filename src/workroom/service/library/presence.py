"""Who is in which room now, for lists of rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workroom.core.people import User
from workroom.ids import RoomId
from workroom.service.hub import Hub


async def present_in(hub: Hub, rooms: Iterable[RoomId]) -> Mapping[RoomId, Sequence[User]]:
    """The people in each of these rooms, in the order in which they came; empty rooms left out.

    No log is read: a list of rooms is no reason to look into each.
    """
    wanted = set(rooms)
    held = {host.room.id: host.room for host in hub.hosts() if host.room.id in wanted}
    here: dict[RoomId, Sequence[User]] = {
        room_id: [*room.presence.users()] for room_id, room in held.items()
    }
    if hub.neighbours is not None:
        here |= await hub.neighbours.elsewhere(wanted - held.keys())
    return {room: users for room, users in here.items() if users}
