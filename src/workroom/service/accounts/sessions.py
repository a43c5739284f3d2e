"""Log-ins: the tokens that they give, their renewal, and their end."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from workroom.errors import InvalidMessage, NotAuthenticated
from workroom.ids import SessionId, UserId
from workroom.ports.accounts import AccountStore
from workroom.ports.auth import Claims, TokenIssuer
from workroom.ports.clock import Clock
from workroom.service.accounts.revocations import Revocations

HOUR: Final = 3600
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a log-in gives. Times are whole seconds since 1970, UTC."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_expires: int
    refresh_expires: int


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """For how many seconds tokens are good."""

    access: int = HOUR
    refresh: int = 14 * DAY

    @property
    def longest(self) -> int:
        """No token of ours outlives its issue by more."""
        return max(self.access, self.refresh)


class Sessions:
    """Opens, renews and ends log-ins. Every coroutine may raise Unavailable."""

    def __init__(
        self,
        store: AccountStore,
        issuer: TokenIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
        new_id: Callable[[], str] = lambda: secrets.token_urlsafe(18),
    ) -> None:
        self.revocations = Revocations(store, clock)
        self._store = store
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes
        self._new_id = new_id

    async def open(self, user_id: UserId) -> tuple[SessionId, TokenPair]:
        """A new log-in."""
        session = SessionId(self._new_id())
        pair, refresh_id = self._pair(user_id, session)
        await self._store.open_session(session, user_id, refresh_id, pair.refresh_expires)
        return session, pair

    async def open_single(self, user_id: UserId, lifetime: int | None) -> str:
        """A log-in of one access token that cannot be renewed. Raises InvalidMessage."""
        seconds = self._lifetimes.access if lifetime is None else lifetime
        if not 0 < seconds <= self._lifetimes.longest:
            raise InvalidMessage(
                f"lifetime must be 1 to {self._lifetimes.longest} seconds", field="lifetime"
            )
        session = SessionId(self._new_id())
        token, claims = self._issuer.issue("access", user_id, session, lifetime=seconds)
        # No refresh token has this id.
        await self._store.open_session(session, user_id, self._new_id(), claims.expires)
        return token

    async def renew(self, refresh: Claims) -> TokenPair:
        """New tokens for a refresh token, once. Raises NotAuthenticated.

        A second use ends the session, because one of the two users of the token is a thief.
        """
        session, old_id = refresh.session, refresh.token_id
        if session is None or old_id is None or session in self.revocations:
            raise NotAuthenticated
        pair, new_id = self._pair(refresh.user_id, session)
        if not await self._store.rotate_session(session, old_id, new_id, pair.refresh_expires):
            # Only the store knows whether that was reuse; if so it revoked the session on the spot.
            await self.revocations.load()
            raise NotAuthenticated
        if session in self.revocations:
            raise NotAuthenticated
        return pair

    async def end(self, session: SessionId, expires: int = 0) -> None:
        """Revoke a session until its last token is over, at ``expires`` or later."""
        await self.revocations.revoke(session, max(expires, self._last_moment()))

    async def end_all(self, user_id: UserId) -> None:
        """Revoke every session of a user that began here, and announce the user."""
        for session in await self._store.sessions_of(user_id):
            await self.end(session)
        self.revocations.revoke_user(user_id)

    def ended_elsewhere(self, session: SessionId) -> None:
        """Another node revoked a session."""
        self.revocations.learn(session, self._last_moment())

    def _last_moment(self) -> int:
        """When a token that is issued now is over at the latest."""
        return self._clock.now().wall // 1000 + self._lifetimes.longest

    def _pair(self, user_id: UserId, session: SessionId) -> tuple[TokenPair, str]:
        """New tokens, and the id of the refresh token."""
        issue, lifetimes = self._issuer.issue, self._lifetimes
        access, said = issue("access", user_id, session, lifetime=lifetimes.access)
        refresh, kept = issue("refresh", user_id, session, lifetime=lifetimes.refresh)
        refresh_id = kept.token_id or self._new_id()
        return TokenPair(access, refresh, said.expires, kept.expires), refresh_id
