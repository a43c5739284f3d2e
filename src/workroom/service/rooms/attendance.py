"""Presence across the end of a node: nobody is announced as left who is about to come back.

A server that stops holds everybody where they are: their connections end, they do not leave. Who
was present is handed over to whoever goes on, and there they count as present until they are back,
or until the time for that is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workroom.core.people import User
from workroom.core.presence import Present
from workroom.ids import RoomId
from workroom.ports.clock import Clock
from workroom.service.rooms.life import AnyRoom


class Attendance:
    """Of one node; runs on the event loop's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[RoomId, Sequence[User]] = {}
        self._until = 0.0
        self._held = False

    def expect(self, present: Present, seconds: float) -> None:
        """These were present on a node that stopped; they have so long to come back here."""
        self._expected = dict(present)
        self._until = self._clock.now().tick + seconds

    def greet(self, room: AnyRoom) -> None:
        """A room was loaded: whoever is expected in it, and may still see it, is present."""
        expected = self._expected.pop(room.id, ())
        if self._clock.now().tick < self._until:
            for user in expected:
                if room.right_of(user) is not None:
                    room.presence.expect(user, self._until)
        if self._held:
            room.presence.hold()

    def hold(self, rooms: Iterable[AnyRoom]) -> None:
        """From now on nobody leaves, in these rooms and in those that are still loaded."""
        self._held = True
        for room in rooms:
            room.presence.hold()

    @staticmethod
    def present(rooms: Iterable[AnyRoom]) -> Present:
        """Who is to be handed over."""
        everybody = {room.id: tuple(room.presence.users()) for room in rooms}
        return {room: users for room, users in everybody.items() if users}
