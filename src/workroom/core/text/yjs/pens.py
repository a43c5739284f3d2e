"""The places where a copy of a Yjs text was typed into last, and how to go on there.

pycrdt finds the place of an edit by walking the document piece by piece from its beginning, and two
people who type at the same time leave a piece for every letter. An update, on the other hand, names
the elements between which it inserts, and these are looked up. So for whoever goes on where they
stopped, the update is made here: it is the same, byte for byte, that pycrdt would make.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from workroom.core.text.change import Hunk
from workroom.core.text.units import utf16_length
from workroom.core.text.yjs.update_check import insertion_of, number

_MOST: Final = 16
"""Places that are remembered: about one for everybody who types at the same time."""


class _Pen(NamedTuple):
    last: int
    """The number of the element before it, which this copy has inserted."""
    right: bytes
    """The id of the element behind it, as updates write it; empty at the end of the text."""


class Pens:
    """Positions in code points. ``follow`` must be told of every change, or all be forgotten."""

    __slots__ = ("_client", "_next", "_pens")

    def __init__(self, client_id: int) -> None:
        self._client = number(client_id)
        self._pens: dict[int, _Pen] = {}
        self._next = 0
        """The number of this copy's next element; known when there is a pen."""

    def update(self, hunk: Hunk) -> bytes | None:
        """The update that makes this change; None when pycrdt has to find the place."""
        pen = self._pens.get(hunk.at)
        if pen is None or hunk.deleted:
            return None
        raw, client = hunk.inserted.encode(), self._client
        info = b"\xc4" if pen.right else b"\x84"  # text, with a neighbour on both sides or the left
        place = client + number(self._next) + info + client + number(pen.last) + pen.right
        return b"\x01\x01" + place + number(len(raw)) + raw + b"\x00"

    def follow(self, hunk: Hunk, update: bytes) -> None:
        """The text was changed here, in one place, which made this update."""
        at, deleted, inserted = hunk
        if deleted and inserted:
            self.forget()
        elif deleted:
            # A pen stays while the letters on both sides of it do.
            end = at + deleted
            pens = self._pens.items()
            self._pens = {p if p < at else p - deleted: pen for p, pen in pens if p < at or p > end}
        elif pen := self._pens.get(at):
            self._typed(at, len(inserted), self._next + utf16_length(inserted), pen.right)
        elif insertion := insertion_of(update):
            self._typed(at, len(inserted), insertion.end, insertion.right)
        else:
            self.forget()

    def forget(self) -> None:
        """Something else happened to the text."""
        self._pens = {}

    def _typed(self, at: int, length: int, end: int, right: bytes) -> None:
        pens = self._pens.items()
        self._pens = {p if p < at else p + length: pen for p, pen in pens if p != at}
        self._pens[at + length] = _Pen(end - 1, right)
        self._next = end
        if len(self._pens) > _MOST:
            del self._pens[next(iter(self._pens))]  # the one unused for longest
