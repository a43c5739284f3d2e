"""What stands at the other end: the essay's room, and a server where the last save wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from workroom.core.commands import Command, Join, Origin, SaveText, SetRight
from workroom.core.effects import Acknowledge, Broadcast, Effect, Probe, Send
from workroom.core.entries import Entry, EssayCreated
from workroom.core.essays import state as essay_state
from workroom.core.essays.delivery import Delivery
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.state import EssayState
from workroom.core.essays.text import EssayText
from workroom.core.events import EssayUpdated
from workroom.core.limits import RoomRules
from workroom.core.people import Right, Role, User
from workroom.core.text import Candidate, Mirror, Reader, YText, to_utf16
from workroom.core.text.merging.inference import Saved
from workroom.core.text.merging.readings import Reading
from workroom.core.time import Now
from workroom.ids import ConnectionId, EssayId, UserId

_OWNER: Final = User(UserId(1), "owner", "Owner", Role.STUDENT)


@dataclass(slots=True)
class Parcel:
    """What a client gets at one moment."""

    seq: int = 0
    text: str | None = None
    """The essay, as it is with the log's entry ``seq``."""
    probe: int | None = None
    """A ping behind that, by its number."""
    acks: int = 0
    """So many of the client's saves were done. They come behind the text that they led to, and a
    page looks at both at once."""


Deliver = Callable[[int, Parcel], object]
"""Send something to a client (its number, from 0)."""
Note = Callable[[str], object]


class Server(Protocol):
    """One essay."""

    @property
    def text(self) -> str:
        """What the server holds it to be."""

    def join(self, client: int) -> None:
        """A client has subscribed."""

    def pong(self, client: int, probe: int) -> None:
        """What was sent to the client before this ping had arrived before what it sends now."""

    def save(self, client: int, text: str, caret: int | None, base_seq: int | None) -> str | None:
        """A save has come in. ``base_seq``: what it was written from, if the client says so.

        Returns the text that it was taken to be written from; None when nobody asked.
        """

    def deadline(self) -> float | None:
        """When ``tick`` is to be called; None when there is nothing to do."""

    def tick(self) -> None:
        """Time has gone by."""


class LastSaveWins:
    """What one gets without merging: each save is the text, and is sent to everybody."""

    def __init__(self, text: str, deliver: Deliver) -> None:
        self.text = text
        self._seq = 1
        self._deliver = deliver
        self._clients: list[int] = []

    def join(self, client: int) -> None:
        """Send it the text."""
        self._clients.append(client)
        self._deliver(client, Parcel(self._seq, self.text))

    def pong(self, client: int, probe: int) -> None:
        """Nobody asks what has arrived."""

    def save(self, client: int, text: str, caret: int | None, base_seq: int | None) -> None:
        """This is the text now."""
        del caret, base_seq
        self.text = text
        self._seq += 1
        for each in self._clients:
            self._deliver(each, Parcel(self._seq, text, acks=int(each == client)))

    def deadline(self) -> None:
        """Never: nothing is held back."""

    def tick(self) -> None:
        """Nothing is held back."""


class _Watched(Reader):
    """A reader that remembers what it took the last save for."""

    taken: Candidate
    weighed: list[Reading]

    def save_from(self, bases: list[Candidate], text: str, caret: int | None, now: float) -> Saved:
        self.weighed = []
        saved = super().save_from(bases, text, caret, now)
        self.taken = saved.base
        return saved

    def _readings(
        self, bases: list[tuple[float, Candidate]], text: str, caret: int | None, now: float
    ) -> list[Reading]:
        self.weighed = super()._readings(bases, text, caret, now)
        return self.weighed


class _WatchedDelivery(Delivery):
    """A delivery whose readers are watched."""

    reading: _Watched
    """The reader of the last save."""

    def reader(self, connection: ConnectionId | None, user_id: UserId, tick: float) -> Reader:
        reader = super().reader(connection, user_id, tick)
        reader.__class__ = _Watched
        assert isinstance(reader, _Watched)
        self.reading = reader
        return reader


class _WatchedRoom(EssayRoom):
    """The room as it is, but that one can ask what it took a save for."""

    def __init__(
        self, state: EssayState, text: EssayText, people: Mapping[UserId, User], rules: RoomRules
    ) -> None:
        super().__init__(state, text, people, rules)
        self.delivery = self._delivery = _WatchedDelivery(rules, text)


