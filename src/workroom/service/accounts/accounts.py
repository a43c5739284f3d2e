"""Letting people in: log-in, tokens and their renewal, log-out, and who a token belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from workroom.core.people import Role, User
from workroom.errors import InvalidMessage, NotAuthenticated, NotFound, RateLimited
from workroom.ids import SessionId, UserId
from workroom.observe import LOGINS
from workroom.ports.accounts import Account, AccountStore, NewUser
from workroom.ports.auth import Claims, PasswordHasher, TokenIssuer, TokenVerifier
from workroom.ports.clock import Clock
from workroom.service.accounts.people import People, Person
from workroom.service.accounts.profiles import (
    MAX_PASSWORD,
    checked_avatar_url,
    checked_name,
    checked_password,
    checked_username,
    normal_password,
)
from workroom.service.accounts.sessions import DAY, HOUR, Lifetimes, Sessions, TokenPair
from workroom.service.accounts.throttle import LoginThrottle

__all__ = ["NO_SUCH_ACCOUNT", "Accounts", "Authenticated", "TokenPair"]

NO_SUCH_ACCOUNT: Final = "No active account with these credentials"


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a good access token belongs to, and until when (seconds since 1970, UTC)."""

    user: User
    session: SessionId | None
    """None for a token of elsewhere without ``sid`` and ``jti``: it cannot be revoked singly."""
    expires: int


