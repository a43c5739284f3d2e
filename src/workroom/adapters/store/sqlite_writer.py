"""The group commit on a SQLite file: one thread that owns the only writing connection.

It takes everything that waits, stores it in one transaction, and hands all results back to the
event loop at once. While a transaction waits for the disk the next one gathers, so the slower the
disk, the larger the groups. Beside a fast disk they would be small, and for every one of them the
two threads wake each other and contend for Python's global lock: so a turn of the loop hands over
once what it has, and not before ``_PACE`` is over while the writer is at something else.

- An append is answered ``Appended`` only after COMMIT has returned.
- When the database fails, everything that waited for that transaction is told so, and nothing of it
  is stored. The next transaction tries anew: no restart is needed once the cause has gone.
- After a failure that leaves the connection in doubt (a failed fsync, a damaged page) it is closed,
  and nothing is acknowledged before a new one has proved that it can write and sync.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from workroom.adapters.store import batch_queries
from workroom.adapters.store import sqlite_faults as faults
from workroom.adapters.store.batch import Batch, BrokenLines, all_good, answer_key, collect, judge
from workroom.adapters.store.sqlite_express import NotExpress
from workroom.adapters.store.work import CLOSED, Done, Item, Job, Outcome, Pending, deliver
from workroom.errors import Unavailable
from workroom.ports.store import Append, Appended, AppendResult, NotStored

T = TypeVar("T")

_LONGEST_PAUSE: Final = 5.0
"""Seconds between attempts to get a new connection, at most."""
_PACE: Final = 0.002
"""Seconds between two hand-overs to a writer that is not idle.

