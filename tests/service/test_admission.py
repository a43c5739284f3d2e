"""Letting people in at a pace, when thousands come at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from workroom.adapters.store import MemoryStore
from workroom.core.people import Role
from workroom.ids import UserId
from workroom.ports.accounts import Account, NewUser
from workroom.service.accounts.lookup import Lookup
from workroom.service.door.admission import AT_ONCE, Admission
from workroom.testing.clock import FakeClock


def arrivals(
    clock: FakeClock, count: int, per_second: float, most: int
) -> tuple[list[int], list[float]]:
    """So many come in the same moment: who is in, as time goes on, and what the others are told."""
    admission = Admission(clock, per_second, most)
    entered: list[int] = []
    waits = [admission.ask(partial(_enter, entered, number)) for number in range(count)]
    return entered, waits


def _enter(entered: list[int], number: int) -> bool:
    entered.append(number)
    return True


def test_who_has_given_up_costs_nobody_else_a_turn() -> None:
    clock = FakeClock()
    admission, entered = Admission(clock, 20, 100), list[int]()
    for number in range(60):
        there = number % 10 == 0
        admission.ask(partial(_enter, entered, number) if there else lambda: False)
    clock.advance(0.3)
    assert entered == [0, 10, 20, 30, 40, 50]


def test_somebody_who_comes_alone_does_not_wait() -> None:
    entered, waits = arrivals(FakeClock(), 1, 1000, 10)
    assert (entered, waits) == ([0], [0.0])


def test_a_crowd_is_let_in_at_its_pace_and_in_order() -> None:
    clock = FakeClock()
    entered, waits = arrivals(clock, 500, 1000, 800)
    assert not any(waits)
    assert len(entered) <= 1000 * AT_ONCE
    clock.advance(0.1)
    assert 140 <= len(entered) <= 160
    clock.advance(0.5)
    assert entered == list(range(500))


def test_who_finds_the_queue_full_is_told_when_it_will_be_empty_each_something_else() -> None:
    clock = FakeClock()
    entered, waits = arrivals(clock, 3000, 100, 200)
    told = [wait for wait in waits if wait]
    assert len(told) == 3000 - 200 - 5
    assert min(told) >= 2.0 and max(told) <= 4.0
    assert len({round(wait, 1) for wait in told}) > 15
    clock.advance(5)
    assert len(entered) == 205


def test_a_pace_below_one_step_is_kept_as_well() -> None:
    clock = FakeClock()
    entered, _ = arrivals(clock, 10, 2, 100)
    clock.advance(2.05)
    assert len(entered) == 1 + 4


class CountingStore(MemoryStore):
    """Counts how often accounts are read."""

    reads = 0

    async def accounts_with(self, ids: Sequence[UserId]) -> Mapping[UserId, Account]:
        self.reads += 1
        return await super().accounts_with(ids)


async def test_accounts_that_are_asked_for_together_are_read_once() -> None:
    store = CountingStore()
    made = [await store.create_user(NewUser(f"u{n}", "U", Role.STUDENT)) for n in range(50)]
    lookup = Lookup(store)
    ids = [*(user.id for user in made), made[0].id, UserId(999)]
    found = await asyncio.gather(*map(lookup.account, ids))
    assert [each and each.user for each in found] == [*made, made[0], None]
    assert store.reads == 1


async def test_who_asks_while_accounts_are_read_gets_what_is_there_afterwards() -> None:
    store = CountingStore()
    lookup = Lookup(store)
    first = asyncio.ensure_future(lookup.account(UserId(1)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it is being read now
    await store.create_user(NewUser("emma", "Emma", Role.STUDENT, id=UserId(1)))
    assert await lookup.account(UserId(1)) is not None
    await first


async def test_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    store = CountingStore()
    emma = await store.create_user(NewUser("emma", "Emma", Role.STUDENT))
    lookup = Lookup(store)
    asked = [asyncio.ensure_future(lookup.account(emma.id)) for _ in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    assert [account and account.user for account in await asyncio.gather(*asked[1:])] == [emma] * 2
