"""Between which two elements each piece of a Yjs document was put in.

Read from the document's own update, 1 µs for each piece, and added to as more comes in; a keystroke
that goes on where the same copy's last piece ended makes that one longer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, NamedTuple

from workroom.core.text.yjs.update_check import _Walk, number

Id = tuple[int, int]
"""An element: the copy that inserted it, and which of that copy's elements it is."""

_FEW: Final = 16
"""Pieces that are gone back along a run, which is cut where some of it was deleted, say."""
_LEFT, _RIGHT = 0x80, 0x40
_GONE: Final = b"\x00"
"""The head of what was thrown away with what it was part of: it stands nowhere."""
_NOWHERE: Final = b"\x04\x01\x07content"
_NUMBER = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_BESIDE: Final = re.compile(
    rb"(\xc4(?:%b){4}|[\x84\x44](?:%b){2})(%b)" % (_NUMBER, _NUMBER, _NUMBER)
)
"""Text that was put in beside something: its head, and how many bytes follow."""


class Sides(NamedTuple):
    """The elements between which one was put in; None for the ends of the text."""

    left: Id | None
    right: Id | None


class _Copy:
    """The pieces of one copy, by the clocks of their first elements."""

    __slots__ = ("end", "heads", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.heads: list[bytes] = []
        """Each written as in an update that inserts text there, up to the text's length."""
        self.end = 0

    def grow(self, end: int, head: bytes) -> None:
        """Another piece, up to the element before ``end``."""
        self.starts.append(self.end)
        self.heads.append(head)
        self.end = end

    def goes_on(self, client: int, sides: Sides) -> bool:
        """Whether what is put in there is the last piece, made longer."""
        if not self.end or sides.left != (client, self.end - 1) or self.heads[-1] == _GONE:
            return False
        return sides_of(self.heads[-1]).right == sides.right


class Pieces:
    """The pieces of a document. Those added last can be taken out again."""

    __slots__ = ("_added", "_copies")

    def __init__(self) -> None:
        self._copies: dict[int, _Copy] = {}
        self._added: dict[int, tuple[int, int]] = {}
        """Of copies that brought something since ``settle``: what there was before."""

    def learn(self, update: bytes) -> None:
        """Take in what a document wrote of itself. Raises ValueError when it cannot be read."""
        for client, structs in _Reading(update).structs():
            copy = self._copies.setdefault(client, _Copy())
            for clock, end, head in structs:
                if end > copy.end:
                    copy.grow(end, head if clock >= copy.end else _behind(client, copy.end, head))

    def reached(self, client: int) -> int:
        """How many elements of this copy are known."""
        copy = self._copies.get(client)
        return 0 if copy is None else copy.end

    def vector(self) -> dict[int, int]:
        """How many elements of each copy are known."""
        return {client: copy.end for client, copy in self._copies.items()}

    def sides(self, element: Id) -> Sides:
        """Between what this element was put in. Raises ValueError for one that stands nowhere."""
        first, sides = self._piece(element)
        if first == element:
            return sides
        return Sides((element[0], element[1] - 1), sides.right)

    def are_siblings(self, left: Id, right: Id) -> bool:
        """Whether ``left`` is of a run that was put in at the same place, and so comes before.

        Of such runs Yjs puts that of the lower client first. False also where it is not seen at
        once.
        """
        place = self.sides(right)
        for _ in range(_FEW):
            (client, clock), sides = self._piece(left)
            if sides == place:
                return client < right[0]
            if sides != ((client, clock - 1), place.right):
                return False
            left = client, clock - 1
        return False

    def _piece(self, element: Id) -> tuple[Id, Sides]:
        """The first element of its piece, and between what that was put in. Raises ValueError."""
        client, clock = element
        copy = self._copies.get(client)
        if copy is None or clock >= copy.end:
            raise ValueError("the update is put beside what is unknown")
        nth = bisect_right(copy.starts, clock) - 1
        head = copy.heads[nth]
        if head == _GONE:
            raise ValueError("the update is put beside what was thrown away")
        return (client, copy.starts[nth]), sides_of(head)

    def behind(self, left: Id | None) -> int:
        """How many pieces were put in right behind this element. 50 ns for each piece there is."""
        start = b"" if left is None else number(left[0]) + number(left[1])
        kinds = (4 | _RIGHT, 4) if left is None else (4 | _LEFT | _RIGHT, 4 | _LEFT)
        heads = tuple(bytes((kind,)) + start for kind in kinds)
        return sum(head.startswith(heads) for copy in self._copies.values() for head in copy.heads)

    def add(self, client: int, end: int, sides: Sides | None) -> None:
        """A copy's next elements, up to ``end``; None for such that stand nowhere."""
        copy = self._copies.setdefault(client, _Copy())
        self._added.setdefault(client, (len(copy.starts), copy.end))
        if sides is not None and copy.goes_on(client, sides):
            copy.end = end
        else:
            copy.grow(end, _GONE if sides is None else _head(sides))

    def settle(self) -> None:
        """What was added stays."""
        self._added = {}

    def take_back(self) -> None:
        """Take out what was added since it was settled."""
        for client, (pieces, end) in self._added.items():
            copy = self._copies[client]
            del copy.starts[pieces:], copy.heads[pieces:]
            copy.end = end
        self._added = {}

    def since(self, known: Mapping[int, int]) -> bytes:
        """The update that puts letters in their places, for a document that has so many of each.

        Of a longer piece only the first and the last are letters.
        """
        parts, copies = [], 0
        for client, copy in self._copies.items():
            start = known.get(client, 0)
            if copy.end > start:
                copies += 1
                parts.append(_letters(client, copy, start))
        return number(copies) + b"".join(parts) + b"\x00"


def sides_of(head: bytes) -> Sides:
    """Between what a piece was put in, by how it is written."""
    walk = _Walk(head[1:])
    left = (walk.number(), walk.number()) if head[0] & _LEFT else None
    right = (walk.number(), walk.number()) if head[0] & _RIGHT else None
    return Sides(left, right)


def _head(sides: Sides) -> bytes:
    if sides == (None, None):
        return _NOWHERE
    kind = 4 | (_LEFT if sides.left else 0) | (_RIGHT if sides.right else 0)
    return bytes((kind,)) + b"".join([number(part) for side in sides if side for part in side])


def _behind(client: int, clock: int, head: bytes) -> bytes:
    """The head of the rest of a piece, from this element on."""
    return head if head == _GONE else _head(Sides((client, clock - 1), sides_of(head).right))


def _letters(client: int, copy: _Copy, start: int) -> bytes:
    """What one copy inserted, from an element on."""
    nth = bisect_right(copy.starts, start) - 1
    structs: list[bytes] = []
    for at, head, end in zip(
        copy.starts[nth:], copy.heads[nth:], [*copy.starts[nth + 1 :], copy.end], strict=True
    ):
        if head == _GONE:
            structs.append(_GONE + number(end - max(at, start)))
            continue
        here = head if at >= start else _behind(client, start, head)
        structs += _spelled(client, max(at, start), end, here)
    return number(len(structs)) + number(client) + number(start) + b"".join(structs)


def _spelled(client: int, start: int, end: int, head: bytes) -> list[bytes]:
    """A piece as structs: a letter at each end, and deleted elements between."""
    if end - start <= 2:
        return [head + number(end - start) + b"xx"[: end - start]]
    middle, last = (_behind(client, at, head) for at in (start + 1, end - 1))
    deleted = bytes((middle[0] & ~0x1F | 1,)) + middle[1:] + number(end - start - 2)
    return [head + b"\x01x", deleted, last + b"\x01x"]


class _Reading(_Walk):
    """A walk along the document's own update."""

    __slots__ = ("_sides",)

    def structs(self) -> list[tuple[int, list[tuple[int, int, bytes]]]]:
        """By client: the first element of each piece, the end, and the head."""
        found = []
        for _ in range(self.count(least_bytes=3)):
            structs = self.count(least_bytes=2)
            client, clock = self.number(), self.number()
            theirs = []
            for _ in range(structs):
                head, length = self._piece()
                theirs.append((clock, clock + length, head))
                clock += length
            found.append((client, theirs))
        return found

    def _piece(self) -> tuple[bytes, int]:
        beside = _BESIDE.match(self._bytes, self._at)
        if beside is not None:
            self._at = beside.start(2)
            return beside[1], self._text()
        self._sides: dict[bool, Id] = {}
        gone = self._bytes[self._at : self._at + 1] == _GONE
        length = self._struct()
        if length < 0:
            raise ValueError("the document has a gap")
        return _GONE if gone else _head(
            Sides(self._sides.get(True), self._sides.get(False))
        ), length

    def _neighbour(self, *, left: bool) -> None:
        self._sides[left] = self.number(), self.number()
