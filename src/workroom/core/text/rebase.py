"""Bring a change that was made on an older text up to date, word-safe.

Somebody changed ``base`` into their own text (``mine``) while others brought ``base`` to the head
(``since``). The merged text has both: what either side deleted of ``base`` is gone, what either
side inserted is there, whole. Laws (``tests/laws/test_rebase_laws.py``), for the result ``r``:

* ``r.change.apply(since.apply(base)) == r.bridge.apply(mine.apply(base))``, the merged text;
* ``r.change`` deletes only what ``base`` contained and ``mine`` deleted;
* every insertion of ``mine`` and of ``since`` is in the merged text in one piece, but that a blank
  may stand between two parts of one that different people wrote.

Authorship travels as a second change of the same shape: ``since_authors`` is ``since`` as it
applies to the author string beside the text (one author character per code point), so that its
insertions spell who wrote the insertions of ``since``. ``signed`` makes one for a single author.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from workroom.core.text.change import Builder, Change
from workroom.core.text.words import in_word
from workroom.core.values import value

ENDS_WORD: Final = ".,;:!?"
"""After these, as after a letter, a word that follows needs a blank."""


@value
class Rebased:
    """A change brought up to date."""

    change: Change
    """From the head to the merged text: the one change to commit."""
    bridge: Change
    """From the writer's own text to the merged text."""
    bridge_authors: Change
    """The same change of the author string beside the writer's text."""
    seams: tuple[int, ...]
    """Where, in the merged text, a blank was put between two words of different people.

    The blanks are part of ``change`` and ``bridge``; whoever commits ``change`` has written them,
    or has not deleted them.
    """


def signed(change: Change, author: str) -> Change:
    """``change`` as it applies to the author string: its insertions spell ``author``."""
    hunk = change.only_hunk
    if hunk is not None:
        return Change.one(change.before, hunk.at, hunk.deleted, author * len(hunk.inserted))
    return Change(tuple([author * len(op) if isinstance(op, str) else op for op in change.ops]))


def countersigned(authors: str, change: Change, author: str) -> str:
    """The author string ``authors`` after ``change``: what ``signed`` makes of it."""
    hunk = change.only_hunk
    if hunk is None:
        return signed(change, author).apply(authors)
    at, deleted, inserted = hunk
    return authors[:at] + author * len(inserted) + authors[at + deleted :]


def rebase(
    mine: Change,
    since: Change,
    *,
    base: str,
    base_authors: str,
    author: str,
    since_authors: Change,
    join: bool = False,
) -> Rebased:
    """Rebase ``mine`` (by ``author``, made on ``base``) over ``since`` (by others, or earlier).

    ``join`` says that the change goes on with a word that its author has just left unfinished: then
    two insertions of this author may touch. Raises ValueError when the changes do not fit ``base``.
    """
    if mine.before != len(base) or since.before != len(base):
        raise ValueError(f"both changes must apply to the base of {len(base)} code points")
    if since.is_empty:
        unchanged = Change.keep(mine.after)
        return Rebased(mine, unchanged, unchanged, ())
    if mine.is_empty:
        return Rebased(Change.keep(since.after), since, since_authors, ())
    apart = _apart(mine, since, since_authors)
    if apart is not None:
        return apart
    return _Weave(base, base_authors, author, join=join).run(mine, since, since_authors)


def _apart(mine: Change, since: Change, since_authors: Change) -> Rebased | None:
    """What the weave would give in the usual case, by arithmetic alone; None in any other.

    The case: ``mine`` changes one place, inside a stretch that ``since`` keeps, with a letter kept
    between it and whatever ``since`` changed. Then nothing of the two can touch.
    """
    hunk = mine.only_hunk
    if hunk is None or len(since.ops) != len(since_authors.ops):
        return None
    at, deleted, inserted = hunk
    end, last = at + deleted, len(since.ops) - 1
    here = head = 0  # positions reached in the base and at the head
    for index, op in enumerate(since.ops):
        if isinstance(op, str):
            head += len(op)
            continue
        stop = here + abs(op)
        if op > 0:
            free_left = here < at or (at == 0 and index == 0)
            if free_left and (end < stop or (end == stop and index == last)):
                size = op + len(inserted) - deleted
                bridge = _resized(since, index, size), _resized(since_authors, index, size)
                moved = Change.one(since.after, head + at - here, deleted, inserted)
                return Rebased(moved, *bridge, ())
            head += op
        if stop > at:
            return None
        here = stop
    return None


