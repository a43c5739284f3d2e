"""However busy a neighbour is, who appends to the same log gets their turn: on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import asyncpg
import pytest

from tests.ports.store_kit import ANA, BEN, ESSAY, answer, append, outcome, record
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.postgres_server import Patience
from workroom.adapters.store.postgres_writer import MOST_LACKING
from workroom.ids import UserId, essay_room
from workroom.ports.store import AlreadyDone, Append, Appended, AppendResult, Behind, new_line

PATIENT = Patience(answering=60.0, locked=55.0, idling=50.0)
"""That the machine of a test stands still for seconds is no fault of a store's."""
AT_ONCE = 3
"""Appends of a node that are on their way at a time."""


@pytest.fixture
async def two(database: str) -> AsyncIterator[list[PostgresStore]]:
    async with AsyncExitStack() as stack:
        made = [PostgresStore(database, name, patience=PATIENT) for name in "ab"]
        for each in made:
            await each.open()
            stack.push_async_callback(each.close)
        yield made


class Busy:
    """A node that never pauses: its next append is there before the last one is answered."""

    def __init__(self, store: PostgresStore, who: UserId) -> None:
        self._store, self._who = store, who
        self._next, self._line, self._waiting = 0, new_line(), 0
        self._going = True
        self._news = asyncio.Event()
        self.seqs: list[int] = []
        """What it got into the log."""

    def hand_over(self, count: int = AT_ONCE) -> None:
        for _ in range(count):
            entry = record(self._next + 1, self._who)
            append = Append(ESSAY, self._next, (entry,), line=self._line)
            self._next, self._waiting = self._next + 1, self._waiting + 1
            self._store.append(append, self._answered)

    def _answered(self, result: AppendResult) -> None:
        self._waiting -= 1
        match result:
            case Appended(seq=seq):
                self.seqs.append(seq)
                if self._going:
                    self.hand_over(1)
            case Behind(head=head) if self._waiting == 0 and self._going:
                self._next, self._line = head, new_line()
                self.hand_over()
        self._news.set()

    async def stores(self, entries: int) -> None:
        """Wait until it has got so many more into the log."""
        wanted = len(self.seqs) + entries
        while len(self.seqs) < wanted:
            self._news.clear()
            await self._news.wait()

    async def stop(self) -> None:
        self._going = False
        while self._waiting:
            self._news.clear()
            await self._news.wait()


async def decided_again(store: PostgresStore, expected: int) -> list[AppendResult]:
    """What an append is answered, and the one that is made of it there and then, until it is in."""
    results: list[AppendResult] = []
    stored = asyncio.Event()

    def answered(result: AppendResult) -> None:
        results.append(result)
        if isinstance(result, Behind):
            store.append(Append(ESSAY, result.head, (record(result.head + 1, BEN),)), answered)
        else:
            stored.set()

    store.append(Append(ESSAY, expected, (record(expected + 1, BEN),)), answered)
    await stored.wait()
    return results


async def test_who_came_too_late_is_stored_before_a_neighbour_that_never_pauses(
    two: list[PostgresStore],
) -> None:
    busy = Busy(two[0], ANA)
    busy.hand_over()
    calm: list[int] = []

    for _ in range(40):
        await busy.stores(4)
        expected = max(busy.seqs) - 2
        *hopeless, behind, stored = await decided_again(two[1], expected)
        for each in hopeless:  # nobody is waited for who has so much to read
            assert isinstance(each, Behind)
            assert each.head - expected > MOST_LACKING
            expected = each.head
        assert isinstance(behind, Behind)
        lacking = range(expected + 1, behind.head + 1)
        assert [each.seq for each in behind.records] == [*lacking]
        assert stored == Appended(behind.head + 1)
        calm.append(behind.head + 1)

    await busy.stop()
    log = await two[0].records(ESSAY, 0, 10_000)
    assert [each.seq for each in log] == list(range(1, len(log) + 1))
    assert [each.seq for each in log if each.actor == BEN] == calm
    assert [each.seq for each in log if each.actor == ANA] == busy.seqs


