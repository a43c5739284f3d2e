"""How the rooms of this node come by what other nodes append: in order, each entry once.

The bus brings entries early, but may lose, double and mix them up; the log has them all. An entry
is followed when it is the one behind what the room has confirmed and the room has nothing on its
way to the store. What the bus did not bring is read from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from workroom.core.commands import Command, SaveText
from workroom.core.entries import Entry, Record, RightSet
from workroom.core.people import User
from workroom.errors import Unavailable
from workroom.ids import RoomId, UserId
from workroom.observe import ENTRIES_FOLLOWED, log_failure, logger
from workroom.ports.store import Behind, RoomStore
from workroom.service.rooms.host import RoomHost
from workroom.service.rooms.records import to_entry

AT_ONCE: Final = 500
"""Entries that are read from the log by one query."""
MOST_EARLY: Final = 1024
"""Entries of a room that are kept until those before them are there; the log has the others."""

PATIENCE: Final = 2.0
"""Seconds that a reader waits for the newest; then they are given what is here."""

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What ``to_entry`` raises for a record that no Workroom of this version wrote."""

Users = Callable[[Sequence[UserId]], Awaitable[Mapping[UserId, User]]]
log = logger("following")


@dataclass(slots=True)
class _Lag:
    """What is known of a room's log that the room does not have yet."""

    head: int = 0
    """The log goes so far at least."""
    early: dict[int, Record] = field(default_factory=dict)
    people: dict[UserId, User] = field(default_factory=dict)
    reading: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """The room has come as far, or cannot."""


