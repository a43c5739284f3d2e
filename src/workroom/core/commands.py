"""What can be asked of a room, in one vocabulary for every dialect.

Offsets in commands count UTF-16 code units, as clients do; the room converts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workroom.core.awareness import ClientState
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right, User
from workroom.ids import ConnectionId, FeedbackId


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, through which connection (None: REST or the command line), under which id."""

    user: User
    connection: ConnectionId | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Be present in the room and follow it. Idempotent; answered with the present state.

    ``quiet`` leaves the state out (an essay connection is subscribed before it asks for anything).
    ``replica``: the connection keeps a copy of the essay's Yjs document, and is sent updates of it.
    """

    quiet: bool = False
    replica: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Stop following. ``clean`` is False when the connection broke: presence keeps a grace time."""

    clean: bool = True


@dataclass(frozen=True, slots=True)
class SaveText:
    """The whole text as this client has it now."""

    content: str
    cursor: int | None = None
    selection_end: int | None = None
    base_seq: int | None = None


@dataclass(frozen=True, slots=True)
class ApplyUpdate:
    """A Yjs update (version 1) that a replica made, or that the room may lack."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Synchronize:
    """A replica has what this state vector says; it is to be sent the rest."""

    vector: bytes


@dataclass(frozen=True, slots=True)
class Resynchronize:
    """Something that a replica sent may not have been taken: ask it for what is missing here."""


@dataclass(frozen=True, slots=True)
class ShowAwareness:
    """What a replica shows of its user, and (of no account) what it repeats of others."""

    states: tuple[ClientState, ...]


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """A replica wants to know what everybody shows."""


@dataclass(frozen=True, slots=True)
class StartTyping:
    """The user types; the server ends it by itself after a pause."""


@dataclass(frozen=True, slots=True)
class StopTyping:
    """The user stopped typing."""


@dataclass(frozen=True, slots=True)
class AddFeedback:
    """Comment on ``[start, end)`` of the text that this client last had, or on all (both None)."""

    feedback_id: FeedbackId
    type: FeedbackType
    comment: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteFeedback:
    """Comment on the first place where ``quote`` stands between ``prefix`` and ``suffix``."""

    feedback_id: FeedbackId
    type: FeedbackType
    comment: str
    quote: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class ChangeFeedback:
    """Change type, comment or range; None keeps it. ``start`` and ``end`` go together."""

    feedback_id: FeedbackId
    type: FeedbackType | None = None
    comment: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteFeedback:
    """Remove a piece of feedback."""

    feedback_id: FeedbackId


@dataclass(frozen=True, slots=True)
class ChangeEssay:
    """Set ``title``, ``prompt`` and/or ``word_limit`` (None: no limit)."""

    fields: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class ChangeProject:
    """Set ``title``, ``description``, ``status``; merge ``metadata`` as JSON Merge Patch."""

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetRight:
    """Give a user a right; None takes it away. The author's ownership cannot be taken."""

    user: User
    right: Right | None


@dataclass(frozen=True, slots=True)
class DeleteRoom:
    """Delete the essay or the project with all that belongs to it."""


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
    | AddFeedback
    | QuoteFeedback
    | ChangeFeedback
    | DeleteFeedback
    | ChangeEssay
    | SetRight
    | DeleteRoom
)
ProjectCommand = Join | Leave | ChangeProject | SetRight | DeleteRoom
Command = EssayCommand | ProjectCommand

AWARENESS = (
    Join,
    Leave,
    StartTyping,
    StopTyping,
    Synchronize,
    Resynchronize,
    ShowAwareness,
    QueryAwareness,
)
"""Commands that leave nothing in the log. Each is carried out however often it is asked for, also
under the same request id: a connection that comes back has to join again."""
