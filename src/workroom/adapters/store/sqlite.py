"""The store on one SQLite file: what ``workroom serve`` uses when it is told of nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from workroom.adapters.store import migrations
from workroom.adapters.store.sql_store import SqlStore
from workroom.adapters.store.sqlite_access import SqliteAccess
from workroom.adapters.store.work import seconds


class SqliteStore(SqlStore):
    """``SqlStore`` on one file.

    Open it on the event loop that will use it. ``busy_timeout`` is in seconds; ``most_appends`` and
    ``most_bytes`` bound one transaction; ``express=False`` writes statement by statement.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        readers: int = 4,
        busy_timeout: float = 2.0,
        most_appends: int = 1_000,
        most_bytes: int = 8 * 2**20,
        express: bool = True,
        clock: Callable[[], int] = seconds,
    ) -> None:
        self._path = Path(path)
        access = SqliteAccess(
            self._path,
            readers=readers,
            busy_timeout=busy_timeout,
            most_appends=most_appends,
            most_bytes=most_bytes,
            express=express,
        )
        super().__init__(access, clock)

    async def version(self) -> str | None:
        """The last migration that was run there; None where there is no database of ours.

        It need not be open, and no file is made.
        """
        return await asyncio.to_thread(self._version)

    def _version(self) -> str | None:
        if not self._path.exists():
            return None
        try:
            return migrations.current(f"sqlite:///{self._path}")
        except DatabaseError:  # opening it says what is wrong
            return None
