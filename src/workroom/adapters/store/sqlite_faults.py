"""What a failure of SQLite means for the people who wait, in words they can act on."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from workroom.errors import Unavailable, WorkroomError

_MESSAGES: Final[dict[int, str]] = {
    sqlite3.SQLITE_FULL: "The disk that holds the database is full",
    sqlite3.SQLITE_BUSY: "The database is locked by another process",
    sqlite3.SQLITE_LOCKED: "The database is locked by another process",
    sqlite3.SQLITE_IOERR: "The disk reported an error while the database was being used",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged; run 'workroom db check'",
    sqlite3.SQLITE_NOTADB: "The database file is damaged or is not a database",
    sqlite3.SQLITE_READONLY: "The database file cannot be written; check its owner and mode",
    sqlite3.SQLITE_PERM: "The database file cannot be written; check its owner and mode",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened",
    sqlite3.SQLITE_NOMEM: "The server is out of memory",
}
_RETRY_AFTER: Final = 2.0
"""Seconds that a client should wait before it tries again."""

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PASSING: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code, or None when the error is not the database's own."""
    if isinstance(error, DBAPIError):
        return primary_code(error.orig) if error.orig is not None else None
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_fault(error: BaseException) -> bool:
    """Whether the database failed as a whole, not just one statement with its values."""
    code = primary_code(error)
    return code is not None and code not in (
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_ERROR,
    )


def needs_new_connection(error: BaseException) -> bool:
    """Whether the connection must not be trusted any more.

    After a failed fsync nobody knows what reached the disk, and trying again on the same
    connection may report success for pages that the kernel has dropped.
    """
    code = primary_code(error)
    return code is not None and code not in _PASSING


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is no longer what SQLite wrote."""
    return primary_code(error) in _DAMAGED


def unavailable(error: BaseException) -> Unavailable:
    """The error to raise or hand back; never with an SQL text in it."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, WorkroomError):
        return Unavailable(error.message)
    code = primary_code(error)
    message = (
        _MESSAGES.get(code, "The database failed")
        if code is not None
        else ("The change could not be stored")
    )
    return Unavailable(message, retry_after=_RETRY_AFTER)
