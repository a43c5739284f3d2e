"""Where deleted words have come back.

An undo, a restore or a hand that types them again inserts the words anew; nothing in the change
says that they were there before. They are taken for the same when they come at the place where they
went and something of what stood around them does again, or close by in quite the same surroundings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from workroom.core.text.alignment import common_prefix, common_suffix
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


class Edit(NamedTuple):
    """One place of a change, without the letters that its two sides have in common."""

    at: int
    to: int
    """``old[at:to]`` was replaced."""
    length: int
    """Number of code points that replaced it."""
    new_at: int
    """Where they are in the new text."""


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
    words: str, prefix: str, suffix: str, place: int, edits: list[Edit], new: str
) -> int | None:
    """Where ``edits`` have brought back ``words``, which went at ``place``; None if nowhere.

    ``prefix`` and ``suffix`` stood around them. ``place`` and the result count in the ``new`` text.
    """
    best: tuple[int, int, int] | None = None
    for edit in edits:
        beyond = max(edit.new_at - place, place - edit.new_at - edit.length, 0)
        if not words or not edit.length or beyond > NEARBY:
            continue
        for at in _occurrences(words, edit, new):
            there = not beyond or at <= place <= at + len(words)
            agreement = _agreement(words, prefix, suffix, new, at)
            if agreement >= (_AGREE_THERE if there else _AGREE_NEARBY):
                best = max(best or (0, 0, 0), (agreement, -abs(at - place), at))
    return None if best is None else best[2]


def _occurrences(words: str, edit: Edit, new: str) -> Iterator[int]:
    """Where ``words`` stand in the new text with at least one letter inserted by ``edit``."""
    start = max(0, edit.new_at - len(words) + 1)
    stop = edit.new_at + edit.length + len(words) - 1
    for _ in range(_OCCURRENCES):
        at = new.find(words, start, stop)
        if at < 0:
            break
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
