"""How the essay dialect writes events: one function per event, keys in the order of the pages.

Written by hand, without models: this runs once per event for everybody in the room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workroom.core import events
from workroom.core.people import User
from workroom.ids import RoomKind
from workroom.protocol.dialect import Form
from workroom.protocol.reading import Message
from workroom.protocol.writing import timestamp


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


def _subscribed(event: events.Subscribed) -> Message | None:
    if event.room.kind is not RoomKind.ESSAY:
        return None
    return {
        "type": "subscribed",
        "essay_id": event.room.number,
        "seq": event.seq,
        "recovered": event.recovered,
        "rights": event.right.word,
    }


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


def discussion(shown: events.FeedbackShown) -> Message:
    """What only the extended form and REST tell of a piece of feedback."""
    by, at = shown.resolved_by, shown.resolved_at
    told: Message = {
        "anchor": shown.anchor,
        "quote": shown.quote,
        "status": "open" if by is None else "resolved",
        "resolved_by": None if by is None else _person(by),
        "resolved_at": None if at is None else timestamp(at),
    }
    if shown.replies is not None:
        told["replies"] = [reply(each) for each in shown.replies]
    return told


def reply(shown: events.ReplyShown) -> Message:
    """A reply, the same in the extended form and by REST."""
    return {
        "id": shown.id,
        "comment": shown.comment,
        "author": _person(shown.author),
        "created_at": timestamp(shown.created_at),
        "updated_at": timestamp(shown.updated_at),
    }


def _numbered(write: Callable[[Any], Message]) -> Callable[[Any], Message]:
    """The extended form of a durable event."""

    def write_numbered(event: Any) -> Message:
        message = write(event)
        if (shown := getattr(event, "feedback", None)) is not None:
            message["feedback"].update(discussion(shown))
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
WRITERS: Final[Mapping[Form, Mapping[type, _Write]]] = MappingProxyType(
    {
        Form.PLAIN: _PLAIN_WRITERS,
        Form.EXTENDED: _PLAIN_WRITERS
        | {
            events.EssayUpdated: _numbered(_essay_update),
            events.NewFeedback: _numbered(_new_feedback),
            events.FeedbackUpdated: _numbered(_feedback_update),
            events.FeedbackRemoved: _numbered(_feedback_deleted),
            events.CursorMoved: _cursor_moved,
            events.Subscribed: _subscribed,
            events.RightsChanged: _rights_changed,
            events.RoomClosed: _essay_closed,
            events.TokenExpiring: _token_expiring,
        },
    }
)
"""For each form: what turns an event into its message; None when it is about another room."""
