"""The table of tasks in an SQL database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from workroom.adapters.store import task_queries, turn_queries
from workroom.adapters.store.access import Access
from workroom.core.projects.turns import Place
from workroom.core.tasks import Task
from workroom.ids import ProjectId, RoomId, TaskId, UserId
from workroom.ports.tasks import Mark, TaskPage

T = TypeVar("T")


class SqlTasks:
    """``TaskStore``; a part of ``SqlStore``."""

    _access: Access

    async def task(self, task_id: TaskId) -> Task | None:
        """The task as stored."""
        return await self._access.read(partial(task_queries.task, task_id=task_id))

    async def project_tasks(self, project: ProjectId, *, limit: int, offset: int) -> TaskPage:
        """The tasks of a project, the newest first."""
        return await self._access.read(
            partial(task_queries.of_project, project=project, limit=limit, offset=offset)
        )

    async def open_tasks(self) -> int:
        """How many tasks have not ended."""
        return await self._access.read(task_queries.open_tasks)

    async def tasks_in_doubt(self, *, begun_before: int, silent_since: int) -> list[Task]:
        """Open tasks that somebody has to see to."""
        return await self._access.read(
            partial(
                task_queries.tasks_in_doubt, begun_before=begun_before, silent_since=silent_since
            )
        )

    async def open_tasks_of(self, user_id: UserId) -> int:
        """How many of them this user has begun."""
        return await self._access.read(partial(task_queries.open_tasks_of, user_id=user_id))

    async def line(self, now: int) -> list[Place]:
        """What decides whose turn it is."""
        return await self._access.read(partial(turn_queries.line, now=now))

    async def change_task(
        self, task_id: TaskId, change: Callable[[Task], tuple[T, Task | None]]
    ) -> T | None:
        """Change a task in a transaction of the writer."""
        return await self._access.write(
            lambda connection: task_queries.change(connection, task_id, change)
        )

    async def settled_between(
        self, project: ProjectId, after: int, up_to: int, *, since: int, limit: int
    ) -> list[Task]:
        """Tasks that ended between two entries."""
        return await self._access.read(
            partial(
                task_queries.settled_between,
                project=project,
                after=after,
                up_to=up_to,
                since=since,
                limit=limit,
            )
        )

    async def told(self, project: ProjectId, user_id: UserId) -> Mapping[str, int]:
        """Up to which entry the user was told of tasks that ended, by node."""
        return await self._access.read(
            partial(task_queries.told_up_to, project=project, user_id=user_id)
        )

    async def note_told(self, node: str, marks: Mapping[tuple[RoomId, UserId], Mark]) -> None:
        """Users were told up to these entries through a node."""
        await self._access.write(partial(task_queries.note_told, node=node, marks=marks))
