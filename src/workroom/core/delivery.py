"""When a connection is sent the text, so that it is never pulled from under someone's fingers.

- Whoever saved in the last ``quiet`` seconds is not sent other people's text; it is held, folded
  into the latest, until their next pause, or, once it has been held for ``longest_hold`` seconds,
  follows right behind one of their own saves (then the text contains all that they have sent).
- Their own confirmation, when the merged text is what they sent, comes ``confirm_after`` seconds
  after their last save.
- Everybody else is sent each version at once.

An immediate echo breaks half of the words of a lone writer whose client replaces its text on every
event (measured with simulated writers on links of 10 to 500 ms).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workroom.core.essay_text import Base
from workroom.core.limits import RoomRules
from workroom.ids import ConnectionId, UserId


@dataclass(slots=True)
class Writer:
    """A connection that has saved text: what it has, and what waits for it. Times are ticks."""

    connection: ConnectionId
    user_id: UserId
    sent: Base
    """The newest version that was sent to it."""
    own: list[Base] = field(default_factory=list)
    """Its own saves since, as branches: the last durable one, and those not durable yet."""
    saved_at: float = float("-inf")
    held_since: float | None = None
    """Since when other people's text waits for it."""
    unconfirmed: bool = False
    """Its own save is durable, and it has not been told."""
    durable_seq: int = 0
    """Everything up to this number is durable."""
    doubtful: list[Base] = field(default_factory=list)
    """Saves that the store refused, until the room is read back."""
    left: Base | None = None
    """Its own last save, when it was sent a version since: perhaps it still writes from that."""
    untaken: bool = False
    """It was sent ``sent`` behind its own back, and no save has been written from that yet."""
    slow: bool = False
    """It reads nothing for now: what it is owed waits until it has caught up."""

    @property
    def ahead(self) -> bool:
        """Whether a save of its own is on its way to the store.

        Nothing is sent to it then: any durable text would be older than its own.
        """
        return bool(self.own) and self.own[-1].seq > self.durable_seq

    def newest(self) -> Base:
        """The text that this client last had, as far as anybody can know."""
        return self.own[-1] if self.own else self.sent

    def bases(self) -> list[Base]:
        """The texts that it can be writing from, the likeliest first."""
        own = self.own[-1] if self.own else self.left
        if own is None or not self.untaken:
            return [self.newest()]
        return [self.sent, own]

    def saved(self, own: Base, base: Base, tick: float) -> None:
        """It sent a text of its own, written from ``base``."""
        if base is self.sent:
            self.untaken = False
        self.left = None
        self.own.append(own)
        self.saved_at = tick

    def durable(self, seq: int) -> None:
        """Everything up to ``seq`` is: nobody will ask for its earlier saves again."""
        self.durable_seq = seq
        while len(self.own) > 1 and self.own[1].seq <= seq:
            del self.own[0]

    def lost(self, seq: int) -> None:
        """The store refused all after ``seq``: that is nobody's base, unless it is ``found``."""
        self.doubtful = [own for own in self.own if own.seq > seq]
        if self.left is not None and self.left.seq > seq:
            self.left = None
        self.own = [own for own in self.own if own.seq <= seq]

    def found(self, latest: Base) -> None:
        """A save that was refused is the head after all: a commit whose outcome nobody knew."""
        for own in reversed(self.doubtful):
            if own.bridge is not None and own.bridge.apply(own.text) == latest.text:
                self.own.append(replace(own, seq=latest.seq))
                break
        self.doubtful = []

    def was_sent(self, base: Base) -> None:
        """It is being sent this version; nothing waits any longer."""
        self.left = self.own[-1] if self.own else self.left
        self.untaken = self.left is not None and self.left.text != base.text
        self.sent = base
        self.own.clear()
        self.held_since = None
        self.unconfirmed = False

    def due(self, rules: RoomRules) -> float | None:
        """The tick at which it is to be sent the text; None when nothing waits, or may be sent."""
        if self.ahead or self.slow:
            return None
        if self.held_since is not None:
            return self.saved_at + rules.quiet
        return self.saved_at + rules.confirm_after if self.unconfirmed else None


