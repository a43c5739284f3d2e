"""Where logs end, remembered by the one who writes them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from workroom.adapters.store import queries
from workroom.adapters.store.batch import NO_ROOM, Head
from workroom.ids import RoomId

_MOST: Final = 50_000
"""Rooms remembered; then it begins anew (about 10 MB)."""


class KnownHeads:
    """The heads of rooms that were written lately, asked of the database only once.

    SQLite counts the transactions of others (``data_version``), so what is remembered is good for as
    long as that count stands still. Ask only inside a transaction that holds the write lock.
    """

    def __init__(self) -> None:
        self._known: dict[RoomId, Head] = {}
        self._version: int | None = None

    def of(self, connection: Connection, rooms: Collection[RoomId]) -> dict[RoomId, Head]:
        """The heads of these rooms, among others; whoever appends keeps the dict up to date."""
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        if version != self._version or len(self._known) > _MOST:
            self._known.clear()
            self._version = version
        unknown = [room for room in rooms if room not in self._known]
        if unknown:
            found = queries.heads(connection, unknown)
            for room in unknown:
                self._known[room] = found.get(room, NO_ROOM)
        return self._known

    def forget(self) -> None:
        """Ask again: a transaction was undone, or the connection is another one."""
        self._known.clear()
        self._version = None
