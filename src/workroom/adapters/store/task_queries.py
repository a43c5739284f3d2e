"""The SQL of tasks: small functions on an open connection, for every SQL store.

Each runs inside the caller's transaction and lets the driver's errors through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, union_all, update

from workroom.adapters.store.sql import Row, insert_many
from workroom.adapters.store.tables import tasks, told
from workroom.core.tasks import Bar, SettledTask, Task, TaskState
from workroom.ids import ProjectId, RoomId, RoomKind, TaskId, UserId
from workroom.ports.tasks import Mark, TaskPage

T = TypeVar("T")

_NAMES: Final = tuple(field.name for field in fields(Task))
_COLUMNS: Final = tuple(tasks.c[name] for name in _NAMES)
_PROJECT: Final[Any] = bindparam("project")
_OPEN: Final = tasks.c.settled_at.is_(None)

_TASK: Final = select(*_COLUMNS).where(tasks.c.id == bindparam("task_id"))
_TASK_TO_CHANGE: Final = _TASK.with_for_update()
_COUNT: Final = select(func.count()).select_from(tasks).where(_OPEN)
_RUNS: Final = (
    _OPEN,
    tasks.c.due_at.is_(None),
    ~tasks.c.followed,
    tasks.c.state == TaskState.RUNNING.value,
)
_DOUBTFUL: Final = union_all(
    select(tasks.c.id).where(_OPEN, tasks.c.created_at < bindparam("begun_before")),
    select(tasks.c.id).where(_OPEN, tasks.c.due_at.is_(None), tasks.c.followed),
    select(tasks.c.id).where(*_RUNS, tasks.c.seen_at < bindparam("silent_since")),
    select(tasks.c.id).where(*_RUNS, tasks.c.seen_at.is_(None)),
    select(tasks.c.id).where(
        _OPEN,
        tasks.c.due_at.is_(None),
        ~tasks.c.followed,
        tasks.c.state == TaskState.PENDING.value,
    ),
)
_IN_DOUBT: Final = (
    select(*_COLUMNS).where(tasks.c.id.in_(_DOUBTFUL)).order_by(tasks.c.created_at, tasks.c.id)
)
_OPEN_OF: Final = (
    select(func.count()).select_from(tasks).where(_OPEN, tasks.c.requested_by == bindparam("user"))
)
_BARS: Final = select(tasks.c.id, tasks.c.attempt, tasks.c.percent, tasks.c.message).where(
    _OPEN, tasks.c.project == _PROJECT, tasks.c.percent.is_not(None)
)
_OF_PROJECT: Final = (
    select(*_COLUMNS)
    .where(tasks.c.project == _PROJECT)
    .order_by(tasks.c.created_at.desc(), tasks.c.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_TOTAL: Final = select(func.count()).select_from(tasks).where(tasks.c.project == _PROJECT)
_SETTLED: Final = (
    select(*_COLUMNS)
    .where(
        tasks.c.project == _PROJECT,
        tasks.c.settled_seq > bindparam("after"),
        tasks.c.settled_seq <= bindparam("up_to"),
        tasks.c.settled_at >= bindparam("since"),
    )
    .order_by(tasks.c.settled_seq.desc())
    .limit(bindparam("limit"))
)
_SETTLE: Final = (
    update(tasks)
    .where(tasks.c.id == bindparam("task_id"), _OPEN)
    .values(
        state=bindparam("status"),
        error=bindparam("what"),
        findings=bindparam("found"),
        settled_at=bindparam("at"),
        settled_seq=bindparam("seq"),
    )
)
_KEPT: Final = frozenset({"id", "settled_at", "settled_seq", "error", "findings"})
"""Columns that ``change`` leaves alone."""
_CHANGE: Final = (
    update(tasks)
    .where(tasks.c.id == bindparam("task_id"), _OPEN)
    .values({name: bindparam(f"new_{name}") for name in _NAMES if name not in _KEPT})
)
_TOLD: Final = select(told.c.node, told.c.seq).where(
    told.c.project == _PROJECT, told.c.user_id == bindparam("user_id")
)
_ANEW: Final = "ON CONFLICT (project, user_id, node) DO UPDATE SET seq = excluded.seq"
_FORGET: Final = delete(told).where(
    told.c.project == _PROJECT,
    told.c.user_id == bindparam("user_id"),
    told.c.node != bindparam("node"),
)


def task(connection: Connection, task_id: TaskId) -> Task | None:
    """One task."""
    if "\0" in task_id:
        return None  # PostgreSQL refuses even to look for such a text
    row = connection.execute(_TASK, {"task_id": task_id}).first()
    return None if row is None else _task_of(row)


def open_tasks(connection: Connection) -> int:
    """How many have not ended."""
    count: int = connection.execute(_COUNT).scalar_one()
    return count


def tasks_in_doubt(connection: Connection, begun_before: int, silent_since: int) -> list[Task]:
    """Open tasks that somebody has to see to; see the port."""
    values = {"begun_before": begun_before, "silent_since": silent_since}
    return [_task_of(row) for row in connection.execute(_IN_DOUBT, values)]


def open_tasks_of(connection: Connection, user_id: UserId) -> int:
    """How many of them a user has begun."""
    count: int = connection.execute(_OPEN_OF, {"user": user_id}).scalar_one()
    return count


def bars(connection: Connection, room: RoomId) -> dict[TaskId, Bar]:
    """How far the running tasks of a project are; nothing for other rooms."""
    if room.kind is not RoomKind.PROJECT:
        return {}
    rows = connection.execute(_BARS, {"project": room.number})
    return {TaskId(row.id): Bar(row.attempt, row.percent, row.message) for row in rows}


def of_project(connection: Connection, project: ProjectId, limit: int, offset: int) -> TaskPage:
    """A page of a project's tasks, the newest first."""
    values = {"project": project, "limit": limit, "offset": offset}
    found = [_task_of(row) for row in connection.execute(_OF_PROJECT, values)]
    return TaskPage(found, connection.execute(_TOTAL, {"project": project}).scalar_one())


