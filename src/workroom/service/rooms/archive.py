"""What is written down of rooms off the loop: checkpoints, and milestones of their history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from workroom.errors import Unavailable
from workroom.ids import RoomId
from workroom.observe import log_failure, logger
from workroom.service.rooms.history import History
from workroom.service.rooms.host import RoomHost
from workroom.service.rooms.life import Draft

RESTS: Final = 9
LONGEST_REST: Final = 1.0
"""After a chapter was told, the next one waits for so many times as long, up to so many seconds:
nobody asked for it, and the thread that tells it competes with the loop for the interpreter. Where
everybody types, the chapters of many rooms end together."""

log = logger("archive")


class Archive:
    """One per node; runs on the event loop's thread."""

    def __init__(self, history: History, spawn: Callable[[Any], None]) -> None:
        self._history = history
        self._spawn = spawn
        self._untold: dict[RoomId, None] = {}
        """Rooms with a chapter to be told, in the order in which they came to its end."""
        self._telling = False

    def write_out(self, host: RoomHost, draft: Draft) -> None:
        """Make a checkpoint of what a room was at a moment."""
        self._spawn(self._write_out(host, draft))

    def keep_up(self, room: RoomId) -> None:
        """Tell a chapter before anybody asks for it, one room after the other."""
        self._untold[room] = None
        if not self._telling:
            self._telling = True
            self._spawn(self._keep_all_up())

    async def _write_out(self, host: RoomHost, draft: Draft) -> None:
        try:
            checkpoint = await asyncio.to_thread(draft.checkpoint)
        except Exception as mistake:  # noqa: BLE001 -- ours; the room goes on without
            log_failure(log, "checkpoint_not_written", mistake, room=str(host.room.id))
            checkpoint = None
        host.checkpoints.written_out(draft, checkpoint)

    async def _keep_all_up(self) -> None:
        time = asyncio.get_running_loop().time
        try:
            while self._untold:
                room, begun = next(iter(self._untold)), time()
                del self._untold[room]
                await self._keep_up(room)
                await asyncio.sleep(min(RESTS * (time() - begun), LONGEST_REST))
        finally:
            self._telling = False

    async def _keep_up(self, room: RoomId) -> None:
        try:
            await self._history.keep_up(room)
        except Unavailable:
            log.warning("milestone_not_kept", room=str(room))
        except Exception as mistake:  # noqa: BLE001 -- ours; whoever asks for it is told
            log_failure(log, "milestone_not_kept", mistake, room=str(room))
