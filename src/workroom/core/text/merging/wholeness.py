"""Keep a word whole that somebody changed while somebody else deleted it.

Letters put into a word are no word without it: who works on a word wants it. So what is left of
the word is written anew with them where it was deleted before (``whole``), and is not deleted where
they were there first (``spared``). That also holds for a word that was put in place of another and
has its first and last letters in common with it, which looks the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from workroom.core.text.change import Change, Hunk
from workroom.core.text.words import in_word


def whole(mine: Change, since: Change, base: str) -> Change:
    """``mine``, with words written anew that it changes a part of, and ``since`` takes away.

    Both are changes of ``base``. Where ``since`` has put something in place of the word, only a
    change of its middle counts: at its ends one also types on.
    """
    gone = [hunk for hunk in since.hunks() if hunk.deleted]
    if not gone or not any(
        _covers(hunk, at, at + deleted) for at, deleted, _ in mine.hunks() for hunk in gone
    ):
        return mine  # as nearly always: no need to look where words begin and end
    hunks = list(mine.hunks())
    end = 0
    for nth, (at, deleted, inserted) in enumerate(hunks):
        after = at + deleted
        start, stop = _word_around(base, at, after, inserted)
        following = hunks[nth + 1].at if nth + 1 < len(hunks) else len(base) + 1
        if stop - start > deleted and start >= end and stop < following:
            middle = start < at and after < stop
            if any(_takes(hunk, start, stop, replacing=middle) for hunk in gone):
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
    gone = [hunk for hunk in mine.hunks() if hunk.deleted]
    stay: set[tuple[int, int]] = set()
    signed = zip(since.hunks(), since_authors.hunks(), strict=True) if gone else ()
    for (at, deleted, inserted), (_, _, by) in signed:
        if not by.strip(author):
            continue
        start, stop = _word_around(base, at, at + deleted, inserted)
        middle = start < at and at + deleted < stop
        if stop - start > deleted and any(
            _takes(hunk, start, stop, replacing=middle) for hunk in gone
        ):
            stay.add((start, stop))
    if not stay:
        return mine  # as nearly always
    return Change.of(mine.before, [p for hunk in mine.hunks() for p in _around(hunk, stay, base)])


def _around(hunk: Hunk, stay: set[tuple[int, int]], base: str) -> Iterator[Hunk]:
    """The same without these stretches of what it deletes, and the blanks that they need."""
    at, deleted, inserted = hunk
    end = at + deleted
    before = inserted or base[:at]
    for start, stop in sorted(stay):
        if not at <= start < stop <= end:
            continue
        last = stop
        if before and in_word(before[-1]):
            if at < start and base[start - 1].isspace():
                start -= 1
            elif inserted:
                inserted += " "
        if stop < end < len(base) and in_word(base[end]) and base[stop].isspace():
            last += 1
        yield Hunk(at, start - at, inserted)
        at, inserted, before = last, "", base[start:last]
    yield Hunk(at, end - at, inserted)


def _word_around(base: str, at: int, after: int, inserted: str) -> tuple[int, int]:
    """The stretch that was replaced, with those letters of words beside it that still touch it."""
    start, stop = at, after
    if not inserted and not (_is_in_word(base, at - 1) and _is_in_word(base, after)):
        return start, stop
    if not inserted or in_word(inserted[0]):
        while _is_in_word(base, start - 1):
            start -= 1
    if not inserted or in_word(inserted[-1]):
        while _is_in_word(base, stop):
            stop += 1
    return start, stop


def _is_in_word(text: str, position: int) -> bool:
    return 0 <= position < len(text) and in_word(text[position])


def _takes(hunk: Hunk, start: int, stop: int, *, replacing: bool) -> bool:
    """Whether a stretch goes with this hunk; with something in its place only if ``replacing``."""
    return _covers(hunk, start, stop) and (replacing or not hunk.inserted.strip())


def _covers(hunk: Hunk, start: int, stop: int) -> bool:
    return hunk.at <= start and stop <= hunk.at + hunk.deleted
