"""A house with accounts: Emma and Mike on a small store, and what was announced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from auth_kit import SECRET, PlainHasher, WatchedStore
from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.errors import NotAuthenticated
from workroom.ids import SessionId, UserId
from workroom.ports.accounts import AccountStore
from workroom.service.accounts.accounts import Accounts, TokenPair
from workroom.testing.clock import FakeClock

HOME = "192.0.2.1"
EMMA, MIKE = UserId(1), UserId(4)


@dataclass
class House:
    """Accounts of Emma and Mike on a small store, and what was announced."""

    clock: FakeClock
    store: WatchedStore
    hasher: PlainHasher
    options: dict[str, Any] = field(default_factory=dict)
    ended: list[SessionId] = field(default_factory=list)
    ended_users: list[UserId] = field(default_factory=list)

    def __post_init__(self) -> None:
        store: AccountStore = self.store
        self.accounts = Accounts(
            store,
            JwtVerifier(self.clock, secret=SECRET),
            JwtIssuer(SECRET, self.clock),
            self.hasher,
            self.clock,
            **self.options,
        )
        self.accounts.on_revoked(self.ended.append)
        self.accounts.on_user_revoked(self.ended_users.append)

    async def emma(self) -> TokenPair:
        return await self.accounts.login("emma", "emma's word", HOME)

    async def is_in(self, access: str) -> bool:
        try:
            await self.accounts.authenticate(access)
        except NotAuthenticated:
            return False
        return True

    async def session(self, access: str) -> SessionId:
        session = (await self.accounts.authenticate(access)).session
        assert session is not None
        return session

    def neighbour(self, **options: Any) -> House:
        """Another node on the same store."""
        return House(self.clock, self.store, self.hasher, self.options | options)


async def furnished(clock: FakeClock, **options: Any) -> House:
    house = House(clock, WatchedStore(clock), PlainHasher(), options)
    await house.accounts.create_user("emma", "emma's word", name="Emma Brown", user_id=EMMA)
    await house.accounts.create_user("mike", "mike's word", name="Mike Wilson", user_id=MIKE)
    return house
