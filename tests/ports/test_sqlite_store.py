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
from sqlalchemy import Connection

from tests.ports.account_contract import AccountStoreContract
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
    rights,
    summary,
    titles,
)
from tests.ports.tasks_contract import TaskStoreContract
from workroom.adapters.store import SqliteStore, queries
from workroom.core.people import Right
from workroom.errors import Unavailable
from workroom.ids import SessionId, UserId, essay_room
from workroom.ports.accounts import AccountStore
from workroom.ports.store import Append, Appended, AppendResult, Checkpoint, NotStored, RoomStore


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def store(path: Path, seconds: Seconds) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(path, clock=seconds)
    await made.open()
    yield made
    await made.close()


class TestSqliteRooms(RoomStoreContract):
    pass


class TestSqliteTasks(TaskStoreContract):
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


async def reopened(store: SqliteStore, path: Path) -> SqliteStore:
    """The same file in a new store, as after a restart."""
    await store.close()
    again = SqliteStore(path)
    await again.open()
    return again


async def test_it_is_what_the_ports_ask_for(store: SqliteStore) -> None:
    ports: tuple[RoomStore, AccountStore] = store, store
    assert ports


async def test_everything_survives_a_restart(store: SqliteStore, path: Path) -> None:
    emma = await store.create_user(new_user("emma", password_hash="$hash"))
    await store.open_session(SessionId("s"), emma.id, "first", 2_000_000_000)
    full = append(
        count=3,
        actor=emma.id,
        rights=rights(ana=Right.OWNER),
        answer=answer("r1", b"first"),
        checkpoint=Checkpoint(2, b"two"),
    )
    await outcome(store, full)
    before = await store.load(ESSAY)

    store = await reopened(store, path)
    try:
        assert await store.load(ESSAY) == before
        assert await titles(store, ANA) == ["Title"]
        assert await store.answer(ANA, "r1") == b"first"
        assert await store.sessions_of(emma.id) == ["s"]
        account = await store.account_named("emma")
        assert account is not None
        assert account.password_hash == "$hash"
        assert await outcome(store, append(expected=3)) == Appended(4)
    finally:
        await store.close()


async def test_ids_are_not_given_again_after_a_restart(store: SqliteStore, path: Path) -> None:
    given = [*await store.new_ids("essay", 3)]
    user = await store.create_user(new_user("ana"))

    store = await reopened(store, path)
    try:
        given += [*await store.new_ids("essay", 3)]
        assert given == [1, 2, 3, 4, 5, 6]
        assert (await store.create_user(new_user("ben"))).id != user.id
    finally:
        await store.close()


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


async def test_closing_stores_and_answers_what_was_handed_over(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    told: list[AppendResult] = []
    for expected in range(2_500):
        store.append(append(expected=expected), told.append)

    await store.close()

    assert told == [Appended(number + 1) for number in range(2_500)]
    assert {each.name for each in path.parent.iterdir()} == {path.name}  # the log was folded in


@pytest.mark.parametrize("opened", [False, True])
async def test_a_store_that_is_not_open_says_so(path: Path, *, opened: bool) -> None:
    store = SqliteStore(path)
    if opened:
        await store.open()
        await store.close()

    assert isinstance(await outcome(store, append()), NotStored)
    with pytest.raises(Unavailable):
        await store.load(ESSAY)
    with pytest.raises(Unavailable):
        await store.new_ids("essay", 1)
    with pytest.raises(Unavailable):
        await store.check()
    await store.close()


async def test_a_closed_store_can_be_opened_again(store: SqliteStore) -> None:
    await outcome(store, append())
    await store.close()
    await store.open()

    assert await outcome(store, append(expected=1)) == Appended(2)


async def test_a_value_that_cannot_be_stored_hurts_no_other_append(store: SqliteStore) -> None:
    strange = Append(essay_room(2), 0, (record(1, at=2**70),), answer=answer("r1"))

    results = await outcomes(
        store, [append(), strange, append(essay_room(2)), append(expected=1), append(expected=7)]
    )

    assert [type(each).__name__ for each in results] == [
        "Appended",
        "NotStored",
        "Appended",
        "Appended",
        "Behind",
    ]
    assert await store.answer(ANA, "r1") is None
    await store.check()


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


async def test_what_a_failing_job_had_written_is_undone(store: SqliteStore) -> None:
    def half_done(connection: Connection) -> None:
        queries.take_ids(connection, "essay", 5)
        raise LookupError

    both = [store._access.write(half_done), store.new_ids("project", 1)]
    error, _ = await asyncio.gather(*both, return_exceptions=True)

    assert isinstance(error, LookupError)
    assert await store.new_ids("essay", 1) == range(1, 2)


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


async def test_groups_are_bounded_and_nobody_is_forgotten(path: Path) -> None:
    store = SqliteStore(path, most_appends=7, most_bytes=2_000)
    await store.open()
    chain = [append(expected=number) for number in range(100)]
    big = Append(essay_room(2), 0, (record(1, body=b"x" * 5_000),))

    results = await outcomes(store, [*chain, big, append(expected=100)])
    await store.close()

    assert results == [*(Appended(n + 1) for n in range(100)), Appended(1), Appended(101)]


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
async def main():
    for _ in range(2):
        store = SqliteStore({str(path)!r})
        await store.open()
        await store.close()
asyncio.run(main())
sys.exit("alembic" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
