"""One example or more of each message, by the name of its model: for the published schema.

Those of the plain form are the documented ones, word for word; only placeholders (``user_id`` as an
id, ``ERROR_CODE``) are filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_JANE: Final = {"id": 2, "name": "Jane Smith", "role": "coach"}
_SARAH: Final = {"id": 3, "name": "Dr. Sarah Johnson", "role": "coach"}
_MIKE: Final = {
    "id": 4,
    "name": "Mike Wilson",
    "role": "student",
    "avatar_url": "/media/avatars/mike.jpg",
}
_ESSAY_UPDATE: Final = {
    "type": "essay_update",
    "essay_id": 1,
    "content": "Updated essay content...",
    "word_count": 1280,
    "updated_by": _JANE,
    "timestamp": "2024-01-15T15:30:00Z",
}
_NEW_FEEDBACK: Final = {
    "id": 3,
    "type": "content",
    "comment": "This paragraph could benefit from more specific examples",
    "highlight_start": 450,
    "highlight_end": 520,
    "author": _SARAH,
    "created_at": "2024-01-15T16:00:00Z",
}
_CHANGED_FEEDBACK: Final = {
    "id": 2,
    "type": "grammar",
    "comment": "Updated comment with better explanation",
    "highlight_start": 156,
    "highlight_end": 189,
    "updated_at": "2024-01-15T16:15:00Z",
}
_OPEN: Final = {"status": "open", "resolved_by": None, "resolved_at": None}
_REPLY: Final = {
    "id": 40,
    "comment": "I added the 2019 survey",
    "author": _JANE,
    "created_at": "2024-01-15T16:10:00Z",
    "updated_at": "2024-01-15T16:10:00Z",
}
_UPDATE: Final = {
    "action": "update_essay",
    "essay_id": 1,
    "content": "Updated essay content...",
    "cursor_position": 1250,
}
_PICTURE: Final = {
    "id": 1,
    "project_id": 123,
    "kind": "image",
    "media_type": "image/png",
    "name": "harbour at five.png",
    "size": 48211,
    "width": 960,
    "height": 600,
    "frames": 1,
    "duration": None,
    "sample_rate": None,
    "channels": None,
    "author": {"id": 2, "name": "Jane Smith", "role": "coach"},
    "created_at": "2024-01-15T15:30:00Z",
}
_RECORDING: Final = {
    **_PICTURE,
    "id": 2,
    "kind": "audio",
    "media_type": "audio/wav",
    "name": "harbour at noon.wav",
    "size": 352844,
    "width": None,
    "height": None,
    "frames": None,
    "duration": 8.0,
    "sample_rate": 22050,
    "channels": 1,
}
_BAD_TOKEN: Final = {
    "type": "connection_error",
    "error": "authentication_failed",
    "message": "Invalid or expired token",
}
_DENIED: Final = {
    "type": "permission_denied",
    "error": "insufficient_permissions",
    "message": "You don't have permission to edit this essay",
}
_ERROR: Final = {
    "type": "error",
    "error": "invalid_message",
    "message": "feedback.highlight_start: expected a whole number, got a string",
}
_COMMENT: Final[dict[str, Any]] = {
    "action": "add_feedback",
    "essay_id": 1,
    "feedback": {
        "type": "structure",
        "comment": "Consider adding a stronger thesis statement",
        "highlight_start": 0,
        "highlight_end": 150,
    },
}
_ESSAYS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "SubscribeEssay": ({"action": "subscribe_essay", "essay_id": 1},),
    "SubscribeEssayExtended": ({"action": "subscribe_essay", "essay_id": 1, "since": 41},),
    "UnsubscribeEssay": ({"action": "unsubscribe_essay", "essay_id": 1, "request_id": "r-1"},),
    "UpdateEssay": (_UPDATE,),
    "UpdateEssayExtended": ({**_UPDATE, "selection_end": 1262, "base_seq": 41},),
    "TypingStartAction": ({"action": "typing_start", "essay_id": 1},),
    "TypingStopAction": ({"action": "typing_stop", "essay_id": 1},),
    "AddFeedbackAction": (_COMMENT,),
    "AddFeedbackExtended": ({**_COMMENT, "base_seq": 41},),
    "UpdateFeedbackAction": (
        {
            "action": "update_feedback",
            "essay_id": 1,
            "feedback_id": 2,
            "feedback": {"comment": "Updated comment with better explanation"},
        },
    ),
    "DeleteFeedbackAction": ({"action": "delete_feedback", "essay_id": 1, "feedback_id": 2},),
    "ReplyFeedbackAction": (
        {
            "action": "reply_feedback",
            "essay_id": 1,
            "feedback_id": 3,
            "comment": "I added the 2019 survey",
        },
    ),
    "ResolveFeedbackAction": ({"action": "resolve_feedback", "essay_id": 1, "feedback_id": 3},),
    "ReopenFeedbackAction": ({"action": "reopen_feedback", "essay_id": 1, "feedback_id": 3},),
    "RefreshEssayToken": ({"action": "refresh_token", "token": "eyJ0eXAiOiJKV1QiLCJhbGc..."},),
    "EssayUpdate": (_ESSAY_UPDATE,),
    "EssayUpdateExtended": ({**_ESSAY_UPDATE, "seq": 42},),
    "NewFeedbackMessage": ({"type": "new_feedback", "essay_id": 1, "feedback": _NEW_FEEDBACK},),
    "NewFeedbackExtended": (
        {
            "type": "new_feedback",
            "essay_id": 1,
            "feedback": {
                **_NEW_FEEDBACK,
                "anchor": "exact",
                "quote": "Many people think so.",
                **_OPEN,
                "replies": [],
            },
            "seq": 43,
        },
    ),
    "FeedbackUpdateMessage": (
        {"type": "feedback_update", "essay_id": 1, "feedback": _CHANGED_FEEDBACK},
    ),
    "FeedbackUpdateExtended": (
        {
            "type": "feedback_update",
            "essay_id": 1,
            "feedback": {
                **_CHANGED_FEEDBACK,
                "anchor": "moved",
                "quote": "they was right",
                "status": "resolved",
                "resolved_by": _JANE,
                "resolved_at": "2024-01-15T16:15:00Z",
                "replies": [_REPLY],
            },
            "seq": 44,
        },
        {
            "type": "feedback_update",
            "essay_id": 1,
            "feedback": {
                **_CHANGED_FEEDBACK,
                "anchor": "moved",
                "quote": "they was right",
                **_OPEN,
            },
            "seq": 45,
        },
    ),
    "FeedbackDeletedMessage": (
        {"type": "feedback_deleted", "essay_id": 1, "feedback_id": 2, "seq": 45},
    ),
    "EssayUserJoined": (
        {
            "type": "user_joined",
            "essay_id": 1,
            "user": _MIKE,
            "timestamp": "2024-01-15T16:30:00Z",
        },
    ),
    "EssayUserLeft": (
        {"type": "user_left", "essay_id": 1, "user_id": 4, "timestamp": "2024-01-15T16:45:00Z"},
    ),
    "TypingStartMessage": (
        {
            "type": "typing_start",
            "essay_id": 1,
            "user": _JANE,
            "timestamp": "2024-01-15T16:20:00Z",
        },
    ),
    "TypingStopMessage": (
        {
            "type": "typing_stop",
            "essay_id": 1,
            "user_id": 2,
            "timestamp": "2024-01-15T16:21:00Z",
        },
    ),
    "CursorMovedMessage": (
        {"type": "cursor_moved", "essay_id": 1, "user_id": 2, "cursor_position": 1250},
    ),
    "EssaySubscribed": (
        {"type": "subscribed", "essay_id": 1, "seq": 45, "recovered": True, "rights": "edit"},
    ),
    "EssayRightsChanged": ({"type": "rights_changed", "essay_id": 1, "rights": "comment"},),
    "EssayClosed": ({"type": "essay_closed", "essay_id": 1},),
    "EssayTokenExpiring": ({"type": "token_expiring", "seconds": 60},),
    "EssayAck": ({"type": "ack", "request_id": "r-1", "essay_id": 1, "seq": 42},),
    "ConnectionErrorMessage": (_BAD_TOKEN,),
    "ConnectionErrorExtended": ({**_BAD_TOKEN, "retry": "with_new_token"},),
    "PermissionDeniedMessage": (_DENIED,),
    "PermissionDeniedExtended": ({**_DENIED, "request_id": "r-1", "retry": "never"},),
    "EssayErrorMessage": (_ERROR,),
    "EssayErrorExtended": ({**_ERROR, "request_id": "r-1", "retry": "never"},),
}


def _about(kind: str, payload: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return ({"type": kind, "payload": payload},)


_CHANGED: Final = {"project_id": 123, "changes": {"title": "New Title"}, "updated_by": "456"}
_COMPLETED: Final = {
    "task_id": "celery_task_id",
    "task_type": "analyze_image_emotion",
    "result": {"canvas_id": 123, "status": "completed"},
}
_PROGRESS: Final = {
    "task_id": "celery_task_id",
    "progress": 75,
    "message": "Processing audio...",
}
_FAILED: Final = {
    "code": "RATE_LIMITED",
    "message": "At most 50 messages a second are allowed",
}
_PROJECTS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "JoinProject": _about("join_project", {"project_id": 123}),
    "JoinProjectExtended": _about("join_project", {"project_id": 123, "since": 12}),
    "LeaveProject": _about("leave_project", {"project_id": 123}),
    "UpdateProject": _about(
        "update_project", {"project_id": 123, "data": {"title": "Updated Title"}}
    ),
    "UpdateProjectExtended": _about(
        "update_project",
        {
            "project_id": 123,
            "data": {"title": "Updated Title"},
            "expected": {"title": "Old Title"},
        },
    ),
    "RefreshProjectToken": _about("refresh_token", {"token": "eyJ0eXAiOiJKV1QiLCJhbGc..."}),
    "CancelTask": _about("cancel_task", {"project_id": 123, "task_id": "celery_task_id"}),
    "ProjectUpdatedMessage": _about("project_updated", _CHANGED),
    "ProjectUpdatedExtended": _about("project_updated", {**_CHANGED, "seq": 7}),
    "ProjectUserJoined": _about(
        "user_joined", {"project_id": 123, "user_id": 456, "username": "john_doe"}
    ),
    "ProjectUserLeft": _about("user_left", {"project_id": 123, "user_id": 456}),
    "TaskStartedMessage": _about(
        "task_started",
        {
            "project_id": 123,
            "task_id": "celery_task_id",
            "task_type": "analyze_image_emotion",
            "canvas_id": 123,
            "requested_by": 456,
            "seq": 8,
        },
    ),
    "TaskCompletedMessage": _about("task_completed", _COMPLETED),
    "TaskCompletedExtended": _about("task_completed", {**_COMPLETED, "project_id": 123, "seq": 9}),
    "TaskProgressMessage": _about("task_progress", _PROGRESS),
    "TaskProgressExtended": _about("task_progress", {**_PROGRESS, "project_id": 123, "attempt": 1}),
    "ProjectSubscribed": _about(
        "subscribed", {"project_id": 123, "seq": 17, "recovered": False, "rights": "view"}
    ),
    "ProjectCanvasAdded": (
        *_about("canvas_added", {"project_id": 123, "seq": 8, "canvas": _PICTURE}),
        *_about("canvas_added", {"project_id": 123, "seq": 9, "canvas": _RECORDING}),
    ),
    "ProjectCanvasRemoved": _about(
        "canvas_removed", {"project_id": 123, "seq": 10, "canvas_id": 1}
    ),
    "ProjectRightsChanged": _about("rights_changed", {"project_id": 123, "rights": None}),
    "ProjectClosed": _about("project_closed", {"project_id": 123}),
    "ProjectTokenExpiring": _about("token_expiring", {"seconds": 60}),
    "ProjectAck": _about("ack", {"request_id": "r-1", "project_id": 123, "seq": 7}),
    "ProjectErrorMessage": _about("error", _FAILED),
    "ProjectErrorExtended": _about("error", {**_FAILED, "retry": "later", "retry_after": 2.5}),
}
EXAMPLES: Final[Mapping[str, tuple[dict[str, Any], ...]]] = MappingProxyType(_ESSAYS | _PROJECTS)
