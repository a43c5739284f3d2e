"""Where deleted words have come back.

An undo, a restore or a hand that types them again inserts the words anew; nothing in the change
says that they were there before. They are taken for the same when they come at the place where they
went and something of what stood around them does again, or close by in quite the same surroundings.

The search is bounded for all highlights of an edit together. What is not found for that stays
orphaned until a later edit brings it back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple

from workroom.core.text.alignment import Allowance, common_prefix, common_suffix
from workroom.core.text.change import Change
from workroom.core.text.words import in_word

CONTEXT: Final = 32
"""Letters of the surroundings that are worth remembering, on each side."""
NEARBY: Final = 64
"""How far (code points) from where they went words may come back."""

_AGREE_THERE: Final = 4
_AGREE_NEARBY: Final = 16
"""Letters around that must be as they were: right at the place, and anywhere nearby."""
_OCCURRENCES: Final = 100
"""Most occurrences of the words that are looked at in one insertion."""

SEARCHED: Final = 1_000_000
"""Letters that one edit's search goes through, at up to 30 ns each in texts made for it."""
LOOKED_UP: Final = 4096
"""Searches for words that the index of a long insertion is asked for."""
_AN_OCCURRENCE: Final = 500
"""Letters that looking around one occurrence counts for."""
_LONG: Final = 4096
"""An insertion of more letters is indexed: with a big part of the text, many may come back."""
_GRAM: Final = 16
_STRIDE: Final = 32
"""The index holds as many letters at every so many places, so that it finds any longer stretch."""


class Edit(NamedTuple):
    """One place of a change, without the letters that its two sides have in common."""

    at: int
    to: int
    """``old[at:to]`` was replaced."""
    length: int
    """Number of code points that replaced it."""
    new_at: int
    """Where they are in the new text."""


class Edits:
    """The places of a change in order, and the search for words in what it inserted."""

    __slots__ = ("_ends", "_indexes", "_tos", "letters", "lookups", "new", "places")

    def __init__(self, change: Change, old: str, new: str) -> None:
        self.new = new
        self.places = edits_of(change, old, new)
        self._tos = [edit.to for edit in self.places]
        self._ends = [edit.new_at + edit.length for edit in self.places]
        self._indexes: dict[Edit, dict[str, int]] = {}
        self.letters = Allowance(SEARCHED)
        self.lookups = Allowance(LOOKED_UP)

    def reaching(self, position: int) -> tuple[Edit | None, int]:
        """The first edit that ends at ``position`` or behind it; how far those before it shift."""
        nth = bisect_left(self._tos, position)
        if nth < len(self.places):
            edit = self.places[nth]
            return edit, edit.new_at - edit.at
        last = self.places[-1]
        return None, last.new_at + last.length - last.to

    def near(self, place: int) -> Iterator[Edit]:
        """Those whose insertion is ``NEARBY`` a place of the new text."""
        nth = bisect_left(self._ends, place - NEARBY)
        while nth < len(self.places) and self.places[nth].new_at <= place + NEARBY:
            yield self.places[nth]
            nth += 1

    def find(self, words: str, start: int, stop: int) -> int:
        """``new.find`` while letters may be searched; then always -1."""
        if not self.letters.left:
            return -1
        at = self.new.find(words, start, stop)
        passed = (at + len(words) if at >= 0 else min(stop, len(self.new))) - start
        self.letters.take(min(passed, self.letters.left))
        return at

    def find_in(self, edit: Edit, words: str, prefix: str, suffix: str) -> int:
        """Where a long insertion has these words in the same surroundings; -1 if nowhere.

        That is what an undo brings, in one step for all that was deleted at once.
        """
        probe = prefix + words[:_STRIDE] + (suffix if len(words) <= _STRIDE else "")
        index = self._index(edit)
        for ahead in range(min(_STRIDE, len(probe) - _GRAM + 1)):
            found = index.get(probe[ahead : ahead + _GRAM])
            if found is None or found < ahead:
                continue
            at = found - ahead + len(prefix)
            end = at + len(words)
            as_it_was = self.new.startswith(words, at) and self.new.startswith(suffix, end)
            if as_it_was and self.new.startswith(prefix, found - ahead):
                return at
        return -1

    def _index(self, edit: Edit) -> dict[str, int]:
        """Some places of the insertion by the letters there; of equal ones the first."""
        index = self._indexes.get(edit)
        if index is None:
            new = self.new
            places = range(edit.new_at, edit.new_at + edit.length, _STRIDE)
            index = {new[at : at + _GRAM]: at for at in reversed(places)}
            self._indexes[edit] = index
        return index


