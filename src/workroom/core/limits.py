"""The limits and times that rooms obey; ``config.py`` makes each of them a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from workroom.core.tasks import TaskRules


def _no_time() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class RoomRules:
    """Seconds, UTF-16 code units and counts, with the defaults that the contract promises."""

    presence_grace: float = 3.0
    typing_idle: float = 4.0
    quiet: float = 0.7
    """Who sent an update this recently is not sent other people's text yet."""
    longest_hold: float = 2.0
    """After this long, held text follows right behind one of the receiver's own updates."""
    confirm_after: float = 5.0
    """The author's own confirmation comes this long after their last update."""
    feedback_pace: float = 0.5
    """At most one ``feedback_update`` per item in this time when edits move its highlight."""
    essay_units: int = 500_000
    feedback_per_essay: int = 10_000
    """Pieces of feedback; replies count as well."""
    replies: int = 100
    """To one piece of feedback."""
    thread_length: int = 100_000
    """Characters of one piece of feedback and its replies together."""
    collaborators: int = 1_000
    named_revisions: int = 1_000
    metadata_bytes: int = 64 * 1024
    canvases_per_project: int = 1_000
    project_file_bytes: int = 2 * 2**30
    """Of all files of one project; their previews, which are small, do not count."""
    tasks: TaskRules = field(default_factory=TaskRules)
    alone: bool = False
    """No other node will ever hear of the room."""
    processor_time: Callable[[], float] = _no_time
    """Seconds that this thread has worked: an editor's update may take only so much of it."""
