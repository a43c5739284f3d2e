"""What can be asked of a room, in one vocabulary for every dialect.

Offsets in commands count UTF-16 code units, as clients do; the room converts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from workroom.core.awareness import ClientState
from workroom.core.canvas import Media
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right, User
from workroom.core.tasks import TaskState
from workroom.core.text import Candidate, Version
from workroom.core.values import value
from workroom.ids import CanvasId, ConnectionId, FeedbackId, ReplyId, TaskId


@value
class Origin:
    """Who asks, through which connection (None: REST or the command line), under which id."""

    user: User
    connection: ConnectionId | None = None
    request_id: str | None = None


@value
class Join:
    """Be present in the room and follow it. Idempotent; answered with the present state.

    ``quiet`` leaves the state out (an essay connection is subscribed before it asks for anything).
    ``since`` is the last entry that the client knows: it is told what it missed, where possible.
    ``replica``: the connection keeps a copy of the essay's Yjs document, and is sent updates of it.
    """

    quiet: bool = False
    since: int | None = None
    replica: bool = False


@value
class Leave:
    """Stop following. ``clean`` is False when the connection broke: presence keeps a grace time."""

    clean: bool = True


@value
class SaveText:
    """The whole text as this client has it now."""

    content: str
    cursor: int | None = None
    selection_end: int | None = None
    base_seq: int | None = None
    base_text: str | None = None
    """The text at ``base_seq``, where that is too long ago for the room to know (``lacks``)."""


@value
class ApplyUpdate:
    """A Yjs update (version 1) that a replica made, or that the room may lack."""

    update: bytes


@value
class Synchronize:
    """A replica has what this state vector says; it is to be sent the rest."""

    vector: bytes


@value
class Resynchronize:
    """Something that a replica sent may not have been taken: ask it for what is missing here."""


@value
class ShowAwareness:
    """What a replica shows of its user, and (of no account) what it repeats of others."""

    states: tuple[ClientState, ...]


@value
class QueryAwareness:
    """A replica wants to know what everybody shows."""


@value
class StartTyping:
    """The user types; the server ends it by itself after a pause."""


@value
class StopTyping:
    """The user stopped typing."""


@value
class AddFeedback:
    """Comment on ``[start, end)`` of the text that this client last had, or on all (both None)."""

    feedback_id: FeedbackId
    type: FeedbackType
    comment: str
    start: int | None = None
    end: int | None = None
    seen: Candidate | Version | None = None
    """That text, where the room has found it out before it could carry this out (``bind``)."""


@value
class QuoteFeedback:
    """Comment on the one place where ``quote`` stands between ``prefix`` and ``suffix``."""

    feedback_id: FeedbackId
    type: FeedbackType
    comment: str
    quote: str
    prefix: str = ""
    suffix: str = ""


@value
class ChangeFeedback:
    """Change type, comment or range, resolve or reopen; None keeps it as it is.

    ``start`` and ``end`` go together.
    """

    feedback_id: FeedbackId
    type: FeedbackType | None = None
    comment: str | None = None
    start: int | None = None
    end: int | None = None
    resolved: bool | None = None
    seen: Candidate | Version | None = None
    """As in ``AddFeedback``."""


@value
class DeleteFeedback:
    """Remove a piece of feedback and its replies."""

    feedback_id: FeedbackId


@value
class ReplyFeedback:
    """Answer a piece of feedback."""

    feedback_id: FeedbackId
    comment: str


@value
class ChangeReply:
    """Rewrite a reply."""

    feedback_id: FeedbackId
    reply_id: ReplyId
    comment: str


@value
class DeleteReply:
    """Remove a reply."""

    feedback_id: FeedbackId
    reply_id: ReplyId


@value
class RestoreRevision:
    """Put the text of revision ``revision`` back, which was ``content``. Feedback stays."""

    revision: int
    content: str


@value
class NameRevision:
    """Call a revision something; None takes its name away."""

    revision: int
    name: str | None


@value
class ChangeEssay:
    """Set ``title``, ``prompt`` and/or ``word_limit`` (None: no limit)."""

    fields: Mapping[str, str | int | None]


@value
class ChangeProject:
    """Set ``title``, ``description``, ``status``; merge ``metadata`` as JSON Merge Patch."""

    changes: Mapping[str, Any]
    expected: Mapping[str, Any] = field(default_factory=dict)
    """Fields that have to stand like this; if one does not, nothing is set."""


@value
class StartTask:
    """Note that a task was begun on a canvas; see ``entries.TaskStarted``."""

    task_id: TaskId
    task_type: str
    canvas_id: CanvasId
    followed: bool = False


@value
class CancelTask:
    """End a task that nobody wants any more, whether it runs or still waits."""

    task_id: TaskId


@value
class SettleTask:
    """A task ended, as its worker or the watchdog says; no client can ask for this.

    Ignored when the task has ended already.
    """

    task_id: TaskId
    status: TaskState
    error: str | None = None
    findings: Mapping[str, Any] = field(default_factory=dict)


@value
class ShowProgress:
    """How far a task is, as its worker says; stored before it comes here."""

    task_id: TaskId
    attempt: int
    percent: int
    message: str


@value
class AddCanvas:
    """Put a file whose bytes are kept already into the project."""

    canvas_id: CanvasId
    media: Media


@value
class RemoveCanvas:
    """Take a canvas out of the project."""

    canvas_id: CanvasId


@value
class SetRight:
    """Give a user a right; None takes it away. The author's ownership cannot be taken."""

    user: User
    right: Right | None


@value
class DeleteRoom:
    """Delete the essay or the project with all that belongs to it."""


FeedbackCommand = (
    AddFeedback
    | QuoteFeedback
    | ChangeFeedback
    | DeleteFeedback
    | ReplyFeedback
    | ChangeReply
    | DeleteReply
)
EssayCommand = (
    Join
    | Leave
    | SaveText
    | ApplyUpdate
    | Synchronize
    | Resynchronize
    | ShowAwareness
    | QueryAwareness
    | StartTyping
    | StopTyping
    | FeedbackCommand
    | RestoreRevision
    | NameRevision
    | ChangeEssay
    | SetRight
    | DeleteRoom
)
ProjectCommand = (
    Join
    | Leave
    | ChangeProject
    | AddCanvas
    | RemoveCanvas
    | StartTask
    | CancelTask
    | SettleTask
    | ShowProgress
    | SetRight
    | DeleteRoom
)
Command = EssayCommand | ProjectCommand

AWARENESS = (
    Join,
    Leave,
    StartTyping,
    StopTyping,
    ShowProgress,
    Synchronize,
    Resynchronize,
    ShowAwareness,
    QueryAwareness,
)
"""Commands that leave nothing in the log. Each is carried out however often it is asked for, also
under the same request id: a connection that comes back has to join again."""
