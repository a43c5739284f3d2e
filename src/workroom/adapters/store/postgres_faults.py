"""What a failure of PostgreSQL means for the people who wait, in words they can act on.

Nothing of a driver's error is repeated: it may hold SQL, values, or where the server is.
"""

from __future__ import annotations

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

from workroom.errors import Misconfigured, Unavailable, WorkroomError

_RETRY_AFTER: Final = 2.0
"""Seconds that a client should wait before it tries again."""

_MESSAGES: Final[dict[str, str]] = {
    "25006": "The database takes no changes: it is read-only",
    "42501": "The database user may not do this; check its rights",
    "53100": "The disk that holds the database is full",
    "53200": "The database server is out of memory",
    "53300": "The database has no free connection",
    "55P03": "The database is locked by another program",
    "57014": "The database did not answer in time",
    "57P03": "The database is starting or stopping",
}
"""By SQLSTATE."""
_UNREACHABLE: Final = "The database cannot be reached"
_SLOW: Final = "The database did not answer in time"

_SETTINGS: Final[dict[str, str]] = {
    "28000": "The database does not let this user in",
    "28P01": "The database does not take this password",
    "3D000": "There is no such database on the server",
    "42501": "The database user may not make the tables",
    "3F000": "There is no schema to make the tables in",
}
"""What the operator has to change, when it comes up at the start."""

_VALUES: Final = ("21", "22", "23", "42", "54")
"""Classes of failures that are about one statement with its values."""
_MET: Final = frozenset({"23505", "40001", "40P01"})
"""Two transactions met: the one that is told so finds out more when it tries again."""
_LOST: Final = frozenset({"25P03", "25P04", "57P01", "57P02", "57P03", "57P04", "57P05"})


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code for the failure; None when it came from somewhere else."""
    if isinstance(error, DBAPIError):
        return None if error.orig is None else sqlstate(error.orig)
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, or nobody knows what it is at."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error)
    if state is not None:
        return state in _LOST or state.startswith("08")
    if isinstance(error, DBAPIError):
        return error.orig is not None and is_lost(error.orig)
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # else a value that cannot be sent
    # With OSError comes TimeoutError. A farewell that it did not expect confuses the driver.
    return isinstance(error, OSError | asyncpg.InternalClientError)


def is_fault(error: BaseException) -> bool:
    """Whether the database failed as a whole, not just one statement with its values."""
    if is_lost(error) or isinstance(error, Unavailable | NoConnectionInTime):
        return True
    state = sqlstate(error)
    if state is None or state in _MET:
        return False
    return state == "42501" or not state.startswith(_VALUES)


def is_stale(error: BaseException) -> bool:
    """Whether a connection had gone before it was used: another one may do. Nothing was stored."""
    return is_lost(error) and not isinstance(error, OSError)


def met_another(error: BaseException) -> bool:
    """Whether the same work, done again, would see what another transaction did meanwhile."""
    return sqlstate(error) in _MET


def unavailable(error: BaseException) -> Unavailable:
    """The error to raise or hand back."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, WorkroomError):
        return Unavailable(error.message)
    state = sqlstate(error)
    if state in _MESSAGES:
        message = _MESSAGES[state]
    elif isinstance(error, TimeoutError | NoConnectionInTime):
        message = _SLOW
    elif is_lost(error):
        message = _UNREACHABLE
    elif is_fault(error):
        message = "The database failed"
    else:
        message = "The change could not be stored"
    return Unavailable(message, retry_after=_RETRY_AFTER)


def refusal(error: BaseException, name: str) -> Misconfigured | Unavailable:
    """Why a database cannot be opened. ``name``: the database, for people to read."""
    message = _SETTINGS.get(sqlstate(error) or "")
    if message is not None:
        return Misconfigured(f"{message} ({name})")
    reason = unavailable(error)
    return Unavailable(f"{reason.message} ({name})", retry_after=reason.retry_after)
