"""The store on PostgreSQL keeps every promise of the ports, and those that several nodes need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
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
from tests.ports.tasks_contract import TaskStoreContract, new
from workroom.adapters.store import queries
from workroom.adapters.store.postgres import PostgresStore
from workroom.core.people import Right
from workroom.errors import Unavailable
from workroom.ids import UserId, essay_room, project_room
from workroom.ports.accounts import AccountStore
from workroom.ports.store import (
    Append,
    Appended,
    AppendResult,
    Behind,
    Checkpoint,
    NotStored,
    RoomStore,
)
from workroom.ports.tasks import TaskStore


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def store(database: str, seconds: Seconds) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(database, "tests", clock=seconds)
    await made.open()
    yield made
    await made.close()


class TestPostgresRooms(RoomStoreContract):
    pass


class TestPostgresTasks(TaskStoreContract):
    pass


class TestPostgresAccounts(AccountStoreContract):
    pass


async def test_it_is_what_the_ports_ask_for(store: PostgresStore) -> None:
    ports: tuple[RoomStore, AccountStore, TaskStore] = store, store, store
    assert ports


async def test_everything_is_there_for_the_next_server(store: PostgresStore, database: str) -> None:
    emma = await store.create_user(new_user("emma", password_hash="$hash"))
    full = append(
        count=3,
        actor=emma.id,
        rights=rights(ana=Right.OWNER),
        answer=answer("r1", b"first"),
        checkpoint=Checkpoint(2, b"two"),
    )
    await outcome(store, full)
    given = await store.new_ids("essay", 3)
    before = await store.load(ESSAY)
    await store.close()

    again = PostgresStore(database, "tests")
    await again.open()
    assert await again.load(ESSAY) == before
    assert await titles(again, ANA) == ["Title"]
    assert await again.answer(ANA, "r1") == b"first"
    assert (await again.new_ids("essay", 1)).start == given.stop
    assert await outcome(again, append(expected=3)) == Appended(4)
    await again.close()


async def test_closing_stores_and_answers_what_was_handed_over(store: PostgresStore) -> None:
    told: list[AppendResult] = []
    for expected in range(2_500):
        store.append(append(expected=expected), told.append)

    await store.close()

    assert told == [Appended(number + 1) for number in range(2_500)]


@pytest.mark.parametrize("opened", [False, True])
async def test_a_store_that_is_not_open_says_so(database: str, *, opened: bool) -> None:
    store = PostgresStore(database, "tests")
    if opened:
        await store.open()
        await store.close()

    assert isinstance(await outcome(store, append()), NotStored)
    for asked in (store.load(ESSAY), store.new_ids("essay", 1), store.check()):
        with pytest.raises(Unavailable, match="closed"):
            await asked
    await store.close()


async def test_a_closed_store_can_be_opened_again(store: PostgresStore) -> None:
    await outcome(store, append())
    await store.close()
    await store.open()

    assert await outcome(store, append(expected=1)) == Appended(2)


@pytest.mark.parametrize(
    "strange",
    [
        Append(essay_room(2), 0, (record(1, at=2**70),), answer=answer("r1")),
        Append(essay_room(2), 0, (record(1),), summary("NUL \0"), answer=answer("r1")),
        Append(essay_room(2), 0, (record(1),), summary("half \ud83e"), answer=answer("r1")),
        Append(essay_room(2), 0, (record(1, kind="k" * 33),), answer=answer("r1")),
    ],
    ids=["number", "nul", "surrogate", "length"],
)
async def test_a_value_that_cannot_be_stored_hurts_no_other_append(
    store: PostgresStore, strange: Append
) -> None:
    results = await outcomes(
        store, [append(), strange, append(essay_room(2)), append(expected=1), append(expected=7)]
    )

    kinds = ["Appended", "NotStored", "Appended", "Appended", "Behind"]
    assert [type(each).__name__ for each in results] == kinds
    assert await store.answer(ANA, "r1") is None
    await store.check()


async def test_a_task_id_that_was_taken_hurts_no_other_append(store: PostgresStore) -> None:
    await outcome(store, append(project_room(5), tasks_started=(new("t1"),)))

    twice = append(project_room(6), tasks_started=(new("t1"),))
    results = await outcomes(store, [append(), twice, append(expected=1)])

    assert [type(each).__name__ for each in results] == ["Appended", "NotStored", "Appended"]
    assert await store.load(project_room(6)) is None


async def test_a_write_that_fails_undoes_only_itself(store: PostgresStore) -> None:
    def half_done(connection: Connection) -> None:
        queries.take_ids(connection, "essay", 5)
        raise LookupError

    both = [store._access.write(half_done), store.new_ids("project", 1)]
    error, _ = await asyncio.gather(*both, return_exceptions=True)

    assert isinstance(error, LookupError)
    assert await store.new_ids("essay", 1) == range(1, 2)
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


async def test_groups_are_bounded_and_nobody_is_forgotten(database: str) -> None:
    store = PostgresStore(database, "tests", most_appends=7, most_bytes=2_000)
    await store.open()
    chain = [append(expected=number) for number in range(100)]
    big = Append(essay_room(2), 0, (record(1, body=b"x" * 5_000),))

    results = await outcomes(store, [*chain, big, append(expected=100)])
    await store.close()

    assert results == [*(Appended(n + 1) for n in range(100)), Appended(1), Appended(101)]


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
