"""Tasks as people use them: begin, look at, cancel, and follow what a Celery app of theirs does.

Beginning and cancelling need ``edit`` in the project, looking needs ``view``. Whoever may not see a
project learns nothing from the id of one of its tasks: NotFound, as for what was never there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol, cast

from workroom.core.commands import CancelTask, StartTask
from workroom.core.people import User
from workroom.core.permissions import Verb
from workroom.core.projects.room import ProjectRoom
from workroom.core.tasks import Task
from workroom.errors import (
    Conflict,
    InvalidMessage,
    NotFound,
    NoWorker,
    RateLimited,
    Unavailable,
)
from workroom.ids import CanvasId, ProjectId, RoomId, TaskId, project_room
from workroom.observe import TASKS_STARTED
from workroom.ports.tasks import Dispatch, TaskQueue, TaskStore
from workroom.service.hub import Hub
from workroom.service.slices import Slice
from workroom.service.tasks.turns import Turns


class TaskKind(Protocol):
    """A type of task, as far as the server has to know it (``workroom.tasks.TaskType``)."""

    @property
    def name(self) -> str:
        """What clients call it."""

    @property
    def task(self) -> str:
        """What Celery calls it."""

    @property
    def kinds(self) -> frozenset[str]:
        """The canvases that it is for: ``image``, ``audio``."""

    @property
    def queue(self) -> str:
        """Where its workers take it from."""

    @property
    def seconds(self) -> int:
        """How long one attempt may take."""


class Tasks:
    """The use cases. One per node; runs on the event loop's thread."""

    def __init__(
        self, hub: Hub, store: TaskStore, queue: TaskQueue | None, types: Mapping[str, TaskKind]
    ) -> None:
        """``queue`` None: there is no broker, and nothing can be begun."""
        self._hub = hub
        self._store = store
        self._queue = queue
        self._rules = hub.rules.tasks
        self.types = types
        queues = {name: kind.queue for name, kind in types.items()}
        self.turns = Turns(store, hub.clock, queues, self.hand_over)

    async def start(self, user: User, canvas_id: int, task_type: str) -> Task:
        """Begin a task on a canvas.

        Raises NotFound, PermissionDenied; InvalidMessage (``task_type``), and Conflict when that is
        for other canvases; RateLimited when too many of the project's or the user's go on; NoWorker
        when nobody would do it.
        """
        room = await self._room_of_canvas(user, CanvasId(canvas_id))
        kind = self._type_for(room, CanvasId(canvas_id), task_type)
        if self._queue is None:
            raise NoWorker("this server has no worker for tasks")
        await self._queue.check(kind.queue)
        await self._require_few_open(user)
        task_id = TaskId(str(uuid.uuid4()))
        command = StartTask(task_id, kind.name, CanvasId(canvas_id))
        await self._hub.execute(room.id, command, user)
        TASKS_STARTED.inc()
        task = await self._stored(task_id)
        with suppress(NoWorker, Unavailable):  # it is stored: the watchdog sees to it
            await self.turns.give()
        return task

    async def _require_few_open(self, user: User) -> None:
        """Nobody fills the table that the server has to look through, in however many projects."""
        most = self._rules.open_tasks_per_user
        if await self._store.open_tasks_of(user.id) >= most:
            message = f"at most {most} tasks of one person go on at once"
            raise RateLimited(message, retry_after=10)

    def _type_for(self, room: ProjectRoom, canvas_id: CanvasId, name: str) -> TaskKind:
        kind = self.types.get(name)
        if kind is None:
            known = ", ".join(sorted(self.types))
            message = f"is not a type of task here; expected one of {known}"
            raise InvalidMessage(message, field="task_type")
        canvas = room.confirmed.canvases.get(canvas_id)
        if canvas is None:  # deleted this very moment
            raise _no_canvas(canvas_id)
        if canvas.media.kind.value not in kind.kinds:
            wanted = " and ".join(sorted(kind.kinds))
            message = f"{name} is for {wanted}, and this canvas is {canvas.media.kind.value}"
            raise Conflict(message, field="task_type")
        return kind

    async def hand_over(self, task: Task) -> None:
        """Give a task to the broker; when that has it, the row says so. Raises NoWorker."""
        kind = self.types.get(task.type)
        if self._queue is None or kind is None:
            message = f"nobody here carries out {task.type}"
            raise NoWorker(message)
        dispatch = Dispatch(
            task.id, kind.task, kind.queue, task.project, task.canvas_id, kind.seconds
        )
        await self._queue.send(dispatch)
        now = self._hub.clock.now().wall
        await self._store.change_task(task.id, lambda here: (None, here.sent(now)))

    async def follow(
        self, user: User, project: int, canvas_id: int, task_type: str, task_id: str
    ) -> Task:
        """Watch a Celery task that knows nothing of us, by its result in Celery's backend.

        Raises NotFound, PermissionDenied; Conflict when the project has no such canvas
        (``canvas_id``) or the id cannot be followed (``task_id``); RateLimited when too many go on;
        NoWorker without a broker.
        """
        if self._queue is None:
            raise NoWorker("this server has no result backend to look at")
        await self._hub.look(project_room(project), user, Verb.EDIT)
        await self._require_few_open(user)
        if await self._store.task(TaskId(task_id)) is not None:
            raise Conflict("this task cannot be followed: its id is taken", field="task_id")
        command = StartTask(TaskId(task_id), task_type, CanvasId(canvas_id), followed=True)
        await self._hub.execute(project_room(project), command, user)
        TASKS_STARTED.inc()
        return await self._stored(TaskId(task_id))

    async def one(self, user: User, task_id: str, verb: Verb = Verb.VIEW) -> Task:
        """A task, if the user may do ``verb`` in its project. Raises NotFound, PermissionDenied."""
        task = await self._store.task(TaskId(task_id))
        if task is None:
            raise _no_task()
        try:
            await self._hub.look(project_room(task.project), user, verb)
        except NotFound:
            raise _no_task() from None
        return task

    async def in_project(self, user: User, project: int, *, limit: int, offset: int) -> Slice[Task]:
        """The tasks of a project, the newest first. Raises NotFound."""
        await self._hub.look(project_room(project), user)
        found = await self._store.project_tasks(ProjectId(project), limit=limit, offset=offset)
        return Slice(list(found.tasks), found.total)

    async def cancel(self, user: User, task_id: str) -> Task:
        """End a task that nobody wants any more; one that has ended stays as it is.

        Its worker hears of it at its next report. Raises NotFound, PermissionDenied.
        """
        task = await self.one(user, task_id, Verb.EDIT)
        if not task.over:
            await self._hub.execute(project_room(task.project), CancelTask(task.id), user)
        return await self._stored(task.id)

    async def _room_of_canvas(self, user: User, canvas_id: CanvasId) -> ProjectRoom:
        room: RoomId | None = await self._hub.store.project_of_canvas(canvas_id)
        if room is None:
            raise _no_canvas(canvas_id)
        try:
            return cast("ProjectRoom", await self._hub.look(room, user, Verb.EDIT))
        except NotFound:
            raise _no_canvas(canvas_id) from None

    async def _stored(self, task_id: TaskId) -> Task:
        task = await self._store.task(task_id)
        if task is None:
            raise _no_task()
        return task


def _no_task() -> NotFound:
    return NotFound("there is no such task that you may see")


def _no_canvas(canvas_id: CanvasId) -> NotFound:
    return NotFound(f"there is no canvas {canvas_id} that you may see")
