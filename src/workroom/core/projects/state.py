"""A project as its log says it is: immutable, and nothing but the entries replayed in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from workroom.core.canvas import Canvas
from workroom.core.entries import (
    CanvasAdded,
    CanvasRemoved,
    Entry,
    ProjectChanged,
    ProjectCreated,
    RightSet,
    RoomDeleted,
    TaskSettled,
    TaskStarted,
)
from workroom.core.people import Right
from workroom.core.permissions import with_right
from workroom.core.projects.fields import merge_patch
from workroom.core.tasks import OpenTask, SettledTask
from workroom.ids import CanvasId, ProjectId, TaskId, UserId

REMEMBERED: Final = 120_000
"""Milliseconds for which the end of a task is kept at hand, for those who missed it just now."""
MOST_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class ProjectState:
    """One project after the entry ``seq``. Times are milliseconds since 1970, UTC."""

    id: ProjectId
    seq: int
    title: str
    description: str
    status: str
    """``active`` or ``archived``."""
    metadata: Mapping[str, Any]
    author: UserId
    created_at: int
    updated_by: UserId
    updated_at: int
    rights: Mapping[UserId, Right]
    canvases: Mapping[CanvasId, Canvas] = field(default_factory=lambda: MappingProxyType({}))
    """The oldest first."""
    tasks: Mapping[TaskId, OpenTask] = field(default_factory=lambda: MappingProxyType({}))
    """Those that have not ended, the oldest first."""
    settled: tuple[SettledTask, ...] = ()
    """Those that ended just now, in order."""
    deleted: bool = False

    @property
    def file_bytes(self) -> int:
        """Of all its canvases."""
        return sum(canvas.media.size for canvas in self.canvases.values())

    def fields(self) -> dict[str, Any]:
        """All that ``update_project`` can set, as it stands."""
        return {
            "title": self.title,
            "description": self.description,
            "status": self.status,
            "metadata": self.metadata,
        }


def first_state(project_id: ProjectId, entry: Entry) -> ProjectState:
    """The state after the first entry. Raises ValueError when that is not ProjectCreated."""
    fact = entry.fact
    if not isinstance(fact, ProjectCreated):
        message = f"the log of project {project_id} does not begin with its creation"
        raise ValueError(message)
    return ProjectState(
        id=project_id,
        seq=entry.seq,
        title=fact.title,
        description=fact.description,
        status=fact.status,
        metadata=fact.metadata,
        author=entry.actor,
        created_at=entry.at,
        updated_by=entry.actor,
        updated_at=entry.at,
        rights=MappingProxyType({entry.actor: Right.OWNER}),
    )


def evolve(state: ProjectState, entry: Entry) -> ProjectState:
    """The state after the next entry. Raises ValueError when the numbers leave a gap."""
    if entry.seq != state.seq + 1:
        message = f"entry {entry.seq} does not follow {state.seq} in project {state.id}"
        raise ValueError(message)
    state = replace(state, seq=entry.seq)
    match entry.fact:
        case ProjectChanged(changes=changes):
            return _changed(state, changes, entry)
        case RightSet(user_id=user_id, right=right):
            return replace(state, rights=with_right(state.rights, user_id, right))
        case CanvasAdded(canvas_id=canvas_id, media=media):
            canvas = Canvas(canvas_id, media, entry.actor, entry.at)
            return replace(state, canvases=MappingProxyType({**state.canvases, canvas_id: canvas}))
        case CanvasRemoved(canvas_id=canvas_id):
            kept = {i: each for i, each in state.canvases.items() if i != canvas_id}
            return replace(state, canvases=MappingProxyType(kept))
        case TaskStarted():
            return replace(state, tasks=_with_task(state, entry.fact, entry))
        case TaskSettled():
            return _settled(state, entry.fact, entry)
        case RoomDeleted():
            return replace(state, deleted=True)
        case _:
            message = f"entry {entry.seq} does not belong into the log of a project"
            raise ValueError(message)


def _changed(state: ProjectState, changes: Mapping[str, Any], entry: Entry) -> ProjectState:
    values = dict(changes)
    if "metadata" in values:
        values["metadata"] = merge_patch(state.metadata, values["metadata"])
    return replace(state, **values, updated_by=entry.actor, updated_at=entry.at)


def begun_by(entry: Entry, fact: TaskStarted) -> OpenTask:
    """The task that an entry began."""
    return OpenTask(
        fact.task_id, fact.task_type, fact.canvas_id, entry.actor, entry.at, fact.followed
    )


def settled_by(entry: Entry, fact: TaskSettled) -> SettledTask:
    """How the task ended that an entry ended."""
    return SettledTask(
        fact.task_id,
        fact.task_type,
        fact.canvas_id,
        fact.status,
        fact.error,
        fact.findings,
        entry.seq,
        entry.at,
    )


def _with_task(state: ProjectState, fact: TaskStarted, entry: Entry) -> Mapping[TaskId, OpenTask]:
    task = begun_by(entry, fact)
    return MappingProxyType({**state.tasks, task.id: task})


def _settled(state: ProjectState, fact: TaskSettled, entry: Entry) -> ProjectState:
    recent = [each for each in state.settled if entry.at - each.at <= REMEMBERED]
    open_ones = {each: task for each, task in state.tasks.items() if each != fact.task_id}
    return replace(
        state,
        tasks=MappingProxyType(open_ones),
        settled=(*recent[1 - MOST_REMEMBERED :], settled_by(entry, fact)),
    )
