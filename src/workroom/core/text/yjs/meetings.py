"""Words of an editor that stand, without a blank, beside words that it had not seen.

Two people put a word at one place. A whole-text save is woven with that in mind (see ``rebase``);
an editor's letters are put by the Yjs rules, and nobody is asked. What the editor had seen shows in
its update: each insertion names the elements between which it was made. What stands between these
and the insertion was put there by others meanwhile.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from workroom.core.text.change import Change
from workroom.core.text.words import in_word, is_word
from workroom.core.text.yjs.places import Element, Places
from workroom.core.text.yjs.update_check import Item, items_of

_EDGES: Final = 16
"""Most places of an update that are looked at; 20 µs each."""
_LARGEST: Final = 200_000
"""Bytes of a document beyond which nothing is looked at: three copies take 10 ms for 100 KB."""


class Edge(NamedTuple):
    """Where an insertion touches what somebody else wrote."""

    at: int
    """Position in the text after the change."""
    is_left: bool
    """Whether it is the left end of the insertion."""


def edges(change: Change, before: str, authors: str, author: str) -> list[Edge]:
    """The ends of words inserted by ``change`` (of ``author``) that touch words of others.

    ``authors`` spells who wrote ``before``. Of a word that is typed on only the first letter has
    such an end on the right.
    """
    found: list[Edge] = []
    shift = 0
    for at, deleted, inserted in change.hunks():
        there, end = at + shift, at + deleted
        shift += len(inserted) - deleted
        left = bool(inserted) and at > 0 and in_word(before[at - 1]) and in_word(inserted[0])
        if left and authors[at - 1] != author:
            found.append(Edge(there, is_left=True))
        right = bool(inserted) and end < len(before) and in_word(inserted[-1])
        typed_on = left and authors[at - 1] == author and is_word(inserted)
        if right and in_word(before[end]) and authors[end] != author and not typed_on:
            found.append(Edge(there + len(inserted), is_left=False))
    return found if len(found) <= _EDGES else []


def meetings(found: list[Edge], text: str, state: bytes, update: bytes) -> list[int]:
    """Those of the edges in ``text`` at which a blank is missing, ascending.

    ``state`` is the document of ``text``, and ``update`` is what made the change.
    """
    if len(state) > _LARGEST:
        return []
    places = Places(state)
    try:
        look = _Look(text, places, items_of(update))
        return sorted({edge.at for edge in found if look.is_blind(edge)})
    except (ValueError, RuntimeError):
        return []  # the text is what it is: rather two words glued than an update taken by halves
    finally:
        places.close()


class _Look:
    """What stands between insertions and the elements that they were put beside."""

    def __init__(self, text: str, places: Places, items: list[Item]) -> None:
        self._text = text
        self._places = places
        self._items = items

    def is_blind(self, edge: Edge) -> bool:
        """Whether the editor has not seen the word that it touches.

        Letters that both put into one word are no such words: there, a blank would part it.
        """
        element = self._places.element(edge.at if edge.is_left else edge.at - 1)
        item = None if element is None else self._item(element)
        if item is None or element is None:
            return False
        seen = self._before(item, element) if edge.is_left else self._behind(item)
        start, end = (seen, edge.at) if edge.is_left else (edge.at, seen)
        return start < end and not self._is_within_word(start, end)

    def _item(self, element: Element) -> Item | None:
        runs = (item for item in self._items if item.run.client == element.client)
        return next((it for it in runs if it.run.start <= element.clock < it.run.end), None)

    def _before(self, item: Item, element: Element) -> int:
        """The position behind what the editor had before an element of this insertion."""
        if element.clock > item.run.start:
            return self._places.behind(Element(element.client, element.clock - 1))
        return 0 if item.left is None else self._places.behind(Element(*item.left))

    def _behind(self, item: Item) -> int:
        """The position of what the editor had behind this insertion."""
        if item.right is None:
            return len(self._text)
        right = Element(*item.right)
        there = self._places.position(right)
        return self._places.behind(right) if there is None else there

    def _is_within_word(self, start: int, end: int) -> bool:
        """Whether a stretch that others wrote is part of a word together with what surrounds it."""
        return is_word(self._text[start:end]) and self._has(start - 1) and self._has(end)

    def _has(self, at: int) -> bool:
        return 0 <= at < len(self._text) and in_word(self._text[at])
