"""The essay dialect: flat messages, ``action`` from clients and ``type`` to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workroom.core import commands, events
from workroom.core.feedback import FeedbackType
from workroom.core.people import User
from workroom.errors import (
    Conflict,
    InvalidJson,
    InvalidMessage,
    NotAuthenticated,
    NotFound,
    NotSubscribed,
    PermissionDenied,
    RateLimited,
    TooLarge,
    Unavailable,
    UnknownAction,
    WorkroomError,
)
from workroom.ids import FeedbackId, RoomKind, essay_room
from workroom.protocol import essay_inbound as inbound
from workroom.protocol.dialect import Ack, Form, Request, RoomRequest, TokenRequest
from workroom.protocol.reading import Message, read_object, refuse_bad_characters
from workroom.protocol.shapes import reader, refuse_later, request_id_in, string_at, unknown
from workroom.protocol.writing import (
    advice,
    dump,
    spelled,
    text_of,
    timestamp,
    with_details,
)

MAX_ESSAYS: Final = 20
"""Essays that one connection may follow, unless the operator says otherwise."""


class EssayDialect:
    """The wire format of ``/ws/essays/{id}/``. Implements ``Dialect``."""

    name = "essay"
    kind = RoomKind.ESSAY

    def __init__(self, max_rooms: int = MAX_ESSAYS) -> None:
        self.max_rooms = max_rooms

    def decode(self, text: bytes, form: Form) -> Request:
        """Read one message; see ``Dialect.decode`` for what it raises."""
        message, suspicious = read_object(text)
        if suspicious:
            # The one text in which bad characters are mended (by the core) and not refused.
            free_text = "content" if message.get("action") == "update_essay" else None
            refuse_bad_characters(message, free_text=free_text)
        action = string_at(message, "action")
        read = _READERS[form].get(action)
        if read is None:
            raise unknown(action, field="action", known=_READERS[form])
        if form is Form.EXTENDED:
            refuse_later(message, "since")
        return read(message)

    def request_id_of(self, text: bytes) -> str | None:
        """The ``request_id`` of a message that could not be decoded, where one can be found."""
        return request_id_in(text)

    def encode(self, event: events.Event, form: Form) -> bytes | None:
        """The message for an event; None when this form has none for it."""
        write = _WRITERS[form].get(type(event))
        if write is None:
            return None
        message = write(event)
        return None if message is None else dump(message)

    def encode_ack(self, ack: Ack) -> bytes:
        """The answer to a request that was carried out (extended form only)."""
        message: Message = {"type": "ack", "request_id": ack.request_id}
        if ack.room is not None:
            message["essay_id"] = ack.room.number
        if ack.seq is not None:
            message["seq"] = ack.seq
        return dump(with_details(message, ack.details))

    def encode_error(
        self, error: WorkroomError, form: Form, request_id: str | None = None
    ) -> bytes:
        """The message for an error. ``request_id`` is repeated in the extended form."""
        message = _error(error)
        if form is Form.EXTENDED:
            message.update(advice(error, request_id))
        return dump(message)

    def encode_shutdown(self) -> bytes:
        """What every connection is told before the server closes it to restart."""
        return _SHUTDOWN


# From clients


def _subscribe(asked: inbound.SubscribeEssay) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.Join(), asked.request_id)


def _unsubscribe(asked: inbound.UnsubscribeEssay) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.Leave(), asked.request_id)


def _update(asked: inbound.UpdateEssay) -> Request:
    command = commands.SaveText(asked.content, asked.cursor_position)
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _update_extended(asked: inbound.UpdateEssayExtended) -> Request:
    command = commands.SaveText(
        asked.content, asked.cursor_position, asked.selection_end, asked.base_seq
    )
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _start_typing(asked: inbound.TypingStartAction) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.StartTyping(), asked.request_id)


def _stop_typing(asked: inbound.TypingStopAction) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.StopTyping(), asked.request_id)


def _add_feedback(asked: inbound.AddFeedbackAction) -> Request:
    draft = asked.feedback
    if not draft.comment.strip():
        message = "expected more than white space"
        raise InvalidMessage(message, field="feedback.comment")
    _check_highlight(draft.highlight_start, draft.highlight_end)
    command = commands.AddFeedback(
        FeedbackId(0),
        FeedbackType(draft.type),
        draft.comment,
        draft.highlight_start,
        draft.highlight_end,
    )
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _check_highlight(start: int | None, end: int | None) -> None:
    if start is None or end is None:
        if start is not end:
            given, missing = ("start", "end") if end is None else ("end", "start")
            message = f"is missing although highlight_{given} is given; give both or neither"
            raise InvalidMessage(message, field=f"feedback.highlight_{missing}")
    elif start > end:
        message = "is greater than highlight_end"
        raise InvalidMessage(message, field="feedback.highlight_start")


def _refresh(asked: inbound.RefreshEssayToken) -> Request:
    return TokenRequest(asked.token, asked.request_id)


_Read = Callable[[Mapping[str, Any]], Request]

_PLAIN_READERS: Final[dict[str, _Read]] = {
    "subscribe_essay": reader(inbound.SubscribeEssay, _subscribe),
    "update_essay": reader(inbound.UpdateEssay, _update),
    "typing_start": reader(inbound.TypingStartAction, _start_typing),
    "typing_stop": reader(inbound.TypingStopAction, _stop_typing),
    "add_feedback": reader(inbound.AddFeedbackAction, _add_feedback),
    "refresh_token": reader(inbound.RefreshEssayToken, _refresh),
}
_READERS: Final[Mapping[Form, Mapping[str, _Read]]] = MappingProxyType(
    {
        Form.PLAIN: _PLAIN_READERS,
        Form.EXTENDED: _PLAIN_READERS
        | {
            "update_essay": reader(inbound.UpdateEssayExtended, _update_extended),
            "unsubscribe_essay": reader(inbound.UnsubscribeEssay, _unsubscribe),
        },
    }
)


# To clients


def _person(user: User) -> Message:
    return {"id": user.id, "name": user.name, "role": user.role.value}


def _essay_update(event: events.EssayUpdated) -> Message:
    return {
        "type": "essay_update",
        "essay_id": event.essay_id,
        "content": event.content,
        "word_count": event.word_count,
        "updated_by": _person(event.editor),
        "timestamp": timestamp(event.at),
    }


def _feedback(shown: events.FeedbackShown) -> Message:
    return {
        "id": shown.id,
        "type": shown.type.value,
        "comment": shown.comment,
        "highlight_start": shown.start,
        "highlight_end": shown.end,
    }


def _new_feedback(event: events.NewFeedback) -> Message:
    feedback = _feedback(event.feedback)
    feedback["author"] = _person(event.feedback.author)
    feedback["created_at"] = timestamp(event.feedback.created_at)
    return {"type": "new_feedback", "essay_id": event.essay_id, "feedback": feedback}


def _feedback_update(event: events.FeedbackUpdated) -> Message:
    feedback = _feedback(event.feedback)
    feedback["updated_at"] = timestamp(event.feedback.updated_at)
    return {"type": "feedback_update", "essay_id": event.essay_id, "feedback": feedback}


def _feedback_deleted(event: events.FeedbackRemoved) -> Message:
    return {
        "type": "feedback_deleted",
        "essay_id": event.essay_id,
        "feedback_id": event.feedback_id,
    }


def _user_joined(event: events.UserJoined) -> Message | None:
    if event.room.kind is not RoomKind.ESSAY:
        return None
    user = _person(event.user)
    # The page shows a string: a user without a picture has an empty one, never null.
    user["avatar_url"] = event.user.avatar_url or ""
    return {
        "type": "user_joined",
        "essay_id": event.room.number,
        "user": user,
        "timestamp": timestamp(event.at),
    }


def _user_left(event: events.UserLeft) -> Message | None:
    if event.room.kind is not RoomKind.ESSAY:
        return None
    return {
        "type": "user_left",
        "essay_id": event.room.number,
        "user_id": event.user_id,
        "timestamp": timestamp(event.at),
    }


def _typing_start(event: events.TypingStarted) -> Message:
    return {
        "type": "typing_start",
        "essay_id": event.essay_id,
        "user": _person(event.user),
        "timestamp": timestamp(event.at),
    }


def _typing_stop(event: events.TypingStopped) -> Message:
    return {
        "type": "typing_stop",
        "essay_id": event.essay_id,
        "user_id": event.user_id,
        "timestamp": timestamp(event.at),
    }


def _cursor_moved(event: events.CursorMoved) -> Message:
    message: Message = {
        "type": "cursor_moved",
        "essay_id": event.essay_id,
        "user_id": event.user_id,
        "cursor_position": event.position,
    }
    if event.selection_end is not None:
        message["selection_end"] = event.selection_end
    return message


def _rights_changed(event: events.RightsChanged) -> Message | None:
    if event.room.kind is not RoomKind.ESSAY:
        return None
    rights = None if event.right is None else event.right.word
    return {"type": "rights_changed", "essay_id": event.room.number, "rights": rights}


def _essay_closed(event: events.RoomClosed) -> Message | None:
    if event.room.kind is not RoomKind.ESSAY:
        return None
    return {"type": "essay_closed", "essay_id": event.room.number}


def _token_expiring(event: events.TokenExpiring) -> Message:
    return {"type": "token_expiring", "seconds": event.seconds}


def _numbered(write: Callable[[Any], Message]) -> Callable[[Any], Message]:
    """The extended form of a durable event."""

    def write_numbered(event: Any) -> Message:
        message = write(event)
        if (shown := getattr(event, "feedback", None)) is not None:
            message["feedback"]["anchor"] = shown.anchor
            message["feedback"]["quote"] = shown.quote
        message["seq"] = event.seq
        return message

    return write_numbered


_Write = Callable[[Any], Message | None]

_PLAIN_WRITERS: Final[dict[type, _Write]] = {
    events.EssayUpdated: _essay_update,
    events.NewFeedback: _new_feedback,
    events.FeedbackUpdated: _feedback_update,
    events.UserJoined: _user_joined,
    events.UserLeft: _user_left,
    events.TypingStarted: _typing_start,
    events.TypingStopped: _typing_stop,
}
_WRITERS: Final[Mapping[Form, Mapping[type, _Write]]] = MappingProxyType(
    {
        Form.PLAIN: _PLAIN_WRITERS,
        Form.EXTENDED: _PLAIN_WRITERS
        | {
            events.EssayUpdated: _numbered(_essay_update),
            events.NewFeedback: _numbered(_new_feedback),
            events.FeedbackUpdated: _numbered(_feedback_update),
            events.FeedbackRemoved: _numbered(_feedback_deleted),
            events.CursorMoved: _cursor_moved,
            events.RightsChanged: _rights_changed,
            events.RoomClosed: _essay_closed,
            events.TokenExpiring: _token_expiring,
        },
    }
)


# Errors

_HIDDEN: Final = "You don't have permission to view this essay"
_BAD_TOKEN: Final = "Invalid or expired token"
_CODES: Final[Mapping[type[WorkroomError], str]] = MappingProxyType(
    {
        InvalidJson: "invalid_json",
        InvalidMessage: "invalid_message",
        UnknownAction: "unknown_action",
        NotSubscribed: "not_subscribed",
        TooLarge: "too_large",
        RateLimited: "rate_limited",
        Conflict: "conflict",
        Unavailable: "unavailable",
    }
)
_SHUTDOWN: Final = dump(
    {
        "type": "connection_error",
        "error": "server_restarting",
        "message": "The server is restarting; please connect again in a few seconds",
    }
)


def _error(error: WorkroomError) -> Message:
    if isinstance(error, NotAuthenticated):
        # Always the documented words: nobody learns what exactly is wrong with a token.
        return _failure("connection_error", "authentication_failed", _BAD_TOKEN)
    if isinstance(error, PermissionDenied):
        return _failure("permission_denied", "insufficient_permissions", text_of(error))
    if isinstance(error, NotFound):
        # The same as for an essay that is there but hidden: nobody can tell which.
        return _failure("permission_denied", "insufficient_permissions", _HIDDEN)
    return _failure("error", *spelled(error, _CODES))


def _failure(kind: str, code: str, message: str) -> Message:
    return {"type": kind, "error": code, "message": message}
