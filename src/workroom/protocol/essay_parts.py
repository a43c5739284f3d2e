"""The parts of essay messages that the server sends: people and feedback."""

from __future__ import annotations

from typing import Literal

from pydantic.json_schema import SkipJsonSchema

from workroom.protocol.shapes import OPEN, Count, FeedbackKind, Id, PlainShape, Timestamp

Role = Literal["student", "coach", "admin"]


class Person(PlainShape):
    """A user, as others see one."""

    id: Id
    name: str
    role: Role


class PersonHere(Person):
    """A user who is present."""

    avatar_url: str
    """Empty when the user has no picture."""


class FeedbackBody(PlainShape):
    """What a piece of feedback says, and about what."""

    id: Id
    type: FeedbackKind
    comment: str
    highlight_start: Count | None
    """In UTF-16 code units; null when about the whole essay."""
    highlight_end: Count | None


class FeedbackReply(PlainShape):
    """An answer to a piece of feedback."""

    model_config = OPEN

    id: Id
    """Unique in the essay."""
    comment: str
    author: Person
    created_at: Timestamp
    updated_at: Timestamp


class FeedbackAnchor(PlainShape):
    """What the extended form adds to feedback."""

    model_config = OPEN

    anchor: Literal["exact", "moved", "changed", "orphaned"]
    """How well the highlight still fits the text that it was put on."""
    quote: str | None
    """The words that it was put on; null when about the whole essay."""
    status: Literal["open", "resolved"]
    resolved_by: Person | None
    """Null while it is open."""
    resolved_at: Timestamp | None


class FeedbackNew(FeedbackBody):
    """A new piece of feedback."""

    author: Person
    created_at: Timestamp


class FeedbackNewExtended(FeedbackAnchor, FeedbackNew):
    """A new piece of feedback, extended form."""

    model_config = OPEN

    replies: list[FeedbackReply]
    """The oldest first."""


class FeedbackChange(FeedbackBody):
    """A changed piece of feedback."""

    updated_at: Timestamp


class FeedbackChangeExtended(FeedbackAnchor, FeedbackChange):
    """A changed piece of feedback, extended form."""

    model_config = OPEN

    replies: list[FeedbackReply] | SkipJsonSchema[None] = None
    """The oldest first; left out when only the highlight has moved."""
