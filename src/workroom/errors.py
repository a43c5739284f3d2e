"""The one tree of errors. Codes are data: each class has a ``code`` and says whether to retry.

    WorkroomError
    ├── Refused                  the peer asked for something that cannot be done as asked
    │   ├── InvalidJson          not JSON at all
    │   ├── InvalidMessage       JSON of the wrong shape; ``field`` names the place
    │   ├── UnknownAction        no such action or type
    │   ├── NotSubscribed        the connection is not in that room
    │   ├── TooLarge             over a size limit; ``field`` names what
    │   ├── UnsupportedFile      a file that is none of the kinds that are taken
    │   ├── DamagedFile          a file that cannot be decoded
    │   ├── TooManyPixels        a picture over its limit
    │   ├── TooLong              a recording over its limit
    │   ├── TooComplex           a file that takes too much memory or time to decode
    │   ├── QuotaExceeded        a file for which its project has no room left
    │   ├── RateLimited          over a rate limit; ``retry_after`` says when to come back
    │   ├── Conflict             what is there already contradicts the request
    │   └── NotFound             no such thing, or not one that this user may see
    ├── PermissionDenied         known user, not allowed; ``verb`` says what was tried
    ├── NotAuthenticated         no valid token
    ├── Unavailable              the server cannot do it now: store down, shutting down
    ├── NoWorker                 there is nobody to carry a task out
    └── Misconfigured            the operator has to change a setting before the server starts
        └── AlreadyServed        another server has the database

A code here is the inner, lower-case one. Dialects and REST spell it their own way.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Self


class Retry(StrEnum):
    """What the asker should do with the same request."""

    NEVER = "never"
    LATER = "later"
    WITH_NEW_TOKEN = "with_new_token"  # noqa: S105 - not a token, but what to do


class WorkroomError(Exception):
    """Root of all errors that Workroom raises on purpose.

    ``message`` is written for the person who reads it and never holds a token or an SQL text.
    """

    code: ClassVar[str] = "error"
    retry: ClassVar[Retry] = Retry.NEVER

    def __init__(
        self, message: str, *, field: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        """Dotted place in the request, as ``feedback.highlight_start``."""
        self.retry_after = retry_after
        """Seconds, when known."""

    def bare(self) -> Self:
        """This error, for somebody to be told, without how it came about.

        That leads to all who were at work then, with what they held, and so to whoever holds the
        error: the request, with a text of a megabyte, would stay until the collector found it.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


class Refused(WorkroomError):
    """The request cannot be carried out as it stands."""

    code = "refused"


class InvalidJson(Refused):
    """The message is not JSON."""

    code = "invalid_json"


class InvalidMessage(Refused):
    """The message is JSON, but not of a documented shape."""

    code = "invalid_message"


class UnknownAction(Refused):
    """The message names an action (or type) that this server does not have."""

    code = "unknown_action"


class NotSubscribed(Refused):
    """The connection has not joined the room that the message names."""

    code = "not_subscribed"

    @classmethod
    def to(cls, kind: str, number: int, *, field: str) -> NotSubscribed:
        """To that room, in the words of its wire format."""
        joined = "subscribed to" if kind == "essay" else "joined"
        return cls(f"this connection has not {joined} {kind} {number}", field=field)


class TooLarge(Refused):
    """A message, a text or a value is over its size limit."""

    code = "too_large"


class UnsupportedFile(Refused):
    """The file is none of the kinds that are taken, whatever its name says."""

    code = "unsupported_file"


class DamagedFile(Refused):
    """The file begins well, and cannot be decoded to its end."""

    code = "damaged_file"


class TooManyPixels(Refused):
    """A picture, all frames together, is over its limit."""

    code = "too_many_pixels"


class TooLong(Refused):
    """A recording is over its limit."""

    code = "too_long"


class TooComplex(Refused):
    """Decoding the file takes more memory or time than a file may."""

    code = "too_complex"


class QuotaExceeded(Refused):
    """All files of a project together would be over their limit."""

    code = "quota_exceeded"


class RateLimited(Refused):
    """Too many requests; the same one is welcome after ``retry_after`` seconds."""

    code = "rate_limited"
    retry = Retry.LATER


class Conflict(Refused):
    """The request contradicts what is already there."""

    code = "conflict"


class NotFound(Refused):
    """There is no such thing, or the user may not know of it."""

    code = "not_found"


class PermissionDenied(WorkroomError):
    """The user is known, and not allowed to do this. ``verb`` is view, comment, edit or manage."""

    code = "insufficient_permissions"

    def __init__(self, message: str, *, verb: str, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.verb = verb


class NotAuthenticated(WorkroomError):
    """No token, or one that is malformed, expired, revoked or wrongly signed."""

    code = "authentication_failed"
    retry = Retry.WITH_NEW_TOKEN

    def __init__(self, message: str = "Invalid or expired token") -> None:
        super().__init__(message)


NOBODY_KNOWS: Final = "it is not known yet whether it did; send it again with the same request_id"
"""In the message of an ``Unavailable`` that cannot promise that nothing was changed."""


class Unavailable(WorkroomError):
    """The server cannot do this now; nothing was changed, and nothing was confirmed."""

    code = "unavailable"
    retry = Retry.LATER

    @classmethod
    def by_mistake(cls) -> Self:
        """What whoever asked is told when the mistake is ours; it has to be logged beside."""
        return cls("the server made a mistake; it has been logged")


class NoWorker(WorkroomError):
    """There is nobody to carry a task out: no broker, or no worker on it."""

    code = "no_worker"
    retry = Retry.LATER


class Misconfigured(WorkroomError):
    """The server must not start like this; the message says which setting to change."""

    code = "misconfigured"


class AlreadyServed(Misconfigured):
    """Another server has the database; ``message`` says which, and the server's process id."""

    code = "already_served"
