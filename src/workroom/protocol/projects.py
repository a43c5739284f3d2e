"""The project dialect: ``type`` and ``payload`` in both directions, many rooms per connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workroom.core import commands, events
from workroom.errors import InvalidMessage, WorkroomError
from workroom.ids import ProjectId, RoomId, RoomKind, TaskId, project_room
from workroom.protocol import project_inbound as inbound
from workroom.protocol.canvases import canvas_fields
from workroom.protocol.dialect import Ack, Form, Request, RoomRequest, TokenRequest
from workroom.protocol.frames import text_frame
from workroom.protocol.metadata import check_metadata
from workroom.protocol.reading import Message, read_object, refuse_bad_characters, shown
from workroom.protocol.shapes import reader, request_id_in, string_at, unknown
from workroom.protocol.writing import advice, dump, restarting, text_of, told, with_details

MAX_PROJECTS: Final = 100
"""Projects that one connection may be in, unless the operator says otherwise."""


class ProjectDialect:
    """The wire format of the project port and of ``/ws/projects/``. Implements ``Dialect``."""

    name = "project"
    kind = RoomKind.PROJECT
    arrival = commands.Join(quiet=True)

    def __init__(self, max_rooms: int = MAX_PROJECTS) -> None:
        """``max_rooms`` is the operator's limit for one connection."""
        self.max_rooms = max_rooms

    def decode(self, text: bytes, form: Form) -> Request:
        """Read one message; see ``Dialect.decode`` for what it raises."""
        message, suspicious = read_object(text)
        if suspicious:
            refuse_bad_characters(message)
        name, readers = string_at(message, "type"), _READERS[form]
        read = readers.get(name)
        if read is None:
            raise unknown(name, field="type", known=readers)
        payload = message.get("payload")
        if type(payload) is dict and name == "update_project":
            _check_data(payload.get("data"))
        return read(message)

    def decode_binary(self, message: bytes) -> Request:  # noqa: ARG002 - refused unread
        """No message of this format is binary: raises InvalidMessage."""
        raise InvalidMessage("send JSON as a text message, not a binary one")

    def request_id_of(self, text: bytes) -> str | None:
        """The ``request_id`` of a message that could not be decoded, where one can be found."""
        return request_id_in(text, inside="payload")

    def encode(self, event: events.Event, form: Form) -> bytes | None:
        """The message for an event; None when this form has none for it."""
        write = _WRITERS[form].get(type(event))
        payload = None if write is None else write[1](event)
        if write is None or payload is None:
            return None
        return dump({"type": write[0], "payload": payload})

    def encode_ack(self, ack: Ack) -> bytes:
        """The answer to a request that was carried out (extended form only)."""
        payload: Message = {"request_id": ack.request_id}
        if ack.room is not None:
            payload["project_id"] = ack.room.number
        if ack.seq is not None:
            payload["seq"] = ack.seq
        return dump({"type": "ack", "payload": with_details(payload, ack.details)})

    def encode_error(
        self, error: WorkroomError, form: Form, request_id: str | None = None
    ) -> bytes:
        """The message for an error. ``request_id`` is repeated in the extended form."""
        known = told(error, "project")
        payload: Message = {"code": _CODES[known.code], "message": text_of(known)}
        if form is Form.EXTENDED:
            payload.update(advice(known, request_id))
        return dump({"type": "error", "payload": payload})

    def encode_shutdown(self, form: Form, retry_after: float) -> bytes:
        """What every connection is told before the server closes it to restart."""
        return self.encode_error(restarting(retry_after), form)

    def frame(self, payload: bytes) -> bytes:
        """The frame for a message."""
        return text_frame(payload)


# From clients


def _join(asked: inbound.JoinProject) -> Request:
    return _request(asked, asked.payload, commands.Join())


def _join_since(asked: inbound.JoinProjectExtended) -> Request:
    return _request(asked, asked.payload, commands.Join(since=asked.payload.since))


def _leave(asked: inbound.LeaveProject) -> Request:
    return _request(asked, asked.payload, commands.Leave())


def _update(asked: inbound.UpdateProject) -> Request:
    changes = _given(asked.payload.data)
    return _request(asked, asked.payload, commands.ChangeProject(changes))


def _update_expecting(asked: inbound.UpdateProjectExtended) -> Request:
    expected = _given(asked.payload.expected) if asked.payload.expected else {}
    command = commands.ChangeProject(_given(asked.payload.data), expected)
    return _request(asked, asked.payload, command)


def _given(fields: inbound.ProjectData | inbound.ExpectedFields) -> dict[str, Any]:
    return {name: getattr(fields, name) for name in _FIELDS if name in fields.model_fields_set}


def _cancel(asked: inbound.CancelTask) -> Request:
    task_id = TaskId(asked.payload.task_id)
    return _request(asked, asked.payload, commands.CancelTask(task_id))


def _refresh(asked: inbound.RefreshProjectToken) -> Request:
    return TokenRequest(asked.payload.token, asked.request_id or asked.payload.request_id)


def _request(
    asked: inbound.Asked, payload: inbound.ProjectPayload, command: commands.Command
) -> Request:
    room = project_room(payload.project_id)
    return RoomRequest(room, command, asked.request_id or payload.request_id)


_FIELDS: Final = tuple(inbound.ProjectData.model_fields)


def _check_data(data: object) -> None:
    """What the model cannot say, or would say only after reading a thousand unknown keys."""
    if type(data) is not dict:
        return
    for key in data:
        if key not in inbound.ProjectData.model_fields:
            message = f"is not a field of a project; expected {', '.join(_FIELDS)}"
            raise InvalidMessage(message, field=f"payload.data.{shown(key)}")
    if not data:
        message = f"expected at least one of {', '.join(_FIELDS)}"
        raise InvalidMessage(message, field="payload.data")
    if type(data.get("metadata")) is dict:
        check_metadata(data["metadata"], "payload.data.metadata")


