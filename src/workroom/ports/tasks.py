"""What Workroom needs of the table of tasks, and of the broker that carries them to workers.

The table is the truth; the broker may lose everything, and whatever it lost is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from workroom.core.projects.turns import Place
from workroom.core.tasks import Task
from workroom.ids import ProjectId, RoomId, TaskId, UserId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page of a project's tasks, the newest first."""

    tasks: Sequence[Task]
    total: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which entry a user is known to have been told of the tasks that ended."""

    seq: int
    alone: bool = False
    """What other nodes have noted of them is forgotten: it is in this mark."""


class TaskStore(Protocol):
    """The table of tasks. Rows are begun and ended by ``RoomStore.append``, with the log.

    Every coroutine raises Unavailable when the store cannot be reached.
    """

    async def task(self, task_id: TaskId) -> Task | None:
        """The task as stored."""

    async def project_tasks(self, project: ProjectId, *, limit: int, offset: int) -> TaskPage:
        """The tasks of a project, the newest first."""

    async def open_tasks(self) -> int:
        """How many tasks have not ended."""

    async def tasks_in_doubt(self, *, begun_before: int, silent_since: int) -> list[Task]:
        """Open tasks that somebody has to see to, the oldest first. Times are in ms.

        Those begun before a time; those that are followed; those that the broker has and no worker;
        and those that run and were not heard of since a time. Whatever waits for its turn is not
        among them, however much that is.
        """

    async def open_tasks_of(self, user_id: UserId) -> int:
        """How many of them this user has begun."""

    async def line(self, now: int) -> list[Place]:
        """Of open tasks what decides whose turn it is at ``now`` (ms), the oldest first.

        All that a worker or the broker has. Of those that may be handed over, what could be next:
        of each type as many users as run, and ``core.turns.LEAST``, those whose oldest task is
        oldest; and whoever else has something with the workers; of each as many of their oldest.
        None that are followed.
        """

    async def change_task(
        self, task_id: TaskId, change: Callable[[Task], tuple[T, Task | None]]
    ) -> T | None:
        """Change a task as it is at that moment; durable on return.

        ``change`` is pure, runs on the writer's thread, and gives what to return and the task as it
        is to be stored (None: as it was). None is returned when there is no such task.
        """

    async def settled_between(
        self, project: ProjectId, after: int, up_to: int, *, since: int, limit: int
    ) -> list[Task]:
        """Tasks whose end is an entry in ``(after, up_to]``, not before ``since`` (ms); in order.

        At most the last ``limit`` of them.
        """

    async def told(self, project: ProjectId, user_id: UserId) -> Mapping[str, int]:
        """Up to which entry the user is known to have been told of tasks that ended, by node."""

    async def note_told(self, node: str, marks: Mapping[tuple[RoomId, UserId], Mark]) -> None:
        """Users were told up to these entries through a node, instead of what it noted before."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A task as the broker gets it."""

    task_id: TaskId
    name: str
    """The task's name in Celery."""
    queue: str
    project: int
    canvas: int
    seconds: int
    """How long one attempt may take."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a result backend knows of a task."""

    state: str
    """Celery's own word: PENDING, STARTED, SUCCESS, FAILURE, REVOKED, or the task's own."""
    result: Any
    """JSON: what it returned, what it told of its progress, or what went wrong."""


class TaskQueue(Protocol):
    """The broker. Every coroutine raises NoWorker when it cannot be reached."""

    async def check(self, queue: str) -> None:
        """Raises NoWorker unless somebody takes tasks from the queue."""

    async def send(self, dispatch: Dispatch) -> None:
        """Hand a task over. Twice is harmless: the claim lets it run once."""

    async def depths(self, queues: Collection[str]) -> Mapping[str, int]:
        """How many messages wait in each queue."""

    async def outcomes(self, task_ids: Collection[TaskId]) -> Mapping[TaskId, Outcome]:
        """What the result backend knows; tasks that it knows nothing of are left out."""

    async def close(self) -> None:
        """Let go of it."""
