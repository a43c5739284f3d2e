"""Comments on an essay, each bound to a range of its text or to the whole of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workroom.core.text import Highlight
from workroom.ids import FeedbackId, UserId


class FeedbackType(StrEnum):
    """What the comment is about."""

    CONTENT = "content"
    GRAMMAR = "grammar"
    STRUCTURE = "structure"
    STYLE = "style"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One comment as it stands. Times are milliseconds since 1970, UTC."""

    id: FeedbackId
    type: FeedbackType
    comment: str
    highlight: Highlight | None
    """In code points of the present text; None is about the whole essay."""
    author: UserId
    created_at: int
    updated_at: int
