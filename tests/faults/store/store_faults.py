"""Ways to hurt a database file, and what must hold afterwards."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.ports.store_kit import append, outcome
from workroom.adapters.store import SqliteStore
from workroom.errors import Unavailable
from workroom.ids import RoomId
from workroom.ports.store import Append, Appended, NotStored

PATIENCE = 60.0
"""Seconds after which a store that ought to have recovered counts as broken."""


@contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """Every write to a file fails in this process, as on a full disk.

    Python ignores SIGXFSZ, so the write itself gives an error.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else holds the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def overwrite(path: Path, offset: int, junk: bytes) -> None:
    """Put ``junk`` into a file, as a bad disk or a wrong program would.

    Another process does it: closing a file here would let go of SQLite's locks on it.
    """
    subprocess.run(
        ["dd", f"of={path}", "bs=1", f"seek={offset}", "conv=notrunc", "status=none"],
        input=junk,
        check=True,
    )


async def refusal(store: SqliteStore, one: Append) -> str:
    """The message with which an append is not stored."""
    result = await outcome(store, one)
    assert isinstance(result, NotStored), result
    assert isinstance(result.error, Unavailable)
    assert "SQL" not in result.error.message
    assert "INSERT" not in result.error.message
    return result.error.message


async def recovers(store: SqliteStore, room: RoomId, head: int) -> None:
    """The next entry is stored, without a restart, as soon as the cause has gone."""
    deadline = time.monotonic() + PATIENCE
    result = await outcome(store, append(room, head))
    while isinstance(result, NotStored):
        assert time.monotonic() < deadline, result
        result = await outcome(store, append(room, head))
    assert result == Appended(head + 1)
    await store.check()
    assert await store.verify() == []
