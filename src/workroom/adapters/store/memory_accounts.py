"""Accounts and log-ins in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workroom.adapters.store.account_queries import username_key
from workroom.core.people import User
from workroom.errors import Conflict
from workroom.ids import SessionId, UserId
from workroom.ports.accounts import Account, NewUser, UserPage


@dataclass(slots=True)
class _Session:
    user_id: UserId | None
    refresh_id: str | None
    expires: int
    revoked: bool = False


class MemoryAccounts:
    """``AccountStore`` in memory; see the port for what each coroutine promises."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._accounts: dict[UserId, Account] = {}
        self._by_name: dict[str, UserId] = {}
        self._sessions: dict[SessionId, _Session] = {}
        self._next_user = 1

    def _may_read(self) -> None:
        """Raises Unavailable while reads are made to fail."""

    def _may_write(self) -> None:
        """Raises Unavailable while writes are made to fail."""

    async def account(self, user_id: UserId) -> Account | None:
        """The account with that id."""
        self._may_read()
        return self._accounts.get(user_id)

    async def accounts_with(self, ids: Sequence[UserId]) -> Mapping[UserId, Account]:
        """The accounts with these ids."""
        self._may_read()
        return {each: self._accounts[each] for each in ids if each in self._accounts}

    async def account_named(self, username: str) -> Account | None:
        """The account with that user name."""
        self._may_read()
        user_id = self._by_name.get(username_key(username))
        return None if user_id is None else self._accounts[user_id]

    async def users(self, ids: Sequence[UserId]) -> Mapping[UserId, User]:
        """The users with these ids."""
        self._may_read()
        return {each: self._accounts[each].user for each in ids if each in self._accounts}

    async def user_page(self, *, limit: int, offset: int) -> UserPage:
        """All users, by id."""
        self._may_read()
        ids = sorted(self._accounts)[offset : offset + limit]
        return UserPage([self._accounts[each].user for each in ids], len(self._accounts))

    async def create_user(self, new: NewUser) -> User:
        """Add an account; Conflict when it is taken."""
        self._may_write()
        self._refuse_taken_name(new.username, None)
        if new.id in self._accounts:
            raise Conflict(f"The user id {new.id} is taken", field="id")
        user_id = self._free_id() if new.id is None else new.id
        user = User(user_id, new.username, new.name, new.role, new.avatar_url)
        self._keep(Account(user, new.password_hash))
        return user

    async def provision(self, user: User) -> User:
        """Add or update an account from elsewhere."""
        self._may_write()
        self._refuse_taken_name(user.username, user.id)
        known = self._accounts.get(user.id)
        if known is None:
            self._keep(Account(user, None))
        else:
            del self._by_name[username_key(known.user.username)]
            self._keep(replace(known, user=user))
        return user

    async def set_password(self, user_id: UserId, password_hash: str) -> bool:
        """False when there is no such user."""
        self._may_write()
        known = self._accounts.get(user_id)
        if known is not None:
            self._accounts[user_id] = replace(known, password_hash=password_hash)
        return known is not None

    async def open_session(
        self, session: SessionId, user_id: UserId, refresh_id: str, expires: int
    ) -> None:
        """Remember a log-in."""
        self._may_write()
        if session in self._sessions:
            raise Conflict("There is a log-in with that id already", field="session")
        self._sessions[session] = _Session(user_id, refresh_id, expires)

    async def rotate_session(
        self, session: SessionId, old_refresh_id: str, new_refresh_id: str, expires: int
    ) -> bool:
        """Exchange the refresh token of a log-in."""
        self._may_write()
        known = self._sessions.get(session)
        if known is None or known.revoked or known.expires <= self._clock():
            return False
        if known.refresh_id != old_refresh_id:
            known.revoked = True
            return False
        known.refresh_id, known.expires = new_refresh_id, expires
        return True

    async def revoke_session(self, session: SessionId, expires: int) -> None:
        """End a log-in."""
        self._may_write()
        known = self._sessions.setdefault(session, _Session(None, None, expires))
        known.revoked, known.expires = True, max(known.expires, expires)

    async def sessions_of(self, user_id: UserId) -> Sequence[SessionId]:
        """The log-ins of a user that are good now."""
        self._may_read()
        now = self._clock()
        return sorted(
            sid
            for sid, known in self._sessions.items()
            if known.user_id == user_id and not known.revoked and known.expires > now
        )

    async def revoked_sessions(self, now: int) -> frozenset[SessionId]:
        """Revoked log-ins whose tokens may be unexpired."""
        self._may_read()
        return frozenset(
            sid for sid, known in self._sessions.items() if known.revoked and known.expires > now
        )

    def _refuse_taken_name(self, username: str, owner: UserId | None) -> None:
        known = self._by_name.get(username_key(username))
        if known is not None and known != owner:
            raise Conflict(f"The user name {username} is taken", field="username")

    def _free_id(self) -> UserId:
        while self._next_user in self._accounts:
            self._next_user += 1
        self._next_user += 1
        return UserId(self._next_user - 1)

    def _keep(self, account: Account) -> None:
        self._accounts[account.user.id] = account
        self._by_name[username_key(account.user.username)] = account.user.id