async def test_two_that_never_pause_both_get_on(two: list[PostgresStore]) -> None:
    both = [Busy(two[0], ANA), Busy(two[1], BEN)]
    for each in both:
        each.hand_over()

    await asyncio.gather(*(each.stores(200) for each in both))
    await asyncio.gather(*(each.stop() for each in both))

    log = await two[0].records(ESSAY, 0, 10_000)
    assert [each.seq for each in log] == sorted([*both[0].seqs, *both[1].seqs])


async def test_those_who_are_behind_keep_nobody_else_of_their_transaction_waiting_in_vain(
    two: list[PostgresStore],
) -> None:
    await outcome(two[0], append(count=4))
    results: list[AppendResult] = []
    answered = asyncio.Event()

    def done(result: AppendResult) -> None:
        results.append(result)
        if len(results) == 3:
            answered.set()

    # One who goes home instead of trying again.
    for one in (append(essay_room(2)), append(expected=3), append(essay_room(3))):
        two[1].append(one, done)
    await answered.wait()

    assert results == [Behind(4), Appended(1), Appended(1)]
    assert await outcome(two[0], append(expected=4)) == Appended(5)


async def test_what_was_built_on_an_append_that_came_too_late_is_answered_with_it(
    two: list[PostgresStore],
) -> None:
    """All that a room has on its way is answered before it decides again, in order."""
    await outcome(two[0], append(count=2))
    line, told = new_line(), list[tuple[str, AppendResult]]()
    stored = asyncio.Event()

    def again(result: AppendResult) -> None:
        told.append(("again", result))
        stored.set()

    def second(result: AppendResult) -> None:
        told.append(("second", result))
        assert isinstance(result, Behind)
        two[1].append(append(expected=result.head, actor=BEN), again)

    two[1].append(append(expected=1, line=line), lambda result: told.append(("first", result)))
    two[1].append(append(expected=2, line=line), second)
    await stored.wait()

    assert told == [("first", Behind(2)), ("second", Behind(2)), ("again", Appended(3))]


async def test_what_is_in_the_log_is_answered_before_what_was_overtaken_behind_it(
    two: list[PostgresStore], database: str
) -> None:
    """Else a room would take it for lost, and do it again: here, one by one after a strange one."""
    await outcome(two[0], append())
    told: list[tuple[str, AppendResult]] = []
    everybody = asyncio.Event()
    line = new_line()
    appends = {
        "first": append(expected=1, line=line),
        "strange": Append(essay_room(2), 0, (record(1, at=2**70),)),
        "held up": append(essay_room(3), answer=answer("r1")),
        "second": append(expected=2, line=line),
    }

    def done(name: str, result: AppendResult) -> None:
        told.append((name, result))
        if len(told) == len(appends):
            everybody.set()

    vandal = await asyncpg.connect(database)
    try:
        async with vandal.transaction():
            await vandal.execute("INSERT INTO answers VALUES ($1, 'r1', 1, '')", ANA)
            for name, each in appends.items():
                two[1].append(each, partial(done, name))
            while (await two[0].heads([ESSAY]))[ESSAY] < 2:
                await asyncio.sleep(0)
            assert await outcome(two[0], append(expected=2)) == Appended(3)
            await vandal.execute("DELETE FROM answers")
        await everybody.wait()
    finally:
        await vandal.close()

    assert [name for name, _ in told] == [*appends]
    assert [told[0][1], *[result for _, result in told[2:]]] == [
        Appended(2),
        Appended(1),
        Behind(3),
    ]


async def test_what_was_done_before_is_answered_before_what_was_overtaken_behind_it(
    two: list[PostgresStore],
) -> None:
    """Else its answer finds nothing that it belongs to, and the room asks for it once more."""
    await outcome(two[0], append(answer=answer("r1")))
    await outcome(two[0], append(expected=1, count=2))
    told: list[tuple[str, AppendResult]] = []
    everybody = asyncio.Event()
    line = new_line()

    def second(result: AppendResult) -> None:
        told.append(("second", result))
        everybody.set()

    first = append(expected=1, line=line, answer=answer("r1"))
    two[1].append(first, lambda result: told.append(("first", result)))
    two[1].append(append(expected=2, line=line), second)
    await everybody.wait()

    assert told == [("first", AlreadyDone(b'"done"')), ("second", Behind(3))]
