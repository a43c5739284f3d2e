"""What the log holds: one durable entry per change of a room, numbered 1, 2, 3 … without gaps.

A room's state is nothing but its entries replayed in order (``evolve`` in ``essay_state.py`` and
``project_state.py``). The recorded form of an entry is final: a later version may add kinds and
optional fields, and never changes the meaning of the ones below.

Positions in entries count code points of the text at that ``seq``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workroom.core.canvas import Media
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right
from workroom.core.tasks import TaskState
from workroom.core.text import Change, Highlight
from workroom.core.values import value
from workroom.ids import CanvasId, FeedbackId, ReplyId, TaskId, UserId


@value
class EssayCreated:
    """The first entry of every essay. ``content`` travels as a ``TextEdited`` of its own."""

    title: str
    prompt: str
    word_limit: int | None


@value
class EssayChanged:
    """Title, prompt or word limit were set; ``None`` in ``word_limit`` means no limit."""

    fields: Mapping[str, str | int | None]


@value
class TextEdited:
    """The text was edited: ``update`` is the truth (Yjs v1), ``change`` says what it did here.

    ``editor`` of the text is the entry's actor.
    """

    change: Change
    update: bytes
    inferred: bool = False
    """The base was guessed, and what others wrote was deleted on the strength of that."""
    restores: int | None = None
    """The revision whose text was put back, when that is what the edit was for."""


@value
class FeedbackAdded:
    """Somebody commented, on a range of the text or (``highlight`` is None) on the whole essay."""

    feedback_id: FeedbackId
    type: FeedbackType
    comment: str
    highlight: Highlight | None


@value
class FeedbackChanged:
    """Type, comment or range were set by a person; what is None stays as it was."""

    feedback_id: FeedbackId
    type: FeedbackType | None = None
    comment: str | None = None
    highlight: Highlight | None = None


@value
class FeedbackDeleted:
    """A person removed a piece of feedback."""

    feedback_id: FeedbackId


@value
class FeedbackResolved:
    """A person marked a piece of feedback as done with."""

    feedback_id: FeedbackId


@value
class FeedbackReopened:
    """A person took that back."""

    feedback_id: FeedbackId


@value
class FeedbackReplied:
    """A person answered a piece of feedback. The reply's id is the ``seq`` of this entry."""

    feedback_id: FeedbackId
    comment: str


@value
class ReplyChanged:
    """A person rewrote a reply."""

    feedback_id: FeedbackId
    reply_id: ReplyId
    comment: str


@value
class ReplyDeleted:
    """A person removed a reply."""

    feedback_id: FeedbackId
    reply_id: ReplyId


@value
class RevisionNamed:
    """A person gave revision ``revision`` of an essay a name; None takes it away."""

    revision: int
    name: str | None


@value
class RightSet:
    """A user's right in the room; None takes it away."""

    user_id: UserId
    right: Right | None


@value
class ProjectCreated:
    """The first entry of every project."""

    title: str
    description: str
    status: str
    metadata: Mapping[str, Any]


@value
class ProjectChanged:
    """Fields that changed, with their new values; ``metadata`` holds the JSON Merge Patch."""

    changes: Mapping[str, Any]


@value
class TaskStarted:
    """Somebody had a task begun on a canvas. ``followed``: it is run by a Celery app of theirs."""

    task_id: TaskId
    task_type: str
    canvas_id: CanvasId
    followed: bool = False


@value
class TaskSettled:
    """A task ended, for good. ``findings`` are JSON values; ``error``: why it failed."""

    task_id: TaskId
    task_type: str
    canvas_id: CanvasId
    status: TaskState
    error: str | None
    findings: Mapping[str, Any]


@value
class CanvasAdded:
    """Somebody uploaded a file to a project."""

    canvas_id: CanvasId
    media: Media


@value
class CanvasRemoved:
    """Somebody deleted a canvas; its bytes are no longer kept."""

    canvas_id: CanvasId


@value
class RoomDeleted:
    """The last entry of a room."""


Fact = (
    EssayCreated
    | EssayChanged
    | TextEdited
    | FeedbackAdded
    | FeedbackChanged
    | FeedbackDeleted
    | RevisionNamed
    | FeedbackResolved
    | FeedbackReopened
    | FeedbackReplied
    | ReplyChanged
    | ReplyDeleted
    | RightSet
    | ProjectCreated
    | ProjectChanged
    | CanvasAdded
    | CanvasRemoved
    | TaskStarted
    | TaskSettled
    | RoomDeleted
)
"""What happened, durably."""


@value
class Entry:
    """A fact with its number in the room's log, who did it, and when (ms since 1970, UTC)."""

    seq: int
    actor: UserId
    at: int
    fact: Fact


def made(entries: Iterable[Entry]) -> dict[str, int]:
    """The ids of what these entries made, as answers name them."""
    ids: dict[str, int] = {}
    for entry in entries:
        match entry.fact:
            case FeedbackAdded(feedback_id=feedback_id):
                ids["feedback_id"] = feedback_id
            case FeedbackReplied():
                ids["reply_id"] = entry.seq
            case CanvasAdded(canvas_id=canvas_id):
                ids["canvas_id"] = canvas_id
            case _:
                pass
    return ids


@value
class Record:
    """An entry as it is stored: ``body`` is JSON, ``update`` a Yjs update where there is one."""

    seq: int
    kind: str
    actor: UserId
    at: int
    body: bytes
    update: bytes | None = None