class Following:
    """One per node; runs on the event loop's thread."""

    def __init__(
        self,
        rooms: Mapping[RoomId, RoomHost],
        store: RoomStore,
        users: Users | None,
        reload: Callable[[RoomHost], None],
        spawn: Callable[[Any], None],
    ) -> None:
        """``rooms``: those of this node. ``users`` finds who acted; None: everybody is known."""
        self._rooms = rooms
        self._store = store
        self._users = users
        self._reload = reload
        self._spawn = spawn
        self._lags: dict[RoomId, _Lag] = {}

    # ---- what becomes known -----------------------------------------------------------------

    def heard(self, room: RoomId, records: Iterable[Record], people: Iterable[User]) -> None:
        """Another node says that it appended these."""
        host = self._rooms.get(room)
        if host is None:
            return
        lag = self._lags.setdefault(room, _Lag())
        for record in records:
            lag.head = max(lag.head, record.seq)
            if host.room.confirmed.seq < record.seq and len(lag.early) < MOST_EARLY:
                lag.early.setdefault(record.seq, record)
        lag.people.update({user.id: user for user in people})
        self._advance(host, lag)

    def reached(self, heads: Mapping[RoomId, int]) -> None:
        """The logs of these rooms go so far at least."""
        for room, head in heads.items():
            host = self._rooms.get(room)
            if host is not None and head > host.room.confirmed.seq:
                lag = self._lags.setdefault(room, _Lag())
                lag.head = max(lag.head, head)
                self._advance(host, lag)

    async def ask(self, rooms: Collection[RoomId]) -> None:
        """Look how far the logs of these rooms go, in one query. Raises Unavailable."""
        held = [room for room in rooms if room in self._rooms]
        if held:
            self.reached(await self._store.heads(held))

    async def ask_all(self) -> None:
        """The same for every room of this node."""
        await self.ask(tuple(self._rooms))

    async def come_up(self, room: RoomId) -> None:
        """Have the room come as far as its log is now, if that can be read within a moment."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.ask([room])
                lag = self._lags.get(room)
                if lag is not None:
                    await lag.over.wait()

    def named(self, host: RoomHost, command: Command) -> None:
        """A client names an entry that it has from another node, and this one must have first."""
        named = command.base_seq if isinstance(command, SaveText) else None
        if named is not None and named > host.room.head.seq:
            self.reached({host.room.id: named})

    def fell_behind(self, host: RoomHost, known: Behind) -> None:
        """Nothing was stored of what the room had on its way; the log goes so far at least."""
        try:
            host.retrace()
        except Exception as error:  # noqa: BLE001 - whatever it is: the store knows better
            log_failure(log, "room_not_retraced", error, room=str(host.room.id))
            self._reload(host)
            return
        self._follow_given(host, known.records)
        if known.head < host.room.confirmed.seq:
            # A request of long ago was answered, or the log was set back: commands wait for which.
            self._spawn(self._make_sure(host))
            return
        lag = self._lags.setdefault(host.room.id, _Lag())
        lag.head = max(lag.head, known.head)
        self._advance(host, lag)

    def _follow_given(self, host: RoomHost, records: Iterable[Record]) -> None:
        """Follow what came with the store's answer, if everybody who acted is known here."""
        after = host.room.confirmed.seq
        try:
            entries = [to_entry(record) for record in records if record.seq > after]
        except UNREADABLE:
            return  # whoever reads the log next says so
        if entries and entries[0].seq == after + 1 and not _strangers(host, entries):
            ENTRIES_FOLLOWED.labels("answer").inc(len(entries))
            host.follow(entries, ())

    async def _make_sure(self, host: RoomHost) -> None:
        """See that the log goes as far as everybody was told, then follow it."""
        room, told = host.room.id, host.room.confirmed.seq  # it may go on meanwhile, by the bus
        try:
            heads = await self._store.heads([room])
        except Unavailable as error:
            self._give_up(host, error)
            return
        if self._rooms.get(room) is not host or host.suspended:
            return
        head = heads.get(room, 0)
        if head < told:
            log.error("log_set_back", room=str(room), head=head, told=told)
            self._give_up(host, Unavailable("the log ends before what was told"))
            return
        lag = self._lags.setdefault(room, _Lag())
        lag.head = max(lag.head, head)
        self._advance(host, lag)

    def settled(self, host: RoomHost) -> None:
        """The room can follow now, if there is something."""
        lag = self._lags.get(host.room.id)
        if lag is not None:
            self._advance(host, lag)
        elif host.behind:
            host.go_on()

    def forget(self, room: RoomId) -> None:
        """The room has left memory."""
        lag = self._lags.pop(room, None)
        if lag is not None:
            lag.over.set()

    # ---- following --------------------------------------------------------------------------

    def _advance(self, host: RoomHost, lag: _Lag) -> None:
        """Follow what can be followed, and see to the rest."""
        if host.suspended:
            return  # it is being read back, and says when that is done
        if host.room.settled:
            self._follow_early(host, lag)
            if host.suspended:
                return
        if lag.head <= host.room.confirmed.seq:
            lag.over.set()
            if self._lags.get(host.room.id) is lag:
                del self._lags[host.room.id]
            if host.behind:
                host.go_on()
            return
        host.behind = True
        if host.room.settled and not lag.reading:
            lag.reading = True
            self._spawn(self._read(host, lag))

    def _follow_early(self, host: RoomHost, lag: _Lag) -> None:
        """Follow what the bus brought, as far as there is no gap."""
        seq = host.room.confirmed.seq
        for old in [each for each in lag.early if each <= seq]:
            del lag.early[old]
        records = []
        while (record := lag.early.pop(seq + 1, None)) is not None:
            records.append(record)
            seq += 1
        if not records:
            return
        try:
            entries = [to_entry(record) for record in records]
        except UNREADABLE:
            log.warning("bulletin_not_understood", room=str(host.room.id))
            return  # the log says what it really was
        ENTRIES_FOLLOWED.labels("bus").inc(len(entries))
        host.follow(entries, lag.people.values())

    async def _read(self, host: RoomHost, lag: _Lag) -> None:
        """Read the log from where the room is, as far as it goes."""
        room = host.room.id
        try:
            while self._may_follow(host) and lag.head > host.room.confirmed.seq:
                await self._read_some(host, lag)
        except Unavailable as error:
            self._give_up(host, error)
        except Exception as error:  # noqa: BLE001 - ours; the store is read from the start
            log_failure(log, "log_not_followed", error, room=str(room))
            self._give_up(host, Unavailable.by_mistake())
        finally:
            lag.reading = False
        if self._lags.get(room) is lag and self._rooms.get(room) is host:
            self._advance(host, lag)

    def _may_follow(self, host: RoomHost) -> bool:
        here = self._rooms.get(host.room.id) is host
        return here and not host.suspended and host.room.settled

    async def _read_some(self, host: RoomHost, lag: _Lag) -> None:
        after, asked = host.room.confirmed.seq, lag.head
        entries, people = await self._entries(host, after)
        if not self._may_follow(host) or host.room.confirmed.seq != after:
            return  # meanwhile the bus brought some of them
        if entries:
            ENTRIES_FOLLOWED.labels("log").inc(len(entries))
            host.follow(entries, people)
        elif lag.head == asked:
            lag.head = after  # whoever said that it goes on was mistaken

    async def _entries(self, host: RoomHost, after: int) -> tuple[list[Entry], Iterable[User]]:
        records = await self._store.records(host.room.id, after, AT_ONCE)
        entries = [to_entry(record) for record in records]
        strangers = _strangers(host, entries)
        if not strangers or self._users is None:
            return entries, ()
        return entries, (await self._users(strangers)).values()

    def _give_up(self, host: RoomHost, error: Unavailable) -> None:
        """The log cannot be read now: nobody waits for that without an answer."""
        lag = self._lags.get(host.room.id)
        if lag is not None:
            lag.over.set()
        # With something on its way to the store it has gone on by other means (the bus, say), and
        # must not be read back before it has heard what became of that.
        if self._may_follow(host):
            host.out_of_reach(error)
            self._reload(host)


def _strangers(host: RoomHost, entries: Iterable[Entry]) -> list[UserId]:
    """Whoever these entries name, and the room does not know."""
    met = {entry.actor for entry in entries}
    met |= {entry.fact.user_id for entry in entries if isinstance(entry.fact, RightSet)}
    return sorted(user_id for user_id in met if user_id not in host.room.people)
