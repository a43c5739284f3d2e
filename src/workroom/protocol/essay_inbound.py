"""What clients of the essay dialect send. Every message is read as one of these models says."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from workroom.protocol.shapes import ClientShape, Count, FeedbackKind, Id, RequestId, Token

LONGEST_COMMENT: Final = 10_000
"""Characters (code points) of a comment."""


class Asked(ClientShape):
    """What every client message may carry."""

    request_id: RequestId | None = None
    """Answered by one ``ack`` or one error that repeats it (extended form)."""


class SubscribeEssay(Asked):
    """Follow an essay and be present in it; answered with its present state."""

    action: Literal["subscribe_essay"]
    essay_id: Id


class SubscribeEssayExtended(SubscribeEssay):
    """Follow an essay from where one had got to."""

    since: Count | None = None
    """The highest ``seq`` that the client knows; 0 when it knows nothing."""


class UnsubscribeEssay(Asked):
    """Stop following an essay (extended form)."""

    action: Literal["unsubscribe_essay"]
    essay_id: Id


class UpdateEssay(Asked):
    """The whole text as this client has it now."""

    action: Literal["update_essay"]
    essay_id: Id
    # No length or pattern here: pydantic would then refuse lone surrogates, which the core mends.
    content: str
    cursor_position: int | None = None
    """Where the caret stands in ``content``, in UTF-16 code units; out of range: unknown."""


class UpdateEssayExtended(UpdateEssay):
    """The whole text as this client has it now, and which version it was written from."""

    selection_end: int | None = None
    """The other end of the selection, in UTF-16 code units."""
    base_seq: Count | None = None
    """The ``seq`` of the version that was edited."""


class TypingStartAction(Asked):
    """The user types."""

    action: Literal["typing_start"]
    essay_id: Id


class TypingStopAction(Asked):
    """The user stopped typing."""

    action: Literal["typing_stop"]
    essay_id: Id


Comment = Annotated[
    str, Field(min_length=1, max_length=LONGEST_COMMENT, json_schema_extra={"pattern": r"\S"})
]
_WHOLE_ESSAY: Final[JsonDict] = {
    "highlight_start": {"type": "null"},
    "highlight_end": {"type": "null"},
}
_RANGE: Final[JsonDict] = {
    "highlight_start": {"type": "integer"},
    "highlight_end": {"type": "integer"},
}


_BOTH: Final[JsonDict] = {"properties": _RANGE, "required": list(_RANGE)}


class FeedbackDraft(ClientShape):
    """A comment on a range of the text, or (no highlight) on the whole essay."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": _WHOLE_ESSAY},
                _BOTH,
            ]
        }
    )

    type: FeedbackKind
    comment: Comment
    """Not only white space."""
    highlight_start: Count | None = None
    """First UTF-16 code unit of the range; given together with ``highlight_end`` or not at all."""
    highlight_end: Count | None = None
    """End of the range, exclusive."""


class AddFeedbackAction(Asked):
    """Comment on an essay."""

    action: Literal["add_feedback"]
    essay_id: Id
    feedback: FeedbackDraft


class AddFeedbackExtended(AddFeedbackAction):
    """Comment on an essay, and on which version of it."""

    base_seq: Count | None = None
    """The ``seq`` of the version in which the offsets count, as in ``update_essay``."""


class FeedbackPatch(ClientShape):
    """What to change of a piece of feedback; what is left out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {name: {"not": {"type": "null"}}}, "required": [name]}
                for name in ("type", "comment", "highlight_start")
            ],
            "allOf": [{"anyOf": [{"properties": _WHOLE_ESSAY}, _BOTH]}],
        }
    )

    type: FeedbackKind | None = None
    comment: Comment | None = None
    """Not only white space."""
    highlight_start: Count | None = None
    """First UTF-16 code unit of the range; given together with ``highlight_end`` or not at all."""
    highlight_end: Count | None = None
    """End of the range, exclusive."""


class UpdateFeedbackAction(Asked):
    """Change one's own feedback (extended form)."""

    action: Literal["update_feedback"]
    essay_id: Id
    feedback_id: Id
    feedback: FeedbackPatch


class DeleteFeedbackAction(Asked):
    """Remove one's own feedback, with its replies (extended form)."""

    action: Literal["delete_feedback"]
    essay_id: Id
    feedback_id: Id


class ReplyFeedbackAction(Asked):
    """Answer a piece of feedback (extended form)."""

    action: Literal["reply_feedback"]
    essay_id: Id
    feedback_id: Id
    comment: Comment
    """Not only white space."""


class ResolveFeedbackAction(Asked):
    """Mark a piece of feedback as done with (extended form)."""

    action: Literal["resolve_feedback"]
    essay_id: Id
    feedback_id: Id


class ReopenFeedbackAction(Asked):
    """Take that back (extended form)."""

    action: Literal["reopen_feedback"]
    essay_id: Id
    feedback_id: Id


class RefreshEssayToken(Asked):
    """Go on with a new token of the same user."""

    action: Literal["refresh_token"]
    token: Token


PLAIN: Final[tuple[type[ClientShape], ...]] = (
    SubscribeEssay,
    UpdateEssay,
    TypingStartAction,
    TypingStopAction,
    AddFeedbackAction,
    RefreshEssayToken,
)
EXTENDED: Final[tuple[type[ClientShape], ...]] = (
    SubscribeEssayExtended,
    UnsubscribeEssay,
    UpdateEssayExtended,
    TypingStartAction,
    TypingStopAction,
    AddFeedbackExtended,
    UpdateFeedbackAction,
    DeleteFeedbackAction,
    ReplyFeedbackAction,
    ResolveFeedbackAction,
    ReopenFeedbackAction,
    RefreshEssayToken,
)
