"""Where an element of the Yjs text stands, and which element stands somewhere.

Editors say where a caret is by naming the element to the right of it (a relative position). pycrdt
resolves these wrongly outside of ASCII, so it is asked in a way that it answers rightly: a copy of
the text is made to drop the element, and where the text loses a letter is where it stood.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final, NamedTuple

from workroom.core.text.change import Change
from workroom.core.text.update_check import read_deletions
from workroom.core.text.ytext import YText

_COPY: Final = 1
"""The client id of the copy. It inserts nothing, so it may be anybody's."""


class Element(NamedTuple):
    """One UTF-16 code unit of the text, as Yjs names it for good."""

    client: int
    clock: int


class Places:
    """The places of one version of a text, given by its Yjs state. ``close`` it when done.

    Making one costs 0.2 ms for an essay of 2,000 edits and 11 ms for one of 100,000.
    """

    def __init__(self, state: bytes) -> None:
        self._state = state
        self._copy = YText(state, client_id=_COPY)
        self._text = self._copy.text
        self._elements: dict[int, Element | None] = {}
        self._positions: dict[Element, int | None] = {}
        self._dropped: list[int] = []
        """The positions whose letters the copy has lost, ascending."""

    def position(self, element: Element) -> int | None:
        """The code-point position of an element; None when it is not in the text."""
        if element not in self._positions:
            self._positions[element] = self._find(element)
        return self._positions[element]

    def element(self, position: int) -> Element | None:
        """The element at a position below the length of the text; None when it cannot be told."""
        if position not in self._elements:
            self._elements[position] = self._name(position)
        return self._elements[position]

    def close(self) -> None:
        """Let go of the copy."""
        self._copy.close()

    def _renew(self) -> None:
        self._copy.close()
        self._copy = YText(self._state, client_id=_COPY)
        self._dropped.clear()

    def _find(self, element: Element) -> int | None:
        try:
            hunks = list(self._copy.apply(_deletion(element)).hunks())
        except (ValueError, RuntimeError):
            return None
        if len(hunks) != 1 or hunks[0].deleted != 1 or hunks[0].inserted:
            # It was deleted before, is unknown, or another way to name a letter dropped already.
            return None
        position = hunks[0].at
        for dropped in self._dropped:
            if dropped > position:
                break
            position += 1
        self._elements[position] = element
        if self._text[position] > "\uffff":
            self._renew()  # half of a pair was dropped: pycrdt counts wrongly from here on
        else:
            insort(self._dropped, position)
        return position

    def _name(self, position: int) -> Element | None:
        at = position - bisect_left(self._dropped, position)
        length = len(self._text) - len(self._dropped)
        try:
            update = self._copy.edit(Change.of(length, [(at, 1, "")]))
            (client, clock, _) = read_deletions(update)[0]
        except (ValueError, RuntimeError, IndexError):
            return None
        insort(self._dropped, position)
        element = Element(client, clock)
        self._positions[element] = position
        return element


def _deletion(element: Element) -> bytes:
    """The update that deletes one element and nothing else."""
    parts = (0, 1, element.client, 1, element.clock, 1)
    return b"".join(map(_number, parts))


def _number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
