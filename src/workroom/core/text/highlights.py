"""Highlights: ranges of the text that move with their words.

Typing inside a highlight grows it, typing at its edges does not. What is deleted of it shrinks it.
What is rewritten within it (edges included) stays part of it, as long as a letter of it survives.
When no letter is left, it collapses to where its words were and is *orphaned*; it comes back when
the same words come back there, in the same surroundings: undo, restore, typing them again.

A highlight that was attached as an empty range is a *point*. A point has no words to lose: it is
never orphaned.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

from workroom.core.text.alignment import common_prefix, common_suffix
from workroom.core.text.change import Change
from workroom.core.text.words import in_word

K = TypeVar("K", bound=Hashable)

_CONTEXT: Final = 32
"""Letters remembered on each side."""
_NEAR: Final = 64
"""How far (code points) from where it collapsed a highlight may come back."""
_AGREE_THERE: Final = 4
_AGREE_NEARBY: Final = 16
"""Letters of the surroundings that must be as they were: at the place, and up to ``_NEAR`` away."""
_OCCURRENCES: Final = 100
"""Most occurrences of the words that are looked at in one insertion."""


class Anchor(StrEnum):
    """How a highlight stands to the words that it was made on."""

    EXACT = "exact"
    """The same words at the same offsets."""
    MOVED = "moved"
    """The same words elsewhere."""
    CHANGED = "changed"
    """Other words: some were added, deleted or rewritten."""
    ORPHANED = "orphaned"
    """No words: all were deleted. It stands, empty, where they were."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A range of the text, in code points, and what is needed to find its words again."""

    start: int
    end: int
    quote: str
    """The words that it was attached to."""
    prefix: str
    suffix: str
    """What stood around it: when attached, and again just before it was orphaned."""
    orphaned: bool = False
    origin: int = 0
    """Where it started when attached."""
    changed: bool = False
    """Whether its words are not the quote any more."""
    lost: str = ""
    """When orphaned: the words that it had last, if they were not the quote."""

    @property
    def anchor(self) -> Anchor:
        """What has become of it."""
        if self.orphaned:
            return Anchor.ORPHANED
        if self.changed:
            return Anchor.CHANGED
        return Anchor.EXACT if self.start == self.origin else Anchor.MOVED

    @property
    def is_point(self) -> bool:
        """Whether it was attached to a place and not to words."""
        return not self.quote

    def encode(self) -> dict[str, Any]:
        """The form in the durable log."""
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def decode(cls, raw: object) -> Highlight:
        """Read what ``encode`` wrote. Raises ValueError for anything else."""
        if not isinstance(raw, dict) or raw.keys() != _FIELDS.keys():
            raise ValueError("not an encoded highlight")
        for name, kind in _FIELDS.items():
            if type(raw[name]) is not kind:
                raise ValueError(f"{name} of a highlight must be {kind.__name__}")
        if not 0 <= raw["start"] <= raw["end"] or raw["origin"] < 0:
            raise ValueError("the ends of a highlight are 0 <= start <= end")
        return cls(**raw)


_FIELDS: Final[dict[str, type]] = {
    "start": int,
    "end": int,
    "quote": str,
    "prefix": str,
    "suffix": str,
    "orphaned": bool,
    "origin": int,
    "changed": bool,
    "lost": str,
}


class _Edit(NamedTuple):
    """One place of a change, without the letters that its two sides have in common."""

    at: int
    to: int
    """``old[at:to]`` was replaced."""
    length: int
    """Number of code points that replaced it."""
    new_at: int
    """Where they are in the new text."""


def attach(text: str, start: int, end: int) -> Highlight:
    """A highlight on ``text[start:end]``. Raises ValueError when that is not within the text."""
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"a highlight needs 0 <= start <= end <= {len(text)}: {start}..{end}")
    return Highlight(
        start,
        end,
        text[start:end],
        text[max(0, start - _CONTEXT) : start],
        text[end : end + _CONTEXT],
        origin=start,
    )


def move(highlight: Highlight, change: Change, old: str, new: str) -> Highlight:
    """The highlight after ``change`` turned ``old`` into ``new``; itself when it stays the same."""
    return move_all({0: highlight}, change, old, new).get(0, highlight)


def move_all(
    highlights: Mapping[K, Highlight], change: Change, old: str, new: str
) -> dict[K, Highlight]:
    """Those of ``highlights`` that ``change`` (``old`` to ``new``) alters, as they are after it."""
    edits = _edits(change, old, new)
    if not edits or not highlights:
        return {}
    first, last = edits[0].at, edits[-1].to
    behind: list[tuple[K, Highlight]] = []
    moved: dict[K, Highlight] = {}
    for key, highlight in highlights.items():
        if highlight.orphaned:
            after = _orphan_moved(highlight, edits, new)
        elif highlight.end <= first:
            continue
        elif highlight.start >= last:
            behind.append((key, highlight))
            continue
        else:
            after = _moved(highlight, edits, old, new)
        if after != highlight:
            moved[key] = after
    delta = len(new) - len(old)
    if delta:
        _shift(behind, delta, moved)
    return moved


def _edits(change: Change, old: str, new: str) -> list[_Edit]:
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
            edits.append(_Edit(at + head, to - tail, length - head - tail, new_at + head))
    return edits


_PUT: Final = tuple(getattr(Highlight, name).__set__ for name in _FIELDS)


