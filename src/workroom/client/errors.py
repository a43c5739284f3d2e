"""What goes wrong, as a client sees it: every error has a stable ``code``.

What the server refuses raises the class of ``workroom.errors`` that has the code (``Conflict``,
``TooLarge``, ``RateLimited``, …), for both kinds of rooms alike. The rest is here:

    WorkroomError
    ├── PermissionDenied     not allowed; also for a room that does not exist
    ├── NoToken              there is none that the server accepts
    ├── Closed               the room, or the client, is closed
    ├── ConnectionRefused    the server does not want this client back
    ├── QueueFull            too much waits for an answer already
    ├── TimedOut             no answer in time
    └── OtherRefusal         a code that this client does not know
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from workroom.errors import (
    Conflict,
    InvalidJson,
    InvalidMessage,
    NotSubscribed,
    RateLimited,
    Refused,
    Retry,
    TooLarge,
    Unavailable,
    UnknownAction,
    WorkroomError,
)


class PermissionDenied(WorkroomError):
    """The user may not do this, or there is no such room: nobody is told which."""

    code = "permission_denied"


class NoToken(WorkroomError):
    """There is no token that the server accepts."""

    code = "no_token"


class Closed(WorkroomError):
    """The room is closed: by this program, or because it was deleted."""

    code = "closed"


class ConnectionRefused(WorkroomError):
    """The server does not want this client back; the message has its words."""

    code = "connection_refused"


class QueueFull(WorkroomError):
    """Too many requests wait for an answer already."""

    code = "queue_full"
    retry = Retry.LATER


class TimedOut(WorkroomError, TimeoutError):
    """No answer in time. What had been sent may be done all the same; it is never done twice."""

    code = "timed_out"
    retry = Retry.LATER


class OtherRefusal(Refused):
    """The server has a reason that this client does not know; ``code`` is its own."""

    def __init__(self, message: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.code = code  # type: ignore[misc] # of this one error, not of its class


_CLASSES: Final[Mapping[str, type[WorkroomError]]] = MappingProxyType(
    {
        each.code: each
        for each in (
            PermissionDenied,
            NoToken,
            Closed,
            ConnectionRefused,
            QueueFull,
            TimedOut,
            InvalidJson,
            InvalidMessage,
            UnknownAction,
            NotSubscribed,
            TooLarge,
            RateLimited,
            Conflict,
            Unavailable,
        )
    }
    | {
        # The same things by the names that one of the formats has for them.
        "authentication_failed": NoToken,
        "not_in_project": NotSubscribed,
        "server_restarting": Unavailable,
        "unknown_type": UnknownAction,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done, as data."""

    code: str
    message: str
    retry: Retry = Retry.NEVER
    """Requests that may succeed ``later`` are made again by the client itself."""
    retry_after: float | None = None
    """Seconds, when known."""

    def error(self) -> WorkroomError:
        """The same as an exception, a new one for each that it is raised to."""
        found = _CLASSES.get(self.code)
        if found is None:
            return OtherRefusal(self.message, code=self.code, retry_after=self.retry_after)
        return found(self.message, retry_after=self.retry_after)


CLOSED_HERE: Final = Problem("closed", "closed here")
"""What was asked of a room, or of a client, that was closed by the program."""
