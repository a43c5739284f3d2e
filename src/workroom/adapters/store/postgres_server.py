"""One PostgreSQL database: how it is connected to, and brought up to date."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar
from weakref import WeakSet

import asyncpg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from workroom.adapters.store import migrations
from workroom.adapters.store import postgres_faults as faults
from workroom.core.values import value
from workroom.errors import Misconfigured

T = TypeVar("T")

_OLDEST: Final = 14
"""The first version of PostgreSQL that will do."""
_GOODBYE: Final = 1.0
"""Seconds that closing a connection may take."""
_GLANCE: Final = 0.05
"""Seconds between two attempts to get into the queue of a Unix socket."""
_MIGRATING: Final = text("SELECT pg_advisory_xact_lock(8028637531416875381)")
"""Any number that no other program uses on the same database: one server migrates at a time."""


@value
class Patience:
    """How long a transaction may take, in seconds, until everybody is told that it failed."""

    connecting: float = 5.0
    answering: float = 5.0
    """One statement, with all waiting."""
    locked: float = 4.0
    """Waiting for another node's transaction. More than ``idling``, which ends such a one."""
    idling: float = 2.0
    """Between two statements: the server lets go of what a stopped or vanished node holds."""
    doubting: float = 5.0
    """Looking whether a commit happened whose answer was lost."""


class PostgresServer:
    """A database at a URL, as libpq spells it."""

    def __init__(self, url: str, name: str, patience: Patience) -> None:
        self._url = url
        self.name = name
        """For people to read: without the password."""
        self.patience = patience
        self._made: WeakSet[asyncpg.Connection[Any]] = WeakSet()

    def pool(self, size: int) -> AsyncEngine:
        """An engine with up to ``size`` connections, made when they are needed."""
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            hide_parameters=True,
            pool_size=size,
            max_overflow=0,
            pool_timeout=self.patience.answering,
        )

    async def prepare(self) -> None:
        """Bring the tables up to date, making them when there are none.

        Raises Misconfigured when the database cannot be used, or is of a newer Workroom;
        Unavailable when it cannot be reached.
        """
        async with self.patiently() as connection:
            self._require_version(connection)
            if await connection.run_sync(migrations.current_revision) != migrations.HEAD:
                await connection.execute(_MIGRATING)
                await connection.run_sync(migrations.upgrade_connection)

    async def patiently_do(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction of its own that may take hours. Raises as ``prepare``."""
        async with self.patiently() as connection:
            return await connection.run_sync(work)

    @contextlib.asynccontextmanager
    async def patiently(self) -> AsyncIterator[AsyncConnection]:
        """A transaction without limits of time."""
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect_patiently,
            poolclass=NullPool,
            hide_parameters=True,
        )
        try:
            async with engine.begin() as connection:
                yield connection
        except Exception as error:
            if faults.is_fault(error) or isinstance(error, DBAPIError):
                raise faults.refusal(error, self.name) from error
            raise
        finally:
            await engine.dispose()

    async def _connect(self) -> asyncpg.Connection[Any]:
        patience = self.patience
        return await self._connected(
            patience.answering,
            lock_timeout=_milliseconds(patience.locked),
            statement_timeout=_milliseconds(patience.answering),
            idle_in_transaction_session_timeout=_milliseconds(patience.idling),
        )

    async def _connect_patiently(self) -> asyncpg.Connection[Any]:
        return await self._connected(None)

    async def _connected(
        self, command_timeout: float | None, **limits: str
    ) -> asyncpg.Connection[Any]:
        settings = {
            "application_name": "workroom",
            "default_transaction_isolation": "read committed",
            "synchronous_commit": "on",
            "jit": "off",  # it takes longer than any statement of ours
            **limits,
        }
        try:
            async with asyncio.timeout(self.patience.connecting):
                made = await self._let_in(command_timeout, settings)
        except ValueError:  # also asyncpg's own: its text may hold parts of the address
            raise Misconfigured(f"{self.name} is no address of a database") from None
        self._made.add(made)
        return made

    async def _let_in(
        self, command_timeout: float | None, settings: dict[str, str]
    ) -> asyncpg.Connection[Any]:
        while True:
            try:
                return await asyncpg.connect(
                    self._url,
                    timeout=self.patience.connecting,
                    command_timeout=command_timeout,
                    server_settings=settings,
                )
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
                if not _queue_was_full(error):
                    raise
            await asyncio.sleep(_GLANCE)

    async def hang_up(self) -> None:
        """Say goodbye on every connection; a server that does not answer is not waited for."""
        goodbyes = [made.close(timeout=_GOODBYE) for made in list(self._made)]
        await asyncio.gather(*goodbyes, return_exceptions=True)

    def _require_version(self, connection: AsyncConnection) -> None:
        version, *_ = connection.dialect.server_version_info or (0,)
        if int(version) < _OLDEST:
            raise Misconfigured(
                f"{self.name} runs PostgreSQL {version}; Workroom needs {_OLDEST} or later"
            )


async def let_go_if_lost(connection: AsyncConnection, error: BaseException) -> None:
    """Never use a connection again of which nobody knows what it is at, and say no goodbye."""
    if faults.is_lost(error) and not connection.closed:
        with contextlib.suppress(Exception):
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            if driver is not None:
                driver.terminate()
            await connection.invalidate()


def _queue_was_full(error: BaseException | None) -> bool:
    """Whether a server on a Unix socket had no room for one more who waits to be let in.

    The system says so at once (EAGAIN). asyncio takes that for a connection under way, and finds
    that there is none (ENOTCONN) when it writes to it.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.EAGAIN, errno.ENOTCONN}:
            return True
        error = error.__cause__ or error.__context__
    return False


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
