"""How coroutines reach one SQLite file: reads on a few threads, writes through the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from workroom.adapters.store import sqlite_faults as faults
from workroom.adapters.store.sqlite_file import SqliteFile
from workroom.adapters.store.sqlite_writer import Writer
from workroom.adapters.store.work import CLOSED, Done
from workroom.errors import Unavailable
from workroom.ports.store import Append

T = TypeVar("T")


class SqliteAccess:
    """One open file. Every coroutine raises Unavailable when the file fails, or is closed."""

    def __init__(
        self,
        path: Path,
        *,
        readers: int,
        busy_timeout: float,
        most_appends: int,
        most_bytes: int,
        express: bool,
    ) -> None:
        self._file = SqliteFile(path, readers=readers, busy_timeout=busy_timeout)
        self._readers = readers
        self._pool: ThreadPoolExecutor | None = None
        self.writer = Writer(
            self._file, most_appends=most_appends, most_bytes=most_bytes, express=express
        )

    @property
    def fault(self) -> Unavailable | None:
        """Why the last transaction failed."""
        return self.writer.fault

    async def open(self) -> None:
        """Raises Misconfigured or Unavailable, as ``SqliteFile.open``."""
        loop = asyncio.get_running_loop()
        connection = await loop.run_in_executor(None, self._file.open)
        self._pool = ThreadPoolExecutor(self._readers, thread_name_prefix="workroom-reader")
        self.writer.start(loop, connection)

    async def close(self) -> None:
        """Store what waits, let running reads end, and close the file. Harmless twice."""
        await self.writer.stop()
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._release, pool)

    def _release(self, pool: ThreadPoolExecutor) -> None:
        pool.shutdown()
        self._file.close()
        # Last, because the last connection that may write folds the write-ahead log into the file.
        self.writer.disconnect()

    def append(self, append: Append, done: Done) -> None:
        """As the port says."""
        self.writer.append(append, done)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction of the writer; returns once it is durable."""
        return await self.writer.run(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a reading connection: one snapshot, with all that was acknowledged."""
        if self._pool is None:
            raise Unavailable(CLOSED)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._file.read() as connection:
                try:
                    return work(connection)
                except Exception as error:
                    if faults.needs_new_connection(error):
                        connection.invalidate()
                    if faults.is_damage(error):
                        self.writer.distrust(error)
                    raise
        except Exception as error:
            if faults.is_fault(error):
                raise faults.unavailable(error) from error
            raise
