"""Accounts by id: however many are asked for at a time, the store is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from workroom.ids import UserId
from workroom.observe import READS
from workroom.ports.accounts import Account, AccountStore


class Lookup:
    """Gathers what is asked for in one turn of the loop. Runs on the event loop's thread."""

    def __init__(self, store: AccountStore) -> None:
        self._store = store
        self._wanted: set[UserId] = set()
        self._reading: asyncio.Task[Mapping[UserId, Account]] | None = None

    async def account(self, user_id: UserId) -> Account | None:
        """The account with that id, as it is now or later. Raises Unavailable."""
        self._wanted.add(user_id)
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        found = await asyncio.shield(self._reading)
        return found.get(user_id)

    async def _read(self) -> Mapping[UserId, Account]:
        wanted, self._wanted, self._reading = self._wanted, set(), None
        READS.labels("accounts").inc()
        return await self._store.accounts_with(tuple(wanted))
