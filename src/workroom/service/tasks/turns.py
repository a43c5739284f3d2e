"""Hands tasks to the broker a few at a time, each user's in turn (``core.turns``)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from workroom.core.projects.turns import Place, next_in_turn
from workroom.core.tasks import Task
from workroom.errors import WorkroomError
from workroom.observe import log_failure, logger
from workroom.ports.clock import Clock
from workroom.ports.tasks import TaskStore

log = logger("turns")


class Turns:
    """One per node; runs on the event loop's thread.

    Several nodes may choose the same task: that is harmless, for it is claimed once.
    """

    def __init__(
        self,
        store: TaskStore,
        clock: Clock,
        queues: Mapping[str, str],
        hand_over: Callable[[Task], Awaitable[None]],
    ) -> None:
        """``queues``: where the workers of each type take their tasks from."""
        self._store = store
        self._clock = clock
        self._queues = queues
        self._hand_over = hand_over
        self._wanted = asyncio.Event()
        self._looking = asyncio.Lock()
        self._asked = 0
        self._answered = 0

    def want(self) -> None:
        """There may be room for more with the broker: ``run`` will see."""
        self._wanted.set()

    async def run(self) -> None:
        """Give whenever that is wanted, until cancelled. What fails, the watchdog does again."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.give()
            except WorkroomError:
                continue
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the turns
                log_failure(log, "turns_failed", error)

    async def give(self) -> None:
        """Hand over all whose turn it is; those who ask meanwhile share the next look.

        Raises NoWorker without a broker, Unavailable without the store.
        """
        self._asked += 1
        ticket = self._asked
        async with self._looking:
            if self._answered >= ticket:
                return
            asked = self._asked
            await self._look()
            self._answered = asked

    async def _look(self) -> None:
        now = self._clock.now().wall
        lines: dict[str, list[Place]] = defaultdict(list)
        for place in await self._store.line(now):
            queue = self._queues.get(place.type)
            # One of a type that is no longer installed waits until it is, or until its deadline.
            if queue is not None:
                lines[queue].append(place)
        for line in lines.values():
            for task_id in next_in_turn(line, now):
                task = await self._store.task(task_id)
                if task is not None and not task.over:
                    await self._hand_over(task)
