"""Who is in which room now, for lists of rooms.

As far as this node knows: of rooms that it holds, everybody, on other nodes as well; of all other
rooms, nobody. Whatever will know of those has to be asked in ``present_in``, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workroom.core.people import User
from workroom.ids import RoomId
from workroom.service.hub import Hub


async def present_in(hub: Hub, rooms: Iterable[RoomId]) -> Mapping[RoomId, Sequence[User]]:
    """The people in each of these rooms, in the order in which they came; empty rooms left out.

    No room is loaded for it. Raises Unavailable when one is just being loaded, and cannot be.
    """
    held = [(room, await hub.peek(room)) for room in rooms if hub.holds(room)]
    here = {room: [*found.presence.users()] for room, found in held if found is not None}
    return {room: users for room, users in here.items() if users}
