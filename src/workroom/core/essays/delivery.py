"""When a connection is sent the text, so that it is never pulled from under someone's fingers.

- Whoever saved in the last ``quiet`` seconds is not sent other people's text; it is held, folded
  into the latest, until their next pause, or, once it has been held for ``longest_hold`` seconds,
  follows right behind one of their own saves (then the text contains all that they have sent).
- Their own confirmation, when the merged text is what they sent, comes ``confirm_after`` seconds
  after their last save.
- Everybody else is sent each version at once.

An immediate echo breaks half of the words of a lone writer whose client replaces its text on every
event (measured with simulated writers on links of 10 to 500 ms).

What each of those who save has been sent, and has got, is kept with its ``Reader`` (see
``writers.py``): that is what their saves are understood from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workroom.core.effects import Broadcast, Effect, Probe, Send
from workroom.core.essays.text import EssayText
from workroom.core.essays.writers import Writer, Writers
from workroom.core.events import EssayUpdated
from workroom.core.limits import RoomRules
from workroom.core.text import Candidate, Reader, Version
from workroom.core.text.ranges import meant
from workroom.core.time import earliest
from workroom.core.values import value
from workroom.ids import ConnectionId, UserId


@dataclass(slots=True)
class Release:
    """Who is sent a new version, and who is not yet."""

    held: frozenset[ConnectionId]
    """They must not be sent it now."""
    behind: ConnectionId | None
    """The author's connection, when it is to be sent it right behind its own save."""
    probes: list[tuple[ConnectionId, int]]
    """Who is to be asked, behind the text, whether it has arrived; with the probe's number."""

    def is_heard(self, members: int) -> bool:
        """Whether any of so many connections is told now: mostly not, as when one writes alone."""
        return len(self.held) < members

    def effects(self, shown: Callable[[], EssayUpdated], members: int) -> list[Effect]:
        """What the members of a room of so many connections are told; ``shown`` makes the text."""
        heard, behind = self.is_heard(members), self.behind
        if not heard and behind is None:
            return []
        text = shown()
        effects: list[Effect] = []
        if heard:
            effects.append(Broadcast(text, except_connections=self.held))
        if behind is not None:
            effects.append(Send(behind, text))
        return effects + [Probe(connection, number) for connection, number in self.probes]


@value
class Untold:
    """What has to be remembered of a save until it is durable. Positions are code points."""

    version: Version
    exact: bool
    """The merged text is the one that the client sent."""
    cursor: int | None
    selection_end: int | None


