"""Keep a word whole that somebody changed while somebody else deleted it.

Letters put into a word are no word without it: who works on a word wants it. So what is left of
the word is written anew with them where it was deleted before (``whole``), and is not deleted where
they were there first (``spared``). That also holds for a word that was put in place of another and
has its first and last letters in common with it, which looks the same.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from workroom.core.text.change import Change, Hunk
from workroom.core.text.rebase import ENDS_WORD
from workroom.core.text.words import in_word

LONGEST: Final = 64
"""Letters of a word on either side of a change: what is longer is none, and not looked through."""
_OPENS: Final = "([{\u201c\u2018\u00ab\u00bf\u00a1"
"""Before these, as before a letter, a word that precedes needs a blank."""
_CLOSES: Final = ENDS_WORD + ")]}\u201d\u2019\u00bb\u2026"
"""After these, as after a letter, one that follows does."""
_BLANKS: Final = re.compile(r"\s+")


class _Deletions:
    """The places where a change deletes something."""

    def __init__(self, change: Change) -> None:
        self._hunks = [hunk for hunk in change.hunks() if hunk.deleted]
        self._starts = [hunk.at for hunk in self._hunks]

    def cover(self, start: int, stop: int) -> Hunk | None:
        """The one with which a stretch goes; None when it does not, or in part."""
        nth = bisect_right(self._starts, start) - 1
        hunk = self._hunks[nth] if nth >= 0 else None
        return hunk if hunk is not None and stop <= hunk.at + hunk.deleted else None

    def take(self, start: int, stop: int, *, replacing: bool) -> bool:
        """Whether a stretch goes; where something came in its place, only if ``replacing``."""
        hunk = self.cover(start, stop)
        return hunk is not None and (replacing or not hunk.inserted.strip())


def whole(mine: Change, since: Change, base: str) -> Change:
    """``mine``, with words written anew that it changes a part of, and ``since`` takes away.

    Both are changes of ``base``. Where ``since`` has put something in place of the word, only a
    change of its middle counts: at its ends one also types on.
    """
    gone = _Deletions(since)
    if not any(gone.cover(at, at + deleted) for at, deleted, _ in mine.hunks()):
        return mine  # as nearly always: no need to look where words begin and end
    hunks = list(mine.hunks())
    end = 0
    for nth, (at, deleted, inserted) in enumerate(hunks):
        after = at + deleted
        start, stop = _word_around(base, at, after, inserted)
        following = hunks[nth + 1].at if nth + 1 < len(hunks) else len(base) + 1
        if stop - start > deleted and start >= end and stop < following:
            middle = start < at and after < stop
            if gone.take(start, stop, replacing=middle):
                left = base[start:at] + inserted + base[after:stop]
                hunks[nth] = Hunk(start, stop - start, left)
        end = stop
    return Change.of(mine.before, hunks)


def spared(mine: Change, since: Change, since_authors: Change, base: str, author: str) -> Change:
    """``mine`` without the deletion of words that others have put letters into since.

    All three are changes of ``base``; ``since_authors`` spells who wrote what ``since`` inserts.
    Where ``mine`` has put something in place of such a word, only letters in its middle count: at
    its ends one also types on.
    """
    if not any(hunk.deleted for hunk in mine.hunks()):
        return mine  # as who types on: no need to look at what others did
    gone = _Deletions(mine)
    stay: dict[int, int] = {}
    for (at, deleted, inserted), (_, _, by) in zip(
        since.hunks(), since_authors.hunks(), strict=True
    ):
        if not by.strip(author) or not gone.cover(at, at + deleted):
            continue
        start, stop = _word_around(base, at, at + deleted, inserted)
        middle = start < at and at + deleted < stop
        if stop - start > deleted and gone.take(start, stop, replacing=middle):
            stay[start] = max(stop, stay.get(start, stop))
    if not stay:
        return mine  # as nearly always
    words = _joined(sorted(stay.items()))
    return Change.of(
        mine.before, [part for hunk in mine.hunks() for part in _around(hunk, words, base)]
    )


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same, with those made one that overlap or touch."""
    joined: list[tuple[int, int]] = []
    for start, stop in stretches:
        if joined and start <= joined[-1][1]:
            start, stop = joined[-1][0], max(stop, joined.pop()[1])
        joined.append((start, stop))
    return joined


def _around(hunk: Hunk, words: list[tuple[int, int]], base: str) -> Iterator[Hunk]:
    """The same without these words among what it deletes; blanks stay with them that they need."""
    at, deleted, inserted = hunk
    end = at + deleted
    before = (inserted or base[max(0, at - 1) : at])[-1:]
    for start, stop in words[bisect_left(words, (at, 0)) :]:
        if stop > end:
            break
        yield from _parted(Hunk(at, start - at, inserted), base, touch=_touch(before, base[start]))
        at, inserted, before = stop, "", base[stop - 1]
    is_behind = at > hunk.at  # one of the words
    touch = is_behind and _touch(before, base[end : end + 1])
    yield from _parted(Hunk(at, end - at, inserted), base, touch=touch)


def _parted(hunk: Hunk, base: str, *, touch: bool) -> Iterator[Hunk]:
    """The same, but with a blank left if what is on its two sides would ``touch`` without it.

    Rather the last blanks that it deletes than a new one; none where it changes nothing.
    """
    at, deleted, inserted = hunk
    if not touch or not (deleted or inserted):
        yield hunk
        return
    blanks = list(_BLANKS.finditer(base, at, at + deleted))
    if not blanks:
        yield Hunk(at, deleted, f"{inserted} ")
        return
    first, last = blanks[-1].span()
    yield Hunk(at, first - at, inserted)
    yield Hunk(last, at + deleted - last, "")


def _touch(left: str, right: str) -> bool:
    """Whether two characters would be glued to each other without a blank between them."""
    if not left or not right:
        return False
    return (in_word(left) or left in _CLOSES) and (in_word(right) or right in _OPENS)


def _word_around(base: str, at: int, after: int, inserted: str) -> tuple[int, int]:
    """The stretch that was replaced, with those letters of words beside it that still touch it."""
    start, stop = at, after
    if not inserted and not (_is_in_word(base, at - 1) and _is_in_word(base, after)):
        return start, stop
    if not inserted or in_word(inserted[0]):
        while start >= at - LONGEST and _is_in_word(base, start - 1):
            start -= 1
    if not inserted or in_word(inserted[-1]):
        while stop <= after + LONGEST and _is_in_word(base, stop):
            stop += 1
    too_long = max(at - start, stop - after) > LONGEST
    return (at, after) if too_long else (start, stop)


def _is_in_word(text: str, position: int) -> bool:
    return 0 <= position < len(text) and in_word(text[position])
