"""Tasks go on being handed to the broker, whatever comes in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from workroom.adapters.clock import LoopClock
from workroom.adapters.store import MemoryStore
from workroom.core.projects.turns import Place
from workroom.core.tasks import Task
from workroom.service.tasks.turns import Turns


class OnceBrokenStore(MemoryStore):
    """Its first look at the tasks fails as only a mistake does."""

    looks = 0

    async def line(self, now: int) -> list[Place]:
        self.looks += 1
        if self.looks == 1:
            raise KeyError("state")
        return await super().line(now)


async def _hand_over(task: Task) -> None:
    raise AssertionError(task)


async def test_a_mistake_while_tasks_are_handed_over_is_logged_and_does_not_end_the_turns() -> None:
    store = OnceBrokenStore()
    turns = Turns(store, LoopClock(asyncio.get_running_loop()), {}, _hand_over)
    running = asyncio.ensure_future(turns.run())
    with capture_logs() as logs:
        async with asyncio.timeout(60):
            while store.looks < 2:
                turns.want()
                await asyncio.sleep(0)
                assert not running.done()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert [line["event"] for line in logs] == ["turns_failed"]
