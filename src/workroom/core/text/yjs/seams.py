"""Blanks between words that an editor's deletion has glued together by accident.

An editor deletes "word ", or types in its place, while somebody else puts " more" behind the word.
In the replicated text each letter goes for itself: what stays is the new word without a blank
behind it. Whole-text saves
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
        ahead = left.inserted[-1:] or before[max(0, left.at - 1) : left.at]
        if before[start - 1].isspace() and _meet(ahead, before[start]):
            blanks.append(start + shift)
        after = right.at + right.deleted
        behind = right.inserted[:1] or before[after : after + 1]
        if before[end].isspace() and _meet(before[end - 1], behind):
            blanks.append(end + shift)
    return blanks


def _meet(left: str, right: str) -> bool:
    """Whether these letters (none at the ends of the text) are of two words that meet."""
    return left != "" != right and in_word(left) and in_word(right)