_Reader = Callable[[Mapping[str, Any]], Request]
_PLAIN_READERS: Final[dict[str, _Reader]] = {
    "join_project": reader(inbound.JoinProject, _join),
    "leave_project": reader(inbound.LeaveProject, _leave),
    "update_project": reader(inbound.UpdateProject, _update),
    "refresh_token": reader(inbound.RefreshProjectToken, _refresh),
}
_READERS: Final[Mapping[Form, Mapping[str, _Reader]]] = MappingProxyType(
    {
        Form.PLAIN: _PLAIN_READERS,
        Form.EXTENDED: _PLAIN_READERS
        | {
            "join_project": reader(inbound.JoinProjectExtended, _join_since),
            "update_project": reader(inbound.UpdateProjectExtended, _update_expecting),
            "cancel_task": reader(inbound.CancelTask, _cancel),
        },
    }
)


# To clients


def _project_updated(event: events.ProjectUpdated) -> Message:
    return {
        "project_id": event.project_id,
        "changes": event.changes,
        "updated_by": str(event.editor),
    }


def _project_updated_extended(event: events.ProjectUpdated) -> Message:
    payload = _project_updated(event)
    payload["seq"] = event.seq
    return payload


def _new_task(event: events.NewTask) -> Message:
    return {
        "project_id": event.project_id,
        "task_id": event.task_id,
        "task_type": event.task_type,
        "canvas_id": event.canvas_id,
        "requested_by": event.requested_by,
        "seq": event.seq,
    }


def _task_progress(event: events.TaskProgressed) -> Message:
    return {"task_id": event.task_id, "progress": event.percent, "message": event.message}


def _task_progress_extended(event: events.TaskProgressed) -> Message:
    more = {"project_id": event.project_id, "attempt": event.attempt}
    return with_details(_task_progress(event), more)


def _task_completed(event: events.TaskCompleted) -> Message:
    result: Message = {"canvas_id": event.canvas_id, "status": event.status.value}
    if event.error is not None:
        result["error"] = event.error
    result = with_details(result, event.findings)
    return {"task_id": event.task_id, "task_type": event.task_type, "result": result}


def _task_completed_extended(event: events.TaskCompleted) -> Message:
    more = {"project_id": event.project_id, "seq": event.seq}
    return with_details(_task_completed(event), more)


def _user_joined(event: events.UserJoined) -> Message | None:
    return _in_project(event.room, user_id=event.user.id, username=event.user.username)


def _user_left(event: events.UserLeft) -> Message | None:
    return _in_project(event.room, user_id=event.user_id)


def _subscribed(event: events.Subscribed) -> Message | None:
    rights = event.right.word
    return _in_project(event.room, seq=event.seq, recovered=event.recovered, rights=rights)


def _new_canvas(event: events.NewCanvas) -> Message:
    canvas = event.canvas
    return {"project_id": canvas.project_id, "seq": event.seq, "canvas": canvas_fields(canvas)}


def _canvas_deleted(event: events.CanvasDeleted) -> Message:
    return {"project_id": event.project_id, "seq": event.seq, "canvas_id": event.canvas_id}


def _rights_changed(event: events.RightsChanged) -> Message | None:
    return _in_project(event.room, rights=None if event.right is None else event.right.word)


def _closed(event: events.RoomClosed) -> Message | None:
    return _in_project(event.room)


def _token_expiring(event: events.TokenExpiring) -> Message:
    return {"seconds": event.seconds}


def _in_project(room: RoomId, **more: object) -> Message | None:
    """A payload about a project; None for other rooms."""
    if room.kind is not RoomKind.PROJECT:
        return None
    return {"project_id": ProjectId(room.number), **more}


_Writer = tuple[str, Callable[[Any], Message | None]]
"""The message's ``type``, and what makes its payload."""

_PLAIN_WRITERS: Final[dict[type, _Writer]] = {
    events.ProjectUpdated: ("project_updated", _project_updated),
    events.UserJoined: ("user_joined", _user_joined),
    events.UserLeft: ("user_left", _user_left),
    events.TaskProgressed: ("task_progress", _task_progress),
    events.TaskCompleted: ("task_completed", _task_completed),
}
_WRITERS: Final[Mapping[Form, Mapping[type, _Writer]]] = MappingProxyType(
    {
        Form.PLAIN: _PLAIN_WRITERS,
        Form.EXTENDED: _PLAIN_WRITERS
        | {
            events.ProjectUpdated: ("project_updated", _project_updated_extended),
            events.Subscribed: ("subscribed", _subscribed),
            events.NewCanvas: ("canvas_added", _new_canvas),
            events.CanvasDeleted: ("canvas_removed", _canvas_deleted),
            events.NewTask: ("task_started", _new_task),
            events.TaskProgressed: ("task_progress", _task_progress_extended),
            events.TaskCompleted: ("task_completed", _task_completed_extended),
            events.RightsChanged: ("rights_changed", _rights_changed),
            events.RoomClosed: ("project_closed", _closed),
            events.TokenExpiring: ("token_expiring", _token_expiring),
        },
    }
)


# Errors

_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "authentication_failed": "AUTHENTICATION_FAILED",
        "insufficient_permissions": "PERMISSION_DENIED",
        "not_subscribed": "NOT_IN_PROJECT",
        "invalid_json": "INVALID_JSON",
        "invalid_message": "INVALID_MESSAGE",
        "unknown_action": "UNKNOWN_TYPE",
        "too_large": "TOO_LARGE",
        "rate_limited": "RATE_LIMITED",
        "conflict": "CONFLICT",
        "unavailable": "UNAVAILABLE",
    }
)
