"""An editor's update in portions, so that its work can be stopped before it is all done.

The decoder compares a piece with all that stands between the two neighbours that it names, 0.3 to
1 µs each. Of an honest editor's pieces there is next to nothing between them; one that is made for
it names the two ends of the text, and 2,000 of those hold the loop for minutes. What stands between
cannot be told from outside. But whole pieces, in an order in which each builds on what came before,
are updates like any other: so one is taken at a time, and what it costs is seen. A call of the
decoder costs 5 µs besides.

For ranges of deleted elements the decoder passes over each element of each range. Editors name
ranges that do not meet; those that do are joined here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workroom.core.text.yjs.pieces import Sides
from workroom.core.text.yjs.update_check import _Walk, number


class Piece(NamedTuple):
    """Elements from ``clock`` to ``end`` (exclusive) that one copy put in at one place."""

    clock: int
    end: int
    raw: bytes
    sides: Sides
    """The elements that it names as its neighbours."""

    @property
    def is_gone(self) -> bool:
        """Whether it stands nowhere: it was thrown away with what it was part of."""
        return self.raw[0] == 0


class Portions(NamedTuple):
    """The same update. Its parts are to be applied in this order, the deletions last."""

    order: list[tuple[int, Piece]]
    """The pieces and the copies that made them, each behind what it builds on."""
    deletions: bytes | None
    """The update that deletes the same as the whole one."""

    @property
    def pieces(self) -> list[bytes]:
        """Updates that insert one piece each."""
        return [_encoded(client, piece) for client, piece in self.order]


def portions(update: bytes) -> Portions:
    """An update that was examined, in portions.

    Raises ValueError when its pieces build on each other in a circle.
    """
    cut = _Cut(update)
    order = list(_Queue(cut.pieces()).order())
    return Portions(order, cut.deletions())


class _Queue:
    """The pieces of all clients, and how far each client has come."""

    __slots__ = ("_done", "_ends", "_pieces", "_reached")

    def __init__(self, pieces: dict[int, list[Piece]]) -> None:
        self._pieces = pieces
        self._done = dict.fromkeys(pieces, 0)
        self._reached = {client: theirs[0].clock for client, theirs in pieces.items()}
        self._ends = {client: max(p.end for p in theirs) for client, theirs in pieces.items()}

    def order(self) -> Iterator[tuple[int, Piece]]:
        """The pieces with their clients, each behind what it builds on. Raises ValueError."""
        for client, whole in self._ends.items():
            waiting = {client: whole}
            while waiting:
                current, end = waiting.popitem()
                if self._reached[current] >= end:
                    continue
                waiting[current] = end
                missing = self._missing(current)
                if missing is None:
                    yield current, self._next(current)
                elif missing[0] in waiting:
                    raise ValueError("the pieces of the update build on each other in a circle")
                else:
                    waiting[missing[0]] = missing[1] + 1

    def _missing(self, client: int) -> tuple[int, int] | None:
        """An element that the next piece of a client builds on and that is still to come."""
        for needed in self._pieces[client][self._done[client]].sides:
            if needed is None:
                continue
            other, clock = needed
            # Before and behind what the update brings of a client, all that it names is known.
            if self._reached.get(other, clock + 1) <= clock < self._ends[other]:
                return other, clock
        return None

    def _next(self, client: int) -> Piece:
        """Take the next piece of a client."""
        theirs = self._pieces[client]
        piece = theirs[self._done[client]]
        self._done[client] += 1
        last = self._done[client] == len(theirs)
        # Of what lies between two pieces all is known.
        clock = piece.end if last else theirs[self._done[client]].clock
        self._reached[client] = max(self._reached[client], piece.end, clock)
        return piece


def _encoded(client: int, piece: Piece) -> bytes:
    return b"\x01\x01" + number(client) + number(piece.clock) + piece.raw + b"\x00"


class _Cut(_Walk):
    """A walk that keeps what it passes."""

    __slots__ = ("_sides",)

    def __init__(self, update: bytes) -> None:
        super().__init__(update)
        self._sides = Sides(None, None)

    def pieces(self) -> dict[int, list[Piece]]:
        """What is inserted, by client, in the order of the clocks."""
        found: dict[int, list[Piece]] = {}
        for _ in range(self.count(least_bytes=3)):
            structs = self.count(least_bytes=2)
            client, clock = self.number(), self.number()
            theirs = found.setdefault(client, [])
            for _ in range(structs):
                start, self._sides = self._at, Sides(None, None)
                length = self._struct()
                if length > 0:  # else a gap
                    raw = self._bytes[start : self._at]
                    theirs.append(Piece(clock, clock + length, raw, self._sides))
                clock += abs(length)
        for theirs in found.values():
            theirs.sort(key=lambda piece: piece.clock)
        return {client: theirs for client, theirs in found.items() if theirs}

    def deletions(self) -> bytes | None:
        """What is deleted, when the pieces were read; None for nothing."""
        start, met = self._at, False
        found: dict[int, list[tuple[int, int]]] = {}
        for _ in range(self.count(least_bytes=2)):
            client = self.number()
            numbers = self.numbers(2 * self.count(least_bytes=2))
            ranges = list(zip(numbers[::2], numbers[1::2], strict=True))
            ends = map(sum, ranges)
            met = met or client in found or any(map(int.__gt__, ends, numbers[2::2]))
            found.setdefault(client, []).extend(ranges)
        if not any(found.values()):
            return None
        if not met:
            return b"\x00" + self._bytes[start:]
        joined = {client: _joined(ranges) for client, ranges in found.items()}
        parts = [b"\x00", number(len(joined))]
        for client, ranges in joined.items():
            parts += [number(client), number(len(ranges))]
            parts += [number(value) for each in ranges for value in each]
        return b"".join(parts)

    def _neighbour(self, *, left: bool) -> None:
        beside = self.number(), self.number()
        sides = self._sides
        self._sides = Sides(beside, None) if left else sides._replace(right=beside)


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same elements in ranges (first element, how many) that do not meet, ascending."""
    joined: list[tuple[int, int]] = []
    start = end = 0
    for clock, length in sorted(set(ranges)):
        if clock > end or not joined:
            joined.append((clock, length))
            start, end = clock, clock + length
        elif clock + length > end:
            end = clock + length
            joined[-1] = start, end - start
    return joined
