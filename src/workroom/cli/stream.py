"""A room followed for ``workroom watch``: the client's events, and what ends it in plain words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from workroom.cli.failures import Complaint
from workroom.client import (
    Closed,
    Essay,
    NoToken,
    PermissionDenied,
    Project,
    WorkroomError,
    connect,
    events,
)
from workroom.ids import RoomId, RoomKind

Room = Essay | Project
Event = events.EssayEvent | events.ProjectEvent


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch, where, and as whom."""

    url: str
    room: RoomId
    token: Callable[[], Awaitable[str]]
    """A token that is good now; the same one again when there is no other."""


async def follow(watch: Watch, told: Callable[[Room, Event], None]) -> None:
    """Let ``told`` hear of everything until cancelled, or until the room is deleted.

    Raises Complaint when coming back would not help: a bad token, or no right to view.
    """
    title = f"{watch.room.kind} {watch.room.number}"
    await watch.token()  # what is wrong with the command is said at once, and not tried again
    try:
        async with connect(watch.url, token=watch.token, timeout=None) as workroom:
            is_essay = watch.room.kind is RoomKind.ESSAY
            room: Room = (workroom.essay if is_essay else workroom.project)(watch.room.number)
            async for event in room:
                told(room, event)
    except Closed as error:
        raise Complaint(f"{title} is gone: {error}") from None
    except NoToken:
        message = "the token is not good, or no longer; get another one with `workroom token`"
        raise Complaint(message, field="WORKROOM_TOKEN") from None
    except PermissionDenied:
        raise Complaint(f"there is no {title}, or this user may not view it") from None
    except WorkroomError as error:
        raise Complaint(str(error)) from None
    except ValueError as error:
        raise Complaint(str(error), field="WORKROOM_URL") from None
