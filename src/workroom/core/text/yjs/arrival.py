"""What an editor's update brings, and what it builds on: looked at before it is decoded.

An update from outside has to be an edit of the essay's text and nothing else, and it has to build
on what is here already: pycrdt would keep one that does not waiting, without a bound. Everything is
walked, so an update may only have so many pieces (2 µs each). It is also the Yjs algorithm's own
cost that this bounds: each piece may have to be compared with all that others put in its place.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from workroom.core.text.yjs.update_check import Run, _Walk

PIECES: Final = 2_000
"""Inserted pieces in one update. A piece is what was typed, or pasted, in one place in one go."""
RANGES: Final = 50_000
"""Deleted ranges in one update. An editor that connects sends all that it has ever seen."""
FORMAT_BYTES: Final = 1024
"""Bytes of a formatting mark (bold, a link)."""
MARKS: Final = 100
"""Kinds of formatting marks in one essay: of each inserted piece, pycrdt lists all that hold."""


class TooManyPieces(ValueError):
    """The update is larger than what can be looked at in one go, or brings too many marks."""


Halves = dict[int, set[int]]
"""For each copy: which of its elements are second halves of surrogate pairs."""


class Arrival(NamedTuple):
    """What an update brings and needs."""

    runs: list[Run]
    needs: dict[int, int]
    """For each copy: how many of its elements the update takes for known."""
    halves: Halves
    """Among what is inserted."""
    seams: dict[int, set[int]]
    """For each copy: elements before which the update cuts the text."""
    marks: set[bytes]
    """The kinds of formatting marks that it brings."""

    def cuts(self, halves: Halves) -> bool:
        """Whether a pair is torn, of these or of its own.

        Yjs makes two U+FFFD of such a pair; pycrdt deletes, or puts text at, a place nearby.
        """
        return any(
            not places.isdisjoint(known.get(client, ()))
            for client, places in self.seams.items()
            for known in (halves, self.halves)
        )


def examine(update: bytes, pieces: int = PIECES) -> Arrival:
    """What an editor's update brings. Raises ValueError when it is no edit of the essay's text."""
    return _Look(update, pieces).arrival()


def second_halves(text: str, start: int) -> list[int]:
    """The elements of ``text``, counted from ``start``, that are second halves of pairs."""
    if text.isascii():
        return []
    astral = [at for at, letter in enumerate(text) if letter > "\uffff"]
    return [start + at + before + 1 for before, at in enumerate(astral)]


class _Look(_Walk):
    """A walk that takes nothing but text, and notes what the update builds on."""

    __slots__ = ("_clock", "_halves", "_left", "_marks", "_needs", "_seams", "_writer")

    def __init__(self, update: bytes, pieces: int) -> None:
        super().__init__(update)
        self._left = pieces
        self._writer = self._clock = 0
        self._needs: dict[int, int] = {}
        self._halves: Halves = {}
        self._seams: dict[int, set[int]] = {}
        self._marks: set[bytes] = set()

    def arrival(self) -> Arrival:
        runs: list[Run] = []
        for _ in range(self._few(3, self._left)):
            runs += self._client()
        left = RANGES
        for _ in range(self._few(2, RANGES)):
            client, ranges = self.number(), self._few(2, left)
            left -= ranges
            self._deleted(client, self.numbers(2 * ranges))
        return Arrival(runs, self._needs, self._halves, self._seams, self._marks)

    def _few(self, least_bytes: int, most: int) -> int:
        count = self.count(least_bytes)
        if count > most:
            raise TooManyPieces(
                f"an update holds at most {PIECES} pieces and {RANGES} deleted ranges"
            )
        return count

    def _client(self) -> list[Run]:
        structs = self._few(2, self._left)
        self._left -= structs + 1
        client, clock = self.number(), self.number()
        runs, start = [], clock
        self._writer = client
        for _ in range(structs):
            self._clock = clock
            length = self._struct()
            if length < 0:  # a gap: what follows it is a run of its own
                runs.append(Run(client, start, clock))
                start = clock - length
            clock += abs(length)
        return [*runs, Run(client, start, clock)]

    def _deleted(self, client: int, numbers: list[int]) -> None:
        if numbers:
            ends = list(map(sum, zip(numbers[::2], numbers[1::2], strict=True)))
            self._need(client, max(ends))
            self._seams.setdefault(client, set()).update(numbers[::2], ends)

    def _need(self, client: int, count: int) -> None:
        if count > self._needs.get(client, 0):
            self._needs[client] = count

    def _neighbour(self, *, left: bool) -> None:
        client, clock = self.number(), self.number()
        self._need(client, clock + 1)
        self._seams.setdefault(client, set()).add(clock + left)

    def _text(self) -> int:
        size = self.number()
        self.skip(size)
        text = self._bytes[self._at - size : self._at]
        if text.isascii():
            return size
        decoded = text.decode()
        halves = second_halves(decoded, self._clock)
        if halves:
            self._halves.setdefault(self._writer, set()).update(halves)
        return len(decoded) + len(halves)

    def _parent(self, *, keyed: bool) -> None:
        if not self.number():
            raise ValueError("an essay holds no values within its text")
        size = self.number()
        self.skip(size)
        if keyed or self._bytes[self._at - size : self._at] != b"content":
            raise ValueError("an essay holds one shared text, 'content', and nothing else")

    def _format(self) -> int:
        start = self._at
        self._string()
        self._marks.add(self._bytes[start : self._at])
        self._string()
        if self._at - start > FORMAT_BYTES:
            raise ValueError(f"a formatting mark takes at most {FORMAT_BYTES} bytes")
        return 1


_Look._KINDS = MappingProxyType({1: _Look.number, 4: _Look._text, 6: _Look._format})
