"""Changes that do less than a save seems to: without its deletions, without what it only moved."""

from __future__ import annotations

from typing import Final

from workroom.core.text.change import Builder, Change, Hunk
from workroom.core.text.words import in_word

_SHORTEST: Final = 3
_PLACES: Final = 16
"""Letters of the shortest words that are taken for moved, and most places where they may be looked
for: shorter ones are everywhere."""


def without_deletions(change: Change, before: str) -> Change:
    """The insertions alone, with a blank behind one that would else touch a word that stays."""
    hunks = []
    for at, deleted, inserted in change.hunks():
        touches = inserted and deleted and in_word(before[at]) and not inserted[-1].isspace()
        hunks.append((at, 0, f"{inserted} " if touches else inserted))
    return Change.of(change.before, hunks)


def restoring(change: Change, additions: Change, before: str) -> Change:
    """From what ``change`` makes of ``before`` to what its ``additions`` alone make of it."""
    build = Builder()
    at = 0
    added = {hunk.at: hunk.inserted for hunk in additions.hunks()}
    for start, deleted, inserted in change.hunks():
        build.keep(start - at + len(inserted))
        build.insert(added.get(start, "")[len(inserted) :] + before[start : start + deleted])
        at = start + deleted
    build.keep(change.before - at)
    return build.change()


def unmoved(change: Change, before: str) -> Change:
    """The same without words that go at one place and come at another: they stay where they were.

    A page that merges by itself may have put them in another order than the server.
    """
    hunks = list(change.hunks())
    if not 1 < len(hunks) <= _PLACES:
        return change
    for nth, (at, deleted, _) in enumerate(hunks):
        words = before[at : at + deleted].strip()
        for other, hunk in enumerate(hunks):
            left = None if other == nth else _without(hunk.inserted, words)
            if left is not None:
                hunks[other] = hunk._replace(inserted=left)
                inserted = hunks[nth].inserted
                touches = inserted and not inserted[-1].isspace()
                hunks[nth] = Hunk(at, 0, f"{inserted} " if touches else inserted)
                break
    return Change.of(change.before, hunks)


def _without(inserted: str, words: str) -> str | None:
    """What is left of an insertion that brings these words whole; None when it does not."""
    at = f" {inserted} ".find(f" {words} ") if len(words) >= _SHORTEST else -1
    if at < 0:
        return None
    end = at + len(words)
    if end < len(inserted):
        return inserted[:at] + inserted[end + 1 :]
    return inserted[: max(0, at - 1)]
