"""What people are doing right now: typing, and what editors show. Expiring, never stored."""

from __future__ import annotations

from collections.abc import KeysView, Mapping
from dataclasses import dataclass
from typing import Any

from workroom.ids import UserId


@dataclass(frozen=True, slots=True)
class ClientState:
    """What one copy of the Yjs text shows of its user: an entry of y-protocols' awareness.

    ``state`` holds plain JSON values; None: it shows nothing any more. Of two entries with one
    ``client`` the one with the higher ``clock`` counts, and at the same clock the one with None.
    """

    client: int
    clock: int
    state: Mapping[str, Any] | None


class Typists:
    """Who types in one essay. Never two starts of a user without a stop between."""

    __slots__ = ("_idle", "_until")

    def __init__(self, idle: float) -> None:
        """``idle``: seconds after the last sign of typing at which it counts as stopped."""
        self._idle = idle
        self._until: dict[UserId, float] = {}

    def user_ids(self) -> KeysView[UserId]:
        """Everybody who types."""
        return self._until.keys()

    def __contains__(self, user_id: UserId) -> bool:
        return user_id in self._until

    def touch(self, user_id: UserId, tick: float, idle: float | None = None) -> bool:
        """A sign of typing; True when it is the first one of a pause.

        ``idle``: seconds for which this sign is good, when that is not as usual.
        """
        started = user_id not in self._until
        self._until[user_id] = tick + (self._idle if idle is None else idle)
        return started

    def stop(self, user_id: UserId) -> bool:
        """End it; False when the user was not typing."""
        return self._until.pop(user_id, None) is not None

    def expire(self, tick: float) -> list[UserId]:
        """Stop those who have been idle for long enough, and say who they were."""
        idle = [user_id for user_id, until in self._until.items() if until <= tick]
        for user_id in idle:
            del self._until[user_id]
        return idle

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        return min(self._until.values(), default=None)
