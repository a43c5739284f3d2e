"""Connections that keep a copy of an essay's Yjs document, and what each of them is owed.

A replica has everything in the end: each durable update is sent to all of them, and where that was
not possible (a slow reader, a store that failed) the room makes up for it. Two rules hold. What is
not durable is not sent: an answer made from the head waits until the head is stored. And what a
replica sent is not given up: it cannot take it back, so it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from workroom.core.effects import Effect, Send
from workroom.core.essays.text import EssayText
from workroom.core.events import Event, SyncAnswered, SyncRequested, TextPatched
from workroom.errors import InvalidMessage
from workroom.ids import ConnectionId, EssayId

NOTHING: Final = b"\0"
"""The state vector of a copy that has nothing."""
ASK_AGAIN: Final = 1.0
"""Seconds between two times that a replica is asked for what it has, however much is missing."""


class _Missed(NamedTuple):
    """What a slow reader has not been told: these updates, and what goes beyond the vector."""

    updates: tuple[bytes, ...]
    vector: bytes


_ALL: Final = _Missed((), NOTHING)


@dataclass(slots=True)
class _Replica:
    """What the room knows of one copy."""

    asked_at: float = float("-inf")
    """Tick at which it was last asked for what is missing here."""
    missed: _Missed | None = None
    """None: it reads what it is sent."""


class Replicas:
    """The replicas of one essay on this node."""

    __slots__ = ("_again", "_essay_id", "_members", "_owed", "_torn", "_unanswered")

    def __init__(self, essay_id: EssayId) -> None:
        self._essay_id = essay_id
        self._members: dict[ConnectionId, _Replica] = {}
        self._again: dict[ConnectionId, float] = {}
        """Replicas that are to be asked at a tick, because they were asked just before."""
        self._owed: list[tuple[int, Send]] = []
        """What may be sent once the log has come as far as the number."""
        self._torn = False
        """The text holds what is not stored: nothing may be read from it until it is restored."""
        self._unanswered: set[ConnectionId] = set()
        """Who was owed something that was made of what is not stored."""

    def __contains__(self, connection: object) -> bool:
        return connection in self._members

    def __len__(self) -> int:
        return len(self._members)

    def join(self, connection: ConnectionId) -> None:
        """A replica has come."""
        self._members[connection] = _Replica()

    def leave(self, connection: ConnectionId) -> None:
        """A connection has gone."""
        self._members.pop(connection, None)
        self._again.pop(connection, None)

    def ask(self, connection: ConnectionId, text: EssayText, tick: float) -> list[Send]:
        """Ask a replica for what it has and the room lacks; in a while, if that was just done."""
        replica = self._members.get(connection)
        if replica is None:
            return []
        if self._torn:
            self._again[connection] = tick
            return []
        if tick - replica.asked_at < ASK_AGAIN:
            self._again[connection] = replica.asked_at + ASK_AGAIN
            return []
        replica.asked_at = tick
        self._again.pop(connection, None)
        return [Send(connection, SyncRequested(self._essay_id, text.vector()))]

    def next_deadline(self) -> float | None:
        """The tick at which somebody is to be asked."""
        return None if self._torn else min(self._again.values(), default=None)

    def expire(self, text: EssayText, tick: float) -> list[Effect]:
        """Ask those whose time has come."""
        if self._torn:
            return []
        due = [connection for connection, at in self._again.items() if at <= tick]
        return [send for connection in due for send in self.ask(connection, text, tick)]

    def synchronize(
        self, connection: ConnectionId, vector: bytes, text: EssayText, head: int, durable: int
    ) -> list[Effect]:
        """Send a replica what it lacks, when all of it is durable. Raises InvalidMessage."""
        replica = self._members[connection]
        if replica.missed is not None:
            replica.missed = _ALL
        if self._torn or replica.missed is not None:
            self._unanswered.add(connection)
            return []  # ``news`` will hold it
        try:
            update = text.lacking(vector)
        except ValueError as error:
            raise InvalidMessage(f"no state vector: {error}", field="vector") from None
        # An answer that it still waits for is part of this one, and may be as large as the text.
        self._owed = [
            (seq, send)
            for seq, send in self._owed
            if send.connection != connection or not isinstance(send.event, SyncAnswered)
        ]
        return self._when(head, durable, [Send(connection, SyncAnswered(self._essay_id, update))])

    def _when(self, head: int, durable: int, sends: list[Send]) -> list[Effect]:
        if head <= durable:
            return list(sends)
        self._owed += [(head, send) for send in sends]
        return []

    def awaiting(self, seq: int) -> frozenset[ConnectionId]:
        """Replicas that will be sent the entry ``seq`` within what they are owed."""
        return frozenset(send.connection for head, send in self._owed if head >= seq)

    def settled(self, seq: int) -> list[Effect]:
        """Everything up to ``seq`` is durable."""
        if not self._owed:
            return []
        due = [send for head, send in self._owed if head <= seq]
        self._owed = [owed for owed in self._owed if owed[0] > seq]
        return [send for send in due if send.connection in self._members]

    def slow(self, connection: ConnectionId, text: EssayText, undurable: Iterable[bytes]) -> None:
        """The connection reads nothing for now: remember what it has been told."""
        replica = self._members.get(connection)
        if replica is None:
            return
        if self._torn or any(send.connection == connection for _, send in self._owed):
            replica.missed = _ALL
        else:
            # What is on its way to the store is in the vector, and the connection was not told.
            replica.missed = _Missed(tuple(undurable), text.vector())

    def news(
        self, connection: ConnectionId, text: EssayText, head: int, durable: int
    ) -> list[Event]:
        """What a replica has to be told that reads again, or after the text was restored."""
        if self._torn:
            return []  # it will be told when the text is restored
        replica = self._members[connection]
        missed, replica.missed = replica.missed or _ALL, None
        essay_id = self._essay_id
        answer: list[Event] = [TextPatched(essay_id, durable, it) for it in missed.updates]
        answer.append(SyncAnswered(essay_id, text.lacking(missed.vector)))
        ready = self._when(head, durable, [Send(connection, event) for event in answer])
        return answer if ready else []

    def lost(self) -> None:
        """The store refused something that is in the text."""
        self._torn = True
        self._unanswered |= {send.connection for _, send in self._owed}
        self._owed.clear()

    def restored(self) -> None:
        """The text is what is stored. Slow readers need all of it, the others ask ``news``."""
        self._torn = False
        self._unanswered.clear()
        self._again.clear()
        for replica in self._members.values():
            replica.asked_at = float("-inf")
            if replica.missed is not None:
                replica.missed = _ALL

    def retraced(self, text: EssayText, seq: int) -> list[Effect]:
        """The text is what is stored up to ``seq`` again, and everybody has that but these."""
        waited = [each for each in sorted(self._unanswered) if each in self._members]
        again = dict(self._again)
        self.restored()
        self._again.update(again)
        return [
            Send(connection, event)
            for connection in waited
            if self._members[connection].missed is None
            for event in self.news(connection, text, seq, seq)
        ]
