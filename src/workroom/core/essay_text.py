"""The text of one essay on this node: the Yjs text, and its mirror for everybody else.

A whole-text save is merged in three steps: find the version it was written from (its base), work
out what the client changed relative to that base, and rebase that change over what came after.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from workroom.core.entries import TextEdited
from workroom.core.text import Change, Mirror, YText, diff, rebase, signed
from workroom.ids import UserId


@dataclass(frozen=True, slots=True)
class Base:
    """A version of the text that a client has, or may have.

    ``bridge`` leads from ``text`` to the head as it was at ``seq``. None: ``text`` *was* the head
    at ``seq``. A client's own last save is a branch: its text never was the head, if others wrote
    too.
    """

    text: str
    authors: str
    seq: int
    bridge: Change | None = None
    bridge_authors: Change | None = None
    """The same change of ``authors``; None together with ``bridge``."""


class Merge(NamedTuple):
    """What a save comes to."""

    change: Change
    """From the head to the merged text: the one change to commit."""
    own: Base
    """The text that the client sent, as a branch off the merged text."""


class EssayText:
    """The head of the text. Every change of it goes through ``commit``."""

    __slots__ = ("_mirror", "_ytext")

    def __init__(self, ytext: YText, mirror: Mirror) -> None:
        self._ytext = ytext
        self._mirror = mirror

    @property
    def text(self) -> str:
        """The head, as JSON clients see it."""
        return self._mirror.text

    def head(self) -> Base:
        """The head as a base for somebody who is sent it now."""
        return Base(self._mirror.text, self._mirror.authors, self._mirror.seq)

    def to_head(self, base: Base) -> Change | None:
        """The change from ``base`` to the head; None when the mirror no longer reaches so far."""
        since = self._mirror.since(base.seq)
        if since is None or base.bridge is None:
            return since
        return base.bridge.compose(since)

    def merge(self, base: Base, content: str, caret: int | None, author: UserId, seq: int) -> Merge:
        """Rebase what the client changed since ``base`` over what came after it.

        ``caret`` is in code points of ``content``. ``seq`` is the number that the change will have.
        A base that the mirror cannot follow any more counts as if the client had the head.
        """
        to_head, authors_to_head = self.to_head(base), self._authors_to_head(base)
        if to_head is None or authors_to_head is None:
            return self.merge(self.head(), content, caret, author, seq)
        mark = author_mark(author)
        mine = diff(base.text, content, caret)
        rebased = rebase(
            mine,
            to_head,
            base=base.text,
            base_authors=base.authors,
            author=mark,
            since_authors=authors_to_head,
        )
        authors = signed(mine, mark).apply(base.authors)
        own_seq = self._mirror.seq if rebased.change.is_empty else seq
        own = Base(content, authors, own_seq, rebased.bridge, rebased.bridge_authors)
        return Merge(rebased.change, own)

    def _authors_to_head(self, base: Base) -> Change | None:
        since = self._mirror.authors_since(base.seq)
        if since is None or base.bridge_authors is None:
            return since
        return base.bridge_authors.compose(since)

    def commit(self, change: Change, seq: int, author: UserId) -> TextEdited:
        """Make ``change`` at the head, and say what the log has to hold of it."""
        update = self._ytext.edit(change)
        self._mirror.commit(seq, change, author_mark(author))
        return TextEdited(change, update)

    def state(self) -> bytes:
        """The whole Yjs state, for a checkpoint."""
        return self._ytext.state()

    def close(self) -> None:
        """Let go of the Yjs document."""
        self._ytext.close()


def author_mark(user_id: UserId) -> str:
    """One character that stands for a user in the mirror's record of who wrote what.

    Two users share a mark only when their ids differ by a multiple of the range; the mark decides
    ties, never rights.
    """
    return chr(0x100 + user_id % 0xD000)


def work_from(base: Base, content: str, caret: int | None, author: UserId) -> int:
    """How much this author would have done to get from ``base`` to ``content``, in letters.

    Deleting what others wrote counts twice: one mostly deletes one's own.
    """
    mark, work = author_mark(author), 0
    for at, deleted, inserted in diff(base.text, content, caret).hunks():
        own = base.authors.count(mark, at, at + deleted)
        work += len(inserted) + own + 2 * (deleted - own)
    return work


def continues(base: Base, content: str, caret: int | None) -> bool:
    """Whether ``content`` is ``base`` with something typed or deleted at the caret, and no more."""
    if caret is None:
        return False
    hunks = tuple(islice(diff(base.text, content, caret).hunks(), 2))
    return len(hunks) == 1 and hunks[0].at + len(hunks[0].inserted) == caret
