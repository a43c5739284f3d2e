"""Who saves the text of one essay, and what each of them has had of it.

A connection costs next to nothing until it saves for the first time. Then it becomes a ``Writer``,
with a ``Reader`` that works out what each of its saves was written from; it is sent a probe (a
ping) behind every text, whose answer proves what has arrived. A writer that has saved nothing for a
while is left in peace. Who has gone can come back for a minute, through a new connection, and goes
on where they were, whether they had saved before or only read. Whoever reads the essay by REST is
remembered for an hour.

Times are ticks: seconds of a clock that does not go back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, NamedTuple

from workroom.core.essays.text import EssayText, author_mark
from workroom.core.limits import RoomRules
from workroom.core.text import Candidate, Reader, Version
from workroom.ids import ConnectionId, UserId

FOLLOWED_FOR: Final = 60.0
"""Seconds after its last save for which a connection is asked whether each text has arrived."""
REMEMBERED_FOR: Final = 60.0
"""Seconds for which somebody who has gone can come back to what they had."""
MOST_REMEMBERED: Final = 64
SERVED_FOR: Final = 3600.0
"""Seconds for which the versions given by REST are remembered; so many for each user."""
MOST_SERVED: Final = 8
MOST_SERVED_USERS: Final = 1000
RECENT: Final = 64
"""The latest versions, which a connection that saves for the first time may have been sent: what
ten people write in three seconds. What they wrote from must be among them."""
TRIPS: Final = 4
"""So many times the way there and back longer, a confirmation waits: what was typed meanwhile
would be on its way for that long, and a page that takes every text over would lose it."""
LONGEST_TRIP: Final = 2.0
"""Seconds there and back that count for that: a pong may also come from a machine that slept."""
MOST_ON_SCREEN: Final = 16
"""Versions among which the one is looked for that somebody has chosen words in."""
MOST_ASKED: Final = 4
"""States remembered that a connection asked for before it saved: pages ask for one as they come,
and are given one as they do."""
SURELY_THERE: Final = 2.0
"""Seconds after which a version counts as arrived where nobody has noted when."""
MOST_LATE: Final = 15.0
"""Seconds there and back that count instead where they are more, before a first save: it may have
waited for a server as late as that. At most: a pong may also come from a machine that slept."""


@dataclass(slots=True)
class Writer:
    """A connection that has saved text: what it has, and what waits for it."""

    user_id: UserId
    reader: Reader
    durable_seq: int
    """Everything up to this number is durable."""
    owns: list[Candidate] = field(default_factory=list)
    """Its own saves, as branches: the last durable one, and those not durable yet."""
    doubtful: list[Candidate] = field(default_factory=list)
    """Saves that the store refused, until the room is read back."""
    probes: deque[tuple[int, int]] = field(default_factory=deque)
    """Probes that have not come back: their numbers, and how many versions were sent before."""
    probed: int = 0
    saved_at: float = float("-inf")
    left_at: float = float("-inf")
    sent_seq: int = 0
    """The newest version that it was sent, or that holds its own last save."""
    held_since: float | None = None
    """Since when other people's text waits for it."""
    unconfirmed: bool = False
    """Its own save is durable, and it has not been told."""
    slow: bool = False
    """It reads nothing for now: what it is owed waits until it has caught up."""
    resting: bool = False
    """It has saved nothing for long: what it is sent is not noted."""
    queued: bool = False
    """A save of its own waits until the room has followed its log."""

    @property
    def ahead(self) -> bool:
        """Whether a save of its own is on its way to the store, or has to wait for that.

        Nothing is sent to it then: any durable text would be older than its own, and what it is
        sent after a save must not count as what the save was written from.
        """
        return self.queued or (bool(self.owns) and self.owns[-1].seq > self.durable_seq)

    @property
    def waits(self) -> bool:
        """Whether it is to be sent something in the end."""
        return self.held_since is not None or self.unconfirmed

    def saved(self, tick: float) -> None:
        """A save of it was accepted."""
        own = self.reader.own
        assert own is not None  # that is what accepting does
        self.owns.append(own)
        self.saved_at = tick
        self.sent_seq = max(self.sent_seq, own.seq)

    def durable(self, seq: int) -> None:
        """Everything up to ``seq`` is: nobody will ask for its earlier saves again."""
        self.durable_seq = seq
        self.reader.durable(seq)
        while len(self.owns) > 1 and self.owns[1].seq <= seq:
            del self.owns[0]

    def was_sent(self, version: Version, tick: float) -> int:
        """It is being sent this version; nothing waits any longer. Returns the probe's number."""
        self.held_since = None
        self.unconfirmed = False
        self.sent_seq = max(self.sent_seq, version.seq)
        self.probed += 1
        self.probes.append((self.probed, self.reader.sent(tick, version)))
        return self.probed

    def arrived(self, probe: int, tick: float) -> None:
        """A probe came back."""
        while self.probes and self.probes[0][0] <= probe:
            self.reader.arrived(self.probes.popleft()[1], tick)

    def may_lack(self, seq: int, at: float) -> bool:
        """Whether its person has got this version only elsewhere, where it was sent at ``at``.

        Who comes back is given the newest durable text, which can be older than their last save, or
        be what that was merged into: no number tells then which of the two came later.
        """
        return seq > self.sent_seq or (at >= self.saved_at and not self.reader.was_sent(seq))

    def follows(self, tick: float) -> bool:
        """Whether what it is sent is to be noted; else it comes to rest."""
        if not self.resting and tick - self.saved_at > FOLLOWED_FOR and not self.waits:
            self.resting = True
            self.probes.clear()
            self.reader.rest()
        return not self.resting

    def due(self, rules: RoomRules) -> float | None:
        """The tick at which it is to be sent the text; None when nothing waits, or may be sent."""
        if self.ahead or self.slow:
            return None
        if self.held_since is not None:
            return self.saved_at + rules.quiet
        if not self.unconfirmed:
            return None
        return (
            self.saved_at + rules.confirm_after + TRIPS * min(self.reader.round_trip, LONGEST_TRIP)
        )

    def lost(self, seq: int) -> None:
        """The store refused all after ``seq``: that is nobody's base, unless it is ``found``."""
        # Said once for each commit that failed: all but the first find nothing more.
        self.doubtful += [own for own in self.owns if own.seq > seq]
        self.owns = [own for own in self.owns if own.seq <= seq]
        self.reader.lost(seq)

    def restored(self, text: EssayText) -> None:
        """The room was read back. A save that was refused may be the head after all."""
        latest = text.head()
        for own in reversed(self.doubtful):
            if own.bridge is not None and own.bridge.apply(own.text) == latest.text:
                self.owns.append(replace(own, seq=latest.seq))
                self.reader.fall_back(self.owns[-1])
                break
        self.doubtful = []
        self.reader.mirror = text.mirror
        self.durable_seq = latest.seq
        self.held_since = float("-inf")
        self.unconfirmed = False


