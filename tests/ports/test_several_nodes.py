"""Several nodes append to the same rooms of one database: every log stays one log.

Each node is a store of its own, with its own connections; what they do meets in the database alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count

import asyncpg
import pytest

from tests.ports.store_kit import (
    ANA,
    BEN,
    ESSAY,
    answer,
    append,
    new_user,
    outcome,
    record,
    summary,
)
from tests.ports.tasks_contract import begin, new
from tests.postgres_kit import Postgres
from workroom.adapters.store.postgres import PostgresStore
from workroom.core.tasks import Task
from workroom.ids import RoomId, SessionId, TaskId, UserId, essay_room, project_room
from workroom.ports.store import (
    AlreadyDone,
    Append,
    Appended,
    AppendResult,
    Behind,
)

NODES = 3


@pytest.fixture
async def nodes(database: str) -> AsyncIterator[list[PostgresStore]]:
    async with AsyncExitStack() as stack:
        stores = [PostgresStore(database, f"node {number}") for number in range(NODES)]
        for each in stores:
            await each.open()
            stack.push_async_callback(each.close)
        yield stores


def named(node: int, numbers: Iterator[int], room: RoomId, expected: int, size: int) -> Append:
    """An append whose entries say where they came from."""
    mark = next(numbers)
    entries = tuple(
        record(expected + 1 + n, UserId(1 + node), body=b"%d/%d" % (mark, n)) for n in range(size)
    )
    return Append(room, expected, entries, summary(f"by {node}"))


async def test_of_two_that_append_the_same_number_exactly_one_wins(
    nodes: list[PostgresStore],
) -> None:
    await outcome(nodes[0], append())

    for head in range(1, 101):
        results = await asyncio.gather(
            *(outcome(node, append(expected=head, actor=UserId(n))) for n, node in enumerate(nodes))
        )
        won = [each for each in results if isinstance(each, Appended)]
        assert won == [Appended(head + 1)]
        assert [each for each in results if each not in won] == [Behind(head + 1)] * (NODES - 1)

    log = await nodes[1].records(ESSAY, 0, 1_000)
    assert [each.seq for each in log] == list(range(1, 102))
    assert await nodes[2].verify() == []


async def test_of_two_that_create_the_same_room_exactly_one_wins(
    nodes: list[PostgresStore],
) -> None:
    for number in range(1, 51):
        room = essay_room(number)
        results = await asyncio.gather(*(outcome(node, append(room, count=2)) for node in nodes))
        assert sorted(map(str, results)) == sorted(map(str, [Appended(2), Behind(2), Behind(2)]))

    assert await nodes[0].verify() == []


async def test_a_request_that_two_nodes_get_is_carried_out_once(
    nodes: list[PostgresStore],
) -> None:
    rooms = [essay_room(1), essay_room(2), project_room(1)]
    for number in range(60):
        heads = await nodes[0].heads(rooms)
        asked = [
            append(room, heads.get(room, 0), answer=answer(f"r{number}", b"by %d" % n))
            for n, room in enumerate(rooms)
        ]
        results = await asyncio.gather(*map(outcome, nodes, asked))

        done = [n for n, result in enumerate(results) if isinstance(result, Appended)]
        assert len(done) == 1
        others = [result for n, result in enumerate(results) if n not in done]
        assert others == [AlreadyDone(b"by %d" % done[0])] * (NODES - 1)
        assert await nodes[1].answer(ANA, f"r{number}") == b"by %d" % done[0]


async def test_one_that_is_behind_fails_alone_in_its_transaction(
    nodes: list[PostgresStore],
) -> None:
    await outcome(nodes[0], append(count=4))
    group = [
        append(essay_room(2)),
        append(expected=3),
        append(expected=4, answer=answer("r1")),
        append(essay_room(2), 1, answer=answer("r1")),
        append(essay_room(3)),
    ]

    results = await in_order(nodes[1], group)

    assert results == [
        Appended(1),
        Behind(4),
        Appended(5),
        AlreadyDone(b'"done"'),
        Appended(1),
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_logs_that_many_nodes_write_at_once_have_no_gap_and_nothing_twice(
    nodes: list[PostgresStore], seed: int
) -> None:
    """Every node goes at all rooms in an order of its own, and goes on from where it was behind."""
    rooms = [essay_room(number) for number in range(1, 13)]
    marks = count()
    confirmed: dict[RoomId, dict[int, bytes]] = {room: {} for room in rooms}
    lost = 0

    async def write(node: int) -> None:
        nonlocal lost
        chance = random.Random(f"{seed} {node}")
        heads = dict.fromkeys(rooms, 0)
        for _ in range(25):
            order = chance.sample(rooms, k=8)
            group = [named(node, marks, room, heads[room], chance.randint(1, 3)) for room in order]
            for one, result in zip(group, await in_order(nodes[node], group), strict=True):
                match result:
                    case Appended(seq=seq):
                        heads[one.room] = seq
                        for entry in one.records:
                            assert entry.seq not in confirmed[one.room]
                            confirmed[one.room][entry.seq] = entry.body
                    case Behind(head=head):
                        assert head > heads[one.room]
                        heads[one.room] = head
                        lost += 1
                    case _:
                        raise AssertionError(result)

    await asyncio.gather(*(write(node) for node in range(NODES)))

    assert lost > 0
    for room in rooms:
        log = await nodes[0].records(room, 0, 10_000)
        assert [each.seq for each in log] == list(range(1, len(log) + 1))
        assert {each.seq: each.body for each in log} == confirmed[room]
    assert await nodes[0].verify() == []


MEETING = """
CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(DISTINCT room_id) FROM added) > 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'deadlock_detected';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER meet AFTER INSERT ON entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION meet();
"""
"""Whoever stores entries of two rooms together is told that they met another transaction."""


async def test_those_that_always_meet_others_together_are_stored_one_by_one(
    nodes: list[PostgresStore], database: str
) -> None:
    busy = await asyncpg.connect(database)
    await busy.execute(MEETING)
    await busy.close()
    group = [append(essay_room(1)), append(essay_room(2), count=2), append(essay_room(3))]

    assert await in_order(nodes[0], group) == [Appended(1), Appended(2), Appended(1)]


async def in_order(node: PostgresStore, group: list[Append]) -> list[AppendResult]:
    """The result of each append, whichever came first."""
    futures = [asyncio.get_running_loop().create_future() for _ in group]
    for one, future in zip(group, futures, strict=True):
        node.append(one, future.set_result)
    return list(await asyncio.gather(*futures))


async def test_ids_are_given_once_whichever_node_is_asked(nodes: list[PostgresStore]) -> None:
    asked = [node.new_ids("essay", 1 + n % 4) for n in range(20) for node in nodes]

    given = [number for part in await asyncio.gather(*asked) for number in part]

    assert sorted(given) == list(range(1, len(given) + 1))


async def test_of_two_who_want_one_name_at_different_nodes_one_gets_it(
    nodes: list[PostgresStore],
) -> None:
    for number in range(20):
        wanted = (node.create_user(new_user(f"emma{number}")) for node in nodes)
        results = await asyncio.gather(*wanted, return_exceptions=True)
        assert sorted(type(each).__name__ for each in results) == ["Conflict", "Conflict", "User"]


async def test_a_refresh_token_that_two_nodes_get_at_once_is_good_once(
    nodes: list[PostgresStore],
) -> None:
    user = await nodes[0].create_user(new_user("emma"))
    for number in range(20):
        session = SessionId(f"s{number}")
        await nodes[0].open_session(session, user.id, "first", 2_000_000_000)
        exchanged = await asyncio.gather(
            *(
                node.rotate_session(session, "first", f"next {n}", 2_000_000_000)
                for n, node in enumerate(nodes)
            )
        )
        assert exchanged.count(True) == 1
        assert session in await nodes[0].revoked_sessions(0)


async def test_changes_of_one_task_come_one_after_the_other(nodes: list[PostgresStore]) -> None:
    await begin(nodes[0], new())

    def count_up(here: Task) -> tuple[int, Task]:
        return here.attempt, replace(here, attempt=here.attempt + 1)

    asked = [node.change_task(TaskId("t1"), count_up) for _ in range(10) for node in nodes]
    seen = await asyncio.gather(*asked)

    assert sorted(each for each in seen if each is not None) == list(range(30))


async def test_a_room_that_one_node_deletes_takes_nothing_more_from_another(
    nodes: list[PostgresStore],
) -> None:
    for number in range(1, 31):
        room = essay_room(number)
        await outcome(nodes[0], append(room))
        ended, written = await asyncio.gather(
            outcome(nodes[0], append(room, 1, deletes_room=True)),
            outcome(nodes[1], append(room, 1, actor=BEN)),
        )
        assert {type(ended), type(written)} == {Appended, Behind}
        gone = await nodes[2].load(room) is None
        assert gone is isinstance(ended, Appended)


async def test_nodes_that_open_a_new_database_at_once_make_its_tables_once(
    postgres_server: Postgres,
) -> None:
    name = await postgres_server.new_database()
    stores = [PostgresStore(postgres_server.url(name), name) for _ in range(4)]
    await asyncio.gather(*(each.open() for each in stores))
    given = await asyncio.gather(*(each.new_ids("essay", 1) for each in stores))
    for each in stores:
        await each.close()

    assert sorted(numbers[0] for numbers in given) == [1, 2, 3, 4]
