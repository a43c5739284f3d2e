"""Requests that left nothing in a room's log: perhaps because they were carried out before.

The store says so of every request that would write (``AlreadyDone``). One that would change
nothing by now, or be refused, never gets that far; after a restart, or on another node, only the
store knows that it was done. It gets its first answer then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from workroom.core.commands import Origin
from workroom.errors import RateLimited, Unavailable, WorkroomError
from workroom.ids import RoomId
from workroom.observe import log_failure, logger
from workroom.ports.store import RoomStore

log = logger("recall")


class Answers(Protocol):
    """Where answers are handed in."""

    def acknowledged(self, origin: Origin, room: RoomId, answer: Mapping[str, Any]) -> None:
        """A command is done, and durable."""

    def refused(self, origin: Origin, room: RoomId, error: WorkroomError) -> None:
        """A command was not carried out."""


class Recall:
    """Looks first answers up, for one room."""

    __slots__ = ("_answers", "_room", "_store", "_tasks")

    def __init__(self, room: RoomId, answers: Answers, store: RoomStore) -> None:
        self._room = room
        self._answers = answers
        self._store = store
        self._tasks: set[asyncio.Task[None]] = set()

    def acknowledged(self, origin: Origin, answer: Mapping[str, Any], *, new: bool) -> None:
        """A command is done. If it left nothing ``new`` it gets its first answer, if it had one."""
        if new:
            self._answers.acknowledged(origin, self._room, answer)
        else:
            self._look_up(origin, lambda: self._answers.acknowledged(origin, self._room, answer))

    def refused(self, origin: Origin, error: WorkroomError) -> None:
        """A command was refused; unless it was done before, that is what it gets."""
        if isinstance(error, Unavailable | RateLimited):
            self._answers.refused(origin, self._room, error)  # it is to be tried again
        else:
            self._look_up(origin, lambda: self._answers.refused(origin, self._room, error))

    def close(self) -> None:
        """The room leaves memory."""
        for task in self._tasks:
            task.cancel()

    def _look_up(self, origin: Origin, otherwise: Callable[[], None]) -> None:
        if origin.request_id is None:
            otherwise()
            return
        task = asyncio.ensure_future(self._answer(origin, origin.request_id, otherwise))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, origin: Origin, request_id: str, otherwise: Callable[[], None]) -> None:
        try:
            known = await self._store.answer(origin.user.id, request_id)
        except Unavailable as unavailable:
            self._answers.refused(origin, self._room, unavailable)
        except Exception as mistake:  # noqa: BLE001 -- ours; whoever asked is answered
            log_failure(log, "answer_not_looked_up", mistake, room=str(self._room))
            failure = Unavailable.by_mistake()
            self._answers.refused(origin, self._room, failure)
        else:
            if known is None:
                otherwise()
            else:
                self._answers.acknowledged(origin, self._room, orjson.loads(known))
