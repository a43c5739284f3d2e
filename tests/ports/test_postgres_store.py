"""The store on PostgreSQL keeps every promise of the ports, and those that several nodes need."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection

from tests.ports.account_contract import AccountStoreContract
from tests.ports.sql_contract import Make, SqlStoreContract
from tests.ports.store_contract import RoomStoreContract
from tests.ports.store_kit import (
    ESSAY,
    Seconds,
    answer,
    append,
    new_user,
    outcome,
    outcomes,
    record,
    summary,
)
from tests.ports.tasks_contract import TaskStoreContract, new
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.sql_store import SqlStore
from workroom.errors import Unavailable
from workroom.ids import UserId, essay_room, project_room
from workroom.ports.store import (
    Append,
    Appended,
    Behind,
    Checkpoint,
)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def make(database: str, seconds: Seconds) -> Make:
    return lambda **options: PostgresStore(database, "tests", clock=seconds, **options)


@pytest.fixture
async def store(make: Make) -> AsyncIterator[SqlStore]:
    made = make()
    await made.open()
    yield made
    await made.close()


@pytest.fixture(
    params=[
        Append(essay_room(2), 0, (record(1, at=2**70),), answer=answer("r1")),
        Append(essay_room(2), 0, (record(1),), summary("NUL \0"), answer=answer("r1")),
        Append(essay_room(2), 0, (record(1),), summary("half \ud83e"), answer=answer("r1")),
        Append(essay_room(2), 0, (record(1, kind="k" * 33),), answer=answer("r1")),
    ],
    ids=["number", "nul", "surrogate", "length"],
)
def strange(request: pytest.FixtureRequest) -> Append:
    made: Append = request.param
    return made


class TestPostgresRooms(RoomStoreContract):
    pass


class TestPostgresTasks(TaskStoreContract):
    pass


class TestPostgres(SqlStoreContract):
    pass


class TestPostgresAccounts(AccountStoreContract):
    pass


async def test_a_task_id_that_was_taken_hurts_no_other_append(store: PostgresStore) -> None:
    await outcome(store, append(project_room(5), tasks_started=(new("t1"),)))

    twice = append(project_room(6), tasks_started=(new("t1"),))
    results = await outcomes(store, [append(), twice, append(expected=1)])

    assert [type(each).__name__ for each in results] == ["Appended", "NotStored", "Appended"]
    assert await store.load(project_room(6)) is None


async def test_an_account_that_cannot_be_stored_is_refused(store: PostgresStore) -> None:
    with pytest.raises(Unavailable):
        await store.create_user(new_user("huge", id=UserId(2**70)))
    assert await store.account_named("huge") is None


async def test_those_who_ask_and_leave_take_no_connection_with_them(
    store: PostgresStore,
) -> None:
    for _ in range(30):
        asked = [asyncio.ensure_future(store.load(ESSAY)) for _ in range(12)]
        asked += [asyncio.ensure_future(store.new_ids("essay", 1)) for _ in range(4)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    assert len(await store.new_ids("essay", 2)) == 2
    assert await outcome(store, append()) == Appended(1)


async def test_who_finds_the_queue_of_a_unix_socket_full_waits_to_be_let_in(
    database: str, tmp_path: Path
) -> None:
    real, _, rest = database.partition("?host=")
    folder, _, _ = rest.partition("&")
    place = tmp_path / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as full, ExitStack() as waiting:
        full.bind(str(place))
        full.listen(0)
        with suppress(BlockingIOError):
            while True:
                one = waiting.enter_context(socket.socket(socket.AF_UNIX))
                one.setblocking(False)
                one.connect(str(place))
        store = PostgresStore(f"{real}?host={tmp_path}", "tests")
        opening = asyncio.ensure_future(store.open())
        for _ in range(100):
            await asyncio.sleep(0)  # it has tried by now
    place.unlink()
    place.symlink_to(Path(folder) / place.name)
    await opening
    assert await outcome(store, append()) == Appended(1)
    await store.close()


async def test_what_a_turn_of_the_loop_appends_is_one_transaction(
    store: PostgresStore, database: str
) -> None:
    def same(connection: Connection) -> int:
        rows = connection.exec_driver_sql("SELECT DISTINCT xmin::text FROM entries").all()
        return len(rows)

    await outcomes(store, [append(essay_room(n)) for n in range(1, 301)])
    assert await store._access.read(same) == 1

    for number in range(1, 4):  # who waits for each answer has a transaction for each
        await outcome(store, append(expected=number))
    assert await store._access.read(same) == 4


async def test_who_came_too_late_is_not_answered_before_what_came_earlier(
    store: PostgresStore,
) -> None:
    await outcomes(store, [append()])
    good, late = append(expected=1), append(expected=0)
    assert await outcomes(store, [good, late]) == [Appended(2), Behind(2)]


async def test_a_load_is_of_one_moment_while_others_write(
    store: PostgresStore, database: str
) -> None:
    writer = PostgresStore(database, "writer")
    await writer.open()
    over = False

    async def write() -> None:
        seq = 0
        while not over:
            checkpoint = Checkpoint(seq + 2, b"%d" % (seq + 2))
            await outcome(writer, append(expected=seq, count=2, checkpoint=checkpoint))
            seq += 2

    writing = asyncio.ensure_future(write())
    for _ in range(200):
        room = await store.load(ESSAY)
        if room is not None:
            assert room.checkpoint == Checkpoint(room.seq, b"%d" % room.seq)
            assert room.records == ()
    over = True
    await writing
    await writer.close()


async def test_a_sound_store_has_no_findings_and_gaps_are_found(
    store: PostgresStore, database: str
) -> None:
    await outcomes(store, [append(essay_room(number), count=3) for number in range(1, 4)])
    await outcome(store, append(essay_room(2), 3, deletes_room=True))
    assert await store.verify() == []

    vandal = await asyncpg.connect(database)
    await vandal.execute("DELETE FROM entries WHERE room_id = 1 AND seq = 2")
    await vandal.execute("DELETE FROM rooms WHERE room_id = 3")
    await vandal.close()

    assert sorted(await store.verify()) == [
        "essay:1: the log should have 3 entries, it has 2, up to 3",
        "essay:3: there are entries, but no such room",
    ]
