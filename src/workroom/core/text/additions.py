"""A change without its deletions, for a save of which it is not known what it meant to delete."""

from __future__ import annotations

from workroom.core.text.change import Builder, Change
from workroom.core.text.words import in_word


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
