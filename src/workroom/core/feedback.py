"""Comments on an essay, each bound to a range of its text or to the whole of it."""

from __future__ import annotations

from enum import StrEnum

from workroom.core.text import Highlight
from workroom.core.values import value
from workroom.ids import FeedbackId, ReplyId, UserId


class FeedbackType(StrEnum):
    """What the comment is about."""

    CONTENT = "content"
    GRAMMAR = "grammar"
    STRUCTURE = "structure"
    STYLE = "style"
    GENERAL = "general"


@value
class Reply:
    """An answer to a piece of feedback. Times are milliseconds since 1970, UTC."""

    id: ReplyId
    """The ``seq`` with which it came: unique in the essay, and never given again."""
    comment: str
    author: UserId
    created_at: int
    updated_at: int


@value
class Feedback:
    """One comment as it stands, with its replies. Times are milliseconds since 1970, UTC."""

    id: FeedbackId
    type: FeedbackType
    comment: str
    highlight: Highlight | None
    """In code points of the present text; None is about the whole essay."""
    author: UserId
    created_at: int
    updated_at: int
    resolved_by: UserId | None = None
    """Who resolved it last; None while it is open."""
    resolved_at: int | None = None
    replies: tuple[Reply, ...] = ()
    """The oldest first."""

    @property
    def resolved(self) -> bool:
        """Whether somebody has marked it as done with."""
        return self.resolved_by is not None

    def moved(self, highlight: Highlight) -> Feedback:
        """The same with its words elsewhere."""
        # In full: ``replace`` takes four times as long, and a keystroke moves all behind it.
        return Feedback(
            self.id,
            self.type,
            self.comment,
            highlight,
            self.author,
            self.created_at,
            self.updated_at,
            self.resolved_by,
            self.resolved_at,
            self.replies,
        )

    def reply(self, reply_id: ReplyId) -> Reply | None:
        """The reply with that id."""
        return next((reply for reply in self.replies if reply.id == reply_id), None)
