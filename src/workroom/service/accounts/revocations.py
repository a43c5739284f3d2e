"""Which log-ins are over before their tokens are, and who has to be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from workroom.ids import SessionId, UserId
from workroom.observe import logger
from workroom.ports.accounts import AccountStore
from workroom.ports.clock import Clock

log = logger("accounts")

Subject = TypeVar("Subject", SessionId, UserId)

_MARGIN: Final = 60
"""Seconds that a revocation is remembered beyond the last token: more than any leeway."""


class Revocations:
    """Revoked sessions, in memory for every check and in the store for every node."""

    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # The second until which each must be remembered; None: as long as the store does.
        self._revoked: dict[SessionId, int | None] = {}
        self._session_listeners: list[Callable[[SessionId], None]] = []
        self._user_listeners: list[Callable[[UserId], None]] = []
        self._ended_here: list[Callable[[SessionId | None, UserId | None], None]] = []

    def __contains__(self, session: SessionId) -> bool:
        return session in self._revoked

    def on_session(self, callback: Callable[[SessionId], None]) -> None:
        """Call back once for each session revoked from now on, here or on another node."""
        self._session_listeners.append(callback)

    def on_user(self, callback: Callable[[UserId], None]) -> None:
        """Call back whenever all sessions of a user end."""
        self._user_listeners.append(callback)

    def on_ended_here(self, callback: Callable[[SessionId | None, UserId | None], None]) -> None:
        """Call back with each session that ends here, or user, so that other nodes can be told."""
        self._ended_here.append(callback)

    async def load(self) -> None:
        """Learn what the store knows, and announce what is new. Raises Unavailable."""
        before = dict(self._revoked)
        now = self._clock.now().wall // 1000
        stored = await self._store.revoked_sessions(now)
        for session, until in before.items():
            if session not in stored and (until is None or until <= now):
                self._revoked.pop(session, None)
        for session in stored:
            self.learn(session)

    async def revoke(self, session: SessionId, expires: int) -> None:
        """End a session whose last token ends at ``expires``. Raises Unavailable."""
        until = expires + _MARGIN
        await self._store.revoke_session(session, until)
        self.learn(session, until)
        for callback in self._ended_here:
            callback(session, None)

    def revoke_user(self, user_id: UserId) -> None:
        """All sessions of a user have ended here."""
        self.announce_user(user_id)
        for callback in self._ended_here:
            callback(None, user_id)

    def learn(self, session: SessionId, until: int | None = None) -> None:
        """A session was revoked, by this node or another: refuse it, and tell the listeners."""
        if session not in self._revoked:
            self._revoked[session] = until
            self._announce(self._session_listeners, session)

    def announce_user(self, user_id: UserId) -> None:
        """Tell the listeners that all sessions of a user have ended."""
        self._announce(self._user_listeners, user_id)

    def forget_expired(self) -> None:
        """Drop the sessions whose tokens have all expired by now."""
        now = self._clock.now().wall // 1000
        for session, until in list(self._revoked.items()):
            if until is not None and until <= now:
                del self._revoked[session]

    def _announce(self, listeners: list[Callable[[Subject], None]], subject: Subject) -> None:
        for listener in listeners:
            try:
                listener(subject)
            except Exception:
                # One listener's fault must not keep the others' sockets open.
                log.exception("revocation_listener_failed")
