"""Accounts by id: however many are asked for at a time, the store is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from workroom.ids import UserId
from workroom.observe import READS
from workroom.ports.accounts import Account, AccountStore

_Reading = asyncio.Task[Mapping[UserId, Account]]


class Lookup:
    """Gathers what is asked for while the store is reading. Runs on the event loop's thread.

    One read at a time: when thousands come back, each takes all who came during the one before.
    """

    def __init__(self, store: AccountStore) -> None:
        self._store = store
        self._wanted: set[UserId] = set()
        self._next: _Reading | None = None
        """The read that has not begun yet: who asks now is in it."""
        self._last: _Reading | None = None

    async def account(self, user_id: UserId) -> Account | None:
        """The account with that id, as it is now or later. Raises Unavailable."""
        self._wanted.add(user_id)
        if self._next is None:
            self._next = self._last = asyncio.ensure_future(self._read(self._last))
        found = await asyncio.shield(self._next)
        return found.get(user_id)

    async def _read(self, before: _Reading | None) -> Mapping[UserId, Account]:
        if before is not None:
            await asyncio.wait((before,))  # whether it failed is the affair of those in it
            del before  # else each would keep all that were before it
        wanted, self._wanted, self._next = self._wanted, set(), None
        READS.labels("accounts").inc()
        return await self._store.accounts_with(tuple(wanted))
