"""All the highlights of one text, moved together.

A keystroke moves every highlight behind it. Highlights are therefore kept in small chunks, by where
they stand: a chunk before the edit stays as it is, one behind it only notes how far it has shifted,
and the one or two that the edit reaches are looked at highlight by highlight. (CodeMirror keeps its
ranges in the same way.) A highlight that was only shifted is made when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from operator import is_
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeVar

from workroom.core.text.change import Change
from workroom.core.text.highlights.highlight import Highlight, moved_by, shifted
from workroom.core.text.highlights.returning import Edits

K = TypeVar("K", bound=Hashable)

CHUNK: Final = 16
"""Highlights in a chunk: the square root of as many as an essay has that was read with care."""


_NONE: Final[Mapping[Any, int]] = MappingProxyType({})


class _Chunk(NamedTuple, Generic[K]):
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

    def further(self, delta: int) -> _Chunk[K]:
        """The chunk after an edit before it."""
        highlights, low, high, shift, shifts = self
        return _Chunk(highlights, low + delta, high + delta, shift + delta, shifts)

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

    def parted(self, first: int, last: int, delta: int) -> tuple[_Chunk[K], list[K]]:
        """The chunk after an edit from ``first`` to ``last`` that shifts those behind it.

        Also those that the edit reaches: they are as they were.
        """
        shift, shifts = self.shift, dict(self.shifts)
        among: list[K] = []
        lows: list[int] = []
        highs: list[int] = []
        for key, highlight in self.highlights.items():
            further = shifts.get(key, 0)
            low, high = _low(highlight) + shift + further, _high(highlight) + shift + further
            if high > first and low < last:
                among.append(key)
            elif high > first and delta:
                shifts[key] = further + delta
                low, high = low + delta, high + delta
            lows.append(low)
            highs.append(high)
        if shifts == self.shifts:
            return self, among
        return _Chunk(self.highlights, min(lows), max(highs), shift, shifts), among

    def altered(self, altered: Mapping[K, Highlight]) -> _Chunk[K]:
        """The chunk with these as they stand now. Its reach is that of all, or a little more."""
        low = min(self.low, *map(_low, altered.values()))
        high = max(self.high, *map(_high, altered.values()))
        shifts = {**self.shifts, **dict.fromkeys(altered, -self.shift)}
        return _Chunk({**self.highlights, **altered}, low, high, self.shift, shifts)

    def differs(self, before: _Chunk[K], key: K) -> bool:
        """Whether one of them is another than in an earlier version of the chunk."""
        if self.highlights[key] is before.highlights[key]:
            return self.moved(key) != before.moved(key)
        return self.get(key) != before.get(key)


class HighlightSet(Generic[K]):
    """An immutable set of highlights by key; ``moved`` gives the set after an edit."""

    __slots__ = ("_chunks", "_places")

    def __init__(self, highlights: Mapping[K, Highlight]) -> None:
        by_place = sorted(highlights.items(), key=lambda each: each[1].start)
        self._chunks: tuple[_Chunk[K], ...] = tuple(
            _chunk(dict(by_place[at : at + CHUNK])) for at in range(0, len(by_place), CHUNK)
        )
        self._places: Mapping[K, tuple[int, int]] = _places(self._chunks, highlights)
        """In which chunk each is, and how many were put in before it."""

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, key: K) -> Highlight:
        return self._chunks[self._places[key][0]].get(key)

    def get(self, key: K) -> Highlight | None:
        """That highlight as it stands now, if there is one."""
        return self[key] if key in self._places else None

    def settled(self) -> dict[K, Highlight]:
        """All of them as they stand now."""
        return {key: each for chunk in self._chunks for key, each in chunk.settled().items()}

    def put(self, key: K, highlight: Highlight | None) -> HighlightSet[K]:
        """The set with this highlight under the key; None takes it away."""
        if self.get(key) == highlight:
            return self
        chunks = list(self._chunks)
        place = self._places.get(key)
        if place is not None:
            rest = chunks[place[0]].settled()
            del rest[key]
            chunks[place[0]] = _chunk(rest)
        if highlight is not None:
            nth = _chunk_for(chunks, highlight.start)
            together = {**(chunks[nth].settled() if chunks else {}), key: highlight}
            chunks[nth : nth + 1] = _halves(together)
        order = dict.fromkeys(self._places)
        order[key] = None
        return self._with(
            tuple(chunk for chunk in chunks if chunk.highlights),
            order if highlight is not None else {each: None for each in order if each != key},
        )

    def moved(self, change: Change, old: str, new: str) -> HighlightSet[K]:
        """The set after ``change`` turned ``old`` into ``new``; itself when all stay the same."""
        edits = Edits(change, old, new)
        if not edits.places or not self._chunks:
            return self
        first, last = edits.places[0].at, edits.places[-1].to
        delta = len(new) - len(old)
        chunks: list[_Chunk[K]] = []
        among: list[tuple[int, K]] = []
        for nth, chunk in enumerate(self._chunks):
            after = chunk
            if first < chunk.high and last >= chunk.low:
                after, reached = chunk.parted(first, last, delta)
                among += [(nth, key) for key in reached]
            elif first < chunk.high and delta:
                after = chunk.further(delta)
            chunks.append(after)
        for nth, altered in self._altered(among, edits, old).items():
            chunks[nth] = chunks[nth].altered(altered)
        return self if all(map(is_, chunks, self._chunks)) else self._as(tuple(chunks))

    def differing(
        self, before: HighlightSet[K], known: AbstractSet[K] = frozenset()
    ) -> Iterator[K]:
        """The keys of both whose highlights are not the same, by where they stand; none ``known``.

        Chunks of which all are known are passed over.
        """
        if self._places is not before._places:
            there = before.settled()
            for key, each in self.settled().items():
                if key not in known and there.get(key, each) != each:
                    yield key
            return
        for now, then in zip(self._chunks, before._chunks, strict=True):
            if now is not then and not now.highlights.keys() <= known:
                for key in now.highlights:
                    if key not in known and now.differs(then, key):
                        yield key

    # ---- inside -----------------------------------------------------------------------------

    def _altered(
        self, reached: Iterable[tuple[int, K]], edits: Edits, old: str
    ) -> dict[int, dict[K, Highlight]]:
        """Those of the reached highlights that the edits alter, by the place of their chunk.

        The search for words that came back is bounded for all of them together, so they are moved
        in the order in which they were put in: it is the same wherever a log is read.
        """
        altered: dict[int, dict[K, Highlight]] = {}
        for nth, key in sorted(reached, key=lambda each: self._places[each[1]][1]):
            before = self._chunks[nth].get(key)
            after = moved_by(before, edits, old)
            if after != before:
                altered.setdefault(nth, {})[key] = after
        return altered

    def _as(self, chunks: tuple[_Chunk[K], ...]) -> HighlightSet[K]:
        """The same highlights elsewhere."""
        same = HighlightSet.__new__(HighlightSet)
        same._chunks, same._places = chunks, self._places
        return same

    def _with(self, chunks: tuple[_Chunk[K], ...], order: Iterable[K]) -> HighlightSet[K]:
        """Other highlights."""
        other = HighlightSet.__new__(HighlightSet)
        other._chunks, other._places = chunks, _places(chunks, order)
        return other


def move(highlight: Highlight, change: Change, old: str, new: str) -> Highlight:
    """The highlight after ``change`` turned ``old`` into ``new``; itself when it stays the same."""
    return move_all({0: highlight}, change, old, new).get(0, highlight)


def move_all(
    highlights: Mapping[K, Highlight], change: Change, old: str, new: str
) -> dict[K, Highlight]:
    """Those of ``highlights`` that ``change`` (``old`` to ``new``) alters, as they are after it."""
    before = HighlightSet(highlights)
    after = before.moved(change, old, new)
    return {key: after[key] for key in after.differing(before)}


def _low(highlight: Highlight) -> int:
    # What is written right beside a changed one may belong to it.
    return highlight.start - highlight.left - (1 if highlight.changed else 0)


def _high(highlight: Highlight) -> int:
    return highlight.end + highlight.right + (1 if highlight.changed else 0)


def _chunk(highlights: Mapping[K, Highlight]) -> _Chunk[K]:
    every = highlights.values()
    low = min((_low(each) for each in every), default=0)
    high = max((_high(each) for each in every), default=0)
    return _Chunk(highlights, low, high)


def _halves(highlights: dict[K, Highlight]) -> list[_Chunk[K]]:
    """One chunk, or two when that were too large."""
    if len(highlights) <= 2 * CHUNK:
        return [_chunk(highlights)]
    by_place = sorted(highlights.items(), key=lambda each: each[1].start)
    half = len(by_place) // 2
    return [_chunk(dict(by_place[:half])), _chunk(dict(by_place[half:]))]


def _chunk_for(chunks: list[_Chunk[K]], start: int) -> int:
    """The last chunk that begins before a place; the first when none does."""
    return max((nth for nth, chunk in enumerate(chunks) if chunk.low <= start), default=0)


def _places(chunks: Iterable[_Chunk[K]], order: Iterable[K]) -> dict[K, tuple[int, int]]:
    rank = {key: nth for nth, key in enumerate(order)}
    return {key: (nth, rank[key]) for nth, chunk in enumerate(chunks) for key in chunk.highlights}
