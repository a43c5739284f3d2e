"""Who is here: per user, counted over connections.

A user's first connection makes them present. They leave at once when their last connection closes
cleanly, and after a grace time when it broke, so that a flaky network does not flicker.
"""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field

from workroom.core.people import User
from workroom.ids import ConnectionId, RoomId, UserId


@dataclass(slots=True)
class Member:
    """A user who is present. ``leaves_at`` (tick) is set while no connection is left."""

    user: User
    connections: set[ConnectionId] = field(default_factory=set)
    leaves_at: float | None = None


Present = Mapping[RoomId, Sequence[User]]
"""Who is present, by room."""


class Presence:
    """The members of one room on this node."""

    __slots__ = ("_by_connection", "_grace", "_held", "_leaving", "_members")

    def __init__(self, grace: float) -> None:
        """``grace``: seconds that a user stays present after their last connection broke."""
        self._grace = grace
        self._members: dict[UserId, Member] = {}
        self._by_connection: dict[ConnectionId, UserId] = {}
        self._leaving: set[UserId] = set()
        self._held = False

    def __contains__(self, connection: ConnectionId) -> bool:
        return connection in self._by_connection

    def __len__(self) -> int:
        return len(self._by_connection)

    def users(self) -> Iterator[User]:
        """Everybody present, in the order in which they came."""
        return (member.user for member in self._members.values())

    def user_ids(self) -> KeysView[UserId]:
        """The ids of everybody present."""
        return self._members.keys()

    def user_of(self, connection: ConnectionId) -> UserId | None:
        """Whose connection this is."""
        return self._by_connection.get(connection)

    def connections(self) -> Iterator[ConnectionId]:
        """Every connection in the room."""
        return iter(self._by_connection)

    def connections_of(self, user_id: UserId) -> frozenset[ConnectionId]:
        """The connections of one user; empty when they are not here (or only by grace)."""
        member = self._members.get(user_id)
        return frozenset(member.connections) if member else frozenset()

    def arrive(self, connection: ConnectionId, user: User) -> bool:
        """Add a connection; True when it makes the user present."""
        self._by_connection[connection] = user.id
        member = self._members.get(user.id)
        if member is None:
            self._members[user.id] = Member(user, {connection})
            return True
        member.user = user
        member.connections.add(connection)
        member.leaves_at = None
        self._leaving.discard(user.id)
        return False

    def depart(self, connection: ConnectionId, *, clean: bool, tick: float) -> UserId | None:
        """Remove a connection; the user's id when that makes them leave now."""
        user_id = self._by_connection.pop(connection, None)
        if user_id is None:
            return None
        member = self._members[user_id]
        member.connections.discard(connection)
        if member.connections:
            return None
        if self._held:
            return None
        if clean or self._grace <= 0:
            del self._members[user_id]
            return user_id
        member.leaves_at = tick + self._grace
        self._leaving.add(user_id)
        return None

    def hold(self) -> None:
        """Nobody leaves any more: this node is about to end, and its users to come back."""
        self._held = True
        for user_id in self._leaving:
            self._members[user_id].leaves_at = None
        self._leaving.clear()

    def expect(self, user: User, until: float) -> None:
        """Somebody was here a moment ago, before the room was loaded: present until that tick."""
        if user.id not in self._members:
            self._members[user.id] = Member(user, leaves_at=until)
            self._leaving.add(user.id)

    def expire(self, tick: float) -> list[UserId]:
        """Remove the users whose grace is over, and say who they were."""
        gone = [u for u in self._leaving if (self._members[u].leaves_at or 0.0) <= tick]
        for user_id in gone:
            self._leaving.discard(user_id)
            del self._members[user_id]
        return gone

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        if not self._leaving:
            return None  # as nearly always, and everything that happens in the room asks
        return min(self._members[u].leaves_at or 0.0 for u in self._leaving)
