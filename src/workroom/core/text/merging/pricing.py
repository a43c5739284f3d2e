"""How much somebody would have had to do to make one text of another, in letters typed.

The prices were found on simulated clients (``bench/merging``), each for a reason that is given with
it: which mistakes were made without it.
"""

from __future__ import annotations

from typing import Final

from workroom.core.text.alignment import Allowance
from workroom.core.text.change import Change
from workroom.core.text.words import tokens

PLACE: Final = 4.0
"""Each place that changed: people work at one place, a wrong base differs at several."""
HASTE: Final = 8.0
"""On top for each further place, when the client saved less than a second ago: that takes longer.
"""
AT_CARET: Final = 0.5
"""Factor for what changed at the caret: there the client has certainly worked."""
AWAY: Final = 10.0
"""When nothing changed before the caret: what was done last has left the caret behind it."""
GESTURE: Final = 12
FURTHER: Final = 0.2
"""Letters that a deletion at one place counts for fully, and the factor for the rest: to select
more takes hardly more time."""
SELECTED: Final = 112
"""Most letters of one's own that a deletion at one place counts for: a paragraph of four lines is
selected like one of two. (Else who begins a paragraph anew, and has long been ahead of the server
with it, seems to have deleted no more of it than the server had.)"""
FOREIGN: Final = 2.0
"""Factor for deleting what others wrote: one mostly deletes one's own."""
RETYPED: Final = 12.0
"""Each word added that the client has had before, though not in the base: nobody types again what
stands there, so the base had it."""

LONG_WORD: Final = 3
"""Letters of the shortest word that counts as typed again; shorter ones are everywhere."""
_LOOKED_AT: Final = 400
_WORDS: Final = 24
"""Most letters added, and tokens of them, that are looked at for words typed again."""

_PLACES: Final = 16
_GONE: Final = 2000
"""Most places, and letters, of deletions that are compared. Who deletes more means it."""


def work(
    change: Change,
    *,
    authors: str,
    author: str,
    text: str,
    caret: int | None,
    since_last: float,
) -> float:
    """The price of ``change``, which made ``text`` of a base that ``authors`` wrote.

    ``since_last`` is how many seconds ago the client saved before.
    """
    price = shift = 0.0
    away = caret is not None
    for at, deleted, inserted in change.hunks():
        own = authors.count(author, at, at + deleted)
        start = at + int(shift)
        end = start + len(inserted)
        shift += len(inserted) - deleted
        at_caret = caret is not None and _is_left_by(text, start, end, caret)
        away = away and not at_caret
        if price:
            price += HASTE * max(0.0, 1.0 - since_last)
        letters = len(inserted) + _gesture(min(own, SELECTED)) + FOREIGN * _gesture(deleted - own)
        price += PLACE + letters * (AT_CARET if at_caret else 1.0)
    return price + AWAY if away else price


def least(before: int, after: int) -> float:
    """What ``work`` comes to at the least for texts of these lengths that are not equal."""
    longer = after - before
    return PLACE + AT_CARET * (longer if longer >= 0 else _gesture(min(-longer, SELECTED)))


def retyped(change: Change, base: str, seen: list[str], letters: Allowance) -> float:
    """The price of words added to ``base`` that are in one of the texts ``seen`` by the client.

    ``letters`` bounds how many are searched.
    """
    added = " ".join([inserted for _, _, inserted in change.hunks()])
    again = 0
    for word in tokens(added[:_LOOKED_AT])[:_WORDS]:
        if len(word) < LONG_WORD or word.isspace() or not letters.take(len(base)):
            continue
        again += word not in base and any(letters.take(len(text)) and word in text for text in seen)
    return RETYPED * again


def deletions(change: Change, base: str) -> list[str] | None:
    """What goes, place by place, without the blanks around it; None when that is a lot."""
    places = [hunk for hunk in change.hunks() if hunk.deleted]
    if len(places) > _PLACES or sum(hunk.deleted for hunk in places) > _GONE:
        return None
    return [base[at : at + deleted].strip() for at, deleted, _ in places]


def within(fewer: list[str], more: list[str]) -> bool:
    """Whether all that goes by one reading goes by the other too."""
    return all(any(piece in other for other in more) for piece in fewer if piece)


def undone(change: Change, base: str, undo: Change) -> float:
    """How much of ``undo``, another change of ``base``, is in ``change`` too: 0 to 1, by letters.

    Where it deletes, what it puts back does not count. Words that go at one place and come at
    another were moved, and are still there.
    """
    theirs = [(at, at + deleted, gone.strip()) for at, deleted, gone in undo.hunks()]
    hunks = list(change.hunks())
    added = " ".join([hunk.inserted for hunk in hunks])
    both = 0
    for at, deleted, inserted in hunks:
        for start, end, gone in theirs:
            first, last = max(at, start), min(at + deleted, end)
            if first < last and base[first:last].strip() not in added:
                both += last - first
            if start == end and at <= end <= at + deleted and gone in inserted:
                both += len(gone)
    return both / max(1, sum([end - start or len(gone) for start, end, gone in theirs]))


def kept(change: Change, base: str, undo: Change) -> bool:
    """Whether ``change`` leaves any words in ``base`` that ``undo`` would take out of it.

    Also when it moves them: a page may have put them at another place than the server.
    """
    hunks, sent = list(change.hunks()), undo.apply(base)
    added = tokens(" ".join([hunk.inserted for hunk in hunks])[:_LOOKED_AT])
    gone = [(at, at + deleted) for at, deleted, _ in hunks if deleted]
    for start, length, _ in undo.hunks():
        place = start
        for word in tokens(base[start : start + length][:_LOOKED_AT]):
            first, place = place, place + len(word)
            if word.isspace() or len(word) < min(LONG_WORD, length):
                continue  # short words are everywhere
            if not any(at < place and first < to for at, to in gone):
                return True
            if word in added and word not in sent:
                return True
    return False


def _gesture(letters: int) -> float:
    return letters if letters <= GESTURE else GESTURE + FURTHER * (letters - GESTURE)


def _is_left_by(text: str, start: int, end: int, caret: int) -> bool:
    """Whether a caret stands where an edit that made ``text[start:end]`` leaves it.

    It may stand behind a blank that was there before as well: "word " for "more " changes the word.
    """
    if caret == end or start < caret < end:
        return True
    return caret == end + 1 and text[end].isspace()
