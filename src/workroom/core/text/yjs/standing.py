"""Whether the pieces of an update were put in between elements that stood side by side.

An editor inserts between two elements that are next to each other in its copy of the text, and Yjs
promises that all copies come to the same text for such insertions alone. One that is made for it
may name any two: a right neighbour that stands before the left one, say. Then the text depends on
the order in which a document takes its pieces, and the same document read again is another text.

When all before was put in by editors, so is what is put in between two elements that stood side by
side in a copy that had no more than what these two build on. For neighbours L and R that is so when
R was put in right behind L, or L right before R. Else L has to stand before R, behind what R was
put in behind, and R before what L was put in before. Only then is the order of elements asked for:
there are such places where two people wrote in one place at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from pycrdt import Doc, StickyIndex, Text

from workroom.core.text.yjs.effort import Effort
from workroom.core.text.yjs.pieces import Id, Pieces, Sides
from workroom.core.text.yjs.portions import Piece
from workroom.core.text.yjs.update_check import write_vector

_MANY: Final = 200
"""Pieces of an update from which on it is looked for what they are compared with."""


class Standing:
    """What stands beside what in a document, its deleted elements too."""

    __slots__ = ("_order", "_pieces", "is_behind")

    def __init__(self) -> None:
        self.is_behind = True
        """Whether the document has more than was learnt or taken here."""
        self._pieces = Pieces()
        self._order: _Order | None = None

    def vector(self) -> bytes:
        """What is known here, to ask the document for the rest."""
        return write_vector(self._pieces.vector())

    def learn(self, update: bytes) -> None:
        """Take in what the document says of itself. Raises ValueError when it cannot be read."""
        self._pieces.learn(update)
        self.is_behind = False

    def comparisons(self, order: list[tuple[int, Piece]]) -> int:
        """How often pieces of an update meet others' that were put in at the same place.

        Only the place is looked at where the update puts in most; nothing of it was taken yet.
        """
        if len(order) < _MANY:
            return 0
        places = Counter(piece.sides.left for _, piece in order)
        place, count = places.most_common(1)[0]
        return count * self._pieces.behind(place)

    def take(self, order: Iterable[tuple[int, Piece]], effort: Effort) -> None:
        """Take in the pieces of an update, with their copies, each behind what it builds on.

        Raises ValueError for one that no editor can have put in, and TooLaborious; nothing was
        taken in then.
        """
        try:
            for client, piece in order:
                self._take(client, piece, effort)
        except ValueError:
            self._pieces.take_back()
            self._order = None
            raise
        self._pieces.settle()

    def _take(self, client: int, piece: Piece, effort: Effort) -> None:
        known = self._pieces.reached(client)
        if piece.end <= known:
            return
        if piece.is_gone:
            self._pieces.add(client, piece.end, None)
            return
        sides = piece.sides
        if piece.clock < known:  # some of it is here
            sides = Sides((client, known - 1), sides.right)
        if not self._are_adjacent(sides, effort):
            raise ValueError("the update puts letters between two that never stood side by side")
        self._pieces.add(client, piece.end, sides)

    def _are_adjacent(self, sides: Sides, effort: Effort) -> bool:
        left, right = sides
        before = None if right is None else self._pieces.sides(right).left
        behind = None if left is None else self._pieces.sides(left).right
        if right == behind or left == before:
            return True
        if left is None or right is None:
            return False
        if self._pieces.are_siblings(left, right):
            return True
        effort.begin()
        if self._order is None:
            self._order = _Order()
        self._order.catch_up(self._pieces)
        found = self._order.is_ascending([before, left, right, behind])
        effort.end()
        return found


class _Order:
    """A document of the same pieces in which nothing is deleted, so that each has its place."""

    __slots__ = ("_doc", "_known", "_text")

    def __init__(self) -> None:
        self._doc: Doc[Text] = Doc(client_id=0)
        self._text: Text = self._doc.get("content", type=Text)
        self._known: dict[int, int] = {}

    def catch_up(self, pieces: Pieces) -> None:
        """Take in what these have come to since."""
        vector = pieces.vector()
        if vector != self._known:
            self._doc.apply_update(pieces.since(self._known))
            self._known = vector

    def is_ascending(self, elements: list[Id | None]) -> bool:
        """Whether these stand one behind the other; None stands at the ends."""
        named = [element for element in elements if element is not None]
        with self._doc.transaction():
            starts = [self._place(element, behind=False) for element in named]
            if starts != sorted(starts):
                return False
            if len(set(starts)) == len(starts):
                return True
            # Within a long piece. Of a letter and what is none that has as many letters before
            # it, the letter comes last; and what is none is of one run.
            ends = [self._place(element, behind=True) for element in named]
        places = [
            (start + end, clock) for start, end, (_, clock) in zip(starts, ends, named, strict=True)
        ]
        return all(one < other for one, other in pairwise(places))

    def _place(self, element: Id, *, behind: bool) -> int:
        """How many letters there are before the element, or up to it."""
        item = dict(zip(("client", "clock"), element, strict=True))
        place = StickyIndex.from_json({"item": item, "assoc": -behind}, self._text)
        return place.get_index()
