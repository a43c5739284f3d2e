"""A log of a million entries: what starting, resuming, checking, backing up and restoring take.

    python -m bench.long_log [--entries 1000000]

A tenth of the entries are of one essay, the others of a thousand; each room has a checkpoint 100
entries before its end, as a room at work has. On SQLite and on PostgreSQL, one after the other:
the start of ``workroom serve`` until it answers, the question that a client's return asks (entries
after a number), loading a room, ``db check``, a backup while the database is open, and a restore
of it into an empty place, of which the heads of all logs and the last entries must be the same.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from tests.postgres_kit import Postgres, postgres

from bench.machine import cpu_seconds
from workroom.adapters.store import SqliteStore
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.sql_store import SqlStore
from workroom.core.entries import Record
from workroom.core.people import Right
from workroom.ids import RoomId, UserId, essay_room
from workroom.ports.store import Append, Appended, AppendResult, Checkpoint, RoomSummary

ROOMS: Final = 1_000
AT_ONCE: Final = 1_000
"""Entries of one append."""
BEHIND: Final = 100
"""Entries that somebody missed who comes back, and that follow the last checkpoint."""
LONG: Final = essay_room(1)
STARTS: Final = 5
"""On each of both databases, by turns."""
BODY, UPDATE = b"x" * 150, os.urandom(150)
SUMMARY = RoomSummary("An essay", UserId(1), 1, 2, UserId(1), {"word_count": 600, "prompt": ""})


def lengths(entries: int) -> dict[RoomId, int]:
    """How long the log of each room is to be."""
    long = entries // 10
    short = (entries - long) // ROOMS
    return {LONG: long, **{essay_room(number): short for number in range(2, ROOMS + 2)}}


def appends(room: RoomId, length: int) -> Iterator[Append]:
    """The whole log of a room, in pieces."""
    for start in range(0, length, AT_ONCE):
        end = min(start + AT_ONCE, length)
        records = tuple(
            Record(seq, "text_edited", UserId(1 + seq % 3), seq, BODY, UPDATE)
            for seq in range(start + 1, end + 1)
        )
        last = end == length
        yield Append(
            room,
            start,
            records,
            SUMMARY,
            rights={UserId(1): Right.OWNER} if start == 0 else None,
            checkpoint=Checkpoint(length - BEHIND, b"s" * 8_000) if last else None,
        )


async def stored(store: SqlStore, append: Append) -> None:
    """Append, and wait until it is durable."""
    done: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
    store.append(append, done.set_result)
    assert isinstance(await done, Appended)


async def fill(store: SqlStore, entries: int) -> None:
    for room, length in lengths(entries).items():
        for append in appends(room, length):
            await stored(store, append)


async def timed(times: int, ask: Callable[[], Awaitable[Any]]) -> str:
    """Median and 99th percentile, in milliseconds, of a question asked one after the other."""
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        await ask()
        spent.append((time.perf_counter() - begin) * 1e3)
    spent.sort()
    return f"p50 {spent[len(spent) // 2]:6.2f} ms   p99 {spent[int(len(spent) * 0.99)]:6.2f} ms"


async def questions(store: SqlStore, entries: int) -> None:
    """What a busy server asks."""
    long = lengths(entries)[LONG]
    rooms = list(lengths(entries))
    asked: dict[str, Callable[[], Awaitable[Any]]] = {
        f"resume: {BEHIND} entries, long log": lambda: store.records(LONG, long - BEHIND, 1_000),
        "resume: 10 entries, long log": lambda: store.records(LONG, long - 10, 1_000),
        "load a room (long log)": lambda: store.load(LONG),
        "load a room (short log)": lambda: store.load(essay_room(500)),
        f"heads of {len(rooms):,} rooms": lambda: store.heads(rooms),
    }
    for name, ask in asked.items():
        print(f"  {name:<36} {await timed(200, ask)}")


def start_server(folder: Path, url: str) -> tuple[float, float]:
    """Start ``workroom serve`` on this database, and end it when it says that it is ready.

    The seconds that it took, and of these the processor's: the others are those of other programs.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "WORKROOM_DATABASE": url,
        "WORKROOM_DATA_DIR": str(folder / "data"),
        "WORKROOM_PORT": str(port),
        "WORKROOM_PROJECT_PORT": str(port),
        "WORKROOM_WORKER": "0",
    }
    command = [sys.executable, "-m", "workroom", "serve", "--log-level", "error"]
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment)
    try:
        while process.poll() is None:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                return time.perf_counter() - begin, cpu_seconds(process.pid)
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait(20)
    message = "the server did not start"
    raise RuntimeError(message)


