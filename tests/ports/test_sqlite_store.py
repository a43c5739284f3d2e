"""The store on SQLite keeps every promise of the ports, and those of a file."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.ports.account_contract import AccountStoreContract
from tests.ports.sql_contract import Make, SqlStoreContract
from tests.ports.store_contract import RoomStoreContract
from tests.ports.store_kit import (
    ANA,
    ESSAY,
    Seconds,
    answer,
    append,
    new_user,
    outcome,
    outcomes,
    record,
    summary,
    titles,
)
from tests.ports.tasks_contract import TaskStoreContract
from workroom.adapters.store import SqliteStore
from workroom.adapters.store.sql_store import SqlStore
from workroom.errors import Unavailable
from workroom.ids import UserId, essay_room
from workroom.ports.store import Append, Appended, AppendResult, Checkpoint


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def make(path: Path, seconds: Seconds) -> Make:
    return lambda **options: SqliteStore(path, clock=seconds, **options)


@pytest.fixture
def strange() -> Append:
    return Append(essay_room(2), 0, (record(1, at=2**70),), answer=answer("r1"))


@pytest.fixture
async def store(make: Make) -> AsyncIterator[SqlStore]:
    made = make()
    await made.open()
    yield made
    await made.close()


class TestSqliteRooms(RoomStoreContract):
    pass


class TestSqliteTasks(TaskStoreContract):
    pass


class TestSqlite(SqlStoreContract):
    pass


class TestSqliteAccounts(AccountStoreContract):
    pass


class TestSqliteRoomsStatementByStatement(RoomStoreContract):
    @pytest.fixture
    async def store(self, path: Path) -> AsyncIterator[SqliteStore]:
        made = SqliteStore(path, express=False)
        await made.open()
        yield made
        await made.close()


async def test_the_file_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deep" / "workroom.db"
    store = SqliteStore(path)
    await store.open()
    await outcome(store, append())
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    await store.close()

    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_any_name_will_do_for_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a b#c?d%41&mode=ro 日本.db"
    store = SqliteStore(path)
    await store.open()
    assert await outcome(store, append()) == Appended(1)
    await store.close()

    assert path.stat().st_size > 0


async def test_closing_folds_the_log_in(store: SqliteStore, path: Path) -> None:
    await outcome(store, append())
    await store.close()

    assert {each.name for each in path.parent.iterdir()} == {path.name}


async def test_a_nul_in_a_text_is_kept(store: SqliteStore) -> None:
    whole = Append(ESSAY, 0, (record(1),), summary("a\0b"), answer=answer("r\0", b"\0"))

    assert await outcome(store, whole) == Appended(1)

    assert await titles(store, None) == ["a\0b"]
    assert await store.answer(ANA, "r\0") == b"\0"


async def test_a_job_that_fails_undoes_only_itself(store: SqliteStore) -> None:
    emma = store.create_user(new_user("emma"))
    strange = store.create_user(new_user("huge", id=UserId(2**70)))
    ids = store.new_ids("essay", 3)

    user, error, given = await asyncio.gather(emma, strange, ids, return_exceptions=True)

    assert isinstance(error, OverflowError)
    assert given == range(1, 4)
    assert await store.account_named("emma") is not None
    assert await store.account_named("huge") is None
    assert user


async def test_a_transaction_that_was_ended_under_way_counts_as_failed(
    store: SqliteStore,
) -> None:
    told: list[AppendResult] = []
    store.append(append(), told.append)
    with pytest.raises(Unavailable):
        await store._access.write(lambda connection: connection.exec_driver_sql("ROLLBACK"))

    (result,) = told
    room = await store.load(ESSAY)
    assert (room is not None) == isinstance(result, Appended)
    head = 0 if room is None else 1
    assert await outcome(store, append(expected=head)) == Appended(head + 1)


async def test_a_job_whose_caller_has_gone_is_harmless(store: SqliteStore) -> None:
    task = asyncio.ensure_future(store.new_ids("essay", 1))
    await asyncio.sleep(0)
    task.cancel()

    assert len(await store.new_ids("essay", 2)) == 2


async def test_what_a_turn_of_the_loop_appends_is_one_transaction(
    store: SqliteStore, path: Path
) -> None:
    before = _commits(path)
    assert len(await outcomes(store, [append(essay_room(n)) for n in range(1, 51)])) == 50
    assert _commits(path) == before + 1

    for number in range(1, 4):  # who waits for each answer has a transaction for each
        await outcome(store, append(expected=number))
    assert _commits(path) == before + 4


def _commits(path: Path) -> int:
    """Transactions in the write-ahead log: the frames that name a size of the database."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    page = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log), 24 + page)
    return sum(int.from_bytes(log[at + 4 : at + 8], "big") > 0 for at in frames)


