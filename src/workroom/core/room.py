"""What essays and projects have in common as rooms: members, rights, and a log that runs ahead.

A room decides at its *head*, which has every accepted command in it, durable or not, and tells
people only of its *confirmed* state. The service stores the entries of an ``Outcome`` and then
calls ``committed``; what the room answers is what everybody may know from then on. When the store
fails, ``rewind`` gives the commands back and ``restore`` starts again from what is stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from workroom.core.backlog import Backlog
from workroom.core.commands import Command, DeleteRoom, Join, Leave, Origin, SetRight
from workroom.core.effects import (
    Acknowledge,
    Admit,
    Broadcast,
    Dismiss,
    Effect,
    Outcome,
    Refuse,
    Send,
    Share,
)
from workroom.core.entries import Entry, Fact, RightSet, RoomDeleted
from workroom.core.events import (
    Event,
    RightsChanged,
    RoomClosed,
    Subscribed,
    UserJoined,
    UserLeft,
)
from workroom.core.limits import RoomRules
from workroom.core.people import People, Right, Role, User
from workroom.core.permissions import Verb, allows, effective, require
from workroom.core.presence import Change, Presence
from workroom.core.signals import Arrived, Departed, Roster, Signal
from workroom.core.time import Now
from workroom.errors import Conflict, InvalidMessage, NotSubscribed, TooLarge, WorkroomError
from workroom.ids import MAX_ID, ConnectionId, RoomId, UserId


class RoomState(Protocol):
    """What a room needs to know of any state."""

    @property
    def seq(self) -> int:
        """The number of the last entry in it."""

    @property
    def author(self) -> UserId:
        """Who created the room, and always owns it."""

    @property
    def rights(self) -> Mapping[UserId, Right]:
        """What others were given."""

    @property
    def deleted(self) -> bool:
        """The room is gone."""


State = TypeVar("State", bound=RoomState)


@dataclass(frozen=True, slots=True)
class Glimpse(Generic[State]):
    """What a connection knows of a room, when it stops reading for a while."""

    state: State
    present: frozenset[UserId]
    typing: frozenset[UserId]
    untold: frozenset[int] = frozenset()
    """Ids of what is in the state already, and nobody was told of yet."""


@dataclass(slots=True)
class Pending(Generic[State]):
    """A command that was accepted and is not durable yet."""

    command: Command | None
    """None: no command, an entry that another node appended."""
    origin: Origin
    entries: tuple[Entry, ...]
    state: State
    """The head after it."""
    details: dict[str, Any] = field(default_factory=dict)
    """What its acknowledgement says."""


class Room(ABC, Generic[State]):
    """The authority over one essay or one project on this node. Pure: see the module's text."""

    def __init__(
        self, room_id: RoomId, state: State, people: Mapping[UserId, User], rules: RoomRules
    ) -> None:
        self.id = room_id
        self.rules = rules
        self.people = People(people)
        self.presence = Presence(rules.presence_grace)
        self.head = state
        self.confirmed = state
        self.backlog = Backlog(state.seq)
        self._pending: deque[Pending[State]] = deque()

    # ---- what the service calls -------------------------------------------------------------

    def handle(self, command: Command, origin: Origin, now: Now) -> Outcome:
        """Carry out a command, or refuse it with a clear error; never raises a WorkroomError."""
        try:
            if self.head.deleted and not isinstance(command, Leave):
                require(self.id.kind, Verb.VIEW, None)
            self.people.meet(origin.user)
            return self._decide(command, origin, now)
        except WorkroomError as error:
            return Outcome(effects=(Refuse(origin, error.bare()),))

    def committed(self, seq: int, now: Now) -> list[Effect]:
        """Every entry up to ``seq`` is durable: what may be told now."""
        effects: list[Effect] = []
        while self._pending and self._pending[0].state.seq <= seq:
            pending = self._pending.popleft()
            self.confirmed = pending.state
            for entry in pending.entries:
                self.backlog.add(entry)
            effects += self._settled(pending, now)
        return effects

    def rewind(self) -> list[tuple[Command, Origin]]:
        """Forget what is not durable; returns those commands in order, to be refused or retried."""
        undone = [(each.command, each.origin) for each in self._pending if each.command is not None]
        self._pending.clear()
        self.head = self.confirmed
        return undone

    def retrace(self) -> list[Effect]:
        """After ``rewind``: nothing of what was taken back was stored, so go on from ``confirmed``.

        Raises LookupError when that is no longer in memory: use ``restore`` then.
        """
        return []

    def follow(self, entries: Sequence[Entry], now: Now) -> list[Effect]:
        """Another node appended these, right behind ``confirmed``, and nothing is pending here.

        Everybody is told of them what they would be told had they been decided here. Raises
        RuntimeError when they do not fit: start again from what is stored.
        """
        for entry, after in zip(entries, (*entries[1:], None), strict=True):
            if entry.seq != self.head.seq + 1:
                message = f"entry {entry.seq} does not follow {self.head.seq}"
                raise RuntimeError(message)
            self.head = self._evolve(self.head, entry)
            self._take_over(entry, after, now)
            origin = Origin(self.people[entry.actor])
            self._pending.append(Pending(None, origin, (entry,), self.head))
        return self.committed(self.head.seq, now)

    def expire(self, now: Now) -> list[Effect]:
        """Do what is due at ``now``."""
        effects: list[Effect] = []
        for user_id, gone in self.presence.expire(now.tick):
            effects.append(Share(Departed(user_id)))
            if gone:
                effects += self._left(user_id, now)
        return effects

    # ---- what other nodes say ---------------------------------------------------------------

    def roster(self) -> Roster:
        """Who is here through this node, for the other nodes."""
        return Roster(self.presence.here())

    def heard(self, node: str, signal: Signal, now: Now) -> list[Effect]:
        """Another node says this of the room."""
        return self._came_and_went(self.presence.heard(node, signal), now)

    def lose_node(self, node: str, now: Now) -> list[Effect]:
        """Another node is dead, and those who were here through it have gone with it."""
        return self._came_and_went(self.presence.lose(node), now)

    def hand_over(self, node: str, now: Now) -> None:
        """Another node ends in good order: who was here through it will be back."""
        self.presence.hand_over(node, now.tick)

    def _came_and_went(self, changes: Iterable[Change], now: Now) -> list[Effect]:
        effects: list[Effect] = []
        for user, came in changes:
            if came:
                self.people.meet(user)
                effects.append(Broadcast(UserJoined(self.id, user, now.wall)))
            else:
                effects += self._left(user.id, now)
        return effects

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        return self.presence.next_deadline()

    def glimpse(self, slow: ConnectionId | None = None) -> Glimpse[State]:
        """What everybody in the room knows now; ``slow`` is a connection that stops reading."""
        del slow
        present = frozenset(self.presence.user_ids())
        return Glimpse(self.confirmed, present, frozenset(self._typing()))

    def lacks(self, command: Command, origin: Origin) -> bool:
        """Whether entries that are not in memory are needed to carry out this command.

        Older ones, or newer ones that another node has already told of.

        They are not for who will be refused anyway.
        """
        since = command.since if isinstance(command, Join) else None
        if since is None or self.backlog.floor <= since <= self.backlog.newest:
            return False
        if since == MAX_ID:
            return False  # no log goes so far: it asks for the whole state
        if since < self.backlog.lowest:
            return False
        return allows(self.id.kind, Verb.VIEW, self.right_of(origin.user))

    def bind(self, command: Command, _origin: Origin, _now: Now) -> Command:
        """The command, for it to mean the same when it is carried out later.

        What the client has seen by then is more than what it asks about.
        """
        return command

    def give_up(self, command: Command, origin: Origin) -> None:
        """A command that was put off, or taken back, will not be carried out."""

    def arrived(self, connection: ConnectionId, probe: int, now: Now) -> None:
        """A ``Probe`` came back: what was told before it has arrived there."""

    def served(self, user: User, now: Now) -> None:
        """A user was given the confirmed state by REST."""

    def closed(self, now: Now) -> list[Effect]:
        """The room is gone from the store: everybody is put out."""
        return self._closed(now)

    def catch_up(self, connection: ConnectionId, knows: Glimpse[State], now: Now) -> list[Effect]:
        """What a connection has to be told that knows no more than ``knows``: the difference."""
        here = frozenset(self.presence.user_ids())
        events: list[Event] = [
            UserLeft(self.id, user_id, now.wall) for user_id in sorted(knows.present - here)
        ]
        events += [joined for joined in self._present(now) if joined.user.id not in knows.present]
        events += self._news(connection, knows, now)
        return [Send(connection, event) for event in events]

    def _typing(self) -> Iterable[UserId]:
        """Who types, where that is a thing."""
        return ()

    @abstractmethod
    def _news(self, connection: ConnectionId, knows: Glimpse[State], now: Now) -> list[Event]:
        """The durable part of ``catch_up``, and what else this kind of room has."""

    @property
    def settled(self) -> bool:
        """Nothing waits to become durable: ``head`` is ``confirmed``."""
        return not self._pending

    @property
    def unsettled(self) -> int:
        """Commands that wait until they, or those before them, are durable."""
        return len(self._pending)

    @property
    def idle(self) -> bool:
        """Nobody is here, and nothing waits: the room may leave memory."""
        return not self._pending and not len(self.presence) and self.next_deadline() is None

    def right_of(self, user: User) -> Right | None:
        """What a user may do here, at the head."""
        return effective(user, self.head.rights.get(user.id))

    # ---- what a kind of room adds -----------------------------------------------------------

    @abstractmethod
    def _decide(self, command: Command, origin: Origin, now: Now) -> Outcome:
        """Handle one command. May raise WorkroomError before anything was changed."""

    @abstractmethod
    def _evolve(self, state: State, entry: Entry) -> State:
        """The state after one more entry."""

    @abstractmethod
    def _told(self, entry: Entry, pending: Pending[State], now: Now) -> list[Effect]:
        """What people are told of an entry that became durable."""

    @abstractmethod
    def _welcome(self, connection: ConnectionId, user: User, now: Now) -> list[Effect]:
        """The present state, for a connection that joined or asked."""

    def _take_over(self, entry: Entry, after: Entry | None, now: Now) -> None:
        """Another node appended this; ``after``: the entry that is told right behind it, if any."""

    def _left(self, user_id: UserId, now: Now) -> list[Effect]:
        """A user is no longer present."""
        return [Broadcast(UserLeft(self.id, user_id, now.wall))]

    def _dismissed(self, connection: ConnectionId, now: Now) -> None:
        """A connection no longer follows the room."""

    # ---- shared parts -----------------------------------------------------------------------

    def _require(self, origin: Origin, verb: Verb) -> None:
        require(self.id.kind, verb, self.right_of(origin.user))
        if origin.connection is not None and origin.connection not in self.presence:
            raise NotSubscribed.to(self.id.kind, self.id.number, field=f"{self.id.kind}_id")

    def _accept(
        self,
        command: Command,
        origin: Origin,
        facts: Sequence[Fact],
        now: Now,
        details: dict[str, Any] | None = None,
    ) -> tuple[Pending[State], Outcome]:
        """Number the facts, move the head, and leave the rest until they are durable.

        A command that comes to no facts is answered when everything before it is durable: at once
        when nothing is pending.
        """
        entries = []
        for fact in facts:
            entry = Entry(self.head.seq + 1, origin.user.id, now.wall, fact)
            self.head = self._evolve(self.head, entry)
            entries.append(entry)
        pending = Pending(command, origin, tuple(entries), self.head, details or {})
        self._pending.append(pending)
        return pending, Outcome(entries=pending.entries)

    def _settle_now(self, outcome: Outcome, now: Now) -> Outcome:
        """Answer at once what waits for nothing."""
        if outcome.entries or len(self._pending) != 1:
            return outcome
        return Outcome(effects=(*outcome.effects, *self.committed(self.confirmed.seq, now)))

    def _settled(self, pending: Pending[State], now: Now) -> list[Effect]:
        effects: list[Effect] = []
        for entry in pending.entries:
            match entry.fact:
                case RightSet():
                    effects += self._right_changed(entry.fact, now)
                case RoomDeleted():
                    effects += self._closed(now)
                case _:
                    effects += self._told(entry, pending, now)
        if pending.command is not None:
            seq, unchanged = pending.state.seq, not pending.entries
            effects.append(Acknowledge(pending.origin, seq, pending.details, unchanged=unchanged))
        return effects

    def _join(self, command: Join, origin: Origin, now: Now) -> Outcome:
        connection = origin.connection
        if connection is None:
            message = "only a connection can join a room"
            raise InvalidMessage(message)
        require(self.id.kind, Verb.VIEW, self.right_of(origin.user))
        effects: list[Effect] = []
        if connection not in self.presence:
            if not self.presence.is_here(origin.user.id):
                effects.append(Share(Arrived(origin.user)))
            first = self.presence.arrive(connection, origin.user)
            effects.append(Admit(connection))
            effects += self._arrived(connection, origin.user, now, first=first)
        if command.since is not None:
            effects += self._resume(command.since, connection, origin.user, now)
        elif not command.quiet:
            effects += self._welcome(connection, origin.user, now)
        effects.append(Acknowledge(origin, self.confirmed.seq))
        return Outcome(effects=tuple(effects))

    def _resume(self, since: int, connection: ConnectionId, user: User, now: Now) -> list[Effect]:
        """What a connection missed that knows everything up to ``since``; else the whole state."""
        missed = self.backlog.after(since) if since else None  # who knows nothing is given all
        right = self.right_of(user)
        assert right is not None  # it has just joined
        recovered = missed is not None
        answer = Subscribed(self.id, self.confirmed.seq, recovered, right)
        if missed is None:
            rest = [*self._welcome(connection, user, now), *self._more_state(connection)]
        else:
            rest = self._make_up(connection, user, missed, now)
        return [Send(connection, answer), *rest]

    @abstractmethod
    def _make_up(
        self, connection: ConnectionId, user: User, missed: Sequence[Entry], now: Now
    ) -> list[Effect]:
        """What a connection is told that has missed these entries, and who is present."""

    def _more_state(self, _connection: ConnectionId) -> list[Effect]:
        """What belongs to the whole state, beside the welcome."""
        return []

    def _restart(self, state: State) -> None:
        """Go on from a state that was read back from the store."""
        self.head = self.confirmed = state
        if self.backlog.newest != state.seq:
            self.backlog = Backlog(state.seq)

    def _arrived(
        self, _connection: ConnectionId, user: User, now: Now, *, first: bool
    ) -> list[Effect]:
        return [Broadcast(UserJoined(self.id, user, now.wall))] if first else []

    def _leave(self, command: Leave, origin: Origin, now: Now) -> Outcome:
        connection = origin.connection
        if connection is None or connection not in self.presence:
            raise NotSubscribed.to(self.id.kind, self.id.number, field=f"{self.id.kind}_id")
        effects = self._part(connection, clean=command.clean, now=now)
        effects.append(Acknowledge(origin, self.confirmed.seq))
        return Outcome(effects=tuple(effects))

    def _part(self, connection: ConnectionId, *, clean: bool, now: Now) -> list[Effect]:
        self._dismissed(connection, now)
        user_id = self.presence.user_of(connection)
        gone = self.presence.depart(connection, clean=clean, tick=now.tick)
        effects: list[Effect] = [Dismiss(connection)]
        if gone is not None:
            effects += self._left(gone, now)
        if user_id is not None and not self.presence.is_here(user_id):
            effects.append(Share(Departed(user_id)))
        return effects

    def _set_right(self, command: SetRight, origin: Origin, now: Now) -> Outcome:
        """Owners manage rights; anybody may give up their own."""
        user_id, right = command.user.id, command.right
        if not (user_id == origin.user.id and right is None):
            self._require(origin, Verb.MANAGE)
        if user_id == self.head.author:
            message = f"the author of this {self.id.kind} always owns it"
            raise Conflict(message, field="user_id")
        here = self.head.rights.get(user_id)
        if here is None and right is not None:
            if len(self.head.rights) >= self.rules.collaborators:
                message = f"at most {self.rules.collaborators} people can share one room"
                raise TooLarge(message, field="user_id")
            self.people.meet(command.user)
        facts = [] if here == right else [RightSet(user_id, right)]
        _, outcome = self._accept(command, origin, facts, now)
        return self._settle_now(outcome, now)

    def _delete(self, command: DeleteRoom, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.MANAGE)
        _, outcome = self._accept(command, origin, [RoomDeleted()], now)
        return outcome

    def _right_changed(self, fact: RightSet, now: Now) -> list[Effect]:
        effects: list[Effect] = []
        user = self.people[fact.user_id]
        if user.role is Role.ADMIN:
            return effects
        for connection in sorted(self.presence.connections_of(fact.user_id)):
            effects.append(Send(connection, RightsChanged(self.id, fact.right)))
            if fact.right is None:
                effects += self._cut_off(connection, now)
        return effects

    def _closed(self, now: Now) -> list[Effect]:
        effects: list[Effect] = []
        for connection in list(self.presence.connections()):
            effects.append(Send(connection, RoomClosed(self.id)))
            effects += self._cut_off(connection, now)
        return effects

    def _cut_off(self, connection: ConnectionId, now: Now) -> list[Effect]:
        dismissed, *rest = self._part(connection, clean=True, now=now)
        try:
            require(self.id.kind, Verb.VIEW, None)
        except WorkroomError as refusal:
            dismissed = Dismiss(connection, refusal)
        return [dismissed, *rest]

    def _present(self, now: Now) -> list[UserJoined]:
        return [UserJoined(self.id, user, now.wall) for user in self.presence.users()]
