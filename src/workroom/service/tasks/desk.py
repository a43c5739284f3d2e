"""Tasks as their workers see them: claim one, say how far it is, say how it ended.

What a worker says is stored before anybody is told. Everything may be said twice, late or out of
order: the claim's number (the attempt) and the number of the report decide what still counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from workroom.core import tasks as core
from workroom.core.commands import SettleTask, ShowProgress
from workroom.core.people import People, User
from workroom.core.projects.fields import json_size
from workroom.core.projects.room import ProjectRoom
from workroom.core.signals import Progressed
from workroom.core.tasks import Claim, Task, TaskState
from workroom.errors import Conflict, NotFound
from workroom.ids import TaskId, project_room
from workroom.observe import TASK_REPORTS, TASKS_SETTLED, logger
from workroom.ports.accounts import AccountStore
from workroom.ports.blobs import Blob, BlobStore
from workroom.ports.tasks import TaskStore
from workroom.service.hub import Hub
from workroom.service.tasks.turns import Turns

TOO_LARGE = "The task's result is too large"
NO_JSON = "The task's result cannot be kept"
TOO_SLOW = "The task took too long"

log = logger("tasks")


class TaskDesk:
    """One per node; runs on the event loop's thread."""

    def __init__(
        self, hub: Hub, store: TaskStore, people: AccountStore, blobs: BlobStore, turns: Turns
    ) -> None:
        self._hub = hub
        self._turns = turns
        self._store = store
        self._people = people
        self._blobs = blobs
        self._rules = hub.rules.tasks

    # ---- what workers ask -------------------------------------------------------------------

    async def claim(self, task_id: str, run: str, worker: str) -> Mapping[str, Any]:
        """Whether the worker may begin, and with what. Raises NotFound."""
        now = self._now()
        answer = await self._store.change_task(
            TaskId(task_id), lambda here: _changed(core.claim(here, run, worker, now, self._rules))
        )
        if answer is None:
            raise _no_task()
        granted, task = answer
        TASK_REPORTS.labels("claim").inc()
        if granted is not Claim.GRANTED:
            return {"claim": granted.value}
        self._turns.want()
        canvas = await self._canvas(task)
        if canvas is None:
            return {"claim": Claim.OVER.value}
        await self._show(task)
        return {
            "claim": granted.value,
            "attempt": task.attempt,
            "project_id": task.project,
            "canvas_id": task.canvas_id,
            "media_type": canvas.media.media_type,
        }

    async def report(
        self, task_id: str, attempt: int, number: int, percent: int | None, message: str
    ) -> bool:
        """How far a task is (``percent`` None: that its worker lives). False: stop working."""
        now = self._now()

        def take(here: Task) -> tuple[tuple[Task, Task | None], Task | None]:
            after = core.report(here, attempt, number, percent, message, now)
            return (here, after), after

        answer = await self._store.change_task(TaskId(task_id), take)
        TASK_REPORTS.labels("report").inc()
        before, after = answer or (None, None)
        if before is None or after is None:
            return False
        if (before.percent, before.message) != (after.percent, after.message):
            await self._show(after)
        return True

    async def settle(
        self,
        task_id: str,
        attempt: int,
        status: str,
        error: str | None,
        findings: Mapping[str, Any],
    ) -> TaskState:
        """An attempt ended: ``completed``, ``failed``, or ``retry``. The task's state after that.

        A result counts whichever attempt it comes from; a failure only from the last one. Raises
        NotFound.
        """
        task = await self._store.task(TaskId(task_id))
        if task is None:
            raise _no_task()
        TASK_REPORTS.labels("settle").inc()
        if task.over:
            return task.state
        current = task.attempt == attempt and task.state is TaskState.RUNNING
        if status == "completed" and 0 < attempt <= task.attempt:
            await self.end_with(task, findings)
        elif status == "failed" and current:
            await self.end(task, TaskState.FAILED, error)
        elif status == "retry" and current:
            await self.give_up(task, error, core.backoff(task, self._rules))
        after = await self._store.task(task.id)
        return task.state if after is None else after.state

    async def lost(self, task_id: str, worker: str, why: str) -> None:
        """The process that ran a task is no more: it ``died``, or was killed as ``too_slow``."""
        task = await self._store.task(TaskId(task_id))
        TASK_REPORTS.labels("lost").inc()
        if task is None or task.state is not TaskState.RUNNING or task.worker != worker:
            return
        log.warning("task_process_lost", task=task.id, why=why)
        if why == "too_slow":
            await self.end(task, TaskState.FAILED, TOO_SLOW)
        else:
            await self.give_up(task, core.INTERRUPTED, 0)

    async def file(self, task_id: str, attempt: int) -> tuple[str, Blob]:
        """The media type and the bytes of a running task's canvas; close them.

        Raises NotFound; Conflict when it is not, or no longer, this attempt's turn.
        """
        task = await self._store.task(TaskId(task_id))
        if task is None:
            raise _no_task()
        if task.state is not TaskState.RUNNING or task.attempt != attempt:
            raise Conflict("this attempt is over")
        canvas = await self._canvas(task)
        blob = None if canvas is None else await self._blobs.open(canvas.media.key)
        if canvas is None or blob is None:
            raise NotFound("the canvas is gone")
        return canvas.media.media_type, blob

    async def followed(self, task: Task, percent: int | None, message: str) -> None:
        """A task that knows nothing of us gave a sign of life in Celery's backend."""
        here = percent if percent is not None else task.percent or 0
        if task.state is TaskState.RUNNING and (here, message) == (task.percent, task.message):
            return
        now = self._now()

        def take(row: Task) -> tuple[Task, Task | None]:
            after = core.followed(row, percent, message, now)
            return after, after

        after = await self._store.change_task(task.id, take)
        if after is not None:
            await self._show(after)

    # ---- ends -------------------------------------------------------------------------------

    async def end_with(self, task: Task, findings: Mapping[str, Any]) -> None:
        """The task is completed with what it found, unless that cannot be kept."""
        try:
            size = json_size(findings)
        except TypeError:  # nested too deeply, or a number beyond 64 bits
            await self.end(task, TaskState.FAILED, NO_JSON)
            return
        if size > self._rules.findings_bytes:
            await self.end(task, TaskState.FAILED, TOO_LARGE)
        else:
            await self.end(task, TaskState.COMPLETED, None, findings)

    async def end(
        self,
        task: Task,
        status: TaskState,
        error: str | None = None,
        findings: Mapping[str, Any] | None = None,
    ) -> None:
        """The task has ended; nothing happens when it had before. Raises Unavailable."""
        room = project_room(task.project)
        command = SettleTask(task.id, status, error, findings or {})
        try:
            await self._hub.execute(room, command, await self._requester(task))
        except NotFound:
            log.warning("task_without_project", task=task.id, room=str(room))
            return
        TASKS_SETTLED.labels(status.value).inc()

    async def give_up(self, task: Task, error: str | None, wait: int) -> None:
        """This attempt came to nothing: have another one, after ``wait`` ms, or end it."""
        now = self._now()

        def take(here: Task) -> tuple[bool, Task | None]:
            try:
                again = core.give_up(here, task.attempt, now, self._rules, wait)
            except ValueError:
                return True, None  # somebody else saw to it
            return again is not None, again

        if not await self._store.change_task(task.id, take):
            await self.end(task, TaskState.FAILED, error or core.INTERRUPTED)

    # ---- inside -----------------------------------------------------------------------------

    async def _show(self, task: Task) -> None:
        """Tell the room, if anybody is in it, here or on another node."""
        room = project_room(task.project)
        if task.percent is None:
            return
        told = Progressed(task.id, task.attempt, task.percent, task.message)
        self._hub.share(room, told)
        if self._hub.holds(room):
            command = ShowProgress(task.id, task.attempt, task.percent, task.message)
            self._hub.tell(room, command, await self._requester(task))

    async def _canvas(self, task: Task) -> Any:
        room = cast("ProjectRoom | None", await self._hub.peek(project_room(task.project)))
        return None if room is None else room.confirmed.canvases.get(task.canvas_id)

    async def _requester(self, task: Task) -> User:
        """Who had the task begun: in the log, its end is theirs as well."""
        known = await self._people.users([task.requested_by])
        return People(known)[task.requested_by]

    def _now(self) -> int:
        return self._hub.clock.now().wall


def _changed(decided: tuple[Claim, Task]) -> tuple[tuple[Claim, Task], Task | None]:
    claim, task = decided
    return decided, task if claim is Claim.GRANTED else None


def _no_task() -> NotFound:
    return NotFound("there is no such task")
