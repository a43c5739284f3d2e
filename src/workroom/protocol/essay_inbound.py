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


_WHOLE_ESSAY: Final[JsonDict] = {
    "highlight_start": {"type": "null"},
    "highlight_end": {"type": "null"},
}
_RANGE: Final[JsonDict] = {
    "highlight_start": {"type": "integer"},
    "highlight_end": {"type": "integer"},
}


class FeedbackDraft(ClientShape):
    """A comment on a range of the text, or (no highlight) on the whole essay."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": _WHOLE_ESSAY},
                {"properties": _RANGE, "required": list(_RANGE)},
            ]
        }
    )

    type: FeedbackKind
    comment: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_COMMENT, json_schema_extra={"pattern": r"\S"}),
    ]
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
    AddFeedbackAction,
    RefreshEssayToken,
)
