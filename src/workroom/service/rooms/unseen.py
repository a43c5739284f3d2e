"""What is said of a room that is not there or that one may not see: nobody can tell which."""

from __future__ import annotations

from workroom.core.permissions import Verb
from workroom.errors import NotFound, PermissionDenied
from workroom.ids import RoomId


def not_found(room: RoomId) -> NotFound:
    """For who asks by REST."""
    return NotFound(f"there is no {room.kind} {room.number} that you may see")


def denied(room: RoomId) -> PermissionDenied:
    """For who asks on a connection."""
    message = f"You don't have permission to {Verb.VIEW.value} this {room.kind.value}"
    return PermissionDenied(message, verb=Verb.VIEW.value)
