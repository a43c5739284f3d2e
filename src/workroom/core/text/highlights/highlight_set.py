"""All the highlights of one text, moved together.

A keystroke moves every highlight behind it. Highlights are therefore kept in small chunks, by where
they stand: a chunk before the edit stays as it is, one behind it only notes how far it has shifted,
and the one or two that the edit reaches are looked at highlight by highlight. (CodeMirror keeps its
ranges in the same way.) A highlight that was only shifted is made when somebody asks for it.

Who types on goes on in the same gap between highlights: then even the chunks stay as they are, and
it is noted for all behind the gap together how far they have shifted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from operator import is_
from typing import Final, Generic, TypeVar

from workroom.core.text.change import Change
from workroom.core.text.highlights.chunks import (
    NOWHERE,
    UNKNOWN,
    Chunk,
    Gap,
    chunk_of,
    edited,
    low_of,
)
from workroom.core.text.highlights.highlight import Highlight, moved_by
from workroom.core.text.highlights.returning import Edits, edits_of

K = TypeVar("K", bound=Hashable)

CHUNK: Final = 16
"""Highlights in a chunk: the square root of as many as an essay has that was read with care."""


class HighlightSet(Generic[K]):
    """An immutable set of highlights by key; ``moved`` gives the set after an edit."""

    __slots__ = ("_gap", "_made", "_places", "_stood")

    def __init__(self, highlights: Mapping[K, Highlight]) -> None:
        by_place = sorted(highlights.items(), key=lambda each: each[1].start)
        self._stood: tuple[Chunk[K], ...] = tuple(
            chunk_of(dict(by_place[at : at + CHUNK])) for at in range(0, len(by_place), CHUNK)
        )
        """The chunks when the gap was found."""
        self._gap = UNKNOWN
        """In which all edits were since."""
        self._made: tuple[Chunk[K], ...] | None = self._stood
        """The chunks as they are now; None: nobody has asked."""
        self._places: Mapping[K, tuple[int, int]] = _places(self._stood, highlights)
        """In which chunk each is, and how many were put in before it."""

    @property
    def _chunks(self) -> tuple[Chunk[K], ...]:
        if self._made is None:
            low, _, shift = self._gap
            self._made = tuple(edited(self._stood, low, low, shift)[0])
        return self._made

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
            chunks[place[0]] = chunk_of(rest)
        if highlight is not None:
            nth = _chunk_for(chunks, highlight.start)
            together = {**(chunks[nth].settled() if chunks else {}), key: highlight}
            chunks[nth : nth + 1] = _halves(together)
        # They stand by their chunks there, and not in the order in which they came.
        order = dict.fromkeys(sorted(self._places, key=lambda each: self._places[each][1]))
        order[key] = None
        if highlight is None:
            del order[key]
        stood = tuple(chunk for chunk in chunks if chunk.highlights)
        return self._of(stood, _places(stood, order))

    def moved(self, change: Change, old: str, new: str) -> HighlightSet[K]:
        """The set after ``change`` turned ``old`` into ``new``; itself when all stay the same."""
        places = edits_of(change, old, new)
        if not places or not self._stood:
            return self
        first, last, delta = places[0].at, places[-1].to, len(new) - len(old)
        if self._gap.holds(first, last):
            return self._further(delta)
        chunks, among, gap = edited(self._chunks, first, last, delta)
        if among:
            gap = UNKNOWN
            for nth, altered in self._altered(among, Edits(places, new), old).items():
                chunks[nth] = chunks[nth].altered(altered)
        same = all(map(is_, chunks, self._chunks))
        return self if same else self._of(tuple(chunks), self._places, gap)

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
        if self._stood is before._stood:
            if self._gap.shift != before._gap.shift:
                yield from self._behind(known)
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

    def _further(self, delta: int) -> HighlightSet[K]:
        """The set after an edit in the gap."""
        low, high, shift = self._gap
        if not delta or high == NOWHERE:
            return self
        return self._of(self._stood, self._places, Gap(low, high, shift + delta))

    def _behind(self, known: AbstractSet[K]) -> Iterator[K]:
        """The keys of those behind the gap, but for ``known``."""
        low, high, _ = self._gap
        for chunk in self._stood:
            if chunk.high > low and not chunk.highlights.keys() <= known:
                for key, highlight in chunk.highlights.items():
                    if key not in known and low_of(highlight) + chunk.moved(key) >= high:
                        yield key

    @staticmethod
    def _of(
        stood: tuple[Chunk[K], ...], places: Mapping[K, tuple[int, int]], gap: Gap = UNKNOWN
    ) -> HighlightSet[K]:
        other = HighlightSet.__new__(HighlightSet)
        other._stood, other._places, other._gap = stood, places, gap
        other._made = None if gap.shift else stood
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


def _halves(highlights: dict[K, Highlight]) -> list[Chunk[K]]:
    """One chunk, or two when that were too large."""
    if len(highlights) <= 2 * CHUNK:
        return [chunk_of(highlights)]
    by_place = sorted(highlights.items(), key=lambda each: each[1].start)
    half = len(by_place) // 2
    return [chunk_of(dict(by_place[:half])), chunk_of(dict(by_place[half:]))]


def _chunk_for(chunks: list[Chunk[K]], start: int) -> int:
    """The last chunk that begins before a place; the first when none does."""
    return max((nth for nth, chunk in enumerate(chunks) if chunk.low <= start), default=0)


def _places(chunks: Iterable[Chunk[K]], order: Iterable[K]) -> dict[K, tuple[int, int]]:
    rank = {key: nth for nth, key in enumerate(order)}
    return {key: (nth, rank[key]) for nth, chunk in enumerate(chunks) for key in chunk.highlights}