class Delivery:
    """Decides, for each new version of one essay's text, who gets it now and who later."""

    __slots__ = ("_rules", "_writers", "latest")

    def __init__(self, rules: RoomRules, latest: Base) -> None:
        self._rules = rules
        self._writers: dict[ConnectionId, Writer] = {}
        self.latest = latest
        """The newest durable version: what a connection that never saved has."""

    def has(self, connection: ConnectionId) -> Writer | None:
        """The writer of a connection that has saved before."""
        return self._writers.get(connection)

    def newest(self, connection: ConnectionId | None) -> Base | None:
        """The text that a connection last had; None without a connection."""
        if connection is None:
            return None
        writer = self._writers.get(connection)
        return writer.newest() if writer else self.latest

    def bases(self, connection: ConnectionId) -> list[Base]:
        """The texts that a connection can be writing from, the likeliest first."""
        writer = self._writers.get(connection)
        return writer.bases() if writer else [self.latest]

    def saved(
        self, connection: ConnectionId, user_id: UserId, own: Base, base: Base, tick: float
    ) -> None:
        """A connection sent a text, written from ``base``."""
        writer = self._writers.get(connection)
        if writer is None:
            writer = Writer(connection, user_id, self.latest, durable_seq=self.latest.seq)
            self._writers[connection] = writer
        writer.saved(own, base, tick)

    def confirmed_alone(self, connection: ConnectionId) -> None:
        """A save that changed nothing is to be confirmed to its sender."""
        if writer := self._writers.get(connection):
            writer.unconfirmed = True

    def publish(
        self, version: Base, author: ConnectionId | None, tick: float, *, exact: bool
    ) -> tuple[frozenset[ConnectionId], ConnectionId | None]:
        """A new version is durable. ``exact``: its text is the one that the author sent.

        Returns the connections that must not be sent it now, and the author's connection when it is
        to be sent it right behind its own save. All others are taken as having been sent it.
        """
        self.latest = version
        held: set[ConnectionId] = set()
        behind: ConnectionId | None = None
        for connection, writer in self._writers.items():
            writer.durable(version.seq)
            if connection == author:
                held.add(connection)
                if self._behind_own_save(writer, version, tick, exact=exact):
                    behind = connection
            elif writer.ahead or writer.slow or tick - writer.saved_at < self._rules.quiet:
                held.add(connection)
                if writer.held_since is None:
                    writer.held_since = tick
            else:
                writer.was_sent(version)
        return frozenset(held), behind

    def _behind_own_save(self, writer: Writer, version: Base, tick: float, *, exact: bool) -> bool:
        if writer.held_since is None:
            if exact:
                writer.unconfirmed = True
                return False
            writer.held_since = tick
        if writer.ahead or writer.slow or tick - writer.held_since < self._rules.longest_hold:
            return False
        writer.was_sent(version)
        return True

    def expire(self, tick: float) -> list[ConnectionId]:
        """The connections that are to be sent ``latest`` now."""
        released = []
        for connection, writer in self._writers.items():
            due = writer.due(self._rules)
            if due is not None and due <= tick:
                writer.was_sent(self.latest)
                released.append(connection)
        return released

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        dues = (writer.due(self._rules) for writer in self._writers.values())
        return min((due for due in dues if due is not None), default=None)

    def behind(self) -> frozenset[ConnectionId]:
        """The connections that have another text than ``latest``, as far as is known."""
        return frozenset(
            connection
            for connection, writer in self._writers.items()
            if writer.held_since is not None or writer.ahead
        )

    def slow(self, connection: ConnectionId) -> None:
        """The connection reads nothing for now."""
        if writer := self._writers.get(connection):
            writer.slow = True

    def owed(self, connection: ConnectionId, tick: float, *, differs: bool) -> bool:
        """The connection reads from here on: whether to send it the text now.

        ``differs``: the text is another than when it stopped. Who types gets it at a pause.
        """
        writer = self._writers.get(connection)
        if writer is None:
            return differs
        writer.slow = False
        if writer.held_since is None and not writer.unconfirmed:
            if not differs:
                return False
            writer.held_since = tick
        return not writer.ahead and tick - writer.saved_at >= self._rules.quiet

    def sent_state(self, connection: ConnectionId) -> None:
        """The connection was sent ``latest`` because it asked for the state."""
        if writer := self._writers.get(connection):
            writer.was_sent(self.latest)

    def forget(self, connection: ConnectionId) -> None:
        """The connection no longer follows the essay."""
        self._writers.pop(connection, None)

    def lost(self, seq: int) -> None:
        """The store refused everything after ``seq``."""
        for writer in self._writers.values():
            writer.lost(seq)

    def restored(self, latest: Base) -> None:
        """The room started again from what is stored; who saved lately is sent that at a pause.

        What a connection was sent before is what it has, also now.
        """
        self.latest = latest
        for writer in self._writers.values():
            writer.found(latest)
            writer.durable_seq = latest.seq
            writer.held_since = float("-inf")
            writer.unconfirmed = False
