"""Celery tasks that a project's canvases are analysed with: for workers, ours and those of others.

``ProjectTask`` is the base class; ``TaskType`` says what the server has to know of a task. Whoever
imports this package imports Celery only when they touch ``ProjectTask``, and never the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workroom.tasks.failures import TaskCancelled, TaskFailed
from workroom.tasks.types import TaskType

if TYPE_CHECKING:
    from workroom.tasks.base import ProjectTask

__all__ = ["ProjectTask", "TaskCancelled", "TaskFailed", "TaskType"]


def __getattr__(name: str) -> Any:
    if name == "ProjectTask":
        from workroom.tasks.base import ProjectTask

        return ProjectTask
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
