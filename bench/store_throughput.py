"""How many entries a second a store makes durable, and how soon each is acknowledged.

    python -m bench.store_throughput [--entries 50000] [--outstanding 1 20 200] [--answers]

An asyncio loop keeps ``outstanding`` appends of one 300-byte entry waiting, each in a room of its
own. The stores take turns in the same run, on the same disk: raw ``sqlite3`` that commits each
insert by itself, the SQLite store (WAL, ``synchronous=FULL``), and the PostgreSQL store
(``synchronous_commit=on``) on a server on a Unix socket. CPU is that of this process, not of the
database server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from itertools import count
from pathlib import Path

from tests.postgres_kit import postgres

from workroom.adapters.store import SqliteStore
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.sql_store import SqlStore
from workroom.core.entries import Record
from workroom.ids import RoomId, UserId, essay_room
from workroom.ports.store import Answer, Append, Appended, AppendResult, RoomSummary

BODY, UPDATE = b"x" * 150, os.urandom(150)
SUMMARY = RoomSummary("An essay", UserId(1), 1, 2, UserId(1), {"word_count": 600, "prompt": ""})


def commit_each(path: Path, entries: int) -> float:
    """Inserts a second when each is its own transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE log (room, seq, body, yjs, PRIMARY KEY (room, seq))")
    begin = time.perf_counter()
    for number in range(entries):
        connection.execute("INSERT INTO log VALUES (?, ?, ?, ?)", (1, number, BODY, UPDATE))
    return entries / (time.perf_counter() - begin)


class Load:
    """A closed loop: each answer sets off the next append in the same room."""

    def __init__(self, store: SqlStore, rooms: int, entries: int, *, answers: bool) -> None:
        self.store = store
        self.seqs = [0] * rooms
        self.left = entries
        self.answers = answers
        self.requests = count()
        self.waiting = 0
        self.latencies: list[float] = []
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, room: int) -> None:
        """Append one entry; the room must have none that waits."""
        self.left -= 1
        self.waiting += 1
        begin = time.perf_counter()
        seq = self.seqs[room]
        record = Record(seq + 1, "edited", UserId(1 + room), 1, BODY, UPDATE)
        answer = None
        if self.answers:
            answer = Answer(UserId(1 + room), f"r{next(self.requests)}", 1, b"{}")
        append = Append(self.address(room), seq, (record,), SUMMARY, answer=answer)

        def done(result: AppendResult) -> None:
            assert isinstance(result, Appended), result
            self.latencies.append(time.perf_counter() - begin)
            self.seqs[room] = result.seq
            self.waiting -= 1
            if self.left > 0:
                self.start(room)
            elif not self.waiting:
                self.finished.set_result(None)

        self.store.append(append, done)

    def address(self, room: int) -> RoomId:
        """The address of a room by its place."""
        return essay_room(room + 1)


async def measure(store: SqlStore, outstanding: int, options: argparse.Namespace) -> str:
    """One line of figures for the store."""
    await store.open()
    entries = min(options.entries, outstanding * 1_000)
    load = Load(store, outstanding, entries, answers=options.answers)
    begin, busy = time.perf_counter(), time.process_time()
    for room in range(outstanding):
        load.start(room)
    await load.finished
    seconds, busy = time.perf_counter() - begin, time.process_time() - busy
    await store.close()
    times = sorted(load.latencies)
    p50, p99 = (times[int(len(times) * share)] * 1e3 for share in (0.5, 0.99))
    cpu = busy / len(times) * 1e6
    return (
        f"{len(times) / seconds:8.0f} entries/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"
        f"   {cpu:5.0f} us CPU each"
    )


def main() -> None:
    """Measure all, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=50_000, help="of each store, at most")
    parser.add_argument("--outstanding", type=int, nargs="+", default=[1, 20, 200])
    parser.add_argument("--answers", action="store_true", help="remember an answer with each")
    options = parser.parse_args()
    import uvloop

    with tempfile.TemporaryDirectory() as folder, postgres(durable=True) as server:
        rate = commit_each(Path(folder, "baseline.db"), 2_000)
        print(f"commit each            {rate:8.0f} entries/s")
        for outstanding in options.outstanding:
            name = asyncio.run(server.new_database())
            stores = {
                "SQLite": SqliteStore(Path(folder, f"{outstanding}.db")),
                "PostgreSQL": PostgresStore(server.url(name), name),
            }
            for label, store in stores.items():
                line = uvloop.run(measure(store, outstanding, options))
                print(f"{label:<10}  {outstanding:>5} at once {line}")


if __name__ == "__main__":
    main()
