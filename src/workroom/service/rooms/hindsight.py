"""What some commands need of a room's log, and the room does not have in memory.

Somebody comes back and names an entry of long ago, or saves a text that was written from a version
of long ago; or they come from another node, and know more of the room than this one does yet. Their
commands wait until it is read from the log; nobody else's do. However many come back to a room at
once, its entries are read once: as far back as the first of them needs, and a bit further, because
the others have missed about as much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from workroom.core.commands import Command, Join, SaveText
from workroom.ids import RoomId
from workroom.service.rooms.history import AT_ONCE, History
from workroom.service.rooms.life import AnyRoom


class Hindsight:
    """Reads up for rooms. Runs on the event loop's thread."""

    def __init__(self, history: History, come_up: Callable[[RoomId], Awaitable[None]]) -> None:
        """``come_up`` has a room follow its log to where that ends."""
        self._history = history
        self._come_up = come_up
        self._reading: dict[RoomId, asyncio.Task[None]] = {}

    async def give(self, room: AnyRoom, command: Command) -> Command:
        """Let the room have what it lacks for a command (see ``Room.lacks``).

        Returns the command as it is to be carried out. Raises Unavailable.
        """
        if isinstance(command, Join) and command.since is not None:
            if command.since > room.backlog.newest:
                await self._come_up(room.id)
                known = command.since <= room.backlog.newest
                return command if known else replace(command, since=0)
            await self._reach_back(room, command.since)
        elif isinstance(command, SaveText) and command.base_seq is not None:
            text = await self._history.text(room.id, command.base_seq)
            return replace(command, base_text=text)
        return command

    async def _reach_back(self, room: AnyRoom, since: int) -> None:
        """Another's reading may not reach as far: whoever still lacks something asks again."""
        task = self._reading.get(room.id)
        if task is None:
            task = self._reading[room.id] = asyncio.ensure_future(self._read(room, since))
            task.add_done_callback(lambda _: self._reading.pop(room.id, None))
        await asyncio.shield(task)

    async def _read(self, room: AnyRoom, since: int) -> None:
        backlog = room.backlog
        after = max(backlog.lowest, min(since, backlog.floor - AT_ONCE))
        entries = await self._history.entries(room.id, after, backlog.floor)
        backlog.reach_back(entries)