def settled_between(
    connection: Connection, project: ProjectId, after: int, up_to: int, since: int, limit: int
) -> list[Task]:
    """The last of the tasks that ended between two entries, in order."""
    values = {"project": project, "after": after, "up_to": up_to, "since": since, "limit": limit}
    return [_task_of(row) for row in connection.execute(_SETTLED, values)][::-1]


def start(connection: Connection, begun: Sequence[Task]) -> None:
    """Rows for tasks that were begun."""
    if begun:
        connection.execute(insert(tasks), [_values(each) for each in begun])


def settle(connection: Connection, ended: Sequence[SettledTask]) -> None:
    """Tasks ended; one that had ended already stays as it was."""
    for each in ended:
        values = {
            "task_id": each.id,
            "status": each.status.value,
            "what": each.error,
            "found": orjson.dumps(dict(each.findings)).decode(),
            "at": each.at,
            "seq": each.seq,
        }
        connection.execute(_SETTLE, values)


def change(
    connection: Connection, task_id: TaskId, decide: Callable[[Task], tuple[T, Task | None]]
) -> T | None:
    """Change an open task as it is at this moment."""
    row = connection.execute(_TASK_TO_CHANGE, {"task_id": task_id}).first()
    if row is None:
        return None
    answer, changed = decide(_task_of(row))
    if changed is not None:
        values = {f"new_{name}": value for name, value in _values(changed).items()}
        used = {key: value for key, value in values.items() if key[4:] not in _KEPT}
        connection.execute(_CHANGE, {"task_id": task_id, **used})
    return answer


def told_up_to(connection: Connection, project: ProjectId, user_id: UserId) -> dict[str, int]:
    """Up to which entry the user was told, by node."""
    rows = connection.execute(_TOLD, {"project": project, "user_id": user_id})
    return {row.node: row.seq for row in rows}


def note_told(
    connection: Connection, node: str, marks: Mapping[tuple[RoomId, UserId], Mark]
) -> None:
    """Set the marks of a node, and forget those of others where they are in it."""
    ordered = sorted(marks.items(), key=lambda each: each[0])
    over = [
        {"project": room.number, "user_id": user_id, "node": node}
        for (room, user_id), mark in ordered
        if mark.alone
    ]
    if over:
        connection.execute(_FORGET, over)
    rows = [(room.number, user_id, node, mark.seq) for (room, user_id), mark in ordered]
    insert_many(connection, told, rows, _ANEW)


def _values(one: Task) -> dict[str, Any]:
    values = asdict(one)
    values["state"] = one.state.value
    if one.findings is not None:
        values["findings"] = orjson.dumps(dict(one.findings)).decode()
    return values


def _task_of(row: Row) -> Task:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = TaskState(values["state"])
    values["followed"] = bool(values["followed"])
    if values["findings"] is not None:
        values["findings"] = orjson.loads(values["findings"])
    return Task(**values)
