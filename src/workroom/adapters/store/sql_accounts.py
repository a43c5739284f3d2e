"""Accounts and log-ins in the same SQL database as the rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from workroom.adapters.store import account_queries as queries
from workroom.adapters.store.access import Access
from workroom.core.people import User
from workroom.ids import SessionId, UserId
from workroom.ports.accounts import Account, NewUser, UserPage


class SqlAccounts:
    """``AccountStore`` on an SQL database; see the port for what each coroutine promises."""

    def __init__(self, access: Access, clock: Callable[[], int]) -> None:
        self._access = access
        self._clock = clock

    async def account(self, user_id: UserId) -> Account | None:
        """The account with that id."""
        return await self._access.read(partial(queries.account, user_id=user_id))

    async def account_named(self, username: str) -> Account | None:
        """The account with that user name."""
        return await self._access.read(partial(queries.account_named, username=username))

    async def users(self, ids: Sequence[UserId]) -> Mapping[UserId, User]:
        """The users with these ids."""
        return await self._access.read(partial(queries.users_with, ids=ids))

    async def user_page(self, *, limit: int, offset: int) -> UserPage:
        """All users, by id."""
        return await self._access.read(partial(queries.user_page, limit=limit, offset=offset))

    async def create_user(self, new: NewUser) -> User:
        """Add an account; Conflict when it is taken."""
        return await self._access.write(partial(queries.create_user, new=new))

    async def provision(self, user: User) -> User:
        """Add or update an account from elsewhere."""
        return await self._access.write(partial(queries.provision, user=user))

    async def set_password(self, user_id: UserId, password_hash: str) -> bool:
        """False when there is no such user."""
        return await self._access.write(
            partial(queries.set_password, user_id=user_id, password_hash=password_hash)
        )

    async def open_session(
        self, session: SessionId, user_id: UserId, refresh_id: str, expires: int
    ) -> None:
        """Remember a log-in."""
        await self._access.write(
            partial(
                queries.open_session,
                session=session,
                user_id=user_id,
                refresh_id=refresh_id,
                expires=expires,
                now=self._clock(),
            )
        )

    async def rotate_session(
        self, session: SessionId, old_refresh_id: str, new_refresh_id: str, expires: int
    ) -> bool:
        """Exchange the refresh token of a log-in."""
        return await self._access.write(
            partial(
                queries.rotate_session,
                session=session,
                old_refresh_id=old_refresh_id,
                new_refresh_id=new_refresh_id,
                expires=expires,
                now=self._clock(),
            )
        )

    async def revoke_session(self, session: SessionId, expires: int) -> None:
        """End a log-in."""
        await self._access.write(partial(queries.revoke_session, session=session, expires=expires))

    async def sessions_of(self, user_id: UserId) -> Sequence[SessionId]:
        """The log-ins of a user that are good now."""
        return await self._access.read(
            partial(queries.sessions_of, user_id=user_id, now=self._clock())
        )

    async def revoked_sessions(self, now: int) -> frozenset[SessionId]:
        """Revoked log-ins whose tokens may be unexpired."""
        return await self._access.read(partial(queries.revoked_sessions, now=now))
