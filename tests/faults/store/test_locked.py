"""The write lock is held by somebody else: a bounded wait, a clear refusal, and on again (F9)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.store.store_faults import locked, recovers, refusal
from tests.ports.store_kit import ESSAY, append, new_user, outcome, outcomes
from workroom.adapters.store import SqliteStore
from workroom.errors import Unavailable
from workroom.ids import essay_room
from workroom.ports.store import NotStored

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("released", flush=True)
"""


async def test_an_append_is_refused_after_a_bounded_wait(store: SqliteStore, path: Path) -> None:
    await outcome(store, append())

    with locked(path):
        begin = time.monotonic()
        assert "locked by another process" in await refusal(store, append(expected=1))
        assert 0.2 < time.monotonic() - begin < 20

    await recovers(store, ESSAY, 1)


async def test_those_who_queue_behind_wait_no_longer_than_the_first(path: Path) -> None:
    store = SqliteStore(path, busy_timeout=0.3, most_appends=1)
    await store.open()
    with locked(path):
        begin = time.monotonic()
        results = await outcomes(store, [append(essay_room(n)) for n in range(1, 101)])
        assert time.monotonic() - begin < 20  # one by one it would be 30 seconds
    await store.close()

    assert {type(each) for each in results} == {NotStored}


async def test_reading_does_not_wait_for_the_lock(store: SqliteStore, path: Path) -> None:
    await outcome(store, append())

    with locked(path):
        room = await store.load(ESSAY)
        await store.check()

    assert room is not None
    assert room.seq == 1


async def test_accounts_are_refused_and_served_again(store: SqliteStore, path: Path) -> None:
    with locked(path), pytest.raises(Unavailable, match="locked"):
        await store.create_user(new_user("emma"))

    assert (await store.create_user(new_user("emma"))).username == "emma"


async def test_a_lock_that_is_let_go_in_time_costs_only_the_wait(path: Path) -> None:
    store = SqliteStore(path, busy_timeout=30)
    await store.open()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        waiting = asyncio.ensure_future(outcome(store, append()))
        await asyncio.sleep(0)
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        result = await waiting
        assert not isinstance(result, NotStored)
    await store.close()


async def test_a_new_file_that_somebody_holds_is_not_opened_and_says_why(path: Path) -> None:
    with locked(path), pytest.raises(Unavailable, match="locked"):
        await SqliteStore(path, busy_timeout=0.1).open()

    store = SqliteStore(path)
    await store.open()
    await recovers(store, ESSAY, 0)
    await store.close()


async def test_a_file_with_tables_is_opened_while_somebody_writes(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    await store.close()

    with locked(path):
        await store.open()
        assert await store.load(ESSAY) is None
    await store.close()