class _Asked(NamedTuple):
    """The state that a guest was sent because it asked for it."""

    seq: int
    at: float
    probe: int
    """The number of the probe behind it."""


@dataclass(slots=True)
class _Guest:
    """A connection that has never saved."""

    user_id: UserId
    since: int
    """It has been sent every version after this number."""
    asked: tuple[_Asked, ...] = ()
    """The states that it was sent last. A page may take each of them."""
    probe: int = 0
    arrived: int = 0
    """The last probe that came back; 0 before one."""
    round_trip: float = 0.0
    """Seconds that this took."""
    slow: bool = False
    """It reads nothing for now."""

    def was_sent(self, seq: int, tick: float) -> int:
        """It is being sent the state. Returns the probe's number."""
        self.probe += 1
        self.asked = (*self.asked, _Asked(seq, tick, self.probe))[-MOST_ASKED:]
        return self.probe

    def came_back(self, probe: int, tick: float) -> None:
        """A probe did."""
        for asked in self.asked:
            if self.arrived < asked.probe <= probe:
                self.arrived, self.round_trip = asked.probe, tick - asked.at


@dataclass(frozen=True, slots=True)
class _Departed:
    """A connection that has gone, and had not saved, or not for long."""

    user_id: UserId
    left_at: float
    had: list[tuple[int, float]]
    """Versions that it was sent since, and when."""


