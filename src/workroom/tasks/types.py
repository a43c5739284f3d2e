"""Which types of task there are: what the server has to know to start one, and no more.

The entry points of the group ``workroom.task_types`` name them: each leads to a ``TaskType``, in a
module that should import nothing heavy, because the server loads it as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Final

GROUP: Final = "workroom.task_types"
QUEUE: Final = "workroom"
"""The queue of the tasks that come with Workroom."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class TaskType:
    """A kind of task that can be started on a canvas.

    Celery gets it under the name ``task`` on ``queue``, with the keyword arguments ``project_id``
    and ``canvas_id``. ``kinds`` are the canvases that it is for: ``image``, ``audio``.
    ``seconds`` is how long one attempt may take; after ten more its process is killed.
    """

    name: str
    task: str
    kinds: frozenset[str]
    queue: str = QUEUE
    seconds: int = 120
    module: str | None = None
    """What ``workroom worker`` has to import to carry it out; None when a worker of yours does."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            message = f"a type of task is called like_this, and not {self.name!r}"
            raise ValueError(message)
        if not self.kinds <= {"image", "audio"} or not self.kinds:
            message = f"the task type {self.name!r} has to name image, audio or both as its kinds"
            raise ValueError(message)


BUILT_IN: Final = (
    TaskType("analyze_image_emotion", "workroom.analyze_image_emotion", frozenset({"image"})),
    TaskType("analyze_audio", "workroom.analyze_audio", frozenset({"audio"})),
)


def known_types() -> Mapping[str, TaskType]:
    """Every type by its name: ours, then those of installed packages in order of their names.

    Raises ValueError for a package whose entry point is no TaskType, cannot be loaded, or takes a
    name that is taken.
    """
    found = {each.name: each for each in BUILT_IN}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        one = _load(point)
        if one.name in found:
            message = f"there are two types of task called {one.name!r}"
            raise ValueError(message)
        found[one.name] = one
    return MappingProxyType(found)


def _load(point: Any) -> TaskType:
    try:
        loaded = point.load()
    except Exception as error:
        message = f"the task type {point.name!r} ({point.value}) cannot be loaded: {error}"
        raise ValueError(message) from error
    if not isinstance(loaded, TaskType):
        message = f"the task type {point.name!r} ({point.value}) is no workroom.tasks.TaskType"
        raise ValueError(message)
    return loaded