def edits_of(change: Change, old: str, new: str) -> list[Edit]:
    """The places of a change, without common ends: hunks widened to whole words have some."""
    edits = []
    shift = 0
    for at, deleted, inserted in change.hunks():
        length = len(inserted)
        to, new_at = at + deleted, at + shift
        shift += length - deleted
        shorter = min(deleted, length)
        head = common_prefix(old, new, at, new_at, shorter)
        tail = common_suffix(old, new, to, new_at + length, shorter - head)
        if head + tail < max(deleted, length):
            edits.append(Edit(at + head, to - tail, length - head - tail, new_at + head))
    return edits


def find_again(words: str, prefix: str, suffix: str, place: int, edits: Edits) -> int | None:
    """Where ``edits`` have brought back ``words``, which went at ``place``; None if nowhere.

    ``prefix`` and ``suffix`` stood around them. ``place`` and the result count in the new text.
    """
    best: tuple[int, int, int] | None = None
    for edit in edits.near(place) if words else ():
        if not edit.length:
            continue
        beyond = not edit.new_at <= place <= edit.new_at + edit.length
        for at in _occurrences(words, prefix, suffix, edit, edits):
            there = not beyond or at <= place <= at + len(words)
            agreement = _agreement(words, prefix, suffix, edits.new, at)
            if agreement >= (_AGREE_THERE if there else _AGREE_NEARBY):
                best = max(best or (0, 0, 0), (agreement, -abs(at - place), at))
    return None if best is None else best[2]


def _occurrences(words: str, prefix: str, suffix: str, edit: Edit, edits: Edits) -> Iterator[int]:
    """Where ``words`` stand in the new text with at least one letter inserted by ``edit``."""
    if edit.length > _LONG and edits.lookups.take(1):
        at = edits.find_in(edit, words, prefix, suffix)
        if at >= 0:
            yield at
            return
    start = max(0, edit.new_at - len(words) + 1)
    stop = edit.new_at + edit.length + len(words) - 1
    for _ in range(_OCCURRENCES):
        at = edits.find(words, start, stop)
        if at < 0:
            break
        edits.letters.take(min(_AN_OCCURRENCE, edits.letters.left))
        yield at
        start = at + 1


def _agreement(words: str, prefix: str, suffix: str, new: str, start: int) -> int:
    """How many letters around the words are as they were; -1 when they are a part of a word now.

    A side where the text ended, and ends again, agrees fully.
    """
    end = start + len(words)
    if _glued(new[start - 1 : start], words) > _glued(prefix[-1:], words):
        return -1
    if _glued(words, new[end : end + 1]) > _glued(words, suffix[:1]):
        return -1
    left = common_suffix(prefix, new, len(prefix), start, min(len(prefix), start))
    right = common_prefix(suffix, new, 0, end, min(len(suffix), len(new) - end))
    at_start = left == len(prefix) == start
    at_end = right == len(suffix) == len(new) - end
    return (CONTEXT if at_start else left) + (CONTEXT if at_end else right)


def _glued(left: str, right: str) -> bool:
    return bool(left) and bool(right) and in_word(left[-1]) and in_word(right[0])
