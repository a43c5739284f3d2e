"""Who a token is about: looked up, remembered for a moment, and taken on from elsewhere."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TypeVar

from workroom.core.people import User
from workroom.errors import Conflict, NotAuthenticated
from workroom.ids import UserId
from workroom.ports.accounts import AccountStore
from workroom.ports.auth import Claims
from workroom.ports.clock import Clock
from workroom.service.accounts.lookup import Lookup
from workroom.service.accounts.profiles import MAX_USERNAME, vouched_user

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Person:
    """A user, and whether they are locked out."""

    user: User
    disabled: bool


class People:
    """Users by their tokens, so that a thousand reconnecting tabs cost one query for each user.

    At most ``size`` users are remembered, each for ``keep`` seconds. With ``provision`` the claims
    of tokens of elsewhere make and change users.
    """

    def __init__(
        self,
        store: AccountStore,
        clock: Clock,
        *,
        provision: bool,
        keep: float,
        size: int = 10_000,
    ) -> None:
        self._store = store
        self._lookup = Lookup(store)
        self._clock = clock
        self._provision = provision
        self._keep = keep
        self._size = size
        self._seen: OrderedDict[UserId, tuple[float, Person]] = OrderedDict()
        # The newest claims applied of each user: an older token must not bring back an old role.
        self._vouched: OrderedDict[UserId, Claims] = OrderedDict()
        self._changes = 0

    async def find(self, claims: Claims) -> Person | None:
        """The person whom the claims are about; None when unknown here.

        Raises Unavailable, and NotAuthenticated for a newcomer whom the store will not take.
        """
        news = self._provision and not claims.local and self._is_news(claims)
        tick, changes = self._clock.now().tick, self._changes
        seen = self._seen.get(claims.user_id)
        if seen is not None and tick < seen[0] + self._keep and not news:
            return seen[1]
        account = await self._lookup.account(claims.user_id)
        known = None if account is None else Person(account.user, account.disabled)
        if news and (known is None or not known.disabled):
            known = Person(await self._take_on(claims, known), disabled=False)
        # Somebody forgotten meanwhile has perhaps changed after we read.
        if known is not None and changes == self._changes:
            _remember(self._seen, claims.user_id, (tick, known), self._size)
        return known

    def forget(self, user_id: UserId) -> None:
        """Look this user up anew next time."""
        self._changes += 1
        self._seen.pop(user_id, None)

    async def _take_on(self, claims: Claims, known: Person | None) -> User:
        """Make the store's user what the claims say."""
        before = None if known is None else known.user
        user = vouched_user(claims, before)
        if user != before:
            user = await self._provisioned(user, before)
        _remember(self._vouched, claims.user_id, claims, self._size)
        return user

    async def _provisioned(self, user: User, before: User | None) -> User:
        try:
            return await self._store.provision(user)
        except Conflict:
            # The user name is somebody else's: the id is what counts, so take another name.
            unique = f"{user.username[: MAX_USERNAME - 17]}-{user.id}"
            spare = replace(user, username=unique if before is None else before.username)
        if spare == before:
            return spare
        try:
            return await self._store.provision(spare)
        except Conflict:
            raise NotAuthenticated from None

    def _is_news(self, claims: Claims) -> bool:
        """Whether these claims may say something that was not applied yet."""
        last = self._vouched.get(claims.user_id)
        if last is None:
            return True
        older = (claims.issued or 0) < (last.issued or 0)
        return not older and _profile(last) != _profile(claims)


def _profile(claims: Claims) -> tuple[object, ...]:
    return claims.username, claims.name, claims.role, claims.avatar_url


def _remember(
    entries: OrderedDict[UserId, Entry], user_id: UserId, entry: Entry, size: int
) -> None:
    entries[user_id] = entry
    entries.move_to_end(user_id)
    while len(entries) > size:
        entries.popitem(last=False)
