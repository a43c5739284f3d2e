"""The table of tasks in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from workroom.core.projects.turns import LEAST, Place
from workroom.core.tasks import Bar, SettledTask, Task, TaskState
from workroom.ids import ProjectId, RoomId, RoomKind, TaskId, UserId
from workroom.ports.tasks import Mark, TaskPage

T = TypeVar("T")


class MemoryTasks:
    """``TaskStore``; a part of ``MemoryStore``."""

    def __init__(self) -> None:
        self._tasks: dict[TaskId, Task] = {}
        self._told: dict[tuple[int, UserId], dict[str, int]] = {}

    def _may_read(self) -> None:
        """Raises Unavailable while told to fail."""

    def _may_write(self) -> None:
        """Raises Unavailable while told to fail."""

    def _begin_tasks(self, begun: Sequence[Task]) -> None:
        for each in begun:
            self._tasks[each.id] = each

    def _settle_tasks(self, ended: Sequence[SettledTask]) -> None:
        for each in ended:
            here = self._tasks.get(each.id)
            if here is not None and here.settled_at is None:
                self._tasks[each.id] = replace(
                    here,
                    state=each.status,
                    error=each.error,
                    findings=dict(each.findings),
                    settled_at=each.at,
                    settled_seq=each.seq,
                )

    def _bars(self, room: RoomId) -> dict[TaskId, Bar]:
        return {
            each.id: Bar(each.attempt, each.percent, each.message)
            for each in self._tasks.values()
            if room == RoomId(RoomKind.PROJECT, each.project)
            and each.settled_at is None
            and each.percent is not None
        }

    async def task(self, task_id: TaskId) -> Task | None:
        """The task as stored."""
        self._may_read()
        return self._tasks.get(task_id)

    async def project_tasks(self, project: ProjectId, *, limit: int, offset: int) -> TaskPage:
        """The tasks of a project, the newest first."""
        self._may_read()
        found = [each for each in self._tasks.values() if each.project == project]
        found.sort(key=lambda each: (-each.created_at, each.id))
        return TaskPage(found[offset : offset + limit], len(found))

    def _open(self) -> list[Task]:
        self._may_read()
        found = [each for each in self._tasks.values() if each.settled_at is None]
        return sorted(found, key=lambda each: (each.created_at, each.id))

    async def open_tasks(self) -> int:
        """How many tasks have not ended."""
        return len(self._open())

    async def tasks_in_doubt(self, *, begun_before: int, silent_since: int) -> list[Task]:
        """Open tasks that somebody has to see to."""

        def doubtful(each: Task) -> bool:
            if each.created_at < begun_before:
                return True
            if each.followed or each.state is TaskState.PENDING:
                return each.due_at is None
            return each.seen_at is None or each.seen_at < silent_since

        return [each for each in self._open() if doubtful(each)]

    async def open_tasks_of(self, user_id: UserId) -> int:
        """How many of them this user has begun."""
        return sum(each.requested_by == user_id for each in self._open())

    async def line(self, now: int) -> list[Place]:
        """What decides whose turn it is."""
        known = [each for each in self._open() if not each.followed]
        there = [each for each in known if each.due_at is None]
        held = {each.requested_by for each in there}
        most = LEAST + sum(each.state is TaskState.RUNNING for each in there)
        waiting: dict[str, dict[UserId, list[Task]]] = defaultdict(lambda: defaultdict(list))
        for each in known:
            if each.due_at is not None and each.due_at <= now:
                waiting[each.type][each.requested_by].append(each)
        found = {each.id for each in there}
        for of_type in waiting.values():
            others = [user for user in of_type if user not in held]  # whose first is oldest first
            for user in (*others[:most], *held & of_type.keys()):
                found.update(each.id for each in of_type[user][:most])
        return [
            Place(
                each.id,
                each.type,
                each.requested_by,
                each.state is TaskState.RUNNING,
                each.due_at,
            )
            for each in known
            if each.id in found
        ]

    async def change_task(
        self, task_id: TaskId, change: Callable[[Task], tuple[T, Task | None]]
    ) -> T | None:
        """Change a task as it is."""
        self._may_write()
        here = self._tasks.get(task_id)
        if here is None:
            return None
        answer, changed = change(here)
        if changed is not None and here.settled_at is None:
            self._tasks[task_id] = changed
        return answer

    async def settled_between(
        self, project: ProjectId, after: int, up_to: int, *, since: int, limit: int
    ) -> list[Task]:
        """Tasks that ended between two entries."""
        self._may_read()
        found = [
            (each.settled_seq, each)
            for each in self._tasks.values()
            if each.project == project
            and each.settled_seq is not None
            and after < each.settled_seq <= up_to
            and (each.settled_at or 0) >= since
        ]
        return [each for _, each in sorted(found, key=lambda pair: pair[0])][-limit:]

    async def told(self, project: ProjectId, user_id: UserId) -> Mapping[str, int]:
        """Up to which entry the user was told of tasks that ended, by node."""
        self._may_read()
        return dict(self._told.get((project, user_id), {}))

    async def note_told(self, node: str, marks: Mapping[tuple[RoomId, UserId], Mark]) -> None:
        """Users were told up to these entries through a node."""
        self._may_write()
        for (room, user_id), mark in marks.items():
            key = (room.number, user_id)
            others = {} if mark.alone else self._told.get(key, {})
            self._told[key] = {**others, node: mark.seq}