class Accounts:
    """The use cases of accounts. One per node; runs on the event loop.

    Lifetimes are seconds. With ``provision``, users unknown here are taken on from the claims of
    a token of elsewhere, and known ones brought up to date. ``user_cache`` is for how many seconds
    a change made on another node may go unnoticed. Every coroutine may raise Unavailable.
    """

    def __init__(
        self,
        store: AccountStore,
        verifier: TokenVerifier,
        issuer: TokenIssuer,
        hasher: PasswordHasher,
        clock: Clock,
        *,
        access_lifetime: int = HOUR,
        refresh_lifetime: int = 14 * DAY,
        provision: bool = False,
        login_attempts: int = 10,
        user_cache: float = 5.0,
    ) -> None:
        lifetimes = Lifetimes(access_lifetime, refresh_lifetime)
        self._store = store
        self._verifier = verifier
        self._hasher = hasher
        self._clock = clock
        self._throttle = LoginThrottle(login_attempts)
        self._people = People(store, clock, provision=provision, keep=user_cache)
        self._sessions = Sessions(store, issuer, clock, lifetimes)
        self._revocations = self._sessions.revocations

    # ---- what has ended ---------------------------------------------------------------------

    def on_revoked(self, callback: Callable[[SessionId], None]) -> None:
        """Call back with each session that ends early, on whatever node."""
        self._revocations.on_session(callback)

    def on_user_revoked(self, callback: Callable[[UserId], None]) -> None:
        """Call back with each user who is logged out everywhere.

        Their sockets have to close whatever the token: one of elsewhere may name no session.
        """
        self._revocations.on_user(callback)

    def on_ended_here(self, callback: Callable[[SessionId | None, UserId | None], None]) -> None:
        """Call back with each session, or user, logged out on this node, to tell the others."""
        self._revocations.on_ended_here(callback)

    def learn_revoked(self, session: SessionId) -> None:
        """Another node revoked a session, as the bus says."""
        self._sessions.ended_elsewhere(session)

    def learn_user_revoked(self, user_id: UserId) -> None:
        """Another node logged a user out everywhere, as the bus says."""
        self._people.forget(user_id)
        self._revocations.announce_user(user_id)

    async def load(self) -> None:
        """Learn which sessions are revoked: at the start, and now and then from other nodes."""
        await self._revocations.load()

    def forget_expired(self) -> None:
        """Free the memory of what no longer matters; call it every minute or so."""
        self._revocations.forget_expired()
        self._throttle.forget_expired(self._clock.now().tick)

    async def login(self, username: str, password: str, address: str) -> TokenPair:
        """Let somebody in by password.

        Raises NotAuthenticated, after the same time and with the same words, whether the name is
        unknown, the password wrong, or the account disabled; RateLimited after too many attempts.
        """
        try:
            self._throttle.take(username, address, self._clock.now().tick)
            pair = await self._let_in(username, password)
        except (NotAuthenticated, RateLimited) as refusal:
            LOGINS.labels(refusal.code).inc()
            raise
        self._throttle.succeeded(username, address)
        LOGINS.labels("ok").inc()
        return pair

    async def _let_in(self, username: str, password: str) -> TokenPair:
        account = await self._account_named(username)
        if len(password) > MAX_PASSWORD:
            account, password = None, ""
        hashed = None if account is None else account.password_hash
        right = await self._hasher.verify(normal_password(password), hashed)
        if account is None or account.disabled or not right:
            raise NotAuthenticated(NO_SUCH_ACCOUNT)
        session, pair = await self._sessions.open(account.user.id)
        # The password may have been changed meanwhile, and its sessions ended before this began.
        now = await self._store.account(account.user.id)
        if now is None or now.disabled or now.password_hash != hashed:
            await self._sessions.end(session)
            raise NotAuthenticated(NO_SUCH_ACCOUNT)
        return pair

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for a new pair; each is good for one exchange.

        Raises NotAuthenticated. A second use ends the session, because one of the two is a thief.
        """
        claims = await self._verifier.verify(refresh_token, "refresh")
        self._refuse_revoked(claims)
        account = await self._store.account(claims.user_id)
        await self._admit(None if account is None else Person(account.user, account.disabled))
        return await self._sessions.renew(claims)

    async def revoke(self, token: str) -> None:
        """Log out the session of an access or refresh token, ours or of elsewhere.

        Raises NotAuthenticated for a token that is not good, InvalidMessage for one of elsewhere
        that belongs to no session.
        """
        try:
            claims = await self._verifier.verify(token, "access")
        except NotAuthenticated:
            claims = await self._verifier.verify(token, "refresh")
        if claims.session is None:
            raise InvalidMessage(
                "this token names no session (sid or jti), so it cannot be revoked", field="token"
            )
        await self._sessions.end(claims.session, claims.expires)

    async def revoke_user(self, user_id: UserId) -> None:
        """Log out a user everywhere.

        Sockets of the user are announced to be closed whatever their token; a token of elsewhere
        stays good until it expires, unless the account is disabled.
        """
        self._people.forget(user_id)
        await self._sessions.end_all(user_id)

    async def authenticate(self, access_token: str) -> Authenticated:
        """Who the token belongs to.

        Raises NotAuthenticated for a token that is not good or is revoked, and for a user who is
        unknown or disabled.
        """
        claims = await self._verifier.verify(access_token, "access")
        self._refuse_revoked(claims)
        user = await self._admit(await self._people.find(claims))
        self._refuse_revoked(claims)  # again: it may have been revoked during the look-up
        return Authenticated(user, claims.session, claims.expires)

    async def recheck(self, user_ids: Iterable[UserId]) -> None:
        """Log out those of these users who were disabled or removed, on this node or elsewhere."""
        for user_id in user_ids:
            account = await self._store.account(user_id)
            if account is None or account.disabled:
                await self.revoke_user(user_id)

    def forget_user(self, user_id: UserId) -> None:
        """The account was changed: look it up again at the next check."""
        self._people.forget(user_id)

    async def create_user(
        self,
        username: str,
        password: str | None,
        *,
        name: str | None = None,
        role: Role = Role.STUDENT,
        avatar_url: str | None = None,
        user_id: UserId | None = None,
    ) -> User:
        """A new account; without a password it can only be used with tokens of elsewhere.

        Raises InvalidMessage naming the field, and Conflict when the name or id is taken.
        """
        new = NewUser(
            username=(called := checked_username(username)),
            name=checked_name(called if name is None else name),
            role=role,
            avatar_url=checked_avatar_url(avatar_url),
            password_hash=None if password is None else await self._hash(password),
            id=user_id,
        )
        return await self._store.create_user(new)

    async def set_password(self, user_id: UserId, password: str) -> None:
        """Change the password and log the user out everywhere.

        Raises InvalidMessage (field ``password``), and NotFound when there is no such user.
        """
        if not await self._store.set_password(user_id, await self._hash(password)):
            raise NotFound("There is no such user")
        await self.revoke_user(user_id)

    async def issue_token(self, user: User, *, lifetime: int | None = None) -> str:
        """An access token without a log-in, for the command line; it can be revoked.

        ``lifetime``: seconds, at most that of a refresh token. Raises InvalidMessage.
        """
        return await self._sessions.open_single(user.id, lifetime)

    def _refuse_revoked(self, claims: Claims) -> None:
        if claims.session is not None and claims.session in self._revocations:
            raise NotAuthenticated

    async def _account_named(self, username: str) -> Account | None:
        try:
            return await self._store.account_named(checked_username(username))
        except InvalidMessage:
            return None

    async def _admit(self, person: Person | None) -> User:
        """The user, unless unknown or disabled; the sockets of a disabled one close.

        Raises NotAuthenticated.
        """
        if person is None:
            raise NotAuthenticated
        if person.disabled:
            await self.revoke_user(person.user.id)
            raise NotAuthenticated
        return person.user

    async def _hash(self, password: str) -> str:
        return await self._hasher.hash(checked_password(password))