async def test_another_process_may_write_meanwhile(store: SqliteStore, path: Path) -> None:
    program = f"""
import asyncio
from workroom.adapters.store import SqliteStore, queries
from workroom.adapters.store.sql_store import SqlStore
from workroom.core.people import Role
from workroom.ports.accounts import NewUser
async def main():
    store = SqliteStore({str(path)!r})
    await store.open()
    for number in range(20):
        await store.create_user(NewUser(username=f"u{{number}}", name="U", role=Role.STUDENT))
    await store.close()
asyncio.run(main())
"""
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    appended = 0
    while other.returncode is None:
        assert await outcome(store, append(expected=appended)) == Appended(appended + 1)
        appended += 1
        await asyncio.sleep(0)

    assert other.returncode == 0
    assert (await store.user_page(limit=1, offset=0)).total == 20
    assert await store.verify() == []


async def test_two_stores_that_open_a_new_file_at_once_agree(path: Path) -> None:
    stores = [SqliteStore(path) for _ in range(3)]
    await asyncio.gather(*(each.open() for each in stores))
    given = await asyncio.gather(*(each.new_ids("essay", 5) for each in stores))
    for each in stores:
        await each.close()

    assert sorted(number for part in given for number in part) == list(range(1, 16))


async def test_a_sound_store_has_no_findings(store: SqliteStore) -> None:
    await outcomes(store, [append(count=3, checkpoint=Checkpoint(2, b"")), append(essay_room(2))])
    await outcome(store, append(essay_room(2), 1, deletes_room=True))

    assert await store.verify() == []


async def test_gaps_strays_and_checkpoints_ahead_are_found(store: SqliteStore, path: Path) -> None:
    rooms = [essay_room(number) for number in range(1, 6)]
    await outcomes(store, [append(room, count=3) for room in rooms])
    with closing(sqlite3.connect(path)) as vandal, vandal:
        vandal.execute("DELETE FROM entries WHERE room_id = 1 AND seq = 2")
        vandal.execute("DELETE FROM entries WHERE room_id = 2")
        vandal.execute("DELETE FROM rooms WHERE room_id = 3")
        vandal.execute("INSERT INTO checkpoints VALUES ('essay', 4, 9, x'')")
        vandal.execute("INSERT INTO milestones VALUES ('essay', 4, 512, 1, x'', x'')")

    assert sorted(await store.verify()) == [
        "essay:1: the log should have 3 entries, it has 2, up to 3",
        "essay:2: the log should have 3 entries, it has 0, up to 0",
        "essay:3: there are entries, but no such room",
        "essay:4: the checkpoint at 9 is ahead of the log",
        "essay:4: the milestone at 512 is ahead of the log",
    ]


def test_opening_a_file_that_is_up_to_date_does_not_load_alembic(path: Path) -> None:
    program = f"""
import asyncio, sys
from workroom.adapters.store import SqliteStore, queries
from workroom.adapters.store.sql_store import SqlStore
async def main():
    for _ in range(2):
        store = SqliteStore({str(path)!r})
        await store.open()
        await store.close()
asyncio.run(main())
sys.exit("alembic" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
