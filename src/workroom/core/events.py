"""What clients are told.

Durable events carry the ``seq`` of the entry behind them; the others (presence, typing, cursors)
are awareness: never stored, never numbered.

Offsets in events count UTF-16 code units: they are ready for the wire. ``at`` is milliseconds since
1970, UTC; a dialect shows whole seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workroom.core.awareness import ClientState
from workroom.core.canvas import Media
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right, User
from workroom.core.tasks import TaskState
from workroom.core.values import value
from workroom.ids import CanvasId, EssayId, FeedbackId, ProjectId, ReplyId, RoomId, TaskId, UserId


@value
class EssayUpdated:
    """The text as it stands at ``seq``."""

    essay_id: EssayId
    seq: int
    content: str
    word_count: int
    editor: User
    at: int


@value
class ReplyShown:
    """A reply as clients see it."""

    id: ReplyId
    comment: str
    author: User
    created_at: int
    updated_at: int


@value
class FeedbackShown:
    """A piece of feedback as clients see it; offsets both given or both None."""

    id: FeedbackId
    type: FeedbackType
    comment: str
    start: int | None
    end: int | None
    author: User
    created_at: int
    updated_at: int
    anchor: str
    """``exact``, ``moved``, ``changed`` or ``orphaned``; ``exact`` when about the whole essay."""
    quote: str | None
    resolved_by: User | None = None
    """None while it is open."""
    resolved_at: int | None = None
    replies: tuple[ReplyShown, ...] | None = ()
    """The oldest first. None: as they were, and left out of the message."""


@value
class NewFeedback:
    """Somebody commented."""

    essay_id: EssayId
    seq: int
    feedback: FeedbackShown


@value
class FeedbackUpdated:
    """A person changed a piece of feedback, or edits moved its highlight."""

    essay_id: EssayId
    seq: int
    feedback: FeedbackShown


@value
class FeedbackRemoved:
    """Somebody deleted a piece of feedback (told to extended connections only)."""

    essay_id: EssayId
    seq: int
    feedback_id: FeedbackId


@value
class UserJoined:
    """A user's first connection arrived in the room."""

    room: RoomId
    user: User
    at: int


@value
class UserLeft:
    """A user's last connection has gone from the room."""

    room: RoomId
    user_id: UserId
    at: int


@value
class TypingStarted:
    """A user began to type."""

    essay_id: EssayId
    user: User
    at: int


@value
class TypingStopped:
    """A user stopped typing."""

    essay_id: EssayId
    user_id: UserId
    at: int


@value
class CursorMoved:
    """Where a user's caret stands in the text that the receiver has (extended connections only)."""

    essay_id: EssayId
    user_id: UserId
    position: int
    selection_end: int | None


@value
class TextPatched:
    """What the entry ``seq`` did to the Yjs text, as an update (replicas only)."""

    essay_id: EssayId
    seq: int
    update: bytes


@value
class SyncAnswered:
    """What a replica lacked, as an update; all of it is durable."""

    essay_id: EssayId
    update: bytes


@value
class SyncRequested:
    """The room has what this state vector says, and asks a replica for the rest."""

    essay_id: EssayId
    vector: bytes


@value
class AwarenessShown:
    """What editors show of their users (replicas only)."""

    essay_id: EssayId
    states: tuple[ClientState, ...]


@value
class ProjectUpdated:
    """Fields of a project that changed, with their new values."""

    project_id: ProjectId
    seq: int
    changes: Mapping[str, Any]
    editor: UserId


@value
class NewTask:
    """A task was begun on a canvas (extended connections only)."""

    project_id: ProjectId
    seq: int
    task_id: TaskId
    task_type: str
    canvas_id: CanvasId
    requested_by: UserId


@value
class TaskProgressed:
    """How far a task is, 0 to 100; within an attempt it never goes back."""

    project_id: ProjectId
    task_id: TaskId
    attempt: int
    percent: int
    message: str


@value
class TaskCompleted:
    """A task ended: completed, failed or cancelled. ``error`` is set only when it failed."""

    project_id: ProjectId
    seq: int
    task_id: TaskId
    task_type: str
    canvas_id: CanvasId
    status: TaskState
    error: str | None
    findings: Mapping[str, Any]


@value
class Subscribed:
    """The answer to who came back: what follows it leads to ``seq`` (extended connections only).

    ``recovered``: what was missed follows, and nothing else; if not, the whole state does.
    """

    room: RoomId
    seq: int
    recovered: bool
    right: Right


@value
class CanvasShown:
    """A canvas as clients see it."""

    id: CanvasId
    project_id: ProjectId
    media: Media
    author: User
    created_at: int


@value
class NewCanvas:
    """Somebody uploaded a file (told to extended connections only)."""

    seq: int
    canvas: CanvasShown


@value
class CanvasDeleted:
    """Somebody deleted a canvas (told to extended connections only)."""

    project_id: ProjectId
    seq: int
    canvas_id: CanvasId


@value
class RightsChanged:
    """The receiver's own right in the room changed; None: taken away (extended only)."""

    room: RoomId
    right: Right | None


@value
class RoomClosed:
    """The room was deleted (extended connections only; plain ones get ``permission_denied``)."""

    room: RoomId


@value
class TokenExpiring:
    """The connection's token ends in ``seconds`` (extended connections only)."""

    seconds: int


Event = (
    EssayUpdated
    | NewFeedback
    | FeedbackUpdated
    | FeedbackRemoved
    | UserJoined
    | UserLeft
    | TypingStarted
    | TypingStopped
    | CursorMoved
    | TextPatched
    | SyncAnswered
    | SyncRequested
    | AwarenessShown
    | ProjectUpdated
    | Subscribed
    | NewCanvas
    | CanvasDeleted
    | NewTask
    | TaskProgressed
    | TaskCompleted
    | RightsChanged
    | RoomClosed
    | TokenExpiring
)
