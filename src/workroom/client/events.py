"""What can happen in a room, typed: the models of the wire formats, under the names of clients.

Of essays these are whole messages, of projects their payloads. Keys that a later server adds are
kept by the models and change nothing; messages and values that are not known here are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ValidationError

from workroom.protocol import essay_outbound as essays
from workroom.protocol import project_outbound as projects
from workroom.protocol.essay_outbound import CursorMovedMessage as CursorMoved
from workroom.protocol.essay_outbound import EssayClosed, EssaySubscribed
from workroom.protocol.essay_outbound import EssayRightsChanged as RightsChanged
from workroom.protocol.essay_outbound import EssayUpdateExtended as EssayUpdate
from workroom.protocol.essay_outbound import EssayUserJoined as UserJoined
from workroom.protocol.essay_outbound import EssayUserLeft as UserLeft
from workroom.protocol.essay_outbound import FeedbackDeletedMessage as FeedbackDeleted
from workroom.protocol.essay_outbound import FeedbackUpdateExtended as FeedbackUpdate
from workroom.protocol.essay_outbound import NewFeedbackExtended as NewFeedback
from workroom.protocol.essay_outbound import TypingStartMessage as TypingStart
from workroom.protocol.essay_outbound import TypingStopMessage as TypingStop
from workroom.protocol.essay_parts import FeedbackAnchor, FeedbackBody, FeedbackReply, Person
from workroom.protocol.project_outbound import CanvasAddedPayload as CanvasAdded
from workroom.protocol.project_outbound import CanvasRemovedPayload as CanvasRemoved
from workroom.protocol.project_outbound import ClosedPayload as ProjectClosed
from workroom.protocol.project_outbound import MemberJoined, MemberLeft, SubscribedPayload
from workroom.protocol.project_outbound import ProjectRights as ProjectRightsChanged
from workroom.protocol.project_outbound import ProjectUpdatedExtendedPayload as ProjectUpdated
from workroom.protocol.project_outbound import TaskCompletedExtendedPayload as TaskCompleted
from workroom.protocol.project_outbound import TaskProgressExtendedPayload as TaskProgress
from workroom.protocol.project_outbound import TaskStartedPayload as TaskStarted
from workroom.protocol.shapes import Timestamp

Status: TypeAlias = Literal["connecting", "live", "offline", "closed"]


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The connection of this program, not something in the room. The latest is kept."""

    status: Status
    retry_in: float | None = None
    """Seconds to the next attempt, while ``offline``."""


@dataclass(frozen=True, slots=True)
class EventsDropped:
    """This program took its events too slowly: so many are missing here.

    What the room is known to look like is right all the same; read it anew.
    """

    count: int


class Feedback(FeedbackAnchor, FeedbackBody):
    """A piece of feedback, as far as it was told. Offsets count UTF-16 code units."""

    author: Person | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    """None while it is as it was made."""
    replies: tuple[FeedbackReply, ...] = ()
    """The oldest first."""


EssayEvent: TypeAlias = (
    EssayUpdate
    | NewFeedback
    | FeedbackUpdate
    | FeedbackDeleted
    | UserJoined
    | UserLeft
    | TypingStart
    | TypingStop
    | CursorMoved
    | RightsChanged
    | EssayClosed
    | StatusChanged
    | EventsDropped
)
ProjectEvent: TypeAlias = (
    ProjectUpdated
    | MemberJoined
    | MemberLeft
    | TaskStarted
    | TaskProgress
    | TaskCompleted
    | CanvasAdded
    | CanvasRemoved
    | ProjectRightsChanged
    | ProjectClosed
    | StatusChanged
    | EventsDropped
)

_ESSAY: Final = MappingProxyType(
    {get_args(model.model_fields["type"].annotation)[0]: model for model in essays.EXTENDED}
)
_PROJECT: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        get_args(model.model_fields["type"].annotation)[0]: payload
        for model in projects.EXTENDED
        if isinstance(payload := model.model_fields["payload"].annotation, type)
    }
)
_WIRE_NAMES: Final[Mapping[type, str]] = MappingProxyType(
    {model: name for models in (_ESSAY, _PROJECT) for name, model in models.items()}
    | {StatusChanged: "status_changed", EventsDropped: "events_dropped"}
)


def wire_name(event: object) -> str:
    """The ``type`` under which the reference of the wire formats describes an event."""
    return _WIRE_NAMES[type(event)]


def essay_event(kind: str, body: Mapping[str, Any]) -> BaseModel | None:
    """A message of an essay as its class; None when it is none that this client knows."""
    return _checked(_ESSAY.get(kind), body)


def project_event(kind: str, body: Mapping[str, Any]) -> BaseModel | None:
    """The payload of a project's message as its class; None when this client knows none such."""
    return _checked(_PROJECT.get(kind), body)


def _checked(model: type[BaseModel] | None, body: Mapping[str, Any]) -> BaseModel | None:
    try:
        return None if model is None else model.model_validate(body, extra="allow")
    except ValidationError:
        return None


__all__ = [
    "CanvasAdded",
    "CanvasRemoved",
    "CursorMoved",
    "EssayClosed",
    "EssayEvent",
    "EssaySubscribed",
    "EssayUpdate",
    "EventsDropped",
    "Feedback",
    "FeedbackDeleted",
    "FeedbackReply",
    "FeedbackUpdate",
    "MemberJoined",
    "MemberLeft",
    "NewFeedback",
    "Person",
    "ProjectClosed",
    "ProjectEvent",
    "ProjectRightsChanged",
    "ProjectUpdated",
    "RightsChanged",
    "Status",
    "StatusChanged",
    "SubscribedPayload",
    "TaskCompleted",
    "TaskProgress",
    "TaskStarted",
    "TypingStart",
    "TypingStop",
    "UserJoined",
    "UserLeft",
    "essay_event",
    "project_event",
    "wire_name",
]