With 5 ms, an edit costs 3 % less CPU, and half of them are confirmed 3 ms later.
"""


class Database(Protocol):
    """How the writer gets at its file."""

    def connect(self) -> Connection:
        """A connection that may write. Raises the driver's error, or Unavailable."""

    def express(self, connection: Connection, batch: Batch) -> None:
        """Store a batch in a transaction of its own. Raises NotExpress when that is not possible.

        Whatever it raises, nothing was stored.
        """

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that holds the write lock."""

    def commit(self, connection: Connection) -> None:
        """End it, durably. Raises when there is none any more."""

    def prove(self, connection: Connection, error: BaseException) -> None:
        """Write and sync something after ``error``. Raises like ``connect``."""

    def watch(self) -> None:
        """Raises Unavailable when the file is no longer where it was."""


class Writer:
    """Everything that is written to one SQLite file passes through here, in order."""

    def __init__(
        self, database: Database, *, most_appends: int, most_bytes: int, express: bool
    ) -> None:
        self._database = database
        self._express = express
        self._most_appends = most_appends
        self._most_bytes = most_bytes
        self._queue: SimpleQueue[list[Item] | None] = SimpleQueue()
        """From the loop's thread to the writer's; None is the end."""
        self._broken = BrokenLines()
        self._taken: deque[Item] = deque()
        """Of the writer's thread: what it has from the queue and has not carried out."""
        self._open = False
        """Whether the queue's end has not come yet."""
        self._gathered: list[Item] = []
        """Of the loop's thread, as the next three: what is to be handed over."""
        self._arranged = False
        self._handed_at = float("-inf")
        self._outstanding = 0
        """Items handed over and not answered."""
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._doubt: BaseException | None = None
        self._rumour: BaseException | None = None
        self._pause = 0.0
        self._retry_at = 0.0
        self.fault: Unavailable | None = None
        """Why the last transaction failed; None when it did not."""

    # On the event loop's thread

    def start(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        """Begin to serve, on a connection from ``Database.connect``."""
        self._loop = loop
        self._connection = connection
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="workroom-writer", daemon=True)
        self._thread.start()

    def append(self, append: Append, done: Done) -> None:
        """Queue an append; ``done`` is called on the loop."""
        if self._thread is None:
            asyncio.get_running_loop().call_soon(done, NotStored(Unavailable(CLOSED)))
            return
        self._gather(Pending(append, done))

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` inside the next transaction; returns once that is committed."""
        if self._thread is None:
            raise Unavailable(CLOSED)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._gather(Job(work, future))
        return await future

    def _gather(self, item: Item) -> None:
        self._gathered.append(item)
        loop = self._loop
        if self._arranged or loop is None:
            return
        self._arranged = True
        due = self._handed_at + _PACE
        if self._outstanding and due > loop.time():
            loop.call_at(due, self._hand_over, loop)
        else:
            loop.call_soon(self._hand_over, loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        items, self._gathered = self._gathered, []
        self._arranged = False
        if items:
            self._handed_at = loop.time()
            self._outstanding += len(items)
            self._queue.put(items)

    def _answer(self, loop: asyncio.AbstractEventLoop, outcomes: list[Outcome]) -> None:
        self._outstanding -= len(outcomes)
        deliver(loop, outcomes)

    async def stop(self) -> None:
        """Store what waits, then end. The connection is closed last, see ``disconnect``."""
        thread, self._thread = self._thread, None
        if thread is not None:
            loop = asyncio.get_running_loop()
            self._hand_over(loop)
            self._queue.put(None)
            await loop.run_in_executor(None, thread.join)

    def distrust(self, error: BaseException) -> None:
        """A reader found damage: check before anything is acknowledged again. From any thread."""
        self._rumour = error

    def disconnect(self) -> None:
        """Close the connection of a writer that has stopped."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    # On the writer's own thread

    def _serve(self) -> None:
        going = True
        while going:
            items, going = self._take()
            if items:
                outcomes = self._carry_out(items)
                if self.fault is not None and going:
                    # Those behind would each wait as long for the same lock or disk.
                    more, going = self._take_all()
                    outcomes += self._fail_all(more, self.fault)
                self._hand_back(outcomes)

    def _take(self) -> tuple[list[Item], bool]:
        """Wait for work, then take all there is within the bounds; False after the last."""
        going = self._receive(wait=not self._taken)
        items: list[Item] = []
        size = 0
        while self._taken and len(items) < self._most_appends and size < self._most_bytes:
            items.append(self._taken.popleft())
            size += items[-1].weight
        return items, going or bool(self._taken)

    def _take_all(self) -> tuple[list[Item], bool]:
        """All there is, at once and without bounds; False after the last."""
        going = self._receive(wait=False)
        items = list(self._taken)
        self._taken.clear()
        return items, going

    def _receive(self, *, wait: bool) -> bool:
        """Empty the queue, waiting for something to be in it; False once its end has come."""
        while self._open and (wait or not self._queue.empty()):
            items = self._queue.get()
            self._open = items is not None
            self._taken += items or ()
            wait = False
        return self._open

    def _carry_out(self, items: Sequence[Item]) -> list[Outcome]:
        """One transaction; on failure everybody in it is told, and nothing is stored."""
        try:
            connection = self._trusted_connection()
            outcomes = self._transact(connection, items)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            return self._failed(items, error)
        self.fault = None
        return outcomes

    def _failed(self, items: Sequence[Item], error: BaseException) -> list[Outcome]:
        self.fault = reason = faults.unavailable(error)
        self._roll_back()
        if faults.needs_new_connection(error):
            self._doubt = error
            self.disconnect()
            if not faults.is_damage(error):
                # The failed commit may lie in the log, complete: overwrite it before saying "not
                # stored". If this fails as well, the next transaction tries again.
                with contextlib.suppress(Exception):
                    self._trusted_connection()
        return self._fail_all(items, reason)

    def _fail_all(self, items: Sequence[Item], reason: Unavailable) -> list[Outcome]:
        for item in items:
            if isinstance(item, Pending):
                self._broken.break_off(item.append)
        return [item.fail(reason) for item in items]

    def _roll_back(self) -> None:
        if self._connection is not None:
            try:
                self._connection.rollback()
            except Exception as error:  # noqa: BLE001 - then the connection is of no more use
                self._doubt = error
                self.disconnect()

    def _trusted_connection(self) -> Connection:
        """The connection, or after a doubtful failure a new one that has proved itself."""
        self._database.watch()
        rumour, self._rumour = self._rumour, None
        if rumour is not None:
            self._doubt = rumour
            self.disconnect()
        if self._connection is not None:
            return self._connection
        if time.monotonic() < self._retry_at and self.fault is not None:
            raise self.fault
        self._pause = min(max(self._pause * 2, 0.1), _LONGEST_PAUSE)
        self._retry_at = time.monotonic() + self._pause
        connection = self._database.connect()
        try:
            if self._doubt is not None:
                self._database.prove(connection, self._doubt)
        except Exception:
            connection.close()
            raise
        self._connection, self._doubt = connection, None
        self._pause = self._retry_at = 0.0
        return connection

    def _transact(self, connection: Connection, items: Sequence[Item]) -> list[Outcome]:
        pending = [item for item in items if isinstance(item, Pending)]
        jobs = [item for item in items if isinstance(item, Job)]
        appends = [item.append for item in pending]
        results = None if jobs else self._store_express(connection, appends)
        if results is None:
            self._database.begin(connection)
            results = self._store(connection, appends)
            job_outcomes = [_run_job(connection, job) for job in jobs]
            self._database.commit(connection)
        else:
            job_outcomes = []
        done = [(item.done, result) for item, result in zip(pending, results, strict=True)]
        return [*done, *job_outcomes]

    def _store_express(
        self, connection: Connection, appends: Sequence[Append]
    ) -> list[AppendResult] | None:
        """The results if all are good, as they nearly always are; None when nothing was stored."""
        results = all_good(appends, self._broken) if self._express else None
        if results is not None:
            try:
                self._database.express(connection, collect(appends))
            except NotExpress:
                return None
        return results

    def _store(self, connection: Connection, appends: Sequence[Append]) -> list[AppendResult]:
        """The long way: what each append becomes, whatever becomes of the others."""
        if not appends:
            return []
        try:
            return _judge_and_store(connection, appends, self._broken)
        except Exception as error:
            if faults.is_fault(error):
                raise
        # One append holds a value that cannot be stored: the others must not suffer.
        connection.rollback()
        self._database.begin(connection)
        return [_store_alone(connection, append, self._broken) for append in appends]

    def _hand_back(self, outcomes: list[Outcome]) -> None:
        """One wake-up of the loop for the whole transaction."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._answer, self._loop, outcomes)


def _judge_and_store(
    connection: Connection, appends: Sequence[Append], broken: BrokenLines
) -> list[AppendResult]:
    """Judge all against what is stored, then write the good ones together."""
    heads = batch_queries.heads(connection, {append.room for append in appends})
    keys = {key for append in appends if (key := answer_key(append)) is not None}
    results = judge(appends, heads, batch_queries.answers_given(connection, keys), broken)
    pairs = zip(appends, results, strict=True)
    good = [append for append, result in pairs if isinstance(result, Appended)]
    if good:
        batch_queries.store_batch(connection, collect(good))
    return results


def _store_alone(connection: Connection, append: Append, broken: BrokenLines) -> AppendResult:
    """One append in a savepoint; what cannot be stored leaves no trace."""
    try:
        with connection.begin_nested():
            return _judge_and_store(connection, [append], broken)[0]
    except Exception as error:
        if faults.is_fault(error):
            raise
        broken.break_off(append)
        return NotStored(faults.unavailable(error))


def _run_job(connection: Connection, job: Job) -> Outcome:
    """Run one job; if it fails, what it wrote is undone and the transaction goes on."""
    try:
        with connection.begin_nested():
            return job.succeed, job.work(connection)
    except Exception as error:
        if faults.is_fault(error):
            raise
        return job.refuse, faults.unavailable(error) if isinstance(error, DBAPIError) else error
