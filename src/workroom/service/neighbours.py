"""The other nodes, as this one hears and speaks to them over the bus.

A node says what it stored, who is in its rooms, and what passes by there; it hears the same of the
others, for the rooms that it holds. Nothing depends on a message: entries are in the log, which is
asked every few seconds (every second while the bus is down); who is in a room is said again now and
then; and a node whose lease has run out is dead, and its people have left with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from workroom.core.entries import Record
from workroom.core.people import User
from workroom.core.signals import Arrived, Departed, Roster, Signal
from workroom.errors import Unavailable
from workroom.ids import RoomId, SessionId, UserId
from workroom.observe import (
    BUS_LAG_SECONDS,
    BUS_MESSAGES,
    BUS_UP,
    HEAD_POLLS,
    NODES_SEEN,
    log_failure,
    logger,
)
from workroom.ports.bus import Bus
from workroom.ports.clock import Clock, Timer
from workroom.service.bulletins import (
    Bulletin,
    Ended,
    Leaving,
    Living,
    News,
    Reached,
    Scribe,
    Stored,
)
from workroom.service.following import Following
from workroom.service.rooms import RoomHost
from workroom.service.whereabouts import Whereabouts

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at how things are, and at the log while the bus is down."""
ASK_EVERY: Final = 5
"""So many looks later the log is asked also while the bus is up: the last message may be lost."""
LEASE: Final = 5.0
"""Seconds that a node counts as alive without a sign of life; renewed at every look."""
MISSED: Final = 2
"""So many times in a row must a lease be missing: a bus that was emptied has none for a moment."""
ROSTERS_IN: Final = 10
"""So many looks it takes to say who is in every room, a part of the rooms at each."""
AT_ONCE: Final = 200
"""Rooms that are spoken of in one turn of the loop."""
ALL: Final = "all"
"""The topic that every node listens to."""

log = logger("neighbours")


class EndedLogIns(Protocol):
    """Who has to hear that log-ins ended on other nodes."""

    def learn_revoked(self, session: SessionId) -> None:
        """Another node revoked a session."""

    def learn_user_revoked(self, user_id: UserId) -> None:
        """Another node logged a user out everywhere."""


