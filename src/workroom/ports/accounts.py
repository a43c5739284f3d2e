"""What Workroom needs to know about accounts and log-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workroom.core.people import Role, User
from workroom.ids import SessionId, UserId


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what is needed to let them in."""

    user: User
    password_hash: str | None
    """None: this account cannot log in by password (it comes from another identity service)."""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be created; ``id`` None lets the store choose the next one."""

    username: str
    name: str
    role: Role
    avatar_url: str | None = None
    password_hash: str | None = None
    id: UserId | None = None


@dataclass(frozen=True, slots=True)
class UserPage:
    """One page of a list of users, by id."""

    users: Sequence[User]
    total: int


class AccountStore(Protocol):
    """Accounts, and which log-ins are still good.

    Times are whole seconds since 1970, UTC. Every coroutine raises Unavailable when the store
    cannot be reached.
    """

    async def account(self, user_id: UserId) -> Account | None:
        """The account with that id."""

    async def accounts_with(self, ids: Sequence[UserId]) -> Mapping[UserId, Account]:
        """The accounts with these ids, read at once; unknown ids are left out."""

    async def account_named(self, username: str) -> Account | None:
        """The account with that user name, compared case-insensitively."""

    async def users(self, ids: Sequence[UserId]) -> Mapping[UserId, User]:
        """The users with these ids; unknown ids are left out."""

    async def user_page(self, *, limit: int, offset: int) -> UserPage:
        """All users, by id."""

    async def create_user(self, new: NewUser) -> User:
        """Raises Conflict (field ``username`` or ``id``) when it is taken."""

    async def provision(self, user: User) -> User:
        """Take on, or bring up to date, a user whom another identity service vouches for.

        Raises Conflict (field ``username``) when the name belongs to somebody else.
        """

    async def set_password(self, user_id: UserId, password_hash: str) -> bool:
        """False when there is no such user."""

    async def open_session(
        self, session: SessionId, user_id: UserId, refresh_id: str, expires: int
    ) -> None:
        """Remember a log-in and the one refresh token that is good for it now."""

    async def rotate_session(
        self, session: SessionId, old_refresh_id: str, new_refresh_id: str, expires: int
    ) -> bool:
        """Exchange the good refresh token of a log-in, atomically.

        False when ``old_refresh_id`` is not the good one: it was used before (then the session is
        revoked on the spot, because one of the two users of that token is a thief), or the session
        is revoked or over.
        """

    async def revoke_session(self, session: SessionId, expires: int) -> None:
        """End a log-in; also of one that this store never opened (a token from elsewhere).

        ``expires``: when the last token of it ends by itself; the record may be dropped then.
        """

    async def sessions_of(self, user_id: UserId) -> Sequence[SessionId]:
        """The log-ins of a user that are neither revoked nor over."""

    async def revoked_sessions(self, now: int) -> frozenset[SessionId]:
        """Revoked log-ins whose tokens might still be unexpired at ``now``."""
