"""The text at the head, with its authors and its recent changes.

Everything that is not the network reads this copy: saves are rebased on it, highlights and carets
move along its changes. Positions count code points.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from workroom.core.text.change import Change
from workroom.core.text.rebase import signed

Ops = tuple[int | str, ...]

NOBODY: Final = "\0"
"""The author character of text that was there before anybody was seen to write."""

KEPT_CHANGES: Final = 4096
KEPT_LETTERS: Final = 4_000_000
"""Bounds of the recent changes: how many, and how many letters they may insert in all."""

_CACHED: Final = 64
"""Composed stretches that are remembered: about one for each connection that lags behind."""

_FRESH: Final = 16
"""The latest changes, which are kept as they came."""

_LANDMARK_LETTERS: Final = 2_000_000
"""About how many letters all landmarks may hold, however long the text is."""


class Version(NamedTuple):
    """The text as the change numbered ``seq`` left it, and who wrote each letter of it."""

    text: str
    authors: str
    seq: int


class Mirror:
    """A text, who wrote each letter of it, and how it got there lately.

    Committed numbers increase but may leave gaps: other log entries use numbers too.
    """

    def __init__(self, text: str = "", *, authors: str | None = None, seq: int = 0) -> None:
        if authors is not None and len(authors) != len(text):
            raise ValueError("one author character for each code point")
        self.text = text
        self.authors = NOBODY * len(text) if authors is None else authors
        self.seq = seq
        """The number of the latest change."""
        self._floor = seq  # changes after this number are still here
        self._seqs: list[int] = []
        self._letters = 0
        self._changes = _Stretches()
        self._signatures = _Stretches()
        self._landmarks = [self.head()]
        """Versions from which those after them can be made again; the first is the floor."""
        self._since_landmark = 0

    def head(self) -> Version:
        """The newest version."""
        return Version(self.text, self.authors, self.seq)

    def commit(self, seq: int, change: Change, author: str, text: str | None = None) -> None:
        """Apply ``change``, the log's entry ``seq``, written by ``author`` (one character).

        ``text``: what that makes of the text, if it is known. Raises ValueError, and does nothing,
        when the number does not increase or the change is for a text of another length.
        """
        if seq <= self.seq:
            raise ValueError(f"entry {seq} does not come after {self.seq}")
        signature = signed(change, author)
        authors = signature.apply(self.authors)
        self.text = change.apply(self.text) if text is None else text
        self.authors = authors
        self.seq = seq
        self._seqs.append(seq)
        self._changes.append(change)
        self._signatures.append(signature)
        self._letters += _letters(change.ops)
        self._since_landmark += 1
        if self._since_landmark >= 256 and self._since_landmark >= self._between_landmarks():
            self._landmarks.append(self.head())
            self._since_landmark = 0
        if len(self._seqs) > KEPT_CHANGES or self._letters > KEPT_LETTERS:
            self._forget_half()

    def take_back(self, seq: int) -> None:
        """Forget all changes after the log's entry ``seq``, as if they had never been made.

        Raises LookupError, and does nothing, when that version is forgotten.
        """
        version = self.version_at(seq)
        if version is None:
            message = f"the text at {seq} is forgotten"
            raise LookupError(message)
        count = bisect_right(self._seqs, seq)
        self.text, self.authors, self.seq = version
        self._letters -= sum(map(_letters, self._changes.cut(count)))
        self._signatures.cut(count)
        del self._seqs[count:]
        self._landmarks = [mark for mark in self._landmarks if mark.seq <= self.seq]
        self._since_landmark = count - bisect_right(self._seqs, self._landmarks[-1].seq)

    def reaches(self, seq: int) -> bool:
        """Whether ``since`` can tell what came after the log's entry ``seq``."""
        return seq >= self._floor

    def number_at(self, seq: int) -> int | None:
        """The number of the last change up to the log's entry ``seq``; None when forgotten."""
        if seq >= self.seq:
            return self.seq
        if seq < self._floor:
            return None
        at = bisect_right(self._seqs, seq)
        return self._seqs[at - 1] if at else self._floor

    def version_at(self, seq: int) -> Version | None:
        """The text as it was after the log's entry ``seq``; None when that is forgotten."""
        if seq >= self.seq:
            return self.head()
        if seq < self._floor:
            return None
        landmark = self._landmarks[bisect_right(self._landmarks, seq, key=_seq_of) - 1]
        return self._later(landmark, seq)

    def _later(self, version: Version, seq: int) -> Version:
        """What became of a version up to the log's entry ``seq``."""
        first, last = bisect_right(self._seqs, version.seq), bisect_right(self._seqs, seq)
        if first == last:
            return version
        text = self._changes.between(first, last).apply(version.text)
        authors = self._signatures.between(first, last).apply(version.authors)
        return Version(text, authors, self._seqs[last - 1])

    def versions_at(self, seqs: Iterable[int]) -> Iterator[Version | None]:
        """``version_at`` for each of these, in rising order: each is made of the one before."""
        version: Version | None = None
        for seq in seqs:
            version = self.version_at(seq) if version is None else self._later(version, seq)
            yield version

    def _between_landmarks(self) -> int:
        """So many changes lie between two landmarks: more, the longer the text is."""
        return KEPT_CHANGES * 2 * len(self.text) // _LANDMARK_LETTERS

    def since(self, seq: int) -> Change | None:
        """All changes numbered above ``seq`` as one; None when some of them are forgotten."""
        return self._compose(self._changes, seq, self.text)

    def between(self, seq: int, end: int) -> Change | None:
        """The changes numbered above ``seq`` and below the change ``end`` as one.

        None when some of them are forgotten.
        """
        if seq < self._floor:
            return None
        first, last = bisect_right(self._seqs, seq), bisect_left(self._seqs, end)
        return self._changes.between(first, last)

    def authors_since(self, seq: int) -> Change | None:
        """The change of ``authors`` that goes with ``since(seq)`` (see ``rebase``)."""
        return self._compose(self._signatures, seq, self.authors)

    def _compose(self, stretches: _Stretches, seq: int, text: str) -> Change | None:
        if seq >= self.seq:
            return Change.keep(len(text))
        if seq < self._floor:
            return None
        return stretches.after(bisect_right(self._seqs, seq))

    def _forget_half(self) -> None:
        count = (len(self._seqs) + 1) // 2
        floor = self.version_at(self._seqs[count - 1])
        assert floor is not None
        self._floor = floor.seq
        self._landmarks = [floor, *(mark for mark in self._landmarks if mark.seq > floor.seq)]
        del self._seqs[:count]
        self._letters -= sum(map(_letters, self._changes.forget(count)))
        self._signatures.forget(count)