class Neighbours:
    """One per node; implements ``ports.bus.Ear``, and runs on the event loop's thread."""

    def __init__(
        self,
        node: str,
        bus: Bus,
        scribe: Scribe,
        clock: Clock,
        rooms: Mapping[RoomId, RoomHost],
        following: Following,
        spawn: Callable[[Awaitable[Any]], None],
    ) -> None:
        """``node``: a name that no other process has or will have. ``rooms``: those held here."""
        self.node = node
        self.log_ins: EndedLogIns | None = None
        """Set by whoever has accounts."""
        self._bus = bus
        self._scribe = scribe
        self._clock = clock
        self._rooms = rooms
        self._following = following
        self._spawn = spawn
        self._whereabouts = Whereabouts(node, bus, scribe, clock, rooms)
        self._peers: dict[str, float] = {}
        """Other nodes, and the tick at which each was last heard."""
        self._missing: Counter[str] = Counter()
        self._left: dict[str, None] = {}
        """Nodes that ended in good order: what still comes of them is old."""
        self._looks = 0
        self._due = 0.0
        self._timer: Timer | None = None

    # ---- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen and to be heard; a bus that is down is waited for."""
        if self._bus.alone:
            return
        await self._bus.open(self)
        await self._bus.subscribe(ALL)
        self._arrange()
        self._spawn(self._renew())

    @property
    def alone(self) -> bool:
        """There can be no other node."""
        return self._bus.alone

    @property
    def bus(self) -> str:
        """How the bus is, for operators: ``ok``, ``down``, or ``none`` where none is needed."""
        if self._bus.alone:
            return "none"
        return "ok" if self._bus.up else "down"

    @property
    def accompanied(self) -> bool:
        """Another node was heard a moment ago, and goes on when this one ends.

        While the bus is down nobody can know: then False.
        """
        since = self._clock.now().tick - LEASE
        return self._bus.up and any(heard > since for heard in self._peers.values())

    def leave(self) -> None:
        """This node is about to end: its people will be back through others."""
        self._say(None, Leaving())

    async def stop(self) -> None:
        """Let go of the bus."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._bus.alone:
            try:
                await self._bus.give_up(self.node)
            except Unavailable:
                log.info("lease_not_given_up")  # it runs out by itself
        await self._bus.close()

    # ---- what this node says ----------------------------------------------------------------

    async def expect(self, room: RoomId) -> None:
        """A room is about to be read from the store: hear what happens to it from here on."""
        if not self._bus.alone:
            await self._bus.subscribe(_topic(room))

    def opened(self, host: RoomHost) -> None:
        """A room is in memory: ask who is in it elsewhere, and whether its log went on."""
        self._say(host.room.id, Reached(host.room.confirmed.seq, None, asks=True))

    def closed(self, room: RoomId) -> None:
        """A room is of no interest any longer."""
        self._whereabouts.changed(room)
        self._following.forget(room)
        if not self._bus.alone:
            self._bus.unsubscribe(_topic(room))

    def stored(self, host: RoomHost, records: tuple[Record, ...]) -> None:
        """These entries of a room are durable."""
        if not self._bus.alone:
            self._say(host.room.id, Stored(records, _named(host, records)))

    async def elsewhere(self, rooms: Collection[RoomId]) -> Mapping[RoomId, Sequence[User]]:
        """Who is in these rooms through other nodes, as they said a moment ago."""
        if self._bus.alone or not rooms or not self._peers:
            return {}
        return await self._whereabouts.elsewhere(rooms, tuple(self._peers))

    def share(self, room: RoomId, signal: Signal) -> None:
        """The other nodes are to hear this of a room."""
        self._say(room, signal)
        if isinstance(signal, Arrived | Departed):
            self._whereabouts.changed(room)

    def ended(self, session: SessionId | None, user_id: UserId | None) -> None:
        """A log-in, or all of a user's, ended here."""
        self._say(None, Ended(session, user_id))

    def _say(self, room: RoomId | None, news: News) -> None:
        if self._bus.alone:
            return
        bulletin = Bulletin(self.node, self._clock.now().wall, room, news)
        topic = ALL if room is None else _topic(room)
        self._bus.publish(topic, self._scribe.write(bulletin))

    def _introduce(self, rooms: list[RoomId], *, asks: bool) -> None:
        """Say of these rooms how far they are and who is there, some in each turn of the loop."""
        for room in rooms[:AT_ONCE]:
            host = self._rooms.get(room)
            if host is not None:
                self._say(room, Reached(host.room.confirmed.seq, host.room.roster(), asks=asks))
                self._whereabouts.write(room)
        rest = rooms[AT_ONCE:]
        if rest:
            self._clock.call_soon(lambda: self._introduce(rest, asks=asks))

    # ---- what other nodes say (see ``ports.bus.Ear``) -----------------------------------------

    def heard(self, topic: str, message: bytes) -> None:
        """A message came in."""
        try:
            bulletin = self._scribe.read(message)
        except ValueError:
            BUS_MESSAGES.labels("refused").inc()
            return
        if bulletin.node == self.node:
            return
        if bulletin.node in self._left and not isinstance(bulletin.news, Stored | Reached):
            return  # it stores what it was still sent, and says who was there; else it is gone
        now = self._clock.now()
        BUS_MESSAGES.labels("heard").inc()
        BUS_LAG_SECONDS.observe(max(0.0, (now.wall - bulletin.at) / 1000))
        if bulletin.node not in self._left:
            self._peers[bulletin.node] = now.tick
        try:
            self._take(bulletin)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not make the node deaf
            log_failure(log, "bulletin_not_taken", error, topic=topic)

    def _take(self, bulletin: Bulletin) -> None:
        room, host = bulletin.room, None
        if room is not None and (host := self._rooms.get(room)) is None:
            return
        match bulletin.news:
            case Ended(session=session, user_id=user_id):
                self._ended_elsewhere(session, user_id)
            case Leaving():
                self._handed_over(bulletin.node)
            case Living():
                pass  # that it was heard is all
            case Stored(records=records, people=people):
                if room is not None:
                    self._following.heard(room, records, people)
            case Reached(seq=seq, roster=roster, asks=asks):
                if host is not None:
                    self._reached(bulletin.node, host, seq, roster, asks=asks)
            case signal:
                if host is not None:
                    host.heard(bulletin.node, signal)

    def _ended_elsewhere(self, session: SessionId | None, user_id: UserId | None) -> None:
        if self.log_ins is not None and session is not None:
            self.log_ins.learn_revoked(session)
        if self.log_ins is not None and user_id is not None:
            self.log_ins.learn_user_revoked(user_id)

    def _reached(
        self, node: str, host: RoomHost, seq: int, roster: Roster | None, *, asks: bool
    ) -> None:
        if roster is not None:
            host.heard(node, roster)
            if node in self._left:
                host.hand_over(node)  # a room that nobody had here yet: they will be back too
        self._following.reached({host.room.id: seq})
        if asks:
            self._introduce([host.room.id], asks=False)

    def reconnected(self) -> None:
        """Anything may have been missed, here and elsewhere."""
        self._introduce(list(self._rooms), asks=True)
        self._spawn(self._ask())

    def _handed_over(self, node: str) -> None:
        self._peers.pop(node, None)
        self._left[node] = None
        if len(self._left) > 1000:
            del self._left[next(iter(self._left))]
        for host in tuple(self._rooms.values()):
            host.hand_over(node)

    # ---- time -------------------------------------------------------------------------------

    def _arrange(self) -> None:
        self._due = self._clock.now().tick + LOOK_EVERY
        self._timer = self._clock.call_at(self._due, self._look)

    def _look(self) -> None:
        self._looks += 1
        if self._clock.now().tick - self._due > LEASE:
            # This process stood still, and others may have taken it for dead.
            log.warning("stood_still")
            self.reconnected()
        BUS_UP.set(self._bus.up)
        NODES_SEEN.set(len(self._peers))
        if not self._bus.up or self._looks % ASK_EVERY == 0:
            self._spawn(self._ask())
        self._spawn(self._renew())
        if self._bus.up:
            self._say(None, Living())  # who has no room open is heard by nothing else
            turn = self._looks % ROSTERS_IN
            self._introduce([r for r in self._rooms if r.number % ROSTERS_IN == turn], asks=False)
            self._whereabouts.write_changes()
        self._arrange()

    async def _ask(self) -> None:
        """Look in the store whether the logs of the rooms here have gone on."""
        try:
            await self._following.ask_all()
        except Unavailable:
            HEAD_POLLS.labels("failed").inc()  # the store says so itself; it is asked again soon
        except Exception as error:  # noqa: BLE001 - ours; it is asked again soon
            log_failure(log, "heads_not_read", error)
        else:
            HEAD_POLLS.labels("ok").inc()

    async def _renew(self) -> None:
        """Say that this node lives, and see which others do."""
        try:
            await self._bus.renew(self.node, LEASE)
            peers = tuple(self._peers)
            living = await self._bus.living(peers) if peers else frozenset[str]()
        except Unavailable:
            self._missing.clear()
            return
        except Exception as error:  # noqa: BLE001 - ours; it is done again soon
            log_failure(log, "lease_not_renewed", error)
            return
        self._count_missing(peers, living)

    def _count_missing(self, peers: Iterable[str], living: frozenset[str]) -> None:
        silent_since = self._clock.now().tick - LEASE
        for node in peers:
            if node in living or self._peers.get(node, 0.0) > silent_since:
                self._missing.pop(node, None)
                continue
            self._missing[node] += 1
            if self._missing[node] >= MISSED:
                self._lose(node)

    def _lose(self, node: str) -> None:
        log.warning("node_lost", node=node)
        self._peers.pop(node, None)
        self._missing.pop(node, None)
        for host in tuple(self._rooms.values()):
            host.lose_node(node)


def _topic(room: RoomId) -> str:
    return f"room:{room}"


def _named(host: RoomHost, records: tuple[Record, ...]) -> tuple[User, ...]:
    """Whoever these entries name, so that others need not look them up."""
    return tuple([host.room.people[actor] for actor in {record.actor for record in records}])
