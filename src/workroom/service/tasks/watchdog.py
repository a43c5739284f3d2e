"""Sees to it that every task ends: what the broker lost is sent again, whose worker died is redone.

About once a second it asks the table for the open tasks that may need it: what only waits for its
turn is not among them. Each decision is made on the row as it is at that moment, so several nodes
may look at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from workroom.core import tasks as core
from workroom.core.tasks import Task, TaskState
from workroom.errors import NoWorker, WorkroomError
from workroom.ids import TaskId
from workroom.observe import TASK_RESENDS, TASKS_OPEN, log_failure, logger
from workroom.ports.tasks import Outcome, TaskQueue, TaskStore
from workroom.service.hub import Hub
from workroom.service.tasks.desk import TOO_SLOW, TaskDesk
from workroom.service.tasks.tasks import Tasks

EVERY: Final = 1.0
"""Seconds between two looks."""
FAILED: Final = "The task failed"

log = logger("watchdog")


class Watchdog:
    """One per node; runs on the event loop's thread."""

    def __init__(
        self, hub: Hub, store: TaskStore, queue: TaskQueue, tasks: Tasks, desk: TaskDesk
    ) -> None:
        self._hub = hub
        self._store = store
        self._queue = queue
        self._tasks = tasks
        self._desk = desk
        self._rules = hub.rules.tasks
        self._began = hub.clock.now().wall

    async def run(self) -> None:
        """Look, again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except WorkroomError:
                continue  # the store says so itself; it is looked at again soon
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the watch
                log_failure(log, "watchdog_failed", error)

    async def look(self) -> None:
        """See to every open task that may need it, once."""
        now = self._hub.clock.now().wall
        TASKS_OPEN.set(await self._store.open_tasks())
        tasks = await self._store.tasks_in_doubt(
            begun_before=now - self._rules.deadline, silent_since=now - self._rules.lease
        )
        outcomes = await self._outcomes(tasks, now)
        for task in tasks:
            try:
                await self._see_to(task, outcomes.get(task.id), now)
            except WorkroomError as error:  # the others have to end as well
                log.warning("task_not_seen_to", task=task.id, reason=error.message)
        await self._send_due(tasks, now)

    async def _see_to(self, task: Task, outcome: Outcome | None, now: int) -> None:
        if now - task.created_at > self._rules.deadline:
            await self._too_late(task)
        elif task.followed:
            await self._follow(task, outcome)
        elif task.state is TaskState.RUNNING and self._silent(task, now):
            await self._redo(task, outcome)

    # ---- workers that are silent ------------------------------------------------------------

    def _silent(self, task: Task, now: int) -> bool:
        """Nothing was heard for a lease, of which the server itself was there to hear."""
        heard = replace(task, seen_at=max(task.seen_at or 0, self._began))
        return core.lease_lapsed(heard, now, self._rules)

    async def _redo(self, task: Task, outcome: Outcome | None) -> None:
        """The worker may have ended while nobody listened: then Celery's backend has the result."""
        state = None if outcome is None else outcome.state
        if outcome is not None and state == "SUCCESS" and isinstance(outcome.result, dict):
            await self._desk.end_with(task, outcome.result)
        elif outcome is not None and state == "FAILURE":
            await self._desk.end(task, TaskState.FAILED, _why(outcome))
        else:
            log.warning("task_worker_silent", task=task.id, worker=task.worker)
            TASK_RESENDS.labels("silent").inc()
            await self._desk.give_up(task, core.INTERRUPTED, 0)

    async def _too_late(self, task: Task) -> None:
        heard = task.state is TaskState.RUNNING or not task.followed
        await self._desk.end(task, TaskState.FAILED, core.TOO_LATE if heard else core.NOT_HEARD_OF)

    # ---- tasks of other Celery apps ---------------------------------------------------------

    async def _follow(self, task: Task, outcome: Outcome | None) -> None:
        if outcome is None or outcome.state == "PENDING":
            return
        if outcome.state == "SUCCESS":
            result = outcome.result
            found = result if isinstance(result, dict) else {"value": result}
            await self._desk.end_with(task, found)
        elif outcome.state == "FAILURE":
            await self._desk.end(task, TaskState.FAILED, FAILED)
        elif outcome.state == "REVOKED":
            await self._desk.end(task, TaskState.CANCELLED)
        else:
            percent, message = progress_in(outcome.result)
            await self._desk.followed(task, percent, message)

    # ---- what the broker has to be given ----------------------------------------------------

    async def _send_due(self, tasks: Iterable[Task], now: int) -> None:
        # One of a type that is no longer installed waits until it is, or until its deadline.
        pending = [
            each
            for each in tasks
            if each.state is TaskState.PENDING
            and not each.followed
            and each.type in self._tasks.types
        ]
        try:
            for task in await self._lost(pending, now):
                await self._tasks.hand_over(task)
            await self._tasks.turns.give()
        except NoWorker:
            return

    async def _lost(self, pending: Iterable[Task], now: int) -> list[Task]:
        """Tasks that were handed over, and are in no queue: the broker lost some of them."""
        by_queue: dict[str, list[Task]] = defaultdict(list)
        for task in pending:
            if task.due_at is None:
                by_queue[self._tasks.types[task.type].queue].append(task)
        depths = await self._queue.depths(by_queue) if by_queue else {}
        lost = []
        for queue, waiting in by_queue.items():
            if depths.get(queue, 0) < len(waiting):
                before = now - self._rules.resend_after
                lost += [each for each in waiting if (each.sent_at or 0) <= before]
        TASK_RESENDS.labels("lost").inc(len(lost))
        return lost

    async def _outcomes(self, tasks: Iterable[Task], now: int) -> Mapping[TaskId, Outcome]:
        """What Celery's backend knows of those that are followed, or silent."""
        wanted = [
            each.id
            for each in tasks
            if each.followed or (each.state is TaskState.RUNNING and self._silent(each, now))
        ]
        try:
            return await self._queue.outcomes(wanted) if wanted else {}
        except NoWorker:
            return {}


def progress_in(meta: Any) -> tuple[int | None, str]:
    """How far a task is, read from what it gave ``update_state``: the usual spellings."""
    if not isinstance(meta, dict):
        return None, ""
    message = next((meta[k] for k in ("message", "description", "status") if k in meta), "")
    percent = next((meta[k] for k in ("percent", "progress") if k in meta), None)
    if percent is None and isinstance(meta.get("current"), int | float):
        total = meta.get("total", 100)
        percent = (
            100 * meta["current"] / total if isinstance(total, int | float) and total else None
        )
    if not isinstance(percent, int | float) or isinstance(percent, bool) or percent != percent:  # noqa: PLR0124 - NaN
        percent = None
    return None if percent is None else int(min(max(percent, 0), 100)), legible(message)


def legible(words: object) -> str:
    """What a strange program said, without the characters that no client and no database takes."""
    return str(words).encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _why(outcome: Outcome) -> str:
    """A failure in words for users: those of the task when it has some."""
    about = outcome.result if isinstance(outcome.result, dict) else {}
    kind, words = about.get("exc_type"), about.get("exc_message")
    if kind == "TaskFailed" and words:
        return legible(" ".join(map(str, words)) if isinstance(words, list) else words)
    return TOO_SLOW if kind in ("SoftTimeLimitExceeded", "TimeLimitExceeded") else FAILED
