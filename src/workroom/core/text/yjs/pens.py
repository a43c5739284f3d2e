"""The places where a copy of a Yjs text was typed into last, and how to go on there.

pycrdt finds the place of an edit by walking the document piece by piece from its beginning, and two
people who type at the same time leave a piece for every letter. An update, on the other hand, names
the elements between which it inserts, and these are looked up. So for whoever goes on where they
stopped, or right before their latest letters, the update is made here: it is the same, byte for
byte, that pycrdt would make.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from workroom.core.text.change import Hunk
from workroom.core.text.units import utf16_length
from workroom.core.text.yjs.update_check import insertion_of, number

_MOST: Final = 16
"""Places that are remembered: about one for everybody who types at the same time."""


class _Pen(NamedTuple):
    """The ids of the elements on both sides of a place, as updates write them; empty for none."""

    left: bytes
    right: bytes


class Pens:
    """Positions in code points. ``follow`` must be told of every change, or all be forgotten."""

    __slots__ = ("_client", "_latest", "_next", "_pens")

    def __init__(self, client_id: int) -> None:
        self._client = number(client_id)
        self._pens: dict[int, _Pen] = {}
        """Behind what was typed last, in several places."""
        self._latest: tuple[int, int, _Pen] | None = None
        """What was typed last: where, its first element, and between what. A whole text does not
        show which of two equal letters is the new one, so the next may be put before it."""
        self._next = 0
        """The number of this copy's next element; known when there is a pen."""

    def update(self, hunk: Hunk) -> bytes | None:
        """The update that makes this change; None when pycrdt has to find the place."""
        pen = self._at(hunk.at)
        if pen is None or hunk.deleted:
            return None
        raw = hunk.inserted.encode()
        info = _TEXT[bool(pen.left), bool(pen.right)]
        place = self._client + number(self._next) + info + pen.left + pen.right
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
            self._latest = None
        elif pen := self._at(at):
            self._typed(at, len(inserted), self._next, self._next + utf16_length(inserted), pen)
        elif insertion := insertion_of(update):
            pen = _Pen(insertion.left, insertion.right)
            self._typed(at, len(inserted), insertion.start, insertion.end, pen)
        else:
            self.forget()

    def forget(self) -> None:
        """Something else happened to the text."""
        self._pens, self._latest = {}, None

    def _at(self, at: int) -> _Pen | None:
        pen, latest = self._pens.get(at), self._latest
        if pen is None and latest is not None and latest[0] == at:
            _, first, between = latest
            return _Pen(between.left, self._client + number(first))
        return pen

    def _typed(self, at: int, length: int, start: int, end: int, pen: _Pen) -> None:
        """The elements from ``start`` to ``end`` were put in where ``pen`` was."""
        pens = self._pens.items()
        self._pens = {p if p < at else p + length: pen for p, pen in pens if p != at}
        self._pens[at + length] = _Pen(self._client + number(end - 1), pen.right)
        self._latest = at, start, pen
        self._next = end
        if len(self._pens) > _MOST:
            del self._pens[next(iter(self._pens))]  # the one unused for longest


_TEXT: Final = {
    (True, True): b"\xc4",
    (True, False): b"\x84",
    (False, True): b"\x44",
}
"""How a run of text begins that has neighbours to the left and right."""
