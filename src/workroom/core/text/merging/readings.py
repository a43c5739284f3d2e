"""The ways to understand a save, and which of them to go by."""

from __future__ import annotations

from typing import Final, NamedTuple

from workroom.core.text.change import Change, Hunk
from workroom.core.text.merging.candidates import Candidate
from workroom.core.text.merging.pricing import deletions, least, within

DOUBT: Final = 5.0
"""Readings of a save that differ by less are as good as each other: then text is kept."""
PASSAGE: Final = 40
END: Final = 16
"""So many letters of one's own in a row are a passage, and so few right behind it are its end."""


class Reading(NamedTuple):
    """One way to understand a save."""

    price: float
    age: float
    """Less for a newer base."""
    base: Candidate
    change: Change
    retypes: bool
    """Whether words would have been typed again that the client has had."""


def likeliest(readings: list[Reading]) -> tuple[Reading, bool]:
    """The reading to go by, and whether its deletions are in doubt.

    The same text can be made of two versions, by deleting different things. Of readings as
    good as each other the one counts that deletes nothing but what all of them delete.
    """
    best = readings[0]
    rivals = [each for each in readings[1:] if not each.retypes]
    gone = []
    for each in (best, *rivals):
        pieces = deletions(each.change, each.base.text)
        if pieces is None:
            return best, False
        gone.append(pieces)
    for reading, mine in zip((best, *rivals), gone, strict=True):
        if all(within(mine, other) for other in gone):
            return reading, False
    return best, True


def with_oldest(readings: list[Reading]) -> list[Reading]:
    """The best reading made the one of the oldest version among equal ones.

    Texts come again, as when a word is deleted that was just typed, or the state is asked for. The
    newer of two equal ones may not have been taken yet when this was written, and is then what the
    next save is made from.
    """
    best = readings[0]
    if best.base.bridge is not None:
        return readings
    same = [
        each
        for each in readings
        if each.price == best.price
        and each.base.bridge is None
        and each.base.text == best.base.text
    ]
    oldest = min(same, key=lambda each: each.base.number)
    return [oldest, *(each for each in readings if each is not oldest)]


def bound(evidence: float, base: Candidate, text: str) -> tuple[float, float, Candidate]:
    """The least that a reading can come to, what evidence there is against it, and its base."""
    work = 0.0 if base.text == text else least(len(base.text), len(text))
    return evidence + work, evidence, base


def takes_along(change: Change, put_in: Candidate, author: str) -> bool:
    """Whether all that ``change`` takes out of what the author has put into a version goes along.

    That is the short end of a passage of the author's own that goes with it. A text without any of
    it does not show whether the page had put it in; but who deletes a passage has no use for its
    end. Whoever deleted something too, or put something in its place, may mean otherwise.
    """
    ends = list(put_in.undo.hunks()) if put_in.undo is not None else []
    return bool(ends) and all(_is_taken(end, change, put_in, author) for end in ends)


def _is_taken(end: Hunk, change: Change, put_in: Candidate, author: str) -> bool:
    at, letters, deleted = end
    if deleted or letters > END or "\n" in put_in.text[at : at + letters]:
        return False
    return put_in.authors[max(0, at - PASSAGE) : at] == author * PASSAGE and any(
        not inserted and first <= at - PASSAGE and at + letters <= first + gone
        for first, gone, inserted in change.hunks()
    )
