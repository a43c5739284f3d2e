"""All the highlights of one text, moved together.

A keystroke moves every highlight behind it. Highlights are therefore kept in small chunks, by where
they stand: a chunk before the edit stays as it is, one behind it only notes how far it has shifted,
and the one or two that the edit reaches are moved highlight by highlight. (CodeMirror keeps its
ranges in the same way.)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

from workroom.core.text.change import Change
from workroom.core.text.highlights.highlight import Highlight, moved_by, shifted
from workroom.core.text.highlights.returning import Edits

K = TypeVar("K", bound=Hashable)

CHUNK: Final = 16
"""Highlights in a chunk: the square root of as many as an essay has that was read with care."""


class _Chunk(NamedTuple, Generic[K]):
    """Some highlights that stand near each other. Immutable; versions of a set share them."""

    highlights: Mapping[K, Highlight]
    """As they were when the chunk was last reached by an edit."""
    shift: int
    """How far they have moved since."""
    low: int
    """An edit that ends before this only shifts them."""
    high: int
    """An edit that begins here, or behind, leaves them where they are."""

    def further(self, delta: int) -> _Chunk[K]:
        """The chunk after an edit before it."""
        highlights, shift, low, high = self
        return _Chunk(highlights, shift + delta, low + delta, high + delta)

    def get(self, key: K) -> Highlight:
        """One of them, as it stands now."""
        highlight = self.highlights[key]
        return shifted(highlight, self.shift) if self.shift else highlight

    def settled(self) -> dict[K, Highlight]:
        """All of them, as they stand now."""
        if not self.shift:
            return dict(self.highlights)
        return {key: shifted(each, self.shift) for key, each in self.highlights.items()}


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
        reached: dict[int, dict[K, Highlight]] = {}
        altered = False
        for chunk in self._chunks:
            if first >= chunk.high:
                chunks.append(chunk)
            elif last < chunk.low:
                chunks.append(chunk.further(delta) if delta else chunk)
                altered = altered or delta != 0
            else:
                reached[len(chunks)] = chunk.settled()
                chunks.append(chunk)
        for nth, after in self._reached(reached, edits, old, delta).items():
            chunks[nth], altered = _chunk(after), True
        return self._as(tuple(chunks)) if altered else self

    def differing(self, before: HighlightSet[K]) -> Iterator[K]:
        """The keys of both whose highlights are not the same, by where they stand."""
        if self._places is not before._places:
            there = before.settled()
            yield from (k for k, each in self.settled().items() if there.get(k, each) != each)
            return
        for now, then in zip(self._chunks, before._chunks, strict=True):
            if now is then:
                continue
            if now.highlights is then.highlights:
                if now.shift != then.shift:
                    yield from now.highlights
                continue
            for key, highlight in now.highlights.items():
                other = then.highlights[key]
                elsewhere = highlight.start + now.shift != other.start + then.shift
                if elsewhere or now.get(key) != then.get(key):
                    yield key

    # ---- inside -----------------------------------------------------------------------------

    def _reached(
        self, reached: Mapping[int, dict[K, Highlight]], edits: Edits, old: str, delta: int
    ) -> dict[int, dict[K, Highlight]]:
        """The highlights, after the edits, of the chunks in which any is altered.

        The search for words that came back is bounded for all of them together, so they are moved
        in the order in which they were put in: it is the same wherever a log is read.
        """
        first, last = edits.places[0].at, edits.places[-1].to
        altered: set[int] = set()
        among: list[tuple[int, int, K]] = []
        for nth, highlights in reached.items():
            for key, highlight in highlights.items():
                if _high(highlight) <= first:
                    continue
                if _low(highlight) < last:
                    among.append((self._places[key][1], nth, key))
                elif delta:
                    highlights[key] = shifted(highlight, delta)
                    altered.add(nth)
        for _, nth, key in sorted(among, key=lambda each: each[0]):
            before = reached[nth][key]
            after = moved_by(before, edits, old)
            if after != before:
                reached[nth][key] = after
                altered.add(nth)
        return {nth: reached[nth] for nth in altered}

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
    return _Chunk(highlights, 0, low, high)


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
