"""One event to many connections: encoded once per dialect and form, joined per turn, written.

What is pending when the loop turns is joined and written once per member: a single event costs one
write per member, and so does a burst of sixteen. Large rooms are written in slices, so that the
loop never stalls. A member who reads too slowly leaves the fast list; what it missed is made up for
when it has drained (``rooms.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

from prometheus_client import Counter

from workroom.core.events import Event, TaskCompleted
from workroom.ids import ConnectionId, UserId, project_room
from workroom.observe import DELIVERIES
from workroom.protocol.dialect import Dialect, Form
from workroom.service.rooms.probes import probe_frame
from workroom.service.rooms.writing import Sink, write_each

MAX_JOIN: Final = 256 * 1024
"""Bytes after which a flush starts another write instead of joining further frames."""
SLICE: Final = 500
"""Members that are written to in one turn of the loop."""


@cache
def _delivered(dialect: str, event: str) -> Counter:
    """The counter of one kind of delivery; looking it up by its labels takes a lock each time."""
    return DELIVERIES.labels(dialect, event)


class Recipient(Protocol):
    """A connection, as far as fan-out is concerned."""

    id: ConnectionId
    form: Form
    dialect: Dialect

    @property
    def outlet(self) -> Sink:
        """Where frames for it are written to."""

    @property
    def user_id(self) -> UserId:
        """Whose connection it is."""


@dataclass(slots=True)
class _Item:
    """Frames by voice, and for whom: ``only`` one connection, or all but the exceptions."""

    frames: tuple[bytes | None, ...]
    only: ConnectionId | None = None
    except_user: UserId | None = None
    except_connections: frozenset[ConnectionId] = frozenset()

    def is_for(self, recipient: Recipient) -> bool:
        if self.only is not None:
            return self.only == recipient.id
        return recipient.user_id != self.except_user and recipient.id not in self.except_connections


class _Voice:
    """A dialect and form, and the outlets of the members who are spoken to in it.

    Addition and removal are O(1).
    """

    __slots__ = ("_ids", "_index", "dialect", "form", "outlets")

    def __init__(self, dialect: Dialect, form: Form) -> None:
        self.dialect = dialect
        self.form = form
        self.outlets: list[Sink] = []
        self._ids: list[ConnectionId] = []
        self._index: dict[ConnectionId, int] = {}

    def __contains__(self, connection: ConnectionId) -> bool:
        return connection in self._index

    def has_others_than(self, connections: frozenset[ConnectionId]) -> bool:
        # Most lists are longer than any exceptions, and need not be looked through.
        return len(self._ids) > len(connections) or not connections.issuperset(self._ids)

    def add(self, connection: ConnectionId, outlet: Sink) -> None:
        self._index[connection] = len(self.outlets)
        self._ids.append(connection)
        self.outlets.append(outlet)

    def remove(self, connection: ConnectionId) -> None:
        at = self._index.pop(connection, None)
        if at is None:
            return
        last_id, last_outlet = self._ids.pop(), self.outlets.pop()
        if last_id != connection:
            self._ids[at], self.outlets[at] = last_id, last_outlet
            self._index[last_id] = at

    def without(self, connections: Iterable[ConnectionId]) -> list[Sink]:
        """A copy of the outlets that leaves these connections out.

        A copy, because members come and go while a large room is being written to in slices.
        """
        copy = self.outlets.copy()
        skipped = {self._index[c] for c in connections if c in self._index}
        for at in sorted(skipped, reverse=True):
            del copy[at]
        return copy


class Audience:
    """The connections that follow one room."""

    __slots__ = (
        "_by_user",
        "_call_soon",
        "_jobs",
        "_members",
        "_pending",
        "_voices",
        "_working",
    )

    def __init__(self, call_soon: Callable[[Callable[[], None]], None]) -> None:
        self._call_soon = call_soon
        self._members: dict[ConnectionId, Recipient] = {}
        self._by_user: dict[UserId, set[ConnectionId]] = {}
        self._voices: list[_Voice] = []
        self._pending: list[_Item] = []
        self._jobs: deque[tuple[list[Sink], bytes]] = deque()
        self._working = False

    def __len__(self) -> int:
        return len(self._members)

    def get(self, connection: ConnectionId) -> Recipient | None:
        """The member with that id."""
        return self._members.get(connection)

    def add(self, recipient: Recipient) -> None:
        """What is published from here on reaches this connection as well."""
        self._flush_if_pending()
        self._members[recipient.id] = recipient
        self._by_user.setdefault(recipient.user_id, set()).add(recipient.id)
        self._voices[self._voice_of(recipient)].add(recipient.id, recipient.outlet)

    def remove(self, connection: ConnectionId) -> None:
        """What was published before still reaches it; nothing after does."""
        recipient = self._members.get(connection)
        if recipient is None:
            return
        self._flush_if_pending()
        del self._members[connection]
        self._voices[self._voice_of(recipient)].remove(connection)
        of_user = self._by_user[recipient.user_id]
        of_user.discard(connection)
        if not of_user:
            del self._by_user[recipient.user_id]

    def slow(self, connection: ConnectionId) -> None:
        """Leave this member out of what is published, until ``fast``."""
        recipient = self._members.get(connection)
        if recipient is not None:
            self._flush_if_pending()
            self._voices[self._voice_of(recipient)].remove(connection)

    def fast(self, connection: ConnectionId) -> None:
        """The member reads again. Call it before sending what makes up for what it missed."""
        recipient = self._members.get(connection)
        if recipient is not None and not self._reads(recipient):
            self._flush_if_pending()
            self._voices[self._voice_of(recipient)].add(connection, recipient.outlet)

    def publish(
        self,
        event: Event,
        except_user: UserId | None = None,
        except_connections: frozenset[ConnectionId] = frozenset(),
    ) -> None:
        """Tell every member, but for the exceptions."""
        excepted = except_connections
        if except_user is not None:
            excepted |= self._by_user.get(except_user, set())
        frames = tuple(
            [
                self._frame(event, voice) if voice.has_others_than(excepted) else None
                for voice in self._voices
            ]
        )
        if not any(frames):
            return  # as when all of them are in mid-typing
        self._put(_Item(frames, None, except_user, except_connections))
        for voice, frame in zip(self._voices, frames, strict=True):
            if frame is not None:
                _delivered(voice.dialect.name, type(event).__name__).inc(len(voice.outlets))

    def send(self, connection: ConnectionId, event: Event) -> None:
        """Tell one member, in order with what is published; a slow one hears when it drains."""
        recipient = self._members.get(connection)
        if recipient is None or not self._reads(recipient):
            return
        frame = self._frame(event, recipient)
        if frame is not None:
            self.send_frame(connection, frame)
            _delivered(recipient.dialect.name, type(event).__name__).inc()

    def send_frame(self, connection: ConnectionId, frame: bytes) -> None:
        """Write a frame to one member, in order with what is published."""
        self._put(_Item((frame,) * len(self._voices), only=connection))

    def probe(self, connection: ConnectionId, frame: bytes) -> None:
        """Ask a member whether what it was told has arrived; a slow one is not asked."""
        recipient = self._members.get(connection)
        if recipient is not None and self._reads(recipient):
            self.send_frame(connection, frame)

    def flush(self) -> None:
        """Write all that is pending, in order; the loop calls this by itself in its next turn."""
        items, self._pending = self._pending, []
        if not items:
            return
        idle = not self._jobs and not self._working
        if len(items) == 1 and items[0].only is not None:
            self._write_apart(items[0].only, items)  # as while everybody types: mere answers
            if idle:
                self._work()
            return
        apart = self._apart(items)
        for index, voice in enumerate(self._voices):
            if voice.outlets:
                outlets = voice.without(apart)
                for data in _joined(i.frames[index] for i in items if i.only is None):
                    self._jobs.extend(_slices(outlets, data))
        for connection in apart:
            self._write_apart(connection, items)
        if idle:
            self._work()

    # ---- inside -----------------------------------------------------------------------------

    def _voice_of(self, recipient: Recipient) -> int:
        """The index of the voice in which a recipient is spoken to."""
        for index, voice in enumerate(self._voices):
            if voice.form is recipient.form and voice.dialect is recipient.dialect:
                return index
        self._voices.append(_Voice(recipient.dialect, recipient.form))
        return len(self._voices) - 1

    def _reads(self, recipient: Recipient) -> bool:
        return recipient.id in self._voices[self._voice_of(recipient)]

    def _frame(self, event: Event, hearer: _Voice | Recipient) -> bytes | None:
        payload = hearer.dialect.encode(event, hearer.form)
        if payload is None:
            return None
        return hearer.dialect.frame(payload) + _probe(event, hearer.form)

    def _put(self, item: _Item) -> None:
        if not self._pending:
            self._call_soon(self.flush)
        self._pending.append(item)

    def _flush_if_pending(self) -> None:
        if self._pending:
            self.flush()

    def _apart(self, items: list[_Item]) -> set[ConnectionId]:
        """The members for whom not every item, or something of their own, is meant."""
        apart: set[ConnectionId] = set()
        for item in items:
            if item.only is not None:
                apart.add(item.only)
            elif item.except_user is not None or item.except_connections:
                apart |= self._by_user.get(item.except_user or UserId(0), set())
                apart |= item.except_connections
        return apart

    def _write_apart(self, connection: ConnectionId, items: list[_Item]) -> None:
        recipient = self._members.get(connection)
        if recipient is None:
            return
        voice, reads = self._voice_of(recipient), self._reads(recipient)
        meant = (i.frames[voice] for i in items if i.is_for(recipient) and (reads or i.only))
        for data in _joined(meant):
            self._jobs.append(([recipient.outlet], data))

    def _work(self) -> None:
        """Write up to one slice; leave the rest to the next turn."""
        budget, self._working = SLICE, True
        while self._jobs:
            outlets, data = self._jobs[0]
            if len(outlets) > budget:
                self._call_soon(self._work)
                break
            self._jobs.popleft()
            budget -= len(outlets)
            write_each(outlets, data)
        self._working = False


def _probe(event: Event, form: Form) -> bytes:
    """Behind what plain clients must not miss goes a ping: its pong says that it was read."""
    if isinstance(event, TaskCompleted) and form is Form.PLAIN:
        return probe_frame(project_room(event.project_id), event.seq)
    return b""


def _joined(frames: Iterable[bytes | None]) -> list[bytes]:
    """The frames joined into as few pieces as ``MAX_JOIN`` allows, in order."""
    pieces: list[bytes] = []
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        if frame is None:
            continue
        if waiting and size + len(frame) > MAX_JOIN:
            pieces.append(b"".join(waiting))
            waiting, size = [], 0
        waiting.append(frame)
        size += len(frame)
    if waiting:
        pieces.append(waiting[0] if len(waiting) == 1 else b"".join(waiting))
    return pieces


def _slices(outlets: list[Sink], data: bytes) -> list[tuple[list[Sink], bytes]]:
    if len(outlets) <= SLICE:
        return [(outlets, data)]
    return [(outlets[at : at + SLICE], data) for at in range(0, len(outlets), SLICE)]
