"""The essay dialect: flat messages, ``action`` from clients and ``type`` to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workroom.core import commands, events
from workroom.core.feedback import FeedbackType
from workroom.errors import InvalidMessage, NotAuthenticated, PermissionDenied, WorkroomError
from workroom.ids import MAX_ID, FeedbackId, RoomKind, essay_room
from workroom.protocol import essay_inbound as inbound
from workroom.protocol.dialect import Ack, Form, Request, RoomRequest, TokenRequest
from workroom.protocol.essay_events import WRITERS
from workroom.protocol.frames import text_frame
from workroom.protocol.reading import Message, read_object, refuse_bad_characters
from workroom.protocol.shapes import (
    LONGEST_REQUEST_ID,
    reader,
    request_id_in,
    string_at,
    unknown,
)
from workroom.protocol.writing import advice, dump, restarting, text_of, told, with_details

MAX_ESSAYS: Final = 20
"""Essays that one connection may follow, unless the operator says otherwise."""


class EssayDialect:
    """The wire format of ``/ws/essays/{id}/``. Implements ``Dialect``."""

    name = "essay"
    kind = RoomKind.ESSAY
    arrival = commands.Join(quiet=True)

    def __init__(self, max_rooms: int = MAX_ESSAYS) -> None:
        """``max_rooms`` is the operator's limit for one connection."""
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
        return read(message)

    def decode_binary(self, message: bytes) -> Request:  # noqa: ARG002 - refused unread
        """No message of this format is binary: raises InvalidMessage."""
        raise InvalidMessage("send JSON as a text message, not a binary one")

    def request_id_of(self, text: bytes) -> str | None:
        """The ``request_id`` of a message that could not be decoded, where one can be found."""
        return request_id_in(text)

    def encode(self, event: events.Event, form: Form) -> bytes | None:
        """The message for an event; None when this form has none for it."""
        write = WRITERS[form].get(type(event))
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
        known = told(error, "essay")
        kind, code = _KINDS.get(known.code, ("error", known.code))
        message: Message = {"type": kind, "error": code, "message": text_of(known)}
        if form is Form.EXTENDED:
            message.update(advice(known, request_id))
        return dump(message)

    def encode_shutdown(self, form: Form, retry_after: float) -> bytes:
        """What every connection is told before the server closes it to restart."""
        restart = restarting(retry_after)
        message: Message = {
            "type": "connection_error",
            "error": "server_restarting",
            "message": restart.message,
        }
        if form is Form.EXTENDED:
            message.update(advice(restart, None))
        return dump(message)

    def frame(self, payload: bytes) -> bytes:
        """The frame for a message."""
        return text_frame(payload)


# From clients

_Read = Callable[[Mapping[str, Any]], Request]


def _subscribe(asked: inbound.SubscribeEssay) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.Join(), asked.request_id)


def _subscribe_since(asked: inbound.SubscribeEssayExtended) -> Request:
    command = commands.Join(since=asked.since)
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


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


def usual_save(message: Mapping[str, Any], form: Form) -> Request | None:
    """What the model makes of an ``update_essay``; None where only the model says what is wrong.

    Saves are most of what a server reads, and the model takes five times as long.
    """
    get, extended = message.get, form is Form.EXTENDED
    number, content, request_id = get("essay_id"), get("content"), get("request_id")
    if type(number) is not int or type(content) is not str or not 1 <= number <= MAX_ID:
        return None
    if request_id is not None and (
        type(request_id) is not str or not 1 <= len(request_id) <= LONGEST_REQUEST_ID
    ):
        return None
    cursor = get("cursor_position")
    selection_end, base_seq = (get("selection_end"), get("base_seq")) if extended else (None, None)
    if not _WHOLE_OR_NOTHING.issuperset(map(type, (cursor, selection_end, base_seq))):
        return None
    if base_seq is not None and base_seq < 0:
        return None
    command = commands.SaveText(content, cursor, selection_end, base_seq)
    return RoomRequest(essay_room(number), command, request_id)


_WHOLE_OR_NOTHING: Final = frozenset({int, type(None)})


def _save_reader(form: Form, careful: _Read) -> _Read:
    return lambda message: usual_save(message, form) or careful(message)


def _start_typing(asked: inbound.TypingStartAction) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.StartTyping(), asked.request_id)


def _stop_typing(asked: inbound.TypingStopAction) -> Request:
    return RoomRequest(essay_room(asked.essay_id), commands.StopTyping(), asked.request_id)


