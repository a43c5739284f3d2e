"""The group commit on PostgreSQL: one connection, one transaction for everything that waits.

While a transaction is on its way the next one gathers. Each locks the heads of its rooms, in an
order that all nodes keep to, compares them with what each append expects, and writes what is good
with one statement: there and back four times, however many appends there are.

- Where another node came first, those who are behind are told what they lack while the head is
  still locked, and what they make of it goes into the same transaction. So a room that is overtaken
  does not lose again to the same busy neighbour, unless it lacks more than ``MOST_LACKING`` entries
  or the transaction has to be begun anew.
- An append is answered ``Appended`` only after COMMIT was answered. When that answer is lost, the
  number of the transaction tells what became of it: nobody guesses.
- When the database fails, everything that waits is told so. The next append tries anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from workroom.adapters.store import batch_queries, queries
from workroom.adapters.store import postgres_faults as faults
from workroom.adapters.store.batch import (
    BrokenLines,
    Head,
    answer_key,
    collect,
    judge,
    overtaken,
)
from workroom.adapters.store.postgres_server import PostgresServer, let_go_if_lost
from workroom.adapters.store.work import CLOSED, Done, Pending, deliver
from workroom.core.entries import Record
from workroom.core.values import value
from workroom.errors import NOBODY_KNOWS, Unavailable
from workroom.ids import RoomId
from workroom.ports.store import Append, Appended, AppendResult, Behind, NotStored

_MOST_ATTEMPTS: Final = 4
"""Times that a transaction is begun because it met others."""
_LONGEST_PAUSE: Final = 2.0
"""Seconds between attempts to get a new connection, at most."""
MOST_LACKING: Final = 100
"""Entries by which a room may be behind and still be waited for; more it reads without a lock."""
_GLANCE: Final = 0.05
"""Seconds between two looks at what became of a transaction."""

_NUMBER: Final = text("SELECT CAST(pg_current_xact_id() AS text)")
_FATE: Final = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
_NEVER_WAS: Final = "22023"
"""What PostgreSQL says of a number that it has not given yet: it was set back since."""
_LOST: Final = f"The database was lost while it stored this, and {NOBODY_KNOWS}"


_Answered = tuple[Pending, AppendResult]


@value
class _Judging:
    """How appends are judged in one transaction."""

    broken: BrokenLines
    look: bool
    """Also whether they were answered before."""
    wait: bool
    """Those that another node overtook may be decided again in the same transaction."""


@value
class _Lacking:
    """What other nodes appended to rooms that are locked now, and where all logs end."""

    records: Mapping[RoomId, tuple[Record, ...]]
    heads: dict[RoomId, Head]


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
        await self._server.hang_up()
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
                outcomes = [(i.done, result) for i, result in await self._carry_out(items)]
                if self.fault is not None:
                    # Those behind would each wait as long for the same server.
                    behind = self._refused(self._waiting, self.fault)
                    outcomes += [(item.done, result) for item, result in behind]
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

    async def _carry_out(self, items: list[Pending], *, wait: bool = True) -> list[_Answered]:
        """Store all together; one with a value that cannot be stored must not hurt the others.

        ``items`` may change if ``wait``: some are answered on the way, others come in.
        """
        try:
            results = await self._store(items, wait=wait)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            is_fault = faults.is_fault(error)
            if len(items) > 1 and not is_fault:
                return await self._one_by_one(items)
            reason = faults.unavailable(error)
            self.fault = reason if is_fault else None
            return self._refused(items, reason)
        self.fault = None
        return list(zip(items, results, strict=True))

    def _refused(self, items: Sequence[Pending], reason: Unavailable) -> list[_Answered]:
        for item in items:
            self._broken.break_off(item.append)
        return [(item, NotStored(reason)) for item in items]

    async def _one_by_one(self, items: Sequence[Pending]) -> list[_Answered]:
        answered: list[_Answered] = []
        self.fault = None
        for at, item in enumerate(items):
            # Nobody is waited for: what stands before it in the same log has to be answered first.
            answered += await self._carry_out([item], wait=False)
            if self.fault is not None:
                return answered + self._refused(items[at + 1 :], self.fault)
        return answered

    async def _store(self, items: list[Pending], *, wait: bool) -> list[AppendResult]:
        """As often as it takes. Raises what stands against it in the end: nothing is stored."""
        attempts, look = _MOST_ATTEMPTS, False
        while True:
            attempts -= 1
            try:
                return await self._transact(items, look=look, wait=wait)
            except Exception as error:
                wait = False  # a second time: perhaps it was that which took too long
                if faults.met_another(error):
                    look = True
                elif faults.is_stale(error):
                    attempts = min(attempts, 1)
                else:
                    raise
                if attempts <= 0:
                    raise

    async def _transact(
        self, items: list[Pending], *, look: bool, wait: bool
    ) -> list[AppendResult]:
        connection = await self._connected()
        try:
            appends = [item.append for item in items]
            how = _Judging(self._broken, look, wait)
            work = partial(_judge_and_store, appends=appends, how=how)
            results, number, lacking = await connection.run_sync(work)
            if lacking is not None:
                results = self._decided_again(items, results, lacking)
                good = _good([item.append for item in items], results)
                number = await connection.run_sync(_store_good, good)
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

    def _decided_again(
        self, items: list[Pending], results: Sequence[AppendResult], lacking: _Lacking
    ) -> list[AppendResult]:
        """Answer those that are behind while nobody else can append, and take what they make of it.

        ``items`` are then those that are left and those that came of it, with the results returned.
        """
        records, heads = lacking.records, lacking.heads
        built_on_them = self._withdraw(records)
        more = judge([item.append for item in built_on_them], heads, {}, self._broken)
        told, kept = [], []
        for item, result in zip((*items, *built_on_them), (*results, *more), strict=True):
            missed = records.get(item.append.room)
            if missed and isinstance(result, Behind):
                told.append((item.done, replace(result, records=missed)))
            else:
                kept.append((item, result))
        deliver(asyncio.get_running_loop(), told)
        again = self._withdraw(records)
        items[:] = [*(item for item, _ in kept), *again]
        judged = judge([item.append for item in again], heads, {}, self._broken)
        return [*(result for _, result in kept), *judged]

    def _withdraw(self, rooms: Collection[RoomId]) -> list[Pending]:
        """Those that wait to be appended to these rooms; they wait no longer."""
        found = [item for item in self._waiting if item.append.room in rooms]
        if found:
            self._waiting = deque(i for i in self._waiting if i.append.room not in rooms)
        return found

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
        raise Unavailable(_LOST)


def _judge_and_store(
    connection: Connection, appends: Sequence[Append], how: _Judging
) -> tuple[list[AppendResult], str | None, _Lacking | None]:
    """Judge all against what is stored, then write the good ones together.

    With the number of the transaction, if there is anything to commit; or, where those that
    another node overtook are waited for, with nothing written yet and what they lack. Requests that
    were answered before are rare: they are looked for when asked, or when something else is not as
    expected. Storing an answer twice fails.
    """
    heads = batch_queries.heads(connection, {append.room for append in appends}, lock=True)
    results = [] if how.look else judge(appends, dict(heads), {}, how.broken.copy())
    if how.look or not all(isinstance(result, Appended) for result in results):
        keys = {key for append in appends if (key := answer_key(append)) is not None}
        answers = batch_queries.answers_given(connection, keys)
        results = judge(appends, heads, answers, how.broken)
        if how.wait and (found := _records(connection, overtaken(appends, results), heads)):
            return results, None, _Lacking(found, heads)
    return results, _store_good(connection, _good(appends, results)), None


def _records(
    connection: Connection, behind: Mapping[RoomId, int], heads: Mapping[RoomId, Head]
) -> dict[RoomId, tuple[Record, ...]]:
    return {
        room: tuple(queries.records(connection, room, expected, MOST_LACKING))
        for room, expected in behind.items()
        if heads[room].seq - expected <= MOST_LACKING
    }


def _good(appends: Sequence[Append], results: Sequence[AppendResult]) -> list[Append]:
    pairs = zip(appends, results, strict=True)
    return [append for append, result in pairs if isinstance(result, Appended)]


def _store_good(connection: Connection, good: Sequence[Append]) -> str | None:
    """Returns the number of the transaction; None when there is nothing to store."""
    if not good:
        return None
    batch_queries.store_batch(connection, collect(good))
    number: str = connection.execute(_NUMBER).scalar_one()
    return number
