"""How coroutines reach a PostgreSQL database: from a pool, and appends through the writer.

Nothing here has a thread of its own: the driver never blocks, and what is done with the rows takes
less time than handing them to another thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from workroom.adapters.store import postgres_faults as faults
from workroom.adapters.store.postgres_server import PostgresServer, let_go_if_lost
from workroom.adapters.store.postgres_writer import PostgresWriter
from workroom.adapters.store.work import CLOSED, Done
from workroom.errors import Unavailable
from workroom.ports.store import Append

T = TypeVar("T")

_MOST_ATTEMPTS: Final = 8
"""Times that work is begun because it met other transactions."""


class PostgresAccess:
    """One database. Every coroutine raises Unavailable when it fails, or is closed."""

    def __init__(
        self, server: PostgresServer, *, connections: int, most_appends: int, most_bytes: int
    ) -> None:
        self._server = server
        self._connections = connections
        self._pool: AsyncEngine | None = None
        self._reading: AsyncEngine | None = None
        self.writer = PostgresWriter(server, most_appends=most_appends, most_bytes=most_bytes)

    @property
    def fault(self) -> Unavailable | None:
        """Why the last group commit failed."""
        return self.writer.fault

    async def open(self) -> None:
        """Raises Misconfigured or Unavailable, as ``PostgresServer.prepare``."""
        await self._server.prepare()
        self._pool = self._server.pool(self._connections)
        self._reading = self._pool.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self.writer.start()

    async def close(self) -> None:
        """Store what waits, and let go of every connection. Harmless twice."""
        await self.writer.stop()
        pool, self._pool, self._reading = self._pool, None, None
        if pool is not None:
            await pool.dispose()

    def append(self, append: Append, done: Done) -> None:
        """As the port says."""
        self.writer.append(append, done)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one snapshot, with all that was acknowledged before."""
        if self._reading is None:
            raise Unavailable(CLOSED)
        return await _carry_out(self._reading, work, _read)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; returns once it is durable.

        Where it met another transaction it is run again, and sees what that one did.
        """
        if self._pool is None:
            raise Unavailable(CLOSED)
        return await _carry_out(self._pool, work, _write)


Way = Callable[[AsyncConnection, Callable[[Connection], T]], Awaitable[T]]


async def _carry_out(engine: AsyncEngine, work: Callable[[Connection], T], way: Way[T]) -> T:
    attempts = _MOST_ATTEMPTS
    while True:
        attempts -= 1
        try:
            async with engine.connect() as connection:
                return await way(connection, work)
        except Exception as error:
            if faults.is_stale(error):
                attempts = min(attempts, 1)  # the pool has given up all that are as old
            elif not faults.met_another(error):
                raise _told(error) from error
            if attempts <= 0:
                raise faults.unavailable(error) from error


async def _read(connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
    try:
        return await connection.run_sync(work)
    except Exception as error:
        await let_go_if_lost(connection, error)
        raise


async def _write(connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
    result = await _read(connection, work)
    try:
        await connection.commit()
    except Exception as error:
        await let_go_if_lost(connection, error)
        raise faults.unavailable(error) from error  # it may have been done: not again
    return result


def _told(error: Exception) -> Exception:
    """What the caller gets to see of it."""
    if faults.is_fault(error) or isinstance(error, DBAPIError):
        return faults.unavailable(error)
    return error