class Writers:
    """Everybody who saves, has saved, or may save."""

    __slots__ = ("_departed", "_gone", "_guests", "_recent", "_served", "_text", "live")

    def __init__(self, text: EssayText) -> None:
        self.live: dict[ConnectionId, Writer] = {}
        self._text = text
        self._guests: dict[ConnectionId, _Guest] = {}
        self._gone: deque[Writer] = deque()
        self._departed: deque[_Departed] = deque(maxlen=MOST_REMEMBERED)
        self._recent: deque[tuple[int, float]] = deque(maxlen=RECENT)
        self._served: dict[UserId, deque[tuple[int, float]]] = {}

    def all(self) -> Iterator[Writer]:
        """Those who are here, and those who may come back."""
        return chain(self.live.values(), self._gone)

    # ---- from what a save is understood -------------------------------------------------------

    def of(self, connection: ConnectionId, user_id: UserId, durable: int, tick: float) -> Writer:
        """The writer behind a connection that saves now."""
        writer = self.live.get(connection)
        if writer is None:
            guest = self._guests.pop(connection, None)
            writer = Writer(user_id, self._reader(user_id, tick), durable)
            if writer.reader.own is not None:
                writer.owns.append(writer.reader.own)
            if guest is not None:
                self._recall(writer, guest, tick)
                writer.slow = guest.slow
            self.live[connection] = writer
        elif writer.resting:
            writer.resting = False
            self._note(writer.reader, self._missed(writer), tick)
        return writer

    def _reader(self, user_id: UserId, tick: float) -> Reader:
        """What a user has had elsewhere, who saves here for the first time."""
        before = self._predecessor(user_id, tick)
        reader = before.reader.successor() if before else self.of_user(user_id, tick)
        for seq, at in self._read_by(user_id, tick):
            if before is not None and not before.may_lack(seq, at):
                continue
            version = self._text.mirror.version_at(seq)
            if version is not None:
                reader.arrived(reader.sent(at, version), None)
        return reader

    def of_user(self, user_id: UserId, tick: float) -> Reader:
        """What a user has had by REST."""
        reader = Reader(self._text.mirror, author_mark(user_id))
        served = [(seq, at) for seq, at in self._served.get(user_id, ()) if tick - at < SERVED_FOR]
        self._note(reader, served, tick, arrived=True)
        return reader

    def newest(
        self, connection: ConnectionId | None, user_id: UserId
    ) -> Candidate | Version | None:
        """What was last on the screen there, if that is known."""
        if connection is not None:
            writer = self.live.get(connection)
            return writer.reader.latest() if writer is not None and not writer.resting else None
        served = self._served.get(user_id)
        return self._text.mirror.version_at(served[-1][0]) if served else None

    def on_screen(self, connection: ConnectionId, tick: float) -> list[Version]:
        """What may be on the screen where nothing was saved lately, the newest first."""
        guest, writer = self._guests.get(connection), self.live.get(connection)
        had = self._had(guest) if guest else self._missed(writer) if writer else []
        first = guest.since if guest else writer.sent_seq if writer else 0
        surely = [seq for seq, at in had if at + SURELY_THERE <= tick]
        since = max([first, *surely])
        seqs = [since, *sorted({seq for seq, _ in had if seq > since})]
        versions = self._text.mirror.versions_at(seqs[-MOST_ON_SCREEN:])
        return [version for version in versions if version is not None][::-1]

    def named(self, base_seq: int, connection: ConnectionId | None) -> Candidate | Version | None:
        """The text on the screen there that comes from this version; None when it is forgotten."""
        writer = None if connection is None else self.live.get(connection)
        if writer is None:
            return self._text.mirror.version_at(base_seq)
        return writer.reader.shown(base_seq)

    def know(self, base_seq: int, connection: ConnectionId | None) -> bool:
        """Whether that version is in memory, or the connection has gone on from it already."""
        if self._text.mirror.reaches(base_seq):
            return True
        writer = None if connection is None else self.live.get(connection)
        own = None if writer is None else writer.reader.own
        return own is not None and base_seq in (own.root, own.seq)

    def _predecessor(self, user_id: UserId, tick: float) -> Writer | None:
        """The same user at the connection that they used before this one.

        It may not have been seen to break yet, so it may also be another tab: then what that has
        had is not what was saved here, and the prices say so.
        """
        since = tick - REMEMBERED_FOR
        known = (
            writer
            for writer in self.all()
            if writer.user_id == user_id and max(writer.saved_at, writer.left_at) > since
        )
        return max(known, key=lambda writer: writer.saved_at, default=None)

    def _read_by(self, user_id: UserId, tick: float) -> list[tuple[int, float]]:
        """The latest versions that a user was sent where nothing was saved, in their order.

        A page that had only read when its link broke can come back with a save. Here too, nobody
        may have seen it break yet.
        """
        had: dict[int, float] = {}
        for gone in self._departed:
            if gone.user_id == user_id and gone.left_at > tick - REMEMBERED_FOR:
                had.update(gone.had)
        for guest in self._guests.values():
            if guest.user_id == user_id:
                had.update(self._had(guest))
        for writer in self.live.values():
            if writer.user_id == user_id and writer.resting:
                had.update(self._missed(writer))
        return sorted(had.items())[-RECENT:]

    def _had(self, guest: _Guest) -> list[tuple[int, float]]:
        """The versions that a guest was sent."""
        return [*((asked.seq, asked.at) for asked in guest.asked), *self._after(guest.since)]

    def _missed(self, writer: Writer) -> list[tuple[int, float]]:
        """The versions that a writer was sent while it rested."""
        return self._after(writer.sent_seq)

    def _after(self, seq: int) -> list[tuple[int, float]]:
        """The recent versions after this one."""
        return [version for version in self._recent if version[0] > seq]

    def _recall(self, writer: Writer, guest: _Guest, tick: float) -> None:
        """Note what the connection was sent before anybody took notes of it."""
        writer.reader.round_trip = guest.round_trip or writer.reader.round_trip
        seq = guest.since
        for asked in guest.asked:
            self._note(writer.reader, [it for it in self._after(seq) if it[0] <= asked.seq], tick)
            seq, arrived = asked.seq, asked.probe <= guest.arrived
            count = self._note(writer.reader, [(seq, asked.at)], tick, arrived=arrived)
            if not arrived:
                writer.probes.append((asked.probe, count))
        self._note(writer.reader, self._after(seq), tick)
        writer.probed = guest.probe

    def _note(
        self,
        reader: Reader,
        versions: Sequence[tuple[int, float]],
        tick: float,
        *,
        arrived: bool | None = None,
    ) -> int:
        """These versions were sent at these times. ``arrived`` None: nobody has asked."""
        count = 0
        found = self._text.mirror.versions_at([seq for seq, _ in versions])
        for (_, at), version in zip(versions, found, strict=True):
            if version is not None:
                count = reader.sent(at, version)
                if arrived is None:
                    surely = at + max(SURELY_THERE, min(reader.round_trip, MOST_LATE))
                    reader.arrived(count, surely if surely < tick else None, guessed=True)
                elif arrived:
                    reader.arrived(count, min(at + SURELY_THERE, tick), guessed=True)
        return count

    # ---- what they are sent -------------------------------------------------------------------

    def joined(self, connection: ConnectionId, user_id: UserId, seq: int) -> None:
        """A connection gets every version after this one."""
        self._guests[connection] = _Guest(user_id, seq)

    def published(self, seq: int, tick: float) -> None:
        """A version is on its way to all who may get it now."""
        self._recent.append((seq, tick))
        self._forget_the_gone(tick)

    def welcomed(self, connection: ConnectionId, version: Version, tick: float) -> int:
        """A connection is sent the state. Returns the number of the probe to send behind it."""
        writer = self.live.get(connection)
        if writer is not None:
            return writer.was_sent(version, tick)
        return self._guests[connection].was_sent(version.seq, tick)

    def arrived(self, connection: ConnectionId, probe: int, tick: float) -> None:
        """A probe came back from a connection."""
        if (writer := self.live.get(connection)) is not None:
            writer.arrived(probe, tick)
        elif (guest := self._guests.get(connection)) is not None:
            guest.came_back(probe, tick)

    def served(self, user_id: UserId, seq: int, tick: float) -> None:
        """A user was given a version by REST."""
        versions = self._served.pop(user_id, None) or deque(maxlen=MOST_SERVED)
        if not versions or versions[-1][0] != seq:
            versions.append((seq, tick))
        self._served[user_id] = versions
        if len(self._served) > MOST_SERVED_USERS:
            del self._served[next(iter(self._served))]

    # ---- their coming and going ---------------------------------------------------------------

    def left(self, connection: ConnectionId, tick: float) -> None:
        """A connection has gone."""
        if (guest := self._guests.pop(connection, None)) is not None:
            self._departed.append(_Departed(guest.user_id, tick, self._had(guest)))
        writer = self.live.pop(connection, None)
        self._forget_the_gone(tick)
        if writer is not None:
            if writer.resting:
                self._departed.append(_Departed(writer.user_id, tick, self._missed(writer)))
            writer.left_at = tick
            writer.probes.clear()
            self._gone.append(writer)

    def _forget_the_gone(self, tick: float) -> None:
        while self._gone and (
            tick - self._gone[0].left_at > REMEMBERED_FOR or len(self._gone) >= MOST_REMEMBERED
        ):
            self._gone.popleft()

    def reads(self, connection: ConnectionId, *, slowly: bool) -> None:
        """A connection reads nothing for now, or again."""
        if (writer := self.live.get(connection)) is not None:
            writer.slow = slowly
        elif (guest := self._guests.get(connection)) is not None:
            guest.slow = slowly

    def retraced(self) -> None:
        """What the store did not take is in no log."""
        for writer in self.all():
            writer.doubtful = []

    def restored(self, text: EssayText) -> None:
        """The room was read back from the store."""
        self._text = text
        for writer in self.all():
            writer.restored(text)
