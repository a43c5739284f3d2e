"""Who is in which room now, for lists of rooms.

As far as this node knows. Of the rooms in its memory it knows who is there through other nodes too;
of the others, where its own people are not, it says that nobody is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workroom.core.people import User
from workroom.ids import RoomId
from workroom.service.hub import Hub


def present_in(hub: Hub, rooms: Iterable[RoomId]) -> Mapping[RoomId, Sequence[User]]:
    """The people in each of these rooms, in the order in which they came; empty rooms left out.

    Nothing is read or waited for: a list of rooms is no reason to look into the log of each.
    """
    wanted = set(rooms)
    held = (host.room for host in hub.hosts() if host.room.id in wanted)
    here = {room.id: [*room.presence.users()] for room in held}
    return {room: users for room, users in here.items() if users}
