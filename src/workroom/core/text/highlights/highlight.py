"""Highlights: ranges of the text that move with their words.

Typing inside a highlight grows it, typing at its edges does not. What is deleted of it shrinks it.
What is rewritten within it (edges included) stays part of it, as long as a letter of it survives.
When one edit brings back what was cut off, it is whole again. When no letter is left, it collapses
to where its words were and is *orphaned*. The *hole* that they left is what is between the letters
that stood before and behind them; it takes in all that is written there. When the same words are
written into it, in the same surroundings (undo, restore, typing them again), the highlight is back.

It never takes in letters that stood beside it, however much they look like its own: rather than
guess it says ``changed`` or ``orphaned``. ``bench/highlight_oracle.py`` holds it to that.

A highlight that was attached as an empty range is a *point*. A point has no words to lose: it is
never orphaned.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from workroom.core.text.highlights.returning import CONTEXT, Edits, find_again
from workroom.core.values import value


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


@value
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
    left: int = 0
    right: int = 0
    """When changed: how many letters right before and behind it were written since, and so may
    stand where its own were."""

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
        body = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in body.items() if _LATER.get(name) != value}

    @classmethod
    def decode(cls, raw: object) -> Highlight:
        """Read what ``encode`` wrote. Raises ValueError for anything else."""
        if not isinstance(raw, dict) or (raw := _LATER | raw).keys() != _FIELDS.keys():
            raise ValueError("not an encoded highlight")
        for name, kind in _FIELDS.items():
            if type(raw[name]) is not kind:
                raise ValueError(f"{name} of a highlight must be {kind.__name__}")
        if not 0 <= raw["left"] <= raw["start"] <= raw["end"]:
            raise ValueError("the ends of a highlight are 0 <= start <= end")
        if raw["origin"] < 0 or raw["right"] < 0:
            raise ValueError("origin and right of a highlight are at least 0")
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
    "left": int,
    "right": int,
}
_LATER: Final = {"left": 0, "right": 0}
"""What is left out when it says nothing, and older recordings lack."""


def attach(text: str, start: int, end: int) -> Highlight:
    """A highlight on ``text[start:end]``. Raises ValueError when that is not within the text."""
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"a highlight needs 0 <= start <= end <= {len(text)}: {start}..{end}")
    return Highlight(
        start,
        end,
        text[start:end],
        text[max(0, start - CONTEXT) : start],
        text[end : end + CONTEXT],
        origin=start,
    )


_PUT: Final = tuple(getattr(Highlight, name).__set__ for name in _FIELDS)


def shifted(highlight: Highlight, delta: int) -> Highlight:
    """The same highlight ``delta`` further on: all that was edited is before it.

    The constructor of a frozen dataclass takes twice as long as filling the slots.
    """
    start, end, quote, prefix, suffix, orphaned, origin, changed, lost, left, right = _PUT
    other = object.__new__(Highlight)
    start(other, highlight.start + delta)
    end(other, highlight.end + delta)
    quote(other, highlight.quote)
    prefix(other, highlight.prefix)
    suffix(other, highlight.suffix)
    orphaned(other, highlight.orphaned)
    origin(other, highlight.origin)
    changed(other, highlight.changed)
    lost(other, highlight.lost)
    left(other, highlight.left)
    right(other, highlight.right)
    return other


def moved_by(highlight: Highlight, edits: Edits, old: str) -> Highlight:
    """A highlight that is among the edits, or near them, after them; ``old`` was the text."""
    if highlight.orphaned:
        return _orphan_moved(highlight, edits)
    start, end = highlight.start, highlight.end
    edit, shift = edits.reaching(start)
    if start == end:  # a point: text inserted right at it goes to its right
        point = start + shift if edit is None or edit.at > start else edit.new_at
        return replace(highlight, start=point, end=point, changed=False)
    low, high = edits.around(start - highlight.left, end + highlight.right)
    if edit is not None and edit.at <= start and end <= edit.to:
        return _orphaned(highlight, edit.new_at, (low, high), edits, old)
    before = edit is not None and (edit.at < start or edit.to == start)
    start = edit.new_at + edit.length if edit is not None and before else start + shift
    edit, shift = edits.reaching(end)
    if edit is None or edit.at >= end:
        end += shift
    else:
        end = edit.new_at + (edit.length if edit.to == end else 0)
    # What was cut off comes back (undo): then it is whole again, although that was at its edge.
    quote = highlight.quote
    whole = _whole(quote, (start, end), (low, high), edits)
    if whole >= 0:
        end = whole + len(quote)
        return replace(highlight, start=whole, end=end, changed=False, left=0, right=0)
    left, right = start - low, high - end
    return replace(highlight, start=start, end=end, changed=True, left=left, right=right)


def _whole(quote: str, part: tuple[int, int], reach: tuple[int, int], edits: Edits) -> int:
    """Where the whole quote is that holds ``part``, within ``reach``; -1 if nowhere."""
    first, last = max(reach[0], part[1] - len(quote)), min(part[0], reach[1] - len(quote))
    if first > last:
        return -1  # there is no room; or the part is more: what was typed inside of it stays
    if edits.new.startswith(quote, first):
        return first
    at = edits.find(quote, first, last + len(quote))
    return last if at < 0 and edits.new.startswith(quote, last) else at


def _orphaned(
    highlight: Highlight, place: int, hole: tuple[int, int], edits: Edits, old: str
) -> Highlight:
    """A highlight whose last letter was deleted at ``place``."""
    start, end = highlight.start, highlight.end
    orphan = replace(
        highlight,
        start=place,
        end=place,
        prefix=old[max(0, start - CONTEXT) : start],
        suffix=old[end : end + CONTEXT],
        orphaned=True,
        changed=True,
        lost=old[start:end] if highlight.changed else "",
        left=place - hole[0],
        right=hole[1] - place,
    )
    return _returned(orphan, hole, edits)


def _orphan_moved(orphan: Highlight, edits: Edits) -> Highlight:
    edit, shift = edits.reaching(orphan.start)
    place = orphan.start + shift
    if edit is not None and edit.at < orphan.start:
        place = edit.new_at
    low, high = edits.around(orphan.start - orphan.left, orphan.end + orphan.right)
    left, right = place - low, high - place
    if (place, left, right) != (orphan.start, orphan.left, orphan.right):
        orphan = replace(orphan, start=place, end=place, left=left, right=right)
    return _returned(orphan, (low, high), edits)


def _returned(orphan: Highlight, hole: tuple[int, int], edits: Edits) -> Highlight:
    """The highlight on its words again, if an edit has brought them back; else as it is."""
    for words in (orphan.quote, orphan.lost):
        at = find_again(words, orphan.prefix, orphan.suffix, hole, edits)
        if at is not None:
            changed, end = words != orphan.quote, at + len(words)
            left, right = (at - hole[0], hole[1] - end) if changed else (0, 0)
            return replace(
                orphan,
                start=at,
                end=end,
                orphaned=False,
                changed=changed,
                lost="",
                left=left,
                right=right,
            )
    return orphan
