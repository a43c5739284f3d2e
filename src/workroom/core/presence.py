"""Who is here: per user, counted over connections of this node and over the other nodes.

A user's first connection makes them present, on whatever node. They leave at once when their last
connection closes cleanly, and after a grace time when it broke, so that a flaky network does not
flicker. The grace is kept by the node that had the connection, and after that by the others when it
ends in good order: its people will be back through one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, KeysView
from dataclasses import dataclass, field
from typing import Final

from workroom.core.people import User
from workroom.core.signals import Arrived, Departed, Roster, Signal
from workroom.ids import ConnectionId, UserId

HANDED_OVER: Final = 15.0
"""Seconds that the users of a node that ends still count as present: they are told to come back
within a few, and a node that closes thousands takes its time."""


@dataclass(slots=True)
class Member:
    """A user who is present. ``leaves_at`` (tick) is set while they are here by grace alone."""

    user: User
    connections: set[ConnectionId] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    """Other nodes through which they are here."""
    leaves_at: float | None = None
    ours: bool = False
    """The grace is for a connection of this node."""

    @property
    def here(self) -> bool:
        """They are present through this node."""
        return bool(self.connections) or (self.leaves_at is not None and self.ours)


Change = tuple[User, bool]
"""A user who came (True) or left."""


class Presence:
    """The members of one room."""

    __slots__ = ("_by_connection", "_grace", "_leaving", "_members")

    def __init__(self, grace: float) -> None:
        """``grace``: seconds that a user stays present after their last connection broke."""
        self._grace = grace
        self._members: dict[UserId, Member] = {}
        self._by_connection: dict[ConnectionId, UserId] = {}
        self._leaving: set[UserId] = set()

    def __contains__(self, connection: ConnectionId) -> bool:
        return connection in self._by_connection

    def __len__(self) -> int:
        """How many connections of this node are in the room."""
        return len(self._by_connection)

    def users(self) -> Iterator[User]:
        """Everybody present, in the order in which they came."""
        return (member.user for member in self._members.values())

    def user_ids(self) -> KeysView[UserId]:
        """The ids of everybody present."""
        return self._members.keys()

    def here(self) -> tuple[User, ...]:
        """Everybody who is present through this node."""
        return tuple([member.user for member in self._members.values() if member.here])

    def is_here(self, user_id: UserId) -> bool:
        """Whether a user is present through this node."""
        member = self._members.get(user_id)
        return member is not None and member.here

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

    # ---- this node --------------------------------------------------------------------------

    def arrive(self, connection: ConnectionId, user: User) -> bool:
        """Add a connection; True when it makes the user present."""
        self._by_connection[connection] = user.id
        member = self._members.get(user.id)
        if member is None:
            self._members[user.id] = Member(user, {connection})
            return True
        member.user = user
        member.connections.add(connection)
        self._stays(member)
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
        if clean or self._grace <= 0:
            return user_id if self._leaves(member) else None
        self._by_grace(member, tick + self._grace, ours=True)
        return None

    def expire(self, tick: float) -> list[tuple[UserId, bool]]:
        """End the graces that are over: whose, and whether they were here by that alone."""
        over = [u for u in self._leaving if (self._members[u].leaves_at or 0.0) <= tick]
        return [(user_id, self._leaves(self._members[user_id])) for user_id in over]

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        if not self._leaving:
            return None  # as nearly always, and everything that happens in the room asks
        return min(self._members[u].leaves_at or 0.0 for u in self._leaving)

    # ---- other nodes ------------------------------------------------------------------------

    def heard(self, node: str, signal: Signal) -> list[Change]:
        """What another node says of who is in the room through it; who came or left by that."""
        match signal:
            case Roster(users=users):
                there = {user.id for user in users}
                gone = [m for m in self._through(node) if m.user.id not in there]
                left = [(m.user, False) for m in gone if self._parts(m, node)]
                return [*left, *((user, True) for user in users if self._appears(user, node))]
            case Arrived(user=user):
                return [(user, True)] if self._appears(user, node) else []
            case Departed(user_id=user_id):
                member = self._members.get(user_id)
                parted = member is not None and self._parts(member, node)
                return [(member.user, False)] if member is not None and parted else []
            case _:
                return []

    def lose(self, node: str) -> list[Change]:
        """Another node is dead; who left with it."""
        return [(member.user, False) for member in self._through(node) if self._parts(member, node)]

    def hand_over(self, node: str, tick: float) -> None:
        """Another node ends in good order: its users stay until they are back, or for a while."""
        for member in self._through(node):
            member.nodes.discard(node)
            if not (member.nodes or member.connections or member.leaves_at is not None):
                self._by_grace(member, tick + HANDED_OVER, ours=False)

    def _through(self, node: str) -> list[Member]:
        return [member for member in self._members.values() if node in member.nodes]

    def _appears(self, user: User, node: str) -> bool:
        member = self._members.get(user.id)
        if member is None:
            self._members[user.id] = Member(user, nodes={node})
            return True
        member.nodes.add(node)
        if not member.ours:  # who is awaited by this node goes on being awaited
            self._stays(member)
        return False

    def _parts(self, member: Member, node: str) -> bool:
        """A user is no longer here through another node; True when that makes them leave."""
        if node not in member.nodes:
            return False
        member.nodes.discard(node)
        if member.connections or member.leaves_at is not None:
            return False
        return self._leaves(member)

    # ---- inside -----------------------------------------------------------------------------

    def _stays(self, member: Member) -> None:
        member.leaves_at, member.ours = None, False
        self._leaving.discard(member.user.id)

    def _by_grace(self, member: Member, until: float, *, ours: bool) -> None:
        member.leaves_at, member.ours = until, ours
        self._leaving.add(member.user.id)

    def _leaves(self, member: Member) -> bool:
        """This node has nothing more of a user; True when nobody has."""
        self._stays(member)
        if member.nodes:
            return False
        del self._members[member.user.id]
        return True
