"""Changes: immutable edits of a text, with an algebra.

Positions and lengths count code points. With ``a: x -> y`` meaning that change ``a`` turns text
``x`` into text ``y``, these laws hold (``tests/laws/test_change_laws.py``):

* ``a.compose(b).apply(x) == b.apply(a.apply(x))`` and ``compose`` is associative;
* ``a.invert(x).apply(a.apply(x)) == x``;
* ``a.map`` never swaps two positions, and ``map(p, BEFORE) <= map(p, AFTER)``;
* ``Change.decode(a.encode()) == a``;
* two changes that keep the same letters and give the same text are equal (one normal form).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple


class Side(IntEnum):
    """Which neighbour a position belongs to when text is inserted right at it."""

    BEFORE = -1
    AFTER = 1


class Hunk(NamedTuple):
    """One place of a change: at ``at`` of the old text some letters go, and ``inserted`` comes."""

    at: int
    deleted: int
    inserted: str


_OPS_OF_ONE: Final = 4
"""Most operations of a change of one place: what is kept before it, in, out, and kept behind it."""


class Builder:
    """Collects operations from left to right into the normal form of a change."""

    __slots__ = ("_deleted", "_inserted", "_ops")

    def __init__(self) -> None:
        self._ops: list[int | str] = []
        self._inserted: list[str] = []
        self._deleted = 0

    def keep(self, count: int) -> None:
        """Leave the next ``count`` code points as they are."""
        if not count:
            return
        if self._inserted or self._deleted:
            self._close_hunk()
        elif self._ops:
            # Whatever closes a hunk is followed by a keep, so the last operation is one.
            self._ops[-1] += count  # type: ignore[operator]
            return
        self._ops.append(count)

    def insert(self, words: str) -> None:
        """Add ``words`` here."""
        if words:
            self._inserted.append(words)

    def delete(self, count: int) -> None:
        """Drop the next ``count`` code points."""
        self._deleted += count

    def change(self) -> Change:
        """The change collected so far."""
        if self._inserted or self._deleted:
            self._close_hunk()
        return Change(tuple(self._ops))

    def _close_hunk(self) -> None:
        if self._inserted:
            self._ops.append("".join(self._inserted))
            self._inserted = []
        if self._deleted:
            self._ops.append(-self._deleted)
            self._deleted = 0


@dataclass(slots=True, unsafe_hash=True)  # a ``value``, but for what it notes of itself
class Change:
    """An edit of a text of exactly ``before`` code points.

    ``ops`` covers that text from left to right: a positive number keeps as many code points, a
    negative one deletes them, a string is inserted. It is in normal form: no operation is empty, no
    two neighbours could be one, and at one place the insertion comes before the deletion. Build
    changes with ``of``, ``keep``, ``decode`` or a ``Builder``, which see to that.
    """

    ops: tuple[int | str, ...]
    _hunks: tuple[Hunk, ...] | None = field(default=None, init=False, compare=False, repr=False)
    """What ``hunks`` gave: a save asks for those of its change a dozen times."""
    _before: int = field(default=0, init=False, compare=False, repr=False)
    """What ``before`` gives, once ``_hunks`` are there."""

    @classmethod
    def keep(cls, length: int) -> Change:
        """The change that leaves a text of ``length`` code points as it is."""
        return cls((length,) if length else ())

    @classmethod
    def of(cls, length: int, hunks: Iterable[Hunk | tuple[int, int, str]]) -> Change:
        """The change of a text of ``length`` code points at the places given, in ascending order.

        Raises ValueError when they overlap, are not sorted or lie outside of the text.
        """
        build = Builder()
        done = 0
        for at, deleted, inserted in hunks:
            if at < done or deleted < 0 or at + deleted > length:
                raise ValueError(f"hunk at {at} (deletes {deleted}) does not fit: {done}..{length}")
            build.keep(at - done)
            build.insert(inserted)
            build.delete(deleted)
            done = at + deleted
        build.keep(length - done)
        return build.change()

    @classmethod
    def one(cls, length: int, at: int, deleted: int, inserted: str) -> Change:
        """``of`` for one place, which is what people do: written out, for speed.

        Raises ValueError when it lies outside of the text.
        """
        left = length - at - deleted
        if at < 0 or deleted < 0 or left < 0:
            raise ValueError(f"hunk at {at} (deletes {deleted}) does not fit: 0..{length}")
        if not inserted and not deleted:
            return cls.keep(length)
        change = cls(tuple([op for op in (at, inserted, -deleted, left) if op]))
        change._hunks, change._before = (Hunk(at, deleted, inserted),), length
        return change

    @property
    def before(self) -> int:
        """Length of the text that this change applies to."""
        if self._hunks is None:
            self.hunks()
        return self._before

    @property
    def after(self) -> int:
        """Length of the text that this change leads to."""
        grown = [len(inserted) - deleted for _, deleted, inserted in self.hunks()]
        return self._before + sum(grown)

    @property
    def is_empty(self) -> bool:
        """Whether the text stays as it is."""
        return len(self.ops) < 2 and not self.hunks()

    @property
    def only_hunk(self) -> Hunk | None:
        """The place that changes, when there is one and no more, as there is while people type."""
        hunks = self._hunks
        if hunks is None:
            if len(self.ops) > _OPS_OF_ONE:
                return None  # without a look at each of what may be thousands
            hunks = self.hunks()
        return hunks[0] if len(hunks) == 1 else None

    def hunks(self) -> tuple[Hunk, ...]:
        """The places that change, from left to right; a kept letter lies between any two."""
        if self._hunks is not None:
            return self._hunks
        hunks: list[Hunk] = []
        at = 0
        inserted = ""
        for op in self.ops:
            if isinstance(op, str):
                inserted = op
            elif op < 0:
                hunks.append(Hunk(at, -op, inserted))
                inserted = ""
                at -= op
            else:
                if inserted:
                    hunks.append(Hunk(at, 0, inserted))
                    inserted = ""
                at += op
        if inserted:
            hunks.append(Hunk(at, 0, inserted))
        found = tuple(hunks)
        self._before = at  # first: another thread that finds the hunks relies on it
        self._hunks = found
        return found

    def apply(self, text: str) -> str:
        """The text after this change. Raises ValueError when ``text`` has another length."""
        hunks = self._hunks or self.hunks()
        if self._before != len(text):
            raise ValueError(f"a change of {self._before} code points cannot apply to {len(text)}")
        if len(hunks) == 1:  # as there is while people type
            at, deleted, inserted = hunks[0]
            return text[:at] + inserted + text[at + deleted :]
        pieces: list[str] = []
        done = 0
        for at, deleted, inserted in hunks:
            pieces += text[done:at], inserted
            done = at + deleted
        pieces.append(text[done:])
        return "".join(pieces)

    def compose(self, later: Change) -> Change:
        """This change and then ``later``, as one. Raises ValueError when they do not fit."""
        if len(self.ops) < 2 and self.is_empty and self.before == later.before:
            return later
        if len(later.ops) < 2 and later.is_empty and self.after == later.before:
            return self
        return _grown(self, later) or _compose(self, later)

    def invert(self, text_before: str) -> Change:
        """The change that undoes this one; ``text_before`` is the text that this one applies to."""
        if self.before != len(text_before):
            raise ValueError(f"a change of {self.before} code points, not of {len(text_before)}")
        build = Builder()
        at = 0
        for op in self.ops:
            if isinstance(op, str):
                build.delete(len(op))
            elif op > 0:
                build.keep(op)
                at += op
            else:
                build.insert(text_before[at : at - op])
                at -= op
        return build.change()

    def map(self, position: int, side: Side) -> int:
        """Where ``position`` of the old text is in the new one.

        Text inserted right at it goes to its right for ``BEFORE`` and to its left for ``AFTER``. A
        position whose text was replaced goes to that edge of the replacement; one that stood at an
        edge of the replaced text stays at this edge. Raises ValueError outside of the text.
        """
        at = shift = 0
        for hunk in self.hunks():
            at, deleted, inserted = hunk
            if position < at or (position == at and (deleted or side < 0)):
                break
            if position < at + deleted:
                return at + shift + (len(inserted) if side > 0 else 0)
            shift += len(inserted) - deleted
        if not 0 <= position <= self.before:
            raise ValueError(f"position {position} is outside of a text of {self.before}")
        return position + shift

    def encode(self) -> list[int | str]:
        """The form in the durable log: the operations as a list of numbers and strings."""
        return list(self.ops)

    @classmethod
    def decode(cls, raw: object) -> Change:
        """Read what ``encode`` wrote. Raises ValueError for anything else."""
        if not isinstance(raw, list | tuple):
            raise ValueError("a change is a list of numbers and strings")
        build = Builder()
        for op in raw:
            if isinstance(op, str):
                build.insert(op)
            elif isinstance(op, bool) or not isinstance(op, int):
                raise ValueError(f"a change has no operation {op!r}")
            elif op > 0:
                build.keep(op)
            else:
                build.delete(-op)
        change = build.change()
        if change.ops != tuple(raw):
            raise ValueError("the operations of this change are not in normal form")
        return change


def _grown(first: Change, later: Change) -> Change | None:
    """``_compose`` for the usual case, that ``later`` types within one piece of ``first``.

    Or at the end of the text. None for any other. Whoever saves is brought up to date with one
    keystroke of others by this.
    """
    hunk = later.only_hunk
    if hunk is None or hunk.deleted:
        return None
    left, _, typed = hunk
    found, at = -1, 0
    pieces: tuple[int | str, ...] = ()
    for index, op in enumerate(first.ops):
        start = at
        if isinstance(op, str):
            at += len(op)
            if start <= left <= at and found < 0:
                found, pieces = index, (op[: left - start] + typed + op[left - start :],)
        elif op > 0:
            at += op
            if start < left < at:
                found, pieces = index, (left - start, typed, at - left)
    if at != later.before:
        return None
    if found < 0:
        last = first.ops[-1] if left == at and first.ops else ""
        return Change((*first.ops, typed)) if isinstance(last, int) and last > 0 else None
    return Change((*first.ops[:found], *pieces, *first.ops[found + 1 :]))


def _compose(first: Change, later: Change) -> Change:
    """Walk along the text between the two: what ``first`` leaves is what ``later`` consumes."""
    build = Builder()
    pieces = iter(first.ops)
    piece: int | str | None = next(pieces, None)
    used = 0  # code points of an inserted piece that ``later`` has consumed
    for op in later.ops:
        if isinstance(op, str):
            build.insert(op)
            continue
        wanted = abs(op)
        while wanted:
            if piece is None:
                raise ValueError("the later change is for a longer text")
            if isinstance(piece, str):
                taken = min(len(piece) - used, wanted)
                if op > 0:
                    build.insert(piece[used : used + taken])
                used += taken
                if used == len(piece):
                    piece, used = next(pieces, None), 0
            elif piece < 0:
                build.delete(-piece)
                piece = next(pieces, None)
                continue
            else:
                taken = min(piece, wanted)
                (build.keep if op > 0 else build.delete)(taken)
                piece = piece - taken or next(pieces, None)
            wanted -= taken
    while piece is not None:
        if isinstance(piece, str) or piece > 0:
            raise ValueError("the later change is for a shorter text")
        build.delete(-piece)
        piece = next(pieces, None)
    return build.change()
