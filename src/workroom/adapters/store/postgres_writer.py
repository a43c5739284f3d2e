"""The group commit on PostgreSQL: one connection, one transaction for everything that waits.

While a transaction is on its way the next one gathers. Each locks the heads of its rooms, in an
order that all nodes keep to, compares them with what each append expects, and writes what is good
with one statement: there and back four times, however many appends there are.

- An append is answered ``Appended`` only after COMMIT was answered. When that answer is lost, the
  number of the transaction tells what became of it: nobody guesses.
- When the database fails, everything that waits is told so. The next append tries anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from workroom.adapters.store import batch_queries
from workroom.adapters.store import postgres_faults as faults
from workroom.adapters.store.batch import BrokenLines, answer_key, collect, judge
from workroom.adapters.store.postgres_server import PostgresServer, let_go_if_lost
from workroom.adapters.store.work import CLOSED, Done, Pending, deliver
from workroom.errors import Unavailable
from workroom.ports.store import Append, Appended, AppendResult, NotStored

_MOST_ATTEMPTS: Final = 4
"""Times that a transaction is begun because it met others."""
_LONGEST_PAUSE: Final = 2.0
"""Seconds between attempts to get a new connection, at most."""
_GLANCE: Final = 0.05
"""Seconds between two looks at what became of a transaction."""

_NUMBER: Final = text("SELECT CAST(pg_current_xact_id() AS text)")
_FATE: Final = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
_NEVER_WAS: Final = "22023"
"""What PostgreSQL says of a number that it has not given yet: it was set back since."""
_NOBODY_KNOWS: Final = (
    "The database was lost while it stored this, and it is not known yet whether it did;"
    " send it again with the same request_id"
)


class PostgresWriter:
    """All that this node appends passes through here, in order."""

    def __init__(self, server: PostgresServer, *, most_appends: int, most_bytes: int) -> None:
        self._server = server
        self._most_appends = most_appends
        self._most_bytes = most_bytes
        self._waiting: deque[Pending] = deque()
        self._wake = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._pool: AsyncEngine | None = None
        self._broken = BrokenLines()
        self._connection: AsyncConnection | None = None
        self._pause = 0.0
        self._retry_at = float("-inf")
        self.fault: Unavailable | None = None
        """Why the last transaction failed; None when it did not."""

    # ---- for those who append ---------------------------------------------------------------

    def start(self) -> None:
        """Begin to serve, on the running loop."""
        self._pool = self._server.pool(1)
        self._serving = asyncio.create_task(self._serve(), name="workroom-writer")

    def append(self, append: Append, done: Done) -> None:
        """Queue an append; ``done`` is called later, on the loop."""
        if self._serving is None:
            asyncio.get_running_loop().call_soon(done, NotStored(Unavailable(CLOSED)))
            return
        self._waiting.append(Pending(append, done))
        self._wake.set()

    async def stop(self) -> None:
        """Store what waits, then end. Harmless twice."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        self._wake.set()
        await serving
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        if self._pool is not None:
            await self._pool.dispose()

    # ---- the task ---------------------------------------------------------------------------

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting or self._serving is not None:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                items = self._take()
                results = await self._carry_out([item.append for item in items])
                self._broken.note([item.append for item in items], results)
                outcomes = [(i.done, result) for i, result in zip(items, results, strict=True)]
                if self.fault is not None:
                    # Those behind would each wait as long for the same server.
                    outcomes += [item.fail(self.fault) for item in self._waiting]
                    for item in self._waiting:
                        self._broken.break_off(item.append)
                    self._waiting.clear()
                deliver(loop, outcomes)

    def _take(self) -> list[Pending]:
        """All that waits, within the bounds of one transaction."""
        items: list[Pending] = []
        size = 0
        while self._waiting and len(items) < self._most_appends and size < self._most_bytes:
            items.append(self._waiting.popleft())
            size += items[-1].weight
        return items

    async def _carry_out(self, appends: Sequence[Append]) -> list[AppendResult]:
        """Store all together; one with a value that cannot be stored must not hurt the others."""
        try:
            results = await self._store(appends)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            is_fault = faults.is_fault(error)
            if len(appends) > 1 and not is_fault:
                return await self._one_by_one(appends)
            reason = faults.unavailable(error)
            self.fault = reason if is_fault else None
            return [NotStored(reason)] * len(appends)
        self.fault = None
        return results

    async def _one_by_one(self, appends: Sequence[Append]) -> list[AppendResult]:
        results: list[AppendResult] = []
        self.fault = None
        for append in appends:
            stored = await self._carry_out([append]) if self.fault is None else []
            results += stored or [NotStored(self.fault or Unavailable(CLOSED))]
        return results

    async def _store(self, appends: Sequence[Append]) -> list[AppendResult]:
        """As often as it takes. Raises what stands against it in the end: nothing is stored."""
        attempts, look = _MOST_ATTEMPTS, False
        while True:
            attempts -= 1
            try:
                return await self._transact(appends, look=look)
            except Exception as error:
                if faults.met_another(error):
                    look = True
                elif faults.is_stale(error):
                    attempts = min(attempts, 1)
                else:
                    raise
                if attempts <= 0:
                    raise

    async def _transact(self, appends: Sequence[Append], *, look: bool) -> list[AppendResult]:
        connection = await self._connected()
        try:
            broken = self._broken
            work = partial(_judge_and_store, appends=appends, look=look, broken=broken)
            results, number = await connection.run_sync(work)
            if number is None:
                await connection.rollback()
                return results
        except Exception as error:
            await self._undo(connection, error)
            raise
        try:
            await connection.commit()
        except Exception as error:
            await self._disconnect(connection, ConnectionError())
            if not await self._was_committed(number):
                raise faults.unavailable(error) from error
        return results

    # ---- the connection ---------------------------------------------------------------------

    async def _connected(self) -> AsyncConnection:
        """The connection, or a new one, but not too often while there is none to be had."""
        if self._connection is not None:
            return self._connection
        now = asyncio.get_running_loop().time()
        if self.fault is not None and now < self._retry_at:
            raise self.fault
        self._pause = min(max(self._pause * 2, 0.1), _LONGEST_PAUSE)
        self._retry_at = now + self._pause
        connection = await self._connect()
        self._pause = 0.0
        return connection

    async def _connect(self) -> AsyncConnection:
        if self._pool is None:
            raise Unavailable(CLOSED)
        self._connection = await self._pool.connect()
        return self._connection

    async def _undo(self, connection: AsyncConnection, error: Exception) -> None:
        """Roll back; a connection that cannot even do that is of no more use."""
        if not faults.is_lost(error):
            try:
                await connection.rollback()
            except Exception as failure:  # noqa: BLE001 - whatever it is
                error = failure
            else:
                return
        await self._disconnect(connection, error)

    async def _disconnect(self, connection: AsyncConnection, error: Exception) -> None:
        self._connection = None
        await let_go_if_lost(connection, error)
        with suppress(Exception):
            await connection.close()

    async def _was_committed(self, number: str) -> bool:
        """What became of a transaction whose COMMIT was not answered. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._server.patience.doubting
        while loop.time() < deadline:
            try:
                async with asyncio.timeout_at(deadline):
                    connection = self._connection or await self._connect()
                    fate = (await connection.execute(_FATE, {"number": number})).scalar()
                    await connection.rollback()
            except Exception as error:  # noqa: BLE001 - it is asked again
                if faults.sqlstate(error) == _NEVER_WAS:
                    return False
                if self._connection is not None:
                    await self._disconnect(self._connection, ConnectionError())
            else:
                if fate in {"committed", "aborted"}:
                    return bool(fate == "committed")
            await asyncio.sleep(_GLANCE)
        raise Unavailable(_NOBODY_KNOWS)


def _judge_and_store(
    connection: Connection, appends: Sequence[Append], *, look: bool, broken: BrokenLines
) -> tuple[list[AppendResult], str | None]:
    """Judge all against what is stored, then write the good ones together.

    With the number of the transaction, if there is anything to commit. Requests that were answered
    before are rare: they are looked for when asked, or when something else is not as expected.
    Storing an answer twice fails.
    """
    heads = batch_queries.heads(connection, {append.room for append in appends}, lock=True)
    results = [] if look else judge(appends, dict(heads), {}, broken.copy())
    if look or not all(isinstance(result, Appended) for result in results):
        keys = {key for append in appends if (key := answer_key(append)) is not None}
        answers = batch_queries.answers_given(connection, keys)
        results = judge(appends, heads, answers, broken)
    pairs = zip(appends, results, strict=True)
    good = [append for append, result in pairs if isinstance(result, Appended)]
    if not good:
        return results, None
    batch_queries.store_batch(connection, collect(good))
    number: str = connection.execute(_NUMBER).scalar_one()
    return results, number
