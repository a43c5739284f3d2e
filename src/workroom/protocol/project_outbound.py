"""What the server sends in the project dialect, in both forms.

Messages are written without these models, because that is five times faster. The models are their
published schema, and the tests hold the writer to it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from workroom.protocol.canvases import Canvas
from workroom.protocol.shapes import (
    OPEN,
    Count,
    ErrorAdvice,
    Id,
    PlainShape,
    RequestId,
    Rights,
    Seq,
)

CanvasResultStatus = Literal["completed", "failed", "cancelled"]


class ProjectChanges(PlainShape):
    """The fields that changed, with their new values."""

    title: str | SkipJsonSchema[None] = None
    description: str | SkipJsonSchema[None] = None
    status: Literal["active", "archived"] | SkipJsonSchema[None] = None
    metadata: dict[str, Any] | SkipJsonSchema[None] = None


class ProjectUpdatedPayload(PlainShape):
    """What changed, and by whom."""

    project_id: Id
    changes: ProjectChanges
    updated_by: Annotated[str, Field(pattern=r"^[1-9][0-9]*$")]
    """The user's id, as a string."""


class ProjectUpdatedExtendedPayload(ProjectUpdatedPayload):
    """What changed, by whom, and as which event of the project."""

    model_config = OPEN

    seq: Seq


class ProjectUpdatedMessage(PlainShape):
    """Fields of a project changed; after joining: all of them."""

    type: Literal["project_updated"]
    payload: ProjectUpdatedPayload


class ProjectUpdatedExtended(PlainShape):
    """Fields of a project changed, extended form."""

    model_config = OPEN

    type: Literal["project_updated"]
    payload: ProjectUpdatedExtendedPayload


class MemberJoined(PlainShape):
    """Who is present from now on."""

    project_id: Id
    user_id: Id
    username: str


class ProjectUserJoined(PlainShape):
    """A user is present in a project from now on."""

    type: Literal["user_joined"]
    payload: MemberJoined


class MemberLeft(PlainShape):
    """Who is no longer present."""

    project_id: Id
    user_id: Id


class ProjectUserLeft(PlainShape):
    """A user is no longer present in a project."""

    type: Literal["user_left"]
    payload: MemberLeft


class TaskResult(PlainShape):
    """How a task ended, and what it found: further keys belong to the type of task."""

    model_config = ConfigDict(extra="allow")

    canvas_id: Id
    status: CanvasResultStatus
    error: str | SkipJsonSchema[None] = None
    """Why it failed, in words for users; only when it failed."""


class TaskCompletedPayload(PlainShape):
    """Which task ended, and how."""

    task_id: Annotated[str, Field(min_length=1)]
    task_type: str
    result: TaskResult


class TaskCompletedMessage(PlainShape):
    """A task on one of the project's canvases ended; sent once per task."""

    type: Literal["task_completed"]
    payload: TaskCompletedPayload


class TaskProgressPayload(PlainShape):
    """How far a task is."""

    task_id: Annotated[str, Field(min_length=1)]
    progress: Annotated[int, Field(ge=0, le=100)]
    message: str


class TaskProgressMessage(PlainShape):
    """A task on one of the project's canvases goes on."""

    type: Literal["task_progress"]
    payload: TaskProgressPayload


class TaskStartedPayload(PlainShape):
    """Which task was begun, on what, and by whom."""

    model_config = OPEN

    project_id: Id
    task_id: Annotated[str, Field(min_length=1)]
    task_type: str
    canvas_id: Id
    requested_by: Id
    seq: Seq


class TaskStartedMessage(PlainShape):
    """A task was begun on one of the project's canvases (extended form)."""

    model_config = OPEN

    type: Literal["task_started"]
    payload: TaskStartedPayload


class TaskProgressExtendedPayload(TaskProgressPayload):
    """How far a task is, and in which attempt: a new one begins at 0 again."""

    model_config = OPEN

    project_id: Id
    attempt: Annotated[int, Field(ge=1)]


class TaskProgressExtended(PlainShape):
    """A task goes on, extended form."""

    model_config = OPEN

    type: Literal["task_progress"]
    payload: TaskProgressExtendedPayload


class TaskCompletedExtendedPayload(TaskCompletedPayload):
    """Which task ended, how, and as which event of the project."""

    model_config = OPEN

    project_id: Id
    seq: Seq


class TaskCompletedExtended(PlainShape):
    """A task ended, extended form."""

    model_config = OPEN

    type: Literal["task_completed"]
    payload: TaskCompletedExtendedPayload


