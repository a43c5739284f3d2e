"""Blanks between words that an editor's deletion has glued together by accident.

An editor deletes "word " while somebody else puts " more" behind the word. In the replicated text
each letter goes for itself: what stays is the new word without a blank behind it. Whole-text saves
are woven with that in mind (see ``rebase``); an editor's update is there before anybody is asked.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from workroom.core.text.change import Change
from workroom.core.text.words import in_word

_PLACES: Final = 64
"""Most places of an update that are looked at."""


def seams(change: Change, before: str, authors: str, author: str) -> list[int]:
    """Where a blank is missing in what ``change`` (by ``author``) made of ``before``, ascending.

    Where it deletes on both sides of what others wrote, its author has not seen that: what went was
    one stretch, blank and all. ``authors`` spells who wrote ``before``.
    """
    hunks = list(change.hunks())
    if not 1 < len(hunks) <= _PLACES:
        return []
    blanks: list[int] = []
    shift = 0
    for left, right in pairwise(hunks):
        shift += len(left.inserted) - left.deleted
        start, end = left.at + left.deleted, right.at
        if not left.deleted or not right.deleted or set(authors[start:end]) <= {author}:
            continue
        if not left.inserted and before[start - 1].isspace() and _meet(before, left.at, start):
            blanks.append(start + shift)
        after = right.at + right.deleted
        if not right.inserted and before[end].isspace() and _meet(before, end, after):
            blanks.append(end + shift)
    return blanks


def _meet(text: str, start: int, end: int) -> bool:
    """Whether two words meet when a stretch between them goes."""
    return start > 0 and end < len(text) and in_word(text[start - 1]) and in_word(text[end])