class Delivery:
    """Decides, for each new version of one essay's text, who gets it now and who later."""

    __slots__ = ("_rules", "_writers", "latest")

    def __init__(self, rules: RoomRules, text: EssayText) -> None:
        self._rules = rules
        self._writers = Writers(text)
        self.latest = text.head()
        """The newest durable version: what a connection that never saved has."""

    # ---- what they write ----------------------------------------------------------------------

    def reader(self, connection: ConnectionId | None, user_id: UserId, tick: float) -> Reader:
        """From what a save is understood that comes from here (None: by REST)."""
        if connection is None:
            return self._writers.of_user(user_id, tick)
        return self._writers.of(connection, user_id, self.latest.seq, tick).reader

    def newest(self, connection: ConnectionId | None, user_id: UserId) -> Candidate | Version:
        """The text that a client last had, as far as anybody can know."""
        return self._writers.newest(connection, user_id) or self.latest

    def chosen(
        self, connection: ConnectionId | None, user_id: UserId, start: int, end: int, tick: float
    ) -> Candidate | Version:
        """The text in which a client has chosen a range (UTF-16 units).

        What a connection that only reads has is not asked for: of the latest versions, the newest
        in which the range makes sense.
        """
        known = self._writers.newest(connection, user_id)
        if known is None and connection is not None:
            known = meant(self._writers.on_screen(connection, tick), start, end)
        return known or self.latest

    def named(self, base_seq: int, connection: ConnectionId | None) -> Candidate | Version | None:
        """The text that a client has which says that it comes from that version."""
        return self._writers.named(base_seq, connection)

    def knows(self, base_seq: int, connection: ConnectionId | None) -> bool:
        """Whether a save from this connection can be merged that names that version."""
        return self._writers.know(base_seq, connection)

    def saved(self, connection: ConnectionId, tick: float, *, astray: bool) -> None:
        """A save of this connection was accepted by its reader.

        ``astray``: the text was merged into another than its author expects, who is to get that at
        the next occasion.
        """
        writer = self._writers.live[connection]
        writer.saved(tick)
        if astray:
            writer.held_since = float("-inf")

    def queued(self, connection: ConnectionId, user_id: UserId, tick: float) -> None:
        """A save of this connection has to wait."""
        self._writers.of(connection, user_id, self.latest.seq, tick).queued = True

    def unqueued(self, connection: ConnectionId) -> None:
        """The save is carried out now, or never."""
        if writer := self._writers.live.get(connection):
            writer.queued = False

    def confirmed_alone(self, connection: ConnectionId) -> None:
        """A save that changed nothing is to be confirmed to its sender.

        All before it is durable, and so is what it told: otherwise a page that saves the same text
        again and again would fill the memory until somebody writes.
        """
        if writer := self._writers.live.get(connection):
            writer.unconfirmed = True
            writer.durable(max(writer.durable_seq, self.latest.seq))

    # ---- what they get ------------------------------------------------------------------------

    def publish(
        self, version: Version, author: ConnectionId | None, tick: float, *, exact: bool
    ) -> Release:
        """A new version is durable. ``exact``: its text is the one that the author sent."""
        self.latest = version
        self._writers.published(version.seq, tick)
        held: set[ConnectionId] = set()
        release = Release(frozenset(), None, [])
        for connection, writer in self._writers.live.items():
            writer.durable(version.seq)
            if connection == author:
                held.add(connection)
                if self._goes_behind(writer, tick, exact=exact):
                    release.behind = connection
                    release.probes.append((connection, writer.was_sent(version, tick)))
            elif writer.ahead or writer.slow or tick - writer.saved_at < self._rules.quiet:
                held.add(connection)
                if writer.held_since is None:
                    writer.held_since = tick
            elif writer.follows(tick):
                release.probes.append((connection, writer.was_sent(version, tick)))
        release.held = frozenset(held)
        return release

    def _goes_behind(self, writer: Writer, tick: float, *, exact: bool) -> bool:
        if writer.held_since is None:
            if exact:
                writer.unconfirmed = True
                return False
            writer.held_since = tick
        return not (writer.ahead or writer.slow) and (
            tick - writer.held_since >= self._rules.longest_hold
        )

    def expire(self, tick: float) -> list[tuple[ConnectionId, int]]:
        """The connections that are to be sent ``latest`` now, with their probes."""
        return [
            (connection, writer.was_sent(self.latest, tick))
            for connection, writer in self._writers.live.items()
            if (due := writer.due(self._rules)) is not None and due <= tick
        ]

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        return earliest(*[writer.due(self._rules) for writer in self._writers.live.values()])

    def joined(self, connection: ConnectionId, user_id: UserId) -> None:
        """The connection gets every version from here on."""
        self._writers.joined(connection, user_id, self.latest.seq)

    def welcomed(self, connection: ConnectionId, tick: float) -> int:
        """The connection is sent ``latest`` because it asked for the state; the probe's number."""
        return self._writers.welcomed(connection, self.latest, tick)

    def has_latest(self, connection: ConnectionId, tick: float) -> None:
        """The connection says that it has ``latest`` already."""
        self._writers.arrived(connection, self.welcomed(connection, tick), tick)

    def arrived(self, connection: ConnectionId, probe: int, tick: float) -> None:
        """A probe came back: what was sent before it has arrived."""
        self._writers.arrived(connection, probe, tick)

    def served(self, user_id: UserId, tick: float) -> None:
        """The user was given ``latest`` by REST."""
        self._writers.served(user_id, self.latest.seq, tick)

    # ---- trouble ------------------------------------------------------------------------------

    def behind(self) -> frozenset[ConnectionId]:
        """The connections that have another text than ``latest``, as far as is known."""
        return frozenset(
            connection
            for connection, writer in self._writers.live.items()
            if writer.held_since is not None or writer.ahead
        )

    def slow(self, connection: ConnectionId) -> None:
        """The connection reads nothing for now."""
        self._writers.reads(connection, slowly=True)

    def owed(self, connection: ConnectionId, tick: float, *, differs: bool) -> bool:
        """The connection reads from here on: whether to send it the text now.

        ``differs``: the text is another than when it stopped. Who types gets it at a pause.
        """
        self._writers.reads(connection, slowly=False)
        writer = self._writers.live.get(connection)
        if writer is None:
            return differs
        if not writer.waits:
            if not differs:
                return False
            writer.held_since = tick
        return not writer.ahead and tick - writer.saved_at >= self._rules.quiet

    def forget(self, connection: ConnectionId, tick: float) -> None:
        """The connection no longer follows the essay. Who comes back soon goes on where it was."""
        self._writers.left(connection, tick)

    def lost(self, seq: int) -> None:
        """The store refused everything after ``seq``."""
        for writer in self._writers.all():
            writer.lost(seq)

    def retraced(self) -> None:
        """What the store did not take came to nothing; what everybody has is as it was."""
        self._writers.retraced()

    def restored(self, text: EssayText) -> None:
        """The room started again from what is stored; who saved lately is sent that at a pause.

        What a connection was sent before is what it has, also now.
        """
        self.latest = text.head()
        self._writers.restored(text)
