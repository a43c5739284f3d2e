"""Answers on their way back: to a connection, to a waiting caller, and to a request asked twice."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, Protocol

from workroom.core.commands import Origin
from workroom.errors import WorkroomError
from workroom.ids import ConnectionId, RoomId, UserId
from workroom.service.rooms.fanout import Recipient
from workroom.service.rooms.writing import Write

REMEMBERED: Final = 16_384
"""Answers kept in memory; the store remembers every durable one, and has the last word."""

Key = tuple[UserId, str]


class Member(Recipient, Protocol):
    """An open connection, as far as answers are concerned."""

    def acknowledged(
        self, request_id: str, room: RoomId, answer: Mapping[str, Any], write: Write | None
    ) -> None:
        """A request is done. ``write`` keeps the order with what the room says; None: directly."""

    def refused(
        self, request_id: str | None, room: RoomId, error: WorkroomError, write: Write | None
    ) -> None:
        """A request was not carried out."""

    def joined(self, room: RoomId) -> None:
        """The connection follows the room from here on."""

    def left(self, room: RoomId, why: WorkroomError | None) -> None:
        """The connection no longer follows the room; ``why`` if it was put out."""


class Replies:
    """Who waits for which answer, and the answers that were given already."""

    def __init__(self) -> None:
        self._members: dict[ConnectionId, Member] = {}
        self._callers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._answers: OrderedDict[Key, Mapping[str, Any]] = OrderedDict()
        self._working: dict[Key, list[tuple[Origin, RoomId]]] = {}

    def enter(self, member: Member) -> None:
        """A connection is open and authenticated."""
        self._members[member.id] = member

    def exit(self, connection: ConnectionId) -> None:
        """A connection has gone."""
        self._members.pop(connection, None)

    def member(self, connection: ConnectionId) -> Member | None:
        """The open connection with that id."""
        return self._members.get(connection)

    def expect(self, origin: Origin) -> asyncio.Future[Mapping[str, Any]]:
        """The answer to a command without a connection, when it comes."""
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        key = id(origin)
        self._callers[key] = future
        future.add_done_callback(lambda done: self._leave(key, done))
        return future

    def _leave(self, key: int, done: asyncio.Future[Mapping[str, Any]]) -> None:
        """A caller has its answer. By now a later one may stand at the same address in memory."""
        if self._callers.get(key) is done:
            del self._callers[key]

    def begin(self, origin: Origin, room: RoomId) -> bool:
        """Whether to carry a command out. A request asked twice is answered as the first time.

        Call it for commands that leave something in the log. Only what was done is remembered: a
        request that was refused may be tried again.
        """
        if origin.request_id is None:
            return True
        key = (origin.user.id, origin.request_id)
        known = self._answers.get(key)
        if known is not None:
            self._answers.move_to_end(key)
            self._give(origin, room, known, None)
            return False
        asked = self._working.get(key)
        if asked is not None:
            asked.append((origin, room))
            return False
        self._working[key] = []
        return True

    def acknowledged(
        self, origin: Origin, room: RoomId, answer: Mapping[str, Any], write: Write | None
    ) -> None:
        """A command is done, and durable."""
        self._give(origin, room, answer, write)
        if origin.request_id is None:
            return
        key = (origin.user.id, origin.request_id)
        asked = self._working.pop(key, None)
        if asked is None:
            return
        self._answers[key] = answer
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        for again, its_room in asked:
            self._give(again, its_room, answer, None)

    def refused(
        self, origin: Origin, room: RoomId, error: WorkroomError, write: Write | None
    ) -> None:
        """A command was not carried out."""
        self._deny(origin, room, error, write)
        if origin.request_id is not None:
            for again, its_room in self._working.pop((origin.user.id, origin.request_id), ()):
                self._deny(again, its_room, error, None)

    def _give(
        self, origin: Origin, room: RoomId, answer: Mapping[str, Any], write: Write | None
    ) -> None:
        if origin.connection is None:
            caller = self._callers.get(id(origin))
            if caller is not None and not caller.done():
                caller.set_result(answer)
            return
        member = self._members.get(origin.connection)
        if member is not None and origin.request_id is not None:
            member.acknowledged(origin.request_id, room, answer, write)

    def _deny(
        self, origin: Origin, room: RoomId, error: WorkroomError, write: Write | None
    ) -> None:
        if origin.connection is None:
            caller = self._callers.get(id(origin))
            if caller is not None and not caller.done():
                caller.set_exception(error)
            return
        member = self._members.get(origin.connection)
        if member is not None:
            member.refused(origin.request_id, room, error, write)
