"""What stands at the other end: the merging server, and one where the last save wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from workroom.core.limits import RoomRules
from workroom.core.text.evidence import Candidate
from workroom.core.text.inference import Reader, Reading
from workroom.core.text.mirror import Mirror

OWN: Final = -1
"""Said of a base: the client's own last save. Other numbers count the versions sent to it."""

TRIPS: Final = 4
"""A confirmation waits for so many round trips on top: who begins to type while it is on its way,
has the text pulled from under the fingers, and it is on its way for as long as a round trip."""

Send = Callable[[int, str], object]
"""Send a client (its number) the text, with a ping behind it. Its versions count from 0."""
Note = Callable[[str], object]


class Server(Protocol):
    """One essay."""

    @property
    def text(self) -> str:
        """What the server holds it to be."""

    def join(self, client: int) -> None:
        """A client has subscribed."""

    def pong(self, client: int, count: int) -> None:
        """The first ``count`` versions sent to it had arrived before what it sends from here on."""

    def save(self, client: int, text: str, caret: int | None, base: int | None) -> str | None:
        """A save has come in. ``base``: what it was written from, if the client says so.

        Returns the text that it was taken to be written from; None when nobody asked.
        """

    def deadline(self) -> float | None:
        """When ``tick`` is to be called; None when there is nothing to do."""

    def tick(self) -> None:
        """Time has gone by."""


class LastSaveWins:
    """What one gets without merging: each save is the text, and is sent to everybody."""

    def __init__(self, text: str, clock: Callable[[], float], send: Send) -> None:
        del clock
        self.text = text
        self._send = send
        self._clients: list[int] = []

    def join(self, client: int) -> None:
        """Send it the text."""
        self._clients.append(client)
        self._send(client, self.text)

    def pong(self, client: int, count: int) -> None:
        """Nobody asks what has arrived."""

    def save(self, client: int, text: str, caret: int | None, base: int | None) -> None:
        """This is the text now."""
        del client, caret, base
        self.text = text
        for each in self._clients:
            self._send(each, text)

    def deadline(self) -> None:
        """Never: nothing is held back."""

    def tick(self) -> None:
        """Nothing is held back."""


class _Seat:
    """One client, as the server knows it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.heard = float("-inf")
        self.held_since: float | None = None
        self.unconfirmed = False


class Explained(Reader):
    """A reader that says what it weighed."""

    weighed: list[Reading]

    def _readings(
        self, bases: list[Candidate], text: str, caret: int | None, now: float
    ) -> list[Reading]:
        self.weighed = super()._readings(bases, text, caret, now)
        return self.weighed


class MergingServer:
    """The room's text: a mirror, a reader for each client, and the pacing of the contract."""

    def __init__(
        self,
        text: str,
        clock: Callable[[], float],
        send: Send,
        *,
        pongs: bool = True,
        rules: RoomRules | None = None,
        note: Note | None = None,
    ) -> None:
        self._mirror = Mirror(text)
        self._now, self._send, self._pongs, self._note = clock, send, pongs, note
        self._rules = rules or RoomRules()
        self._seats: dict[int, _Seat] = {}

    @property
    def text(self) -> str:
        """What the essay is now."""
        return self._mirror.text

    def join(self, client: int) -> None:
        """Send it the text."""
        kind = Reader if self._note is None else Explained
        author = chr(0x100 + client)
        self._seats[client] = seat = _Seat(kind(self._mirror, author, has_pongs=self._pongs))
        self._give(client, seat)

    def pong(self, client: int, count: int) -> None:
        """Versions have arrived at the client."""
        self._seats[client].reader.arrived(count, self._now())

    def save(self, client: int, text: str, caret: int | None, base: int | None) -> str | None:
        """Merge it, and tell everybody."""
        now, seat = self._now(), self._seats[client]
        reader = seat.reader
        told = [] if base is None else self._told(reader, base)
        saved = reader.save_from(told, text, caret, now)
        if not saved.change.is_empty:
            self._mirror.commit(self._mirror.seq + 1, saved.change, chr(0x100 + client))
        reader.accepted(saved)
        if self._note and isinstance(reader, Explained):
            self._explain(client, reader, saved.base, self._note)
        seat.heard = now
        if not saved.change.is_empty:
            for other, theirs in self._seats.items():
                if other != client:
                    self._tell(other, theirs)
        self._answer(client, seat, same=self._mirror.text == text)
        return saved.base.text

    def _told(self, reader: Reader, base: int) -> list[Candidate]:
        known = reader.own if base == OWN else None
        versions = [known] if known else [one for one in reader._versions if one.number == base]
        assert versions, "the reader forgot a version that a client writes from"
        return versions

    def _answer(self, client: int, seat: _Seat, *, same: bool) -> None:
        now = self._now()
        if same and seat.reader.settled and seat.held_since is None:
            seat.unconfirmed = True
        elif (
            now - (now if seat.held_since is None else seat.held_since) >= self._rules.longest_hold
        ):
            self._give(client, seat)
        elif seat.held_since is None:
            seat.held_since = now

    def _tell(self, client: int, seat: _Seat) -> None:
        """There is a new version for a client that is perhaps typing."""
        now = self._now()
        if now - seat.heard >= self._rules.quiet:
            self._give(client, seat)
        elif seat.held_since is None:
            seat.held_since = now

    def _give(self, client: int, seat: _Seat) -> None:
        seat.held_since, seat.unconfirmed = None, False
        seat.reader.sent(self._now())
        self._send(client, self._mirror.text)

    def _due(self, seat: _Seat) -> float | None:
        if seat.held_since is not None:
            return seat.heard + self._rules.quiet
        if not seat.unconfirmed:
            return None
        return seat.heard + self._rules.confirm_after + TRIPS * seat.reader.round_trip

    def deadline(self) -> float | None:
        """When somebody is to be sent what was held back."""
        dues = (self._due(seat) for seat in self._seats.values())
        return min((due for due in dues if due is not None), default=None)

    def tick(self) -> None:
        """Send what is due."""
        now = self._now()
        for client, seat in self._seats.items():
            due = self._due(seat)
            if due is not None and due <= now:
                self._give(client, seat)

    def _explain(self, client: int, reader: Explained, base: Candidate, note: Note) -> None:
        weighed = ", ".join(
            f"{'own' if one.is_own else one.number}@{one.seq} {price:.1f}"
            + ("*" if one is base else "")
            for price, _, one, *_ in reader.weighed
        )
        note(f"server takes c{client}'s text from {weighed or 'what it was told'}")
