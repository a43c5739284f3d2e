"""Names of things: small types that keep one kind of id from being taken for another.

Ids are positive whole numbers up to ``MAX_ID`` (2**53 - 1), so that JavaScript holds each exactly.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple, NewType

MAX_ID: Final = 2**53 - 1

UserId = NewType("UserId", int)
EssayId = NewType("EssayId", int)
ProjectId = NewType("ProjectId", int)
FeedbackId = NewType("FeedbackId", int)
CanvasId = NewType("CanvasId", int)
ReplyId = NewType("ReplyId", int)
ConnectionId = NewType("ConnectionId", int)
TaskId = NewType("TaskId", str)
"""Celery's own id of a task: any text of 1 to 128 printable characters, usually a UUID."""
SessionId = NewType("SessionId", str)
"""One log-in: every access and refresh token that descends from it carries it as ``sid``."""
BlobKey = NewType("BlobKey", str)
"""The random name under which a file's bytes are kept: 32 hexadecimal digits."""


class RoomKind(StrEnum):
    """What a room is about."""

    ESSAY = "essay"
    PROJECT = "project"


class RoomId(NamedTuple):
    """The address of a room: essay 1 and project 1 are two rooms."""

    kind: RoomKind
    number: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> RoomId:
        """Read ``essay:1``. Raises ValueError for anything else."""
        kind, _, number = text.partition(":")
        return cls(RoomKind(kind), int(number))


def essay_room(number: int) -> RoomId:
    """The room of one essay."""
    return RoomId(RoomKind.ESSAY, number)


def project_room(number: int) -> RoomId:
    """The room of one project."""
    return RoomId(RoomKind.PROJECT, number)
