"""Highlights that stand near each other, and what an edit does to all that it does not reach."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeVar

from workroom.core.text.highlights.highlight import Highlight, shifted

K = TypeVar("K", bound=Hashable)

NOWHERE: Final = 2**62
"""Behind the end of any text."""
_NONE: Final[Mapping[Any, int]] = MappingProxyType({})


class Chunk(NamedTuple, Generic[K]):
    """Some highlights that stand near each other. Immutable; versions of a set share them."""

    highlights: Mapping[K, Highlight]
    """As they were when an edit last did more to one of them than shift it."""
    low: int
    """An edit that ends before this only shifts them."""
    high: int
    """An edit that begins here, or behind, leaves them where they are."""
    shift: int = 0
    """How far all of them have moved since."""
    shifts: Mapping[K, int] = _NONE
    """How much further some have, which an edit parted from the others."""

    def further(self, delta: int) -> Chunk[K]:
        """The chunk after an edit before it."""
        highlights, low, high, shift, shifts = self
        return Chunk(highlights, low + delta, high + delta, shift + delta, shifts)

    def moved(self, key: K) -> int:
        """How far one of them has moved."""
        return self.shift + self.shifts.get(key, 0)

    def get(self, key: K) -> Highlight:
        """One of them, as it stands now."""
        highlight, delta = self.highlights[key], self.moved(key)
        return shifted(highlight, delta) if delta else highlight

    def settled(self) -> dict[K, Highlight]:
        """All of them, as they stand now."""
        if not self.shift and not self.shifts:
            return dict(self.highlights)
        return {key: self.get(key) for key in self.highlights}

    def parted(self, first: int, last: int, delta: int) -> tuple[Chunk[K], list[K], Gap]:
        """The chunk after an edit from ``first`` to ``last`` that shifts those behind it.

        Also those that the edit reaches, which are as they were, and the gap between the others.
        """
        shift, shifts = self.shift, dict(self.shifts)
        among: list[K] = []
        lows: list[int] = []
        highs: list[int] = []
        before: list[int] = [0]
        behind: list[int] = [NOWHERE]
        for key, highlight in self.highlights.items():
            further = shifts.get(key, 0)
            low, high = low_of(highlight) + shift + further, high_of(highlight) + shift + further
            if high <= first:
                before.append(high)
            elif low < last:
                among.append(key)
            else:
                low, high = low + delta, high + delta
                behind.append(low)
                if delta:
                    shifts[key] = further + delta
            lows.append(low)
            highs.append(high)
        gap = Gap(max(before), min(behind))
        if shifts == self.shifts:
            return self, among, gap
        return Chunk(self.highlights, min(lows), max(highs), shift, shifts), among, gap

    def altered(self, altered: Mapping[K, Highlight]) -> Chunk[K]:
        """The chunk with these as they stand now. Its reach is that of all, or a little more."""
        low = min(self.low, *map(low_of, altered.values()))
        high = max(self.high, *map(high_of, altered.values()))
        shifts = {**self.shifts, **dict.fromkeys(altered, -self.shift)}
        return Chunk({**self.highlights, **altered}, low, high, self.shift, shifts)

    def differs(self, before: Chunk[K], key: K) -> bool:
        """Whether one of them is another than in an earlier version of the chunk."""
        if self.highlights[key] is before.highlights[key]:
            return self.moved(key) != before.moved(key)
        return self.get(key) != before.get(key)


class Gap(NamedTuple):
    """A stretch of the text that no highlight reaches into: an edit there only shifts some."""

    low: int
    """Those before it end here at the latest."""
    high: int
    """Those behind it began here, or behind, when it was found; ``NOWHERE`` if there are none."""
    shift: int = 0
    """How far they have moved since."""

    def holds(self, first: int, last: int) -> bool:
        """Whether an edit from ``first`` to ``last`` is within it."""
        return self.low <= first and last < self.high + self.shift


UNKNOWN: Final = Gap(0, -1)
"""No edit is within it."""


def edited(
    chunks: Iterable[Chunk[K]], first: int, last: int, delta: int
) -> tuple[list[Chunk[K]], list[tuple[int, K]], Gap]:
    """The chunks after an edit from ``first`` to ``last`` that shifts those behind it.

    Also the highlights that it reaches, by the place of their chunk, which are as they were; and
    the gap between the others.
    """
    after: list[Chunk[K]] = []
    among: list[tuple[int, K]] = []
    before: list[int] = [0]
    behind: list[int] = [NOWHERE]
    for nth, chunk in enumerate(chunks):
        if first >= chunk.high:
            after.append(chunk)
            before.append(chunk.high)
        elif last < chunk.low:
            after.append(chunk.further(delta) if delta else chunk)
            behind.append(chunk.low + delta)
        else:
            parted, reached, gap = chunk.parted(first, last, delta)
            after.append(parted)
            among += [(nth, key) for key in reached]
            before.append(gap.low)
            behind.append(gap.high)
    return after, among, Gap(max(before), min(behind))


def chunk_of(highlights: Mapping[K, Highlight]) -> Chunk[K]:
    """A chunk of these."""
    every = highlights.values()
    low = min((low_of(each) for each in every), default=0)
    high = max((high_of(each) for each in every), default=0)
    return Chunk(highlights, low, high)


def low_of(highlight: Highlight) -> int:
    """Where a highlight begins to be reached: what is beside a changed one may belong to it."""
    return highlight.start - highlight.left - (1 if highlight.changed else 0)


def high_of(highlight: Highlight) -> int:
    """Where it ends to be."""
    return highlight.end + highlight.right + (1 if highlight.changed else 0)
