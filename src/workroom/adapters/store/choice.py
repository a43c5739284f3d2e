"""Which store it is: a SQLite file, or a database on a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workroom.adapters.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from workroom.adapters.store.postgres import PostgresStore


def make_store(
    path: Path | None, url: str, name: str, *, connections: int
) -> SqliteStore | PostgresStore:
    """The store in the file at ``path``, or at ``url`` where that is None; not open yet.

    The driver of PostgreSQL is loaded only where it is needed.
    """
    if path is not None:
        return SqliteStore(path)
    from workroom.adapters.store.postgres import PostgresStore

    return PostgresStore(url, name, connections=connections)
