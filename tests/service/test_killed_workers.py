"""Workers are killed, brokers lose messages, and every task ends soon after: a model, by hand.

A worker takes what the broker has, claims it, beats, and settles it, as the real ones do. It dies
at any of these steps without a word. Time is moved by the test, a second at a time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from workroom.adapters.blobs import MemoryBlobs
from workroom.adapters.queue.memory import MemoryQueue
from workroom.adapters.store import MemoryStore
from workroom.core.canvas import ImageFacts, Media
from workroom.core.commands import AddCanvas
from workroom.core.entries import ProjectCreated
from workroom.core.limits import RoomRules
from workroom.core.people import Role, User
from workroom.core.tasks import TaskRules, TaskState
from workroom.ids import BlobKey, CanvasId, ProjectId, project_room
from workroom.ports.accounts import NewUser
from workroom.ports.tasks import Dispatch
from workroom.service.hub import Hub
from workroom.service.tasks.desk import TaskDesk
from workroom.service.tasks.tasks import Tasks
from workroom.service.tasks.watchdog import Watchdog
from workroom.tasks.types import known_types
from workroom.testing.clock import FakeClock

T = TypeVar("T")
ROOM = project_room(5)
KEY = BlobKey("a" * 32)
PICTURE = Media("image/png", "harbour.png", 8, ImageFacts(8, 8, 1), KEY)
TROUBLE = 90
"""Seconds in which things die."""
VISIBILITY = 300
"""Seconds after which a broker gives a message again that a worker took with it."""
SOON = 75
"""Seconds: a worker's start (20), its lease (12), what the broker lost (20), and the work."""


@dataclass
class Process:
    """One of the processes of a worker, and what it is at."""

    task_id: str | None = None
    attempt: int = 0
    left: int = 0


@dataclass
class World:
    """A server without sockets, its broker, and one worker with two processes."""

    clock: FakeClock
    store: MemoryStore
    queue: MemoryQueue
    tasks: Tasks
    desk: TaskDesk
    watchdog: Watchdog
    chance: random.Random
    processes: list[Process] = field(default_factory=lambda: [Process(), Process()])
    away: int = 0
    """Seconds until the worker is there again."""
    taken: list[tuple[int, Dispatch]] = field(default_factory=list)
    """Messages that a worker took with it, and when they come back."""
    claims: int = 0

    async def does(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the server do it; no time passes."""
        doing = asyncio.ensure_future(work)
        while not doing.done():
            self.clock.advance()
            await asyncio.sleep(0)
        return doing.result()

    async def second(self, *, trouble: bool) -> None:
        self.clock.advance(1.0)
        if trouble:
            self.break_something()
        now = self.clock.wall // 1000
        for due, message in [each for each in self.taken if each[0] <= now]:
            self.taken.remove((due, message))
            await self.queue.send(message)
        if self.away:
            self.away -= 1
        else:
            for process in self.processes:
                await self.work(process, trouble=trouble)
        await self.does(self.watchdog.look())

    def break_something(self) -> None:
        chance = self.chance.random()
        if chance < 0.04:
            self.processes = [Process(), Process()]
            self.away = self.chance.randrange(20)
        elif chance < 0.06:
            self.queue.clear()

    async def work(self, process: Process, *, trouble: bool) -> None:
        """What a process does in a second."""
        dies = trouble and self.chance.random() < 0.05
        if process.task_id is None:
            await self.begin(process, dies=dies)
        elif dies:
            process.task_id = None
        elif process.left:
            process.left -= 1
            beat = self.desk.report(process.task_id, process.attempt, 0, None, "")
            if not await self.does(beat):
                process.task_id = None
        else:
            done = self.desk.settle(process.task_id, process.attempt, "completed", None, {})
            process.task_id = None
            await self.does(done)

    async def begin(self, process: Process, *, dies: bool) -> None:
        message = self.queue.take()
        if message is None:
            return
        if dies:  # before the claim; the broker does not know, or thinks that it has it
            self.taken.append((self.clock.wall // 1000 + VISIBILITY, message))
            return
        self.claims += 1
        claim = self.desk.claim(message.task_id, f"run {self.claims}", "w")
        answer = await self.does(claim)
        if answer["claim"] == "granted":
            process.task_id, process.attempt = message.task_id, answer["attempt"]
            process.left = self.chance.randrange(4)


async def world(seed: int) -> tuple[World, User]:
    clock, store, queue = FakeClock(), MemoryStore(), MemoryQueue()
    hub = Hub(store, clock, RoomRules(tasks=TaskRules(attempts=100)), lambda: 7, store.users)
    tasks = Tasks(hub, store, queue, known_types())
    desk = TaskDesk(hub, store, store, MemoryBlobs(), tasks.turns)
    watchdog = Watchdog(hub, store, queue, tasks, desk)
    made = World(clock, store, queue, tasks, desk, watchdog, random.Random(seed))
    await made.does(hub.start())
    user = await store.create_user(NewUser("emma", "Emma", Role.ADMIN, None))
    await made.does(hub.create(ROOM, [ProjectCreated("Harbour", "", "active", {})], user))
    await made.does(hub.execute(ROOM, AddCanvas(CanvasId(1), PICTURE), user))
    return made, user


@pytest.mark.parametrize("seed", range(40))
async def test_every_task_ends_soon_after_the_last_worker_was_killed(seed: int) -> None:
    made, user = await world(seed)
    for second in range(TROUBLE):
        if second % 6 == 0:
            await made.does(made.tasks.start(user, 1, "analyze_image_emotion"))
        await made.second(trouble=True)
    for _ in range(SOON):
        await made.second(trouble=False)

    page = await made.store.project_tasks(ProjectId(5), limit=100, offset=0)
    assert {each.state for each in page.tasks} == {TaskState.COMPLETED}
    assert page.total == TROUBLE // 6