def _seq_of(version: Version) -> int:
    return version.seq


def _letters(ops: Ops) -> int:
    return sum([len(op) for op in ops if isinstance(op, str)])


class _Stretches:
    """A list of changes, and the changes from a place in it to its end as one (cached).

    Of all but the latest only the operations are kept. They are all that a change is made of, and
    nothing that the garbage collector looks through again and again: a change with what it knows of
    itself is four such objects, and of each edit two changes stay for long.
    """

    __slots__ = ("_composed", "_fresh", "_ops")

    def __init__(self) -> None:
        self._ops: list[Ops] = []
        self._fresh: deque[Change] = deque(maxlen=_FRESH)  # the last of them
        self._composed: dict[int, tuple[int, Change]] = {}  # from index: up to index, composed

    def append(self, change: Change) -> None:
        self._ops.append(change.ops)
        self._fresh.append(change)

    def after(self, index: int) -> Change:
        """The changes from ``index`` on, composed; there must be one at least."""
        end = len(self._ops)
        if end - index == 1:
            return self._fresh[-1]
        done, change = self._composed.pop(index, (index, None))
        if done < end:
            rest = self._compose(done, end)
            change = rest if change is None else change.compose(rest)
        assert change is not None
        self._composed[index] = (end, change)
        if len(self._composed) > _CACHED:
            del self._composed[next(iter(self._composed))]  # the one unused for longest
        return change

    def between(self, first: int, last: int) -> Change:
        """The changes from index ``first`` up to and without ``last``, composed."""
        if first == last:
            return Change.keep(self._change(first).before)
        return self._compose(first, last)

    def cut(self, count: int) -> list[Ops]:
        """Drop all but the oldest ``count`` changes and return their operations."""
        gone = self._ops[count:]
        del self._ops[count:]
        self._refresh()
        self._composed = {
            index: (end, change) for index, (end, change) in self._composed.items() if end <= count
        }
        return gone

    def forget(self, count: int) -> list[Ops]:
        """Drop the oldest ``count`` changes and return their operations."""
        gone = self._ops[:count]
        del self._ops[:count]
        self._refresh()
        self._composed = {
            index - count: (end - count, change)
            for index, (end, change) in self._composed.items()
            if index >= count
        }
        return gone

    def _refresh(self) -> None:
        self._fresh = deque(map(Change, self._ops[-_FRESH:]), _FRESH)

    def _change(self, index: int) -> Change:
        back = len(self._ops) - index
        return self._fresh[-back] if back <= len(self._fresh) else Change(self._ops[index])

    def _compose(self, start: int, end: int) -> Change:
        """Compose in halves, so that many small changes cost n log n and not n squared."""
        if end - start == 1:
            return self._change(start)
        middle = (start + end) // 2
        return self._compose(start, middle).compose(self._compose(middle, end))
