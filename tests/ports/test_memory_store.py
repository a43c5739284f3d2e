"""The store in memory keeps every promise of the ports, and fails when it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ports.account_contract import AccountStoreContract
from tests.ports.store_contract import RoomStoreContract
from tests.ports.store_kit import ANA, ESSAY, Seconds, append, new_user, outcome, outcomes
from tests.ports.tasks_contract import TaskStoreContract
from workroom.adapters.store import MemoryStore
from workroom.errors import Unavailable
from workroom.ports.accounts import AccountStore
from workroom.ports.store import Appended, AppendResult, NotStored, RoomStore

DOWN = Unavailable("down")


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def store(seconds: Seconds) -> AsyncIterator[MemoryStore]:
    made = MemoryStore(clock=seconds)
    await made.open()
    yield made
    await made.close()


class TestMemoryRooms(RoomStoreContract):
    pass


class TestMemoryTasks(TaskStoreContract):
    pass


class TestMemoryAccounts(AccountStoreContract):
    pass


async def test_it_is_what_the_ports_ask_for(store: MemoryStore) -> None:
    ports: tuple[RoomStore, AccountStore] = store, store
    assert ports


async def test_told_to_fail_it_stores_nothing_and_reads_on(store: MemoryStore) -> None:
    await outcome(store, append())
    store.fail_with(DOWN)

    assert await outcomes(store, [append(expected=1)] * 2) == [NotStored(DOWN)] * 2
    with pytest.raises(Unavailable):
        await store.new_ids("essay", 1)
    with pytest.raises(Unavailable):
        await store.create_user(new_user("emma"))
    with pytest.raises(Unavailable):
        await store.check()
    assert len(await store.records(ESSAY, 0, 10)) == 1


async def test_told_to_fail_altogether_it_does_not_read_either(store: MemoryStore) -> None:
    store.fail_with(DOWN, reads=True)

    with pytest.raises(Unavailable):
        await store.load(ESSAY)
    with pytest.raises(Unavailable):
        await store.account(ANA)


async def test_healed_it_goes_on_where_it_was(store: MemoryStore) -> None:
    await outcome(store, append())
    store.fail_with(DOWN, reads=True)
    await outcome(store, append(expected=1))
    store.heal()

    assert await outcome(store, append(expected=1)) == Appended(2)
    await store.check()


async def test_held_appends_are_answered_in_order_after_the_release(store: MemoryStore) -> None:
    told: list[AppendResult] = []
    store.hold()
    store.append(append(), told.append)
    store.append(append(expected=1), told.append)
    await store.new_ids("essay", 1)
    assert told == []
    assert await store.load(ESSAY) is None

    store.release()

    assert await outcome(store, append(expected=2)) == Appended(3)
    assert told == [Appended(1), Appended(2)]


async def test_closing_answers_what_was_held_back() -> None:
    store = MemoryStore()
    told: list[AppendResult] = []
    store.hold()
    store.append(append(), told.append)

    await store.close()

    assert told == [Appended(1)]
