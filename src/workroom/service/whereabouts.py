"""Who is in which room now, for lists of rooms.

Of the rooms in its memory a node knows who is there, through other nodes too. Of all others it asks
the bus, where every node keeps who is in its rooms: written again now and then, and a second after
somebody came or left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workroom.core.people import User
from workroom.core.signals import Roster
from workroom.errors import Unavailable
from workroom.ids import RoomId, UserId
from workroom.ports.bus import Bus
from workroom.ports.clock import Clock
from workroom.service.bulletins import Bulletin, Scribe
from workroom.service.rooms import RoomHost

if TYPE_CHECKING:
    from workroom.service.hub import Hub

KEPT_FOR: Final = 30.0
"""Seconds; longer than it takes until it is written again, and who is dead is not asked for."""
PATIENCE: Final = 0.5
"""Seconds that the bus has to answer: a list can be shown without."""
AT_ONCE: Final = 200
"""Rooms that are written of in one turn of the loop."""


class Whereabouts:
    """What a node keeps on the bus, and finds there; runs on the event loop's thread."""

    def __init__(
        self, node: str, bus: Bus, scribe: Scribe, clock: Clock, rooms: Mapping[RoomId, RoomHost]
    ) -> None:
        """``rooms``: those in memory."""
        self._node = node
        self._bus = bus
        self._scribe = scribe
        self._clock = clock
        self._rooms = rooms
        self._changed: dict[RoomId, None] = {}

    def changed(self, room: RoomId) -> None:
        """Somebody came or left, or the room is of no interest any longer."""
        if not self._bus.alone:
            self._changed[room] = None

    def write_changes(self) -> None:
        """Keep who is in the rooms that changed, some in each turn of the loop."""
        for room in list(self._changed)[:AT_ONCE]:
            self.write(room)
        if self._changed:
            self._clock.call_soon(self.write_changes)

    def write(self, room: RoomId) -> None:
        """Keep who is in a room through this node."""
        self._changed.pop(room, None)
        host = self._rooms.get(room)
        users = () if host is None else host.room.roster().users
        if not users:
            self._bus.keep(_topic(room), self._node, b"", 0)
            return
        news = Bulletin(self._node, self._clock.now().wall, room, Roster(users))
        self._bus.keep(_topic(room), self._node, self._scribe.write(news), KEPT_FOR)

    async def elsewhere(
        self, rooms: Iterable[RoomId], nodes: Collection[str]
    ) -> dict[RoomId, list[User]]:
        """Who is in these rooms through these nodes; nobody, as far as the bus does not say."""
        of_topic = {_topic(room): room for room in rooms}
        found: dict[RoomId, dict[UserId, User]] = {}
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                kept = await self._bus.kept(list(of_topic), list(nodes))
            for topic, messages in kept.items():
                for message in messages:
                    users = self._read(message, of_topic[topic])
                    found.setdefault(of_topic[topic], {}).update({u.id: u for u in users})
        return {room: list(users.values()) for room, users in found.items() if users}

    def _read(self, message: bytes, room: RoomId) -> Sequence[User]:
        with suppress(ValueError):
            bulletin = self._scribe.read(message)
            if bulletin.room == room and isinstance(bulletin.news, Roster):
                return bulletin.news.users
        return ()


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


def _topic(room: RoomId) -> str:
    return f"present:{room}"