@contextmanager
def taking(what: str) -> Iterator[None]:
    """Print how long the block took."""
    begin = time.perf_counter()
    yield
    print(f"  {what:<36} {time.perf_counter() - begin:8.2f} s", flush=True)


async def fingerprint(store: SqlStore, entries: int) -> tuple[object, object]:
    """What a restored database must have in common with the first."""
    await store.open()
    found = (
        await store.heads(list(lengths(entries))),
        await store.records(LONG, lengths(entries)[LONG] - BEHIND, BEHIND),
    )
    await store.close()
    return found


async def check(store: SqlStore) -> None:
    assert await store.verify() == []


async def measure(
    open_store: Callable[[str], SqlStore],
    places: tuple[str, str, str],
    copy: Callable[[str, str], None],
    url_of: Callable[[str], str],
    entries: int,
) -> None:
    """All of it, for one kind of database; ``copy`` backs one place up into the other."""
    first, second, empty = places
    store = open_store(first)
    await store.open()
    with taking(f"writing {entries:,} entries"):
        await fill(store, entries)
    await questions(store, entries)
    with taking("db check"):
        await check(store)
    copy(first, second)
    await store.close()
    assert await fingerprint(open_store(second), entries) == await fingerprint(store, entries)
    with tempfile.TemporaryDirectory() as folder:
        turns = [
            [start_server(Path(folder), url_of(place)) for place in (empty, first)]
            for _ in range(STARTS)
        ]
    for what, starts in zip(("empty", "full"), zip(*turns, strict=True), strict=True):
        took, spent = (statistics.median(each) for each in zip(*starts, strict=True))
        name = f"start to ready, {what} database"
        print(f"  {name:<36} {took:8.2f} s, {spent:.2f} s of CPU; best {min(starts)[0]:.2f} s")


def copy_file(first: str, second: str) -> None:
    """SQLite's own online backup, and a restore: a copy to where nothing was."""
    kept = f"{second}.backup"
    with (
        taking("backup"),
        closing(sqlite3.connect(first)) as source,
        closing(sqlite3.connect(kept)) as target,
    ):
        source.backup(target)
    with taking("restore"):
        shutil.copyfile(kept, second)
    print(f"  {'size':<36} {Path(second).stat().st_size / 2**20:8.0f} MiB")


def copy_database(server: Postgres) -> Callable[[str, str], None]:
    """``pg_dump`` and ``pg_restore``."""
    kept = server.folder / "backup"

    def copy(first: str, second: str) -> None:
        with taking("backup (pg_dump)"):
            to_file = f"--file={kept}"
            server.run("pg_dump", "--format=custom", to_file, f"--dbname={server.url(first)}")
        with taking("restore (pg_restore)"):
            server.run("pg_restore", f"--dbname={server.url(second)}", str(kept))
        asked = "SELECT pg_database_size(current_database())"
        size = server.run("psql", "-At", "-c", asked, server.url(first))
        print(f"  {'size':<36} {int(size) / 2**20:8.0f} MiB")

    return copy


def main() -> None:
    """Measure both, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    entries = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        places = (f"{folder}/first.db", f"{folder}/second.db", f"{folder}/empty.db")
        asyncio.run(measure(SqliteStore, places, copy_file, lambda p: f"sqlite:///{p}", entries))
    with postgres(durable=True) as server:
        print("PostgreSQL")
        first, second, empty = (asyncio.run(server.new_database()) for _ in range(3))
        asyncio.run(
            measure(
                lambda name: PostgresStore(server.url(name), name),
                (first, second, empty),
                copy_database(server),
                server.url,
                entries,
            )
        )


if __name__ == "__main__":
    main()
