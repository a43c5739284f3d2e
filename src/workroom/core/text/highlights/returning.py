"""Where deleted words have come back.

An undo, a restore or a hand that types them again inserts the words anew; nothing in the change
says that they were there before. They are taken for the same when they come into the hole that they
left, something of what stood around them on either side does again, and no other place there looks
as much like theirs. In an edit that writes much, all that is remembered of their surroundings must
be there again: a restore may bring the words back in another place, and into the hole only some
that look like them.

The search is bounded for all highlights of an edit together. What is not found for that stays
orphaned until a later edit brings it back.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from workroom.core.text.alignment import Allowance, common_prefix, common_suffix
from workroom.core.text.change import Change
from workroom.core.text.words import in_word

CONTEXT: Final = 32
"""Letters of the surroundings that are worth remembering, on each side."""

_AGREE: Final = 4
_AGREE_AMONG_OTHERS: Final = CONTEXT
"""Letters on either side that must be as they were: where little but the words was written, and
the words once; and where more than ``_LITTLE`` was, or the words several times."""
_LITTLE: Final = 64
"""Letters in the hole, or that the edit wrote anywhere, without the words."""
_OCCURRENCES: Final = 100
"""Most occurrences of the words that are looked at in one insertion; with more, none is sure."""

SEARCHED: Final = 1_000_000
"""Letters that one edit's search goes through, at up to 30 ns each in texts made for it."""
LOOKED_UP: Final = 4096
"""Searches for words that the index of a long insertion is asked for."""
_AN_OCCURRENCE: Final = 500
"""Letters that looking around one occurrence counts for."""
_A_SEARCH: Final = 100
"""Letters that beginning a search counts for."""
_LONG: Final = 4096
"""An insertion of more letters is indexed: with a big part of the text, many may come back."""
_GRAM: Final = 16
_STRIDE: Final = 32
"""The index holds as many letters at every so many places, so that it finds any longer stretch."""
_ALIKE: Final = 8
"""Places that it knows of for the same letters."""


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

    __slots__ = (
        *("_ats", "_ends", "_indexes", "_tos"),
        *("letters", "lookups", "new", "places", "written"),
    )

    def __init__(self, places: list[Edit], new: str) -> None:
        """``places``: see ``edits_of``; ``new`` is the text after the change."""
        self.new = new
        self.places = places
        self._ats = [edit.at for edit in self.places]
        self._tos = [edit.to for edit in self.places]
        self._ends = [edit.new_at + edit.length for edit in self.places]
        self.written = sum(edit.length for edit in self.places)
        self._indexes: dict[Edit, dict[str, list[int]]] = {}
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

    def around(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of the old text in the new one, with all that was written at its edges."""
        edit, shift = self.reaching(start)
        low = start + shift if edit is None or edit.at > start else edit.new_at
        nth = bisect_right(self._ats, end) - 1
        if nth < 0:
            return low, end
        last = self.places[nth]
        return low, last.new_at + last.length + max(0, end - last.to)

    def within(self, low: int, high: int) -> Iterator[Edit]:
        """Those that have written something into a stretch of the new text."""
        nth = bisect_right(self._ends, low)
        while nth < len(self.places) and self.places[nth].new_at < high:
            if self.places[nth].length:
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

    def once(self, words: str, low: int, high: int) -> bool:
        """Whether a stretch of the new text has these words in no more than one place."""
        return self.new.find(words, low, high) == self.new.rfind(words, low, high)

    def find_all(self, words: str, start: int, stop: int, ahead: int) -> list[int] | None:
        """``ahead`` letters into each occurrence; None when there are too many to search for."""
        if not self.letters.take(_A_SEARCH):
            self.letters.left = 0  # for all that follows too: a hole may hold thousands of edits
            return None
        found: list[int] = []
        start = max(0, start)
        if stop - start < len(words):
            return found
        while (at := self.find(words, start, stop)) >= 0:
            if len(found) == _OCCURRENCES:
                return None
            self.letters.take(min(_AN_OCCURRENCE, self.letters.left))
            found.append(at + ahead)
            start = at + 1
        return found if self.letters.left else None

    def find_in(self, edit: Edit, words: str, prefix: str, suffix: str) -> list[int]:
        """Where a long insertion has these words in the same surroundings: two places at most.

        That is what an undo brings, in one step for all that was deleted at once.
        """
        probe = prefix + words[:_STRIDE] + (suffix if len(words) <= _STRIDE else "")
        index, new, found = self._index(edit), self.new, list[int]()
        for ahead in range(min(_STRIDE, len(probe) - _GRAM + 1)):
            for place in index.get(probe[ahead : ahead + _GRAM], ()):
                at = place - ahead + len(prefix)
                if (
                    place >= ahead
                    and new.startswith(words, at)
                    and new.startswith(suffix, at + len(words))
                    and new.startswith(prefix, place - ahead)
                ):
                    found.append(at)
                    if len(found) > 1:
                        return found
        return found

    def _index(self, edit: Edit) -> dict[str, list[int]]:
        """Some places of the insertion by the letters there; of equal ones only a few."""
        index = self._indexes.get(edit)
        if index is None:
            index = self._indexes[edit] = {}
            for at in range(edit.new_at, edit.new_at + edit.length, _STRIDE):
                places = index.setdefault(self.new[at : at + _GRAM], [])
                if len(places) < _ALIKE:
                    places.append(at)
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


def find_again(
    words: str, prefix: str, suffix: str, hole: tuple[int, int], edits: Edits
) -> int | None:
    """Where ``edits`` have brought ``words`` back into ``hole``; None if nowhere for certain.

    ``prefix`` and ``suffix`` stood around them. All places count in the new text.
    """
    best, where = 0, None
    for edit in edits.within(*hole) if words else ():
        occurrences = _occurrences(words, prefix, suffix, edit, hole, edits)
        if occurrences is None:
            return None
        for at in occurrences:
            agreement = _agreement(words, prefix, suffix, edits.new, at)
            if agreement > best:
                best, where = agreement, at
            elif agreement == best and where != at:
                where = None
    return where


def _occurrences(
    words: str, prefix: str, suffix: str, edit: Edit, hole: tuple[int, int], edits: Edits
) -> list[int] | None:
    """Where ``words`` stand in the hole, if ``edit`` has brought them to one of these places.

    Only where enough of their surroundings agrees. None: too many to look at them all.
    """
    low, high = hole
    more = max(high - low, edits.written) - len(words)
    alone = more <= _LITTLE and edits.once(words, low, high)
    need = _AGREE if alone else _AGREE_AMONG_OTHERS
    before, after = prefix[-need:], suffix[:need]
    start = max(low, edit.new_at - len(words) + 1) - len(before)
    stop = min(high, edit.new_at + edit.length + len(words) - 1) + len(after)
    found: list[int] | None = []
    if edit.length > _LONG and edits.lookups.take(1):
        alike = edits.find_in(edit, words, prefix, suffix)
        found = [at for at in alike if low <= at <= high - len(words)]
    found = found or edits.find_all(f"{before}{words}{after}", start, stop, len(before))
    if not found:
        return found
    probe, ahead = f"{before}{words}{after}", len(before)
    sooner = edits.find_all(probe, low - ahead, start + len(probe) - 1, ahead)
    later = edits.find_all(probe, stop - len(probe) + 1, high + len(after), ahead)
    return None if sooner is None or later is None else found + sooner + later


def _agreement(words: str, prefix: str, suffix: str, new: str, start: int) -> int:
    """How many letters around the words are as they were; 0 when one cannot be sure.

    A side where the text ended must end again, or nearly nothing is known of it. What is a part of
    a word now, and was none, is something else.
    """
    end = start + len(words)
    if _glued(new[start - 1 : start], words) > _glued(prefix[-1:], words):
        return 0
    if _glued(words, new[end : end + 1]) > _glued(words, suffix[:1]):
        return 0
    left = common_suffix(prefix, new, len(prefix), start, min(len(prefix), start))
    right = common_prefix(suffix, new, 0, end, min(len(suffix), len(new) - end))
    if left == len(prefix) == start:
        left = CONTEXT
    if right == len(suffix) == len(new) - end:
        right = CONTEXT
    return left + right if min(left, right) >= _AGREE else 0


def _glued(left: str, right: str) -> bool:
    return bool(left) and bool(right) and in_word(left[-1]) and in_word(right[0])