class ProjectErrorPayload(PlainShape):
    """What is wrong, and where."""

    code: Literal[
        "AUTHENTICATION_FAILED",
        "PERMISSION_DENIED",
        "NOT_IN_PROJECT",
        "INVALID_JSON",
        "INVALID_MESSAGE",
        "UNKNOWN_TYPE",
        "TOO_LARGE",
        "RATE_LIMITED",
        "CONFLICT",
        "UNAVAILABLE",
    ]
    message: str


class ProjectErrorMessage(PlainShape):
    """A message was not carried out, or the connection is about to be closed."""

    type: Literal["error"]
    payload: ProjectErrorPayload


class ProjectErrorExtendedPayload(ErrorAdvice, ProjectErrorPayload):
    """What is wrong, where, and whether to try again."""

    model_config = OPEN


class ProjectErrorExtended(PlainShape):
    """A message was not carried out, extended form."""

    model_config = OPEN

    type: Literal["error"]
    payload: ProjectErrorExtendedPayload


class SubscribedPayload(PlainShape):
    """Where the client stands from here on."""

    model_config = OPEN

    project_id: Id
    seq: Seq
    """What follows this message leads up to here."""
    recovered: bool
    """Whether what follows is what was missed, and not the whole state."""
    rights: Rights


class ProjectSubscribed(PlainShape):
    """The answer to who joins with ``since`` (extended form); see the protocol's page."""

    model_config = OPEN

    type: Literal["subscribed"]
    payload: SubscribedPayload


class CanvasAddedPayload(PlainShape):
    """What is there now."""

    model_config = OPEN

    project_id: Id
    seq: Seq
    canvas: Canvas


class ProjectCanvasAdded(PlainShape):
    """Somebody uploaded a picture or a recording (extended form)."""

    model_config = OPEN

    type: Literal["canvas_added"]
    payload: CanvasAddedPayload


class CanvasRemovedPayload(PlainShape):
    """What is no longer there."""

    model_config = OPEN

    project_id: Id
    seq: Seq
    canvas_id: Id


class ProjectCanvasRemoved(PlainShape):
    """Somebody deleted a canvas (extended form)."""

    model_config = OPEN

    type: Literal["canvas_removed"]
    payload: CanvasRemovedPayload


class ProjectRights(PlainShape):
    """The receiver's own right; null: taken away."""

    model_config = OPEN

    project_id: Id
    rights: Rights | None


class ProjectRightsChanged(PlainShape):
    """The receiver's own right in a project changed (extended form)."""

    model_config = OPEN

    type: Literal["rights_changed"]
    payload: ProjectRights


class ClosedPayload(PlainShape):
    """Which project."""

    model_config = OPEN

    project_id: Id


class ProjectClosed(PlainShape):
    """The project was deleted (extended form)."""

    model_config = OPEN

    type: Literal["project_closed"]
    payload: ClosedPayload


class ExpiringPayload(PlainShape):
    """How long the token still holds."""

    model_config = OPEN

    seconds: Count


class ProjectTokenExpiring(PlainShape):
    """The token ends soon: send ``refresh_token`` (extended form)."""

    model_config = OPEN

    type: Literal["token_expiring"]
    payload: ExpiringPayload


class AckPayload(PlainShape):
    """Which request was carried out. Further keys tell what came of it."""

    model_config = OPEN

    request_id: RequestId
    project_id: Id | SkipJsonSchema[None] = None
    seq: Seq | SkipJsonSchema[None] = None
    """The number of the last durable event that the request led to."""


class ProjectAck(PlainShape):
    """A request was carried out (extended form)."""

    model_config = OPEN

    type: Literal["ack"]
    payload: AckPayload


PLAIN: Final[tuple[type[PlainShape], ...]] = (
    ProjectUpdatedMessage,
    ProjectUserJoined,
    ProjectUserLeft,
    TaskCompletedMessage,
    TaskProgressMessage,
    ProjectErrorMessage,
)
EXTENDED: Final[tuple[type[PlainShape], ...]] = (
    ProjectUpdatedExtended,
    ProjectUserJoined,
    ProjectUserLeft,
    TaskStartedMessage,
    TaskCompletedExtended,
    TaskProgressExtended,
    ProjectSubscribed,
    ProjectCanvasAdded,
    ProjectCanvasRemoved,
    ProjectRightsChanged,
    ProjectClosed,
    ProjectTokenExpiring,
    ProjectAck,
    ProjectErrorExtended,
)
