"""Texts of an essay, and what brings a change of one over to another.

The server's own rules for that are used, word-safe; they are loaded when they are needed first,
because hardly any program needs them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Version:
    """A text of an essay, and the number under which the server knows it."""

    text: str
    seq: int
    connection: int = field(default=-1, compare=False, repr=False)
    """Which of a client's connections knows it; -1: none."""
    root: int = field(default=0, compare=False, repr=False)
    """The number of the text of the server that it is made of, which is its own unless saved."""


def merged(base: str, mine: str, theirs: str) -> str:
    """What ``mine`` changed in ``base``, carried over to what others made of ``base``."""
    if base == theirs:
        return mine
    from workroom.core.text import diff, rebase, signed

    change, since = diff(base, mine), diff(base, theirs)
    rebased = rebase(
        change,
        since,
        base=base,
        base_authors=_BEFORE * len(base),
        author=_ME,
        since_authors=signed(since, _THEM),
    )
    return rebased.change.apply(theirs)


def moved(old: str, new: str, start: int, end: int) -> tuple[int, int]:
    """Where a range of ``old`` is in ``new``, in characters; it does not grow at its edges."""
    if old == new:
        return start, end
    from workroom.core.text import Side, diff

    change = diff(old, new)
    first = change.map(start, Side.AFTER)
    return first, max(first, change.map(end, Side.BEFORE))


_BEFORE, _ME, _THEM = "\0", "\1", "\2"
"""Whom letters are by, as ``rebase`` wants to know it."""
