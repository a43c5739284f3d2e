"""What clients of the project dialect send. Every message is read with one of these models."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, InstanceOf, WithJsonSchema

from workroom.protocol.shapes import ClientShape, Count, Id, RequestId, Token

LONGEST_TITLE: Final = 200
LONGEST_DESCRIPTION: Final = 20_000
LONGEST_TASK_ID: Final = 128
"""Characters (code points)."""

# InstanceOf: the contents are checked by size and depth, and need not be copied for it.
Metadata = Annotated[dict[str, Any], InstanceOf[dict[str, Any]], WithJsonSchema({"type": "object"})]


class Asked(ClientShape):
    """What every client message may carry, beside ``type`` or inside ``payload``."""

    request_id: RequestId | None = None
    """Answered by one ``ack`` or one error that repeats it (extended form)."""


class ProjectPayload(Asked):
    """Which project is meant."""

    project_id: Id


class JoinProject(Asked):
    """Be present in a project and follow it; answered with its present state."""

    type: Literal["join_project"]
    payload: ProjectPayload


class JoinPayload(ProjectPayload):
    """Which project is meant, and how much of it the client knows."""

    since: Count | None = None
    """The highest ``seq`` that the client knows; 0 when it knows nothing."""


class JoinProjectExtended(Asked):
    """Be present in a project, and follow it from where one had got to."""

    type: Literal["join_project"]
    payload: JoinPayload


class LeaveProject(Asked):
    """Stop following a project."""

    type: Literal["leave_project"]
    payload: ProjectPayload


class ProjectData(ClientShape):
    """Fields to set; the ones left out stay as they are. At least one is given."""

    # Forbidden, not ignored: a misspelt field would look saved and be lost.
    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    # The defaults are never read: only fields that were given become changes.
    title: Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)] = ""
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""
    status: Literal["active", "archived"] = "active"
    metadata: Metadata = Field(default_factory=dict)
    """Merged key by key as JSON Merge Patch (RFC 7396) does; at most 64 KiB as JSON."""


class UpdatePayload(ProjectPayload):
    """Which project is meant, and what to set."""

    data: ProjectData


class UpdateProject(Asked):
    """Set fields of a project."""

    type: Literal["update_project"]
    payload: UpdatePayload


class ExpectedFields(ClientShape):
    """Fields of a project as the client knows them."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(max_length=LONGEST_TITLE)] = ""
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""
    status: Literal["active", "archived"] = "active"


class UpdatePayloadExtended(UpdatePayload):
    """Which project is meant, what to set, and on which condition."""

    expected: ExpectedFields | None = None
    """Nothing is set, and the answer is ``CONFLICT``, unless these fields stand like this now."""


class UpdateProjectExtended(Asked):
    """Set fields of a project, if they are still what the client took them for."""

    type: Literal["update_project"]
    payload: UpdatePayloadExtended


class CancelPayload(ProjectPayload):
    """Which task, of which project."""

    task_id: Annotated[str, Field(min_length=1, max_length=LONGEST_TASK_ID)]


class CancelTask(Asked):
    """End a task that nobody wants any more (extended form)."""

    type: Literal["cancel_task"]
    payload: CancelPayload


class TokenPayload(Asked):
    """The new token."""

    token: Token


class RefreshProjectToken(Asked):
    """Go on with a new token of the same user."""

    type: Literal["refresh_token"]
    payload: TokenPayload


PLAIN: Final[tuple[type[ClientShape], ...]] = (
    JoinProject,
    LeaveProject,
    UpdateProject,
    RefreshProjectToken,
)
EXTENDED: Final[tuple[type[ClientShape], ...]] = (
    JoinProjectExtended,
    LeaveProject,
    UpdateProjectExtended,
    CancelTask,
    RefreshProjectToken,
)