def _resized(change: Change, index: int, size: int) -> Change:
    return Change((*change.ops[:index], size, *change.ops[index + 1 :]))


class _Words(NamedTuple):
    """An insertion that came with ``since``, all by one author."""

    words: str
    author: str


class _Last(NamedTuple):
    """What the merged text ends with so far, and where that ends in the head and in ``mine``."""

    character: str
    in_head: int | None
    in_mine: int | None
    author: str | None
    """Who inserted it; None for letters of the base."""


_NOTHING: Final = _Last("", None, None, None)


class _Weave:
    """One pass over the base, writing the merged text from left to right."""

    def __init__(self, base: str, base_authors: str, author: str, *, join: bool) -> None:
        self._base = base
        self._base_authors = base_authors
        self._author = author
        self._join = join
        self._change, self._bridge, self._bridge_authors = Builder(), Builder(), Builder()
        self._at = self._head = self._mine = self._merged = 0  # positions reached in the four texts
        self._last = _NOTHING
        self._last_of_mine = ""  # the character of the writer's own text before this place
        self._dropped = self._dropped_authors = ""  # what ``mine`` deletes right here of the head
        self._seams: list[int] = []

    def run(self, mine: Change, since: Change, since_authors: Change) -> Rebased:
        own: Iterator[int | str] = iter(mine.ops)
        others = _by_author(since, since_authors)
        a, b = next(own, None), next(others, None)
        while a is not None or b is not None:
            if isinstance(b, _Words) and not (isinstance(a, str) and self._mine_first(a, b)):
                self._take_theirs(b)
                b = next(others, None)
            elif isinstance(a, str):
                self._take_mine(a)
                a = next(own, None)
            else:
                assert isinstance(a, int) and isinstance(b, int)  # both cover the whole base
                count = min(abs(a), abs(b))
                self._take_base(count, mine_keeps=a > 0, they_keep=b > 0)
                a = _rest(a, count) or next(own, None)
                b = _rest(b, count) or next(others, None)
        self._drop()
        return Rebased(
            self._change.change(),
            self._bridge.change(),
            self._bridge_authors.change(),
            tuple(self._seams),
        )

    def _take_theirs(self, piece: _Words) -> None:
        words, author = piece
        self._see(words[0], in_head=True, in_mine=False, author=author)
        self._drop()
        self._change.keep(len(words))
        self._bridge.insert(words)
        self._bridge_authors.insert(author * len(words))
        self._advance(words[-1], len(words), in_head=True, in_mine=False, author=author)

    def _take_mine(self, words: str) -> None:
        self._see(words[0], in_head=False, in_mine=True, author=self._author)
        self._drop()
        self._change.insert(words)
        self._bridge.keep(len(words))
        self._bridge_authors.keep(len(words))
        self._advance(words[-1], len(words), in_head=False, in_mine=True, author=self._author)

    def _take_base(self, count: int, *, mine_keeps: bool, they_keep: bool) -> None:
        start, self._at = self._at, self._at + count
        first, last = self._base[start], self._base[self._at - 1]
        if mine_keeps and they_keep:
            self._see(first, in_head=True, in_mine=True, author=None)
            self._drop()
            for build in (self._change, self._bridge, self._bridge_authors):
                build.keep(count)
            self._advance(last, count, in_head=True, in_mine=True, author=None)
        elif they_keep:
            self._dropped += self._base[start : self._at]
            self._dropped_authors += self._base_authors[start : self._at]
            self._head += count
        elif mine_keeps:
            self._bridge.delete(count)
            self._bridge_authors.delete(count)
            self._mine += count
            self._last_of_mine = last

    def _advance(
        self, last: str, count: int, *, in_head: bool, in_mine: bool, author: str | None
    ) -> None:
        self._merged += count
        if in_head:
            self._head += count
        if in_mine:
            self._mine += count
            self._last_of_mine = last
        self._last = _Last(
            last, self._head if in_head else None, self._mine if in_mine else None, author
        )

    def _see(self, first: str, *, in_head: bool, in_mine: bool, author: str | None) -> None:
        """Before a piece that begins with ``first``: put a blank if it would be glued to a word."""
        before = self._last
        if (in_head and before.in_head == self._head) or (in_mine and before.in_mine == self._mine):
            return  # they touch in one of the parents already
        if not in_word(first) or not (in_word(before.character or " ") or self._after_mark()):
            return
        if before.author is not None and before.author == author:
            continues = in_mine and self._last_of_mine != "" and in_word(self._last_of_mine)
            if self._join or continues:
                return
        self._seams.append(self._merged)
        self._bridge.insert(" ")
        self._bridge_authors.insert(self._put_blank())
        self._merged += 1

    def _put_blank(self) -> str:
        """A blank here: rather one that ``mine`` deletes than a new one. Its author.

        A blank in place of a blank would say that the words beside it were moved.
        """
        at = self._dropped.rfind(" ")
        if at < 0:
            self._change.insert(" ")
            return self._author
        author = self._dropped_authors[at]
        self._change.delete(at)
        self._change.keep(1)
        self._dropped = self._dropped[at + 1 :]
        self._dropped_authors = self._dropped_authors[at + 1 :]
        return author

    def _drop(self) -> None:
        """Delete what ``mine`` deletes of the head right here."""
        self._change.delete(len(self._dropped))
        self._dropped = self._dropped_authors = ""

    def _after_mark(self) -> bool:
        return self._last.character != "" and self._last.character in ENDS_WORD

    def _mine_first(self, mine: str, theirs: _Words) -> bool:
        """Which of two insertions at one place comes first."""
        words = theirs.words
        glued_theirs_first = _glues(words[-1], mine[0])
        glued_mine_first = _glues(mine[-1], words[0])
        last = self._last
        if last.character and in_word(last.character):
            glued_theirs_first += in_word(words[0]) and last.in_head != self._head
            glued_mine_first += in_word(mine[0]) and last.in_mine != self._mine
        if glued_theirs_first != glued_mine_first:
            return glued_mine_first < glued_theirs_first
        if theirs.author == self._author:
            return False  # after what the same writer has inserted before
        after_own = self._at > 0 and self._base_authors[self._at - 1] == self._author
        previous = self._last_of_mine
        goes_on = previous != "" and in_word(previous) and not in_word(words[0])
        return after_own or (goes_on and (in_word(mine[0]) or mine[0] in ENDS_WORD))


def _glues(left: str, right: str) -> int:
    return int(in_word(left) and in_word(right))


def _rest(op: int, count: int) -> int:
    """What is left of an operation of which ``count`` code points are done; 0 when it is done."""
    return op - count if op > 0 else op + count


def _by_author(since: Change, since_authors: Change) -> Iterator[int | _Words]:
    """The operations of ``since``, with insertions cut where their author changes."""
    for op, authors in zip(since.ops, since_authors.ops, strict=True):
        if not isinstance(op, str):
            yield op
            continue
        assert isinstance(authors, str) and len(authors) == len(op)
        if authors.count(authors[0]) == len(authors):
            yield _Words(op, authors[0])
            continue
        at = 0
        for author, run in groupby(authors):
            count = len(list(run))
            yield _Words(op[at : at + count], author)
            at += count