def _add_feedback(asked: inbound.AddFeedbackAction) -> Request:
    return _comment_on(asked, None)


def _add_feedback_extended(asked: inbound.AddFeedbackExtended) -> Request:
    return _comment_on(asked, asked.base_seq)


def _comment_on(asked: inbound.AddFeedbackAction, base_seq: int | None) -> Request:
    draft = asked.feedback
    _check_comment(draft.comment, "feedback.comment")
    _check_highlight(draft.highlight_start, draft.highlight_end)
    command = commands.AddFeedback(
        FeedbackId(0),
        FeedbackType(draft.type),
        draft.comment,
        draft.highlight_start,
        draft.highlight_end,
        base_seq,
    )
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _check_comment(comment: str, field: str) -> None:
    if not comment.strip():
        message = "expected more than white space"
        raise InvalidMessage(message, field=field)


def _check_highlight(start: int | None, end: int | None) -> None:
    if start is None or end is None:
        if start is not end:
            given, missing = ("start", "end") if end is None else ("end", "start")
            message = f"is missing although highlight_{given} is given; give both or neither"
            raise InvalidMessage(message, field=f"feedback.highlight_{missing}")
    elif start > end:
        message = "is greater than highlight_end"
        raise InvalidMessage(message, field="feedback.highlight_start")


def _update_feedback(asked: inbound.UpdateFeedbackAction) -> Request:
    patch = asked.feedback
    _check_highlight(patch.highlight_start, patch.highlight_end)
    if patch.comment is not None:
        _check_comment(patch.comment, "feedback.comment")
    command = commands.ChangeFeedback(
        FeedbackId(asked.feedback_id),
        None if patch.type is None else FeedbackType(patch.type),
        patch.comment,
        patch.highlight_start,
        patch.highlight_end,
    )
    if (command.type, command.comment, command.start) == (None, None, None):
        message = "give at least one of type, comment, highlight_start and highlight_end"
        raise InvalidMessage(message, field="feedback")
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _delete_feedback(asked: inbound.DeleteFeedbackAction) -> Request:
    command = commands.DeleteFeedback(FeedbackId(asked.feedback_id))
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _reply(asked: inbound.ReplyFeedbackAction) -> Request:
    _check_comment(asked.comment, "comment")
    command = commands.ReplyFeedback(FeedbackId(asked.feedback_id), asked.comment)
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _resolve(asked: inbound.ResolveFeedbackAction) -> Request:
    command = commands.ChangeFeedback(FeedbackId(asked.feedback_id), resolved=True)
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _reopen(asked: inbound.ReopenFeedbackAction) -> Request:
    command = commands.ChangeFeedback(FeedbackId(asked.feedback_id), resolved=False)
    return RoomRequest(essay_room(asked.essay_id), command, asked.request_id)


def _refresh(asked: inbound.RefreshEssayToken) -> Request:
    return TokenRequest(asked.token, asked.request_id)


_PLAIN_READERS: Final[dict[str, _Read]] = {
    "subscribe_essay": reader(inbound.SubscribeEssay, _subscribe),
    "update_essay": _save_reader(Form.PLAIN, reader(inbound.UpdateEssay, _update)),
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
            "subscribe_essay": reader(inbound.SubscribeEssayExtended, _subscribe_since),
            "update_essay": _save_reader(
                Form.EXTENDED, reader(inbound.UpdateEssayExtended, _update_extended)
            ),
            "unsubscribe_essay": reader(inbound.UnsubscribeEssay, _unsubscribe),
            "add_feedback": reader(inbound.AddFeedbackExtended, _add_feedback_extended),
            "update_feedback": reader(inbound.UpdateFeedbackAction, _update_feedback),
            "delete_feedback": reader(inbound.DeleteFeedbackAction, _delete_feedback),
            "reply_feedback": reader(inbound.ReplyFeedbackAction, _reply),
            "resolve_feedback": reader(inbound.ResolveFeedbackAction, _resolve),
            "reopen_feedback": reader(inbound.ReopenFeedbackAction, _reopen),
        },
    }
)


# Errors

_KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        NotAuthenticated.code: ("connection_error", "authentication_failed"),
        PermissionDenied.code: ("permission_denied", "insufficient_permissions"),
    }
)
"""``type`` and ``error`` of the errors with a form of their own; the others say their code."""
