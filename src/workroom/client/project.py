"""The room of one project, as decisions: its fields and its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel

from workroom.client import events
from workroom.client.effects import Effect
from workroom.client.room import RoomCore
from workroom.client.wire import PROJECTS, Dialect, Json
from workroom.core.projects.fields import merge_patch


@dataclass(frozen=True, slots=True)
class Task:
    """A task that waits or runs, as far as was told of it."""

    task_id: str
    task_type: str | None = None
    canvas_id: int | None = None
    progress: int = 0
    message: str = ""
    attempt: int = 1


class ProjectCore(RoomCore):
    """Decides what becomes of one project."""

    dialect: ClassVar[Dialect] = PROJECTS

    def __init__(self, room: int, prefix: str, effects: list[Effect]) -> None:
        super().__init__(room, prefix, effects)
        self.fields: Mapping[str, Any] = {}
        """Title, description, status and metadata."""
        self.tasks: Mapping[str, Task] = {}
        """Those that wait or run, by ``task_id``."""

    def parse(self, kind: str, body: Json) -> BaseModel | None:
        """An event as its class."""
        return events.project_event(kind, body)

    def since(self) -> int:
        """From the last event on."""
        return self.seq

    def reset(self) -> None:
        """Everything is told anew."""
        self.fields, self.tasks = {}, {}

    def caught_up(self, seq: int, *, recovered: bool) -> None:
        """Nothing waited for this."""

    def interrupted(self) -> None:
        """What is known stays."""

    def took(self, event: BaseModel) -> bool:
        """No event comes twice: what was missed is told behind ``subscribed``, exactly that."""
        match event:
            case events.ProjectUpdated(changes=changes):
                self._changed(changes.model_dump(exclude_unset=True))
            case events.TaskStarted() | events.TaskProgress():
                self._moved(event)
            case events.TaskCompleted(task_id=ended):
                self.tasks = {it: task for it, task in self.tasks.items() if it != ended}
            case _:
                pass
        return True

    def _changed(self, changes: dict[str, Any]) -> None:
        if "metadata" in changes:
            changes["metadata"] = merge_patch(self.fields.get("metadata"), changes["metadata"])
        self.fields = {**self.fields, **changes}

    def _moved(self, event: Any) -> None:
        known = self.tasks.get(event.task_id, Task(event.task_id))
        told = {name: getattr(event, name, getattr(known, name)) for name in Task.__slots__}
        self.tasks = {**self.tasks, event.task_id: Task(**told)}