def _shift(behind: Iterable[tuple[K, Highlight]], delta: int, moved: dict[K, Highlight]) -> None:
    """Put into ``moved`` the same highlights ``delta`` further on.

    A keystroke near the beginning does this to all that follow, and the constructor of a frozen
    dataclass takes twice as long as filling the slots.
    """
    start, end, quote, prefix, suffix, orphaned, origin, changed, lost = _PUT
    create = object.__new__
    for key, highlight in behind:
        moved[key] = shifted = create(Highlight)
        start(shifted, highlight.start + delta)
        end(shifted, highlight.end + delta)
        quote(shifted, highlight.quote)
        prefix(shifted, highlight.prefix)
        suffix(shifted, highlight.suffix)
        orphaned(shifted, False)
        origin(shifted, highlight.origin)
        changed(shifted, highlight.changed)
        lost(shifted, "")


def _moved(highlight: Highlight, edits: list[_Edit], old: str, new: str) -> Highlight:
    """A highlight that is among the edits."""
    start, end = highlight.start, highlight.end
    shift_start = shift_end = 0
    for at, to, length, new_at in edits:
        if at >= end and (start < end or at > start):
            break
        delta = length - (to - at)
        if start == end:  # a point: text inserted right at it goes to its right
            shift_start = shift_end = new_at - start if to >= start else shift_start + delta
        elif at <= start and end <= to:
            return _orphaned(highlight, new_at, edits, old, new)
        elif at < start:
            shift_start = shift_start + delta if to <= start else new_at + length - start
            shift_end += delta
        elif to > end:
            shift_end = new_at - end
        else:
            if at == start == to:
                shift_start += delta
            shift_end += delta
    start, end = start + shift_start, end + shift_end
    quote = highlight.quote
    changed = end - start != len(quote) or new[start:end] != quote
    return replace(highlight, start=start, end=end, changed=changed)


def _orphaned(
    highlight: Highlight, place: int, edits: list[_Edit], old: str, new: str
) -> Highlight:
    """A highlight whose last letter was deleted at ``place``."""
    start, end = highlight.start, highlight.end
    orphan = replace(
        highlight,
        start=place,
        end=place,
        prefix=old[max(0, start - _CONTEXT) : start],
        suffix=old[end : end + _CONTEXT],
        orphaned=True,
        changed=True,
        lost=old[start:end] if highlight.changed else "",
    )
    return _returned(orphan, edits, new) or orphan


def _orphan_moved(orphan: Highlight, edits: list[_Edit], new: str) -> Highlight:
    place = orphan.start
    shift = 0
    for at, to, length, new_at in edits:
        if at >= place:
            break
        shift = new_at - place if to >= place else shift + length - (to - at)
    if shift:
        orphan = replace(orphan, start=place + shift, end=place + shift)
    return _returned(orphan, edits, new) or orphan


def _returned(orphan: Highlight, edits: Iterable[_Edit], new: str) -> Highlight | None:
    """The highlight again on its words, if an edit has brought them back."""
    place = orphan.start
    best: tuple[int, int, int] | None = None
    for words in (orphan.quote, orphan.lost):
        for edit in edits:
            beyond = max(edit.new_at - place, place - edit.new_at - edit.length, 0)
            if not words or not edit.length or beyond > _NEAR:
                continue
            for at in _occurrences(words, edit, new):
                there = not beyond or at <= place <= at + len(words)
                agreement = _agreement(orphan, new, at, at + len(words))
                if agreement >= (_AGREE_THERE if there else _AGREE_NEARBY):
                    best = max(best or (0, 0, 0), (agreement, -abs(at - place), at))
        if best is not None:
            at = best[2]
            changed = words != orphan.quote
            return replace(
                orphan, start=at, end=at + len(words), orphaned=False, changed=changed, lost=""
            )
    return None


def _occurrences(words: str, edit: _Edit, new: str) -> Iterable[int]:
    """Where ``words`` stand in the new text with at least one letter inserted by ``edit``."""
    start = max(0, edit.new_at - len(words) + 1)
    stop = edit.new_at + edit.length + len(words) - 1
    for _ in range(_OCCURRENCES):
        at = new.find(words, start, stop)
        if at < 0:
            return
        yield at
        start = at + 1


def _agreement(orphan: Highlight, new: str, start: int, end: int) -> int:
    """How many letters around ``new[start:end]`` are as they were; -1 when a word would be cut.

    A side where the text ended, and ends again, agrees fully.
    """
    words = new[start:end]
    if _cuts_word(new[start - 1 : start], words[0]) > _cuts_word(orphan.prefix[-1:], words[0]):
        return -1
    if _cuts_word(words[-1], new[end : end + 1]) > _cuts_word(words[-1], orphan.suffix[:1]):
        return -1
    prefix, suffix = orphan.prefix, orphan.suffix
    left = common_suffix(prefix, new, len(prefix), start, min(len(prefix), start))
    right = common_prefix(suffix, new, 0, end, min(len(suffix), len(new) - end))
    at_start = left == len(prefix) == start
    at_end = right == len(suffix) == len(new) - end
    return (_CONTEXT if at_start else left) + (_CONTEXT if at_end else right)


def _cuts_word(left: str, right: str) -> bool:
    return bool(left) and bool(right) and in_word(left) and in_word(right)
