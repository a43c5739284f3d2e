"""Accounts that many ask for at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from workroom.adapters.store import MemoryStore
from workroom.core.people import Role
from workroom.errors import Unavailable
from workroom.ids import UserId
from workroom.ports.accounts import Account, NewUser
from workroom.service.accounts.lookup import Lookup


class SlowStore(MemoryStore):
    """Reads accounts when it is let, and remembers which were asked for together."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[set[UserId]] = []
        self.may_go_on = asyncio.Event()
        self.broken = False

    async def accounts_with(self, ids: Sequence[UserId]) -> Mapping[UserId, Account]:
        self.reads.append(set(ids))
        broken = self.broken
        await self.may_go_on.wait()
        if broken:
            raise Unavailable("the database is away")
        return await super().accounts_with(ids)


async def _people(store: MemoryStore, count: int) -> list[UserId]:
    new = [NewUser(f"user{n}", f"User {n}", Role.STUDENT) for n in range(count)]
    return [(await store.create_user(each)).id for each in new]


async def _begun(store: SlowStore) -> None:
    while not store.reads:
        await asyncio.sleep(0)


async def test_all_who_ask_while_the_store_reads_are_read_together_afterwards() -> None:
    store = SlowStore()
    first, *others = await _people(store, 50)
    lookup = Lookup(store)
    asked = [asyncio.ensure_future(lookup.account(first))]
    await _begun(store)
    for user_id in others:
        asked.append(asyncio.ensure_future(lookup.account(user_id)))
        await asyncio.sleep(0)  # each in a turn of the loop of its own

    store.may_go_on.set()
    found = await asyncio.gather(*asked)

    assert store.reads == [{first}, set(others)]
    assert [account.user.id for account in found if account] == [first, *others]


async def test_who_asks_again_while_an_older_read_is_under_way_gets_a_newer_answer() -> None:
    store = SlowStore()
    (emma,) = await _people(store, 1)
    lookup = Lookup(store)
    before = asyncio.ensure_future(lookup.account(emma))
    await _begun(store)
    after = asyncio.ensure_future(lookup.account(emma))

    store.may_go_on.set()
    await asyncio.gather(before, after)

    assert store.reads == [{emma}, {emma}]


async def test_a_read_that_fails_fails_for_those_in_it_alone() -> None:
    store = SlowStore()
    emma, jane = await _people(store, 2)
    lookup = Lookup(store)
    store.broken = True
    in_it = asyncio.ensure_future(lookup.account(emma))
    await _begun(store)
    store.broken = False
    behind = asyncio.ensure_future(lookup.account(jane))

    store.may_go_on.set()

    with pytest.raises(Unavailable):
        await in_it
    found = await behind
    assert found is not None
    assert found.user.id == jane