class RoomServer:
    """An essay's room, with a store that is done at once."""

    def __init__(
        self,
        text: str,
        clients: int,
        clock: Callable[[], float],
        deliver: Deliver,
        *,
        note: Note | None = None,
    ) -> None:
        self._clock, self._deliver, self._note = clock, deliver, note
        self._users = [
            User(UserId(2 + at), f"c{at}", f"Client {at}", Role.STUDENT) for at in range(clients)
        ]
        created = Entry(1, _OWNER.id, self._now().wall, EssayCreated("Essay", "Write.", None))
        everybody = {user.id: user for user in (_OWNER, *self._users)}
        state = essay_state.first_state(EssayId(1), created)
        essay_text = EssayText.of(YText(client_id=1), Mirror(seq=1))
        self._room = _WatchedRoom(state, essay_text, everybody, RoomRules())
        self._here: set[ConnectionId] = set()
        self._submit(SaveText(text), Origin(_OWNER))
        for user in self._users:
            self._submit(SetRight(user, Right.EDIT), Origin(_OWNER))

    @property
    def text(self) -> str:
        """What the essay is now."""
        return self._room.head.text

    def join(self, client: int) -> None:
        """The room sends it the text."""
        self._here.add(_connection(client))
        self._submit(Join(), self._origin(client))

    def pong(self, client: int, probe: int) -> None:
        """A probe came back."""
        self._room.arrived(_connection(client), probe, self._now())

    def save(self, client: int, text: str, caret: int | None, base_seq: int | None) -> str | None:
        """The room merges it, and tells everybody."""
        cursor = None if caret is None else to_utf16(text, caret)
        self._submit(SaveText(text, cursor, None, base_seq), self._origin(client, "save"))
        reader = self._room.delivery.reading
        if self._note:
            self._explain(client, reader, self._note)
        return reader.taken.text

    def deadline(self) -> float | None:
        """When the room has something to do."""
        return self._room.next_deadline()

    def tick(self) -> None:
        """The room does what is due."""
        self._perform(self._room.expire(self._now()))

    def _now(self) -> Now:
        tick = self._clock()
        return Now(tick, int(1000 * tick))

    def _origin(self, client: int, request_id: str | None = None) -> Origin:
        return Origin(self._users[client], _connection(client), request_id)

    def _submit(self, command: Command, origin: Origin) -> None:
        outcome = self._room.handle(command, origin, self._now())
        effects = list(outcome.effects)
        if outcome.entries:
            effects += self._room.committed(self._room.head.seq, self._now())
        self._perform(effects)

    def _perform(self, effects: Iterable[Effect]) -> None:
        parcels: dict[ConnectionId, Parcel] = {}
        for effect in effects:
            match effect:
                case Broadcast(EssayUpdated() as event):
                    for connection in self._here - effect.except_connections:
                        _put_text(parcels, connection, event)
                case Send(connection, EssayUpdated() as event):
                    _put_text(parcels, connection, event)
                case Probe():
                    parcels.setdefault(effect.connection, Parcel()).probe = effect.number
                case Acknowledge() if effect.origin.request_id and effect.origin.connection:
                    parcels.setdefault(effect.origin.connection, Parcel()).acks += 1
                case _:
                    pass
        for connection in sorted(parcels):
            self._deliver(connection - 1, parcels[connection])

    def _explain(self, client: int, reader: _Watched, note: Note) -> None:
        weighed = ", ".join(
            f"{'own' if one.is_own else 'mixed' if one.is_mixed else 'sent'}@{one.seq} {price:.1f}"
            + ("*" if one is reader.taken else "")
            for price, _, one, *_ in reader.weighed
        )
        note(f"server takes c{client}'s text from {weighed or 'its own last'}")


def _put_text(
    parcels: dict[ConnectionId, Parcel], connection: ConnectionId, event: EssayUpdated
) -> None:
    parcel = parcels.setdefault(connection, Parcel())
    parcel.seq, parcel.text = event.seq, event.content


def _connection(client: int) -> ConnectionId:
    return ConnectionId(client + 1)
