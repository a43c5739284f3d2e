"""Links to PostgreSQL that break: what became of a COMMIT is looked up, never guessed (F3)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from tests.ports.store_kit import ANA, ESSAY, answer, append, outcome, outcomes
from tests.postgres_kit import Postgres
from tests.postgres_link import Link, link
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.postgres_server import Patience
from workroom.errors import Unavailable
from workroom.ids import essay_room
from workroom.ports.store import Append, Appended, AppendResult, Behind, NotStored

PATIENT = Patience(idling=2.0, doubting=60.0)
HASTY = Patience(doubting=0.5)


@pytest.fixture
async def name(postgres_server: Postgres) -> str:
    return await postgres_server.new_database()


@pytest.fixture
async def wire(postgres_server: Postgres) -> AsyncIterator[Link]:
    async with link(postgres_server) as made:
        yield made


@pytest.fixture
async def store(wire: Link, name: str) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(wire.url(name), name, patience=PATIENT)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def other(postgres_server: Postgres, name: str) -> AsyncIterator[PostgresStore]:
    """Another node, with a link of its own that nothing happens to."""
    made = PostgresStore(postgres_server.url(name), name)
    await made.open()
    yield made
    await made.close()


async def test_a_commit_whose_answer_was_lost_is_found_and_confirmed(
    store: PostgresStore, wire: Link
) -> None:
    await outcome(store, append())
    wire.loses_answer_to_commit = True

    group = [append(expected=1, answer=answer("r1")), append(essay_room(2), count=3)]
    assert await outcomes(store, group) == [Appended(2), Appended(3)]

    assert not wire.loses_answer_to_commit
    assert await outcome(store, append(expected=2)) == Appended(3)
    assert len(await store.records(ESSAY, 0, 10)) == 3


async def test_a_commit_that_never_arrived_was_not_stored(store: PostgresStore, wire: Link) -> None:
    await outcome(store, append())
    wire.loses_commit = True

    result = await outcome(store, append(expected=1, answer=answer("r1")))

    assert isinstance(result, NotStored)
    assert await store.answer(ANA, "r1") is None
    assert await outcome(store, append(expected=1)) == Appended(2)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_commit_that_is_still_under_way_is_waited_for(
    name: str, other: PostgresStore, wire: Link, *, arrives: bool
) -> None:
    """Cut off from its client the server holds the transaction; its end decides, not our hurry."""
    patience = Patience(idling=60.0 if arrives else 0.4, doubting=60.0)
    store = PostgresStore(wire.url(name), name, patience=patience)
    await store.open()
    await outcome(store, append())
    wire.holds_commit = late = asyncio.Event()
    told: list[AppendResult] = []
    store.append(append(expected=1), told.append)
    while wire.holds_commit is not None:
        await asyncio.sleep(0)
    await other.heads([ESSAY])
    if arrives:
        assert told == []
        late.set()

    while not told:
        await asyncio.sleep(0.01)
    (result,) = told

    late.set()
    head = (await other.heads([ESSAY]))[ESSAY]
    assert (head == 2) is isinstance(result, Appended)
    assert isinstance(result, Appended) is arrives
    await store.close()
    assert await outcome(other, append(expected=head)) == Appended(head + 1)


async def test_when_nobody_can_know_the_answer_says_so(
    other: PostgresStore, wire: Link, name: str
) -> None:
    store = PostgresStore(wire.url(name), name, patience=HASTY)
    await store.open()
    await outcome(store, append())
    wire.loses_answer_to_commit = wire.refuses = True

    result = await outcome(store, append(expected=1, answer=answer("r1")))

    assert isinstance(result, NotStored)
    assert "not known" in result.error.message
    assert result.error.retry.value == "later"
    wire.refuses = False
    assert (await other.heads([ESSAY])) == {ESSAY: 2}
    assert await outcome(other, append(expected=2)) == Appended(3)
    await store.close()


async def test_a_link_that_was_cut_while_nobody_used_it_is_not_noticed(
    store: PostgresStore, wire: Link
) -> None:
    for head in range(3):
        await asyncio.gather(*(store.load(ESSAY) for _ in range(12)))
        wire.cut()

        assert await outcome(store, append(expected=head)) == Appended(head + 1)
        wire.cut()
        await asyncio.gather(*(store.load(ESSAY) for _ in range(12)))
        wire.cut()
        assert len(await store.new_ids("essay", 2)) == 2


async def test_a_link_that_is_down_is_told_and_comes_back_by_itself(
    store: PostgresStore, wire: Link
) -> None:
    await outcome(store, append())
    wire.refuses = True
    wire.cut()

    result = await outcome(store, append(expected=1))
    assert isinstance(result, NotStored)
    assert result.error.message == "The database cannot be reached"
    for asked in (store.load(ESSAY), store.new_ids("essay", 1), store.check()):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await asked

    wire.refuses = False
    async with asyncio.timeout(60):
        while await outcome(store, append(expected=1)) != Appended(2):
            await asyncio.sleep(0.01)
        await store.check()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_cut_whenever_what_was_confirmed_is_there_and_nothing_else(
    store: PostgresStore, other: PostgresStore, wire: Link, seed: int
) -> None:
    """Answers are right however often the link breaks: a log is what was confirmed, in order."""
    chance = random.Random(seed)
    heads = dict.fromkeys([essay_room(n) for n in range(1, 9)], 0)
    faults = 0
    for number in range(60):
        match chance.randrange(5):
            case 0:
                wire.loses_commit = True
            case 1:
                wire.loses_answer_to_commit = True
            case 2:
                asyncio.get_running_loop().call_later(chance.uniform(0, 0.004), wire.cut)
        rooms = chance.sample(list(heads), k=4)
        mark = b"%d" % number
        group = [
            append(room, heads[room], answer=answer(f"{number} {room}", mark)) for room in rooms
        ]
        results = await outcomes_of(store, group)
        for one, result in zip(group, results, strict=True):
            if isinstance(result, Appended):
                heads[one.room] = result.seq
            else:
                assert isinstance(result, NotStored)
                faults += 1
                assert one.answer is not None
                assert await other.answer(ANA, one.answer.request_id) is None

    assert faults > 0
    assert await other.heads(list(heads)) == {room: seq for room, seq in heads.items() if seq}
    assert await other.verify() == []


async def outcomes_of(store: PostgresStore, group: list[Append]) -> list[AppendResult]:
    """The result of each."""
    return list(await asyncio.gather(*(outcome(store, one) for one in group)))


@pytest.mark.parametrize("what", ["everything", "commit", "answer"])
async def test_one_that_is_decided_again_is_stored_or_not_as_it_is_told(
    store: PostgresStore, other: PostgresStore, wire: Link, what: str
) -> None:
    """The link breaks while the log is kept as it is for somebody who came too late."""
    await outcome(store, append())
    await outcome(other, append(expected=1, count=2))
    told: list[AppendResult] = []
    over = asyncio.Event()

    def decide(result: AppendResult) -> None:
        told.append(result)
        if not isinstance(result, Behind):
            over.set()
            return
        if len(told) == 1:
            assert [each.seq for each in result.records] == [2, 3]
            wire.loses_commit = what == "commit"
            wire.loses_answer_to_commit = what == "answer"
            if what == "everything":
                wire.cut()
        store.append(append(expected=result.head, answer=answer("r1")), decide)

    store.append(append(expected=1), decide)
    await over.wait()

    head = (await other.heads([ESSAY]))[ESSAY]
    assert isinstance(told[-1], Appended) is (head == 4)
    assert (await other.answer(ANA, "r1") is None) is (head == 3)
    assert await outcome(store, append(expected=head)) == Appended(head + 1)
    assert await other.verify() == []
