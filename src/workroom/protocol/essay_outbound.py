"""What the server sends in the essay dialect, in both forms.

Messages are written without these models, because that is five times faster. The models are their
published schema, and the tests hold the writer to it.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic.json_schema import SkipJsonSchema

from workroom.protocol.essay_parts import (
    FeedbackChange,
    FeedbackChangeExtended,
    FeedbackNew,
    FeedbackNewExtended,
    Person,
    PersonHere,
)
from workroom.protocol.shapes import (
    OPEN,
    Count,
    ErrorAdvice,
    Id,
    PlainShape,
    RequestId,
    Retry,
    Rights,
    Seconds,
    Seq,
    Timestamp,
)


class EssayUpdate(PlainShape):
    """The text of the essay, who edited it last, and when."""

    type: Literal["essay_update"]
    essay_id: Id
    content: str
    word_count: Count
    updated_by: Person
    timestamp: Timestamp


class EssayUpdateExtended(EssayUpdate):
    """The text of the essay at ``seq``."""

    model_config = OPEN

    seq: Seq


class NewFeedbackMessage(PlainShape):
    """Somebody commented."""

    type: Literal["new_feedback"]
    essay_id: Id
    feedback: FeedbackNew


class NewFeedbackExtended(PlainShape):
    """Somebody commented, extended form."""

    model_config = OPEN

    type: Literal["new_feedback"]
    essay_id: Id
    feedback: FeedbackNewExtended
    seq: Seq


class FeedbackUpdateMessage(PlainShape):
    """A piece of feedback was changed, or edits moved its highlight."""

    type: Literal["feedback_update"]
    essay_id: Id
    feedback: FeedbackChange


class FeedbackUpdateExtended(PlainShape):
    """A piece of feedback was changed, extended form."""

    model_config = OPEN

    type: Literal["feedback_update"]
    essay_id: Id
    feedback: FeedbackChangeExtended
    seq: Seq


class EssayUserJoined(PlainShape):
    """A user is present from now on."""

    type: Literal["user_joined"]
    essay_id: Id
    user: PersonHere
    timestamp: Timestamp


class EssayUserLeft(PlainShape):
    """A user is no longer present."""

    type: Literal["user_left"]
    essay_id: Id
    user_id: Id
    timestamp: Timestamp


class TypingStartMessage(PlainShape):
    """Another user began to type."""

    type: Literal["typing_start"]
    essay_id: Id
    user: Person
    timestamp: Timestamp


class TypingStopMessage(PlainShape):
    """Another user stopped typing."""

    type: Literal["typing_stop"]
    essay_id: Id
    user_id: Id
    timestamp: Timestamp


class ConnectionErrorMessage(PlainShape):
    """The connection is about to be closed by the server."""

    type: Literal["connection_error"]
    error: Literal["authentication_failed", "server_restarting"]
    message: str


class PermissionDeniedMessage(PlainShape):
    """The user may not do this; the connection stays open unless it may not even view."""

    type: Literal["permission_denied"]
    error: Literal["insufficient_permissions"]
    message: str


class EssayErrorMessage(PlainShape):
    """A message was not carried out."""

    type: Literal["error"]
    error: Literal[
        "invalid_json",
        "invalid_message",
        "unknown_action",
        "not_subscribed",
        "too_large",
        "rate_limited",
        "conflict",
        "unavailable",
    ]
    message: str


class ConnectionErrorExtended(ConnectionErrorMessage):
    """The connection is about to be closed, extended form; a restart answers no request."""

    model_config = OPEN

    request_id: RequestId | SkipJsonSchema[None] = None
    retry: Retry | SkipJsonSchema[None] = None
    retry_after: Seconds | SkipJsonSchema[None] = None


class PermissionDeniedExtended(ErrorAdvice, PermissionDeniedMessage):
    """The user may not do this, extended form."""

    model_config = OPEN


class EssayErrorExtended(ErrorAdvice, EssayErrorMessage):
    """A message was not carried out, extended form."""

    model_config = OPEN


class CursorMovedMessage(PlainShape):
    """Where another user's caret stands (extended form); offsets in UTF-16 code units."""

    model_config = OPEN

    type: Literal["cursor_moved"]
    essay_id: Id
    user_id: Id
    cursor_position: Count
    selection_end: Count | SkipJsonSchema[None] = None
    """Left out when nothing is selected."""


class FeedbackDeletedMessage(PlainShape):
    """Somebody deleted a piece of feedback (extended form)."""

    model_config = OPEN

    type: Literal["feedback_deleted"]
    essay_id: Id
    feedback_id: Id
    seq: Seq


class EssaySubscribed(PlainShape):
    """The answer to who subscribes with ``since`` (extended form); see the protocol's page."""

    model_config = OPEN

    type: Literal["subscribed"]
    essay_id: Id
    seq: Seq
    """What follows this message leads up to here."""
    recovered: bool
    """Whether what follows is what was missed, and not the whole state."""
    rights: Rights


class EssayRightsChanged(PlainShape):
    """The receiver's own right changed (extended form); null: taken away."""

    model_config = OPEN

    type: Literal["rights_changed"]
    essay_id: Id
    rights: Rights | None


class EssayClosed(PlainShape):
    """The essay was deleted (extended form)."""

    model_config = OPEN

    type: Literal["essay_closed"]
    essay_id: Id


class EssayTokenExpiring(PlainShape):
    """The token ends soon: send ``refresh_token`` (extended form)."""

    model_config = OPEN

    type: Literal["token_expiring"]
    seconds: Count


class EssayAck(PlainShape):
    """A request was carried out (extended form). Further keys tell what came of it."""

    model_config = OPEN

    type: Literal["ack"]
    request_id: RequestId
    essay_id: Id | SkipJsonSchema[None] = None
    seq: Seq | SkipJsonSchema[None] = None
    """The number of the last durable event that the request led to."""


PLAIN: Final[tuple[type[PlainShape], ...]] = (
    EssayUpdate,
    NewFeedbackMessage,
    FeedbackUpdateMessage,
    EssayUserJoined,
    EssayUserLeft,
    TypingStartMessage,
    TypingStopMessage,
    ConnectionErrorMessage,
    PermissionDeniedMessage,
    EssayErrorMessage,
)
EXTENDED: Final[tuple[type[PlainShape], ...]] = (
    EssayUpdateExtended,
    NewFeedbackExtended,
    FeedbackUpdateExtended,
    FeedbackDeletedMessage,
    EssayUserJoined,
    EssayUserLeft,
    TypingStartMessage,
    TypingStopMessage,
    CursorMovedMessage,
    EssaySubscribed,
    EssayRightsChanged,
    EssayClosed,
    EssayTokenExpiring,
    EssayAck,
    ConnectionErrorExtended,
    PermissionDeniedExtended,
    EssayErrorExtended,
)
