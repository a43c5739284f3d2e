"""The text of one essay on this node: the Yjs text, and its mirror for everybody else.

A whole-text save is merged in three steps: find the version it was written from (its base), work
out what the client changed relative to that base, and rebase that change over what came after.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from workroom.core.entries import TextEdited
from workroom.core.text import (
    EMPTY_UPDATE,
    Change,
    Mirror,
    TooManyPieces,
    UpdateAhead,
    YText,
    diff,
    mending,
    rebase,
    signed,
    utf16_length,
)
from workroom.errors import InvalidMessage, TooLarge
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

    @property
    def seq(self) -> int:
        """The number of the latest change."""
        return self._mirror.seq

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

    def receive(self, update: bytes, seq: int, author: UserId, most_units: int) -> list[TextEdited]:
        """Take a replica's update; what the log has to hold of it, from entry ``seq`` on.

        That is nothing when all of it was known, and a second edit where it brought letters that no
        essay holds. Raises UpdateAhead, TooLarge and InvalidMessage; nothing was changed then.
        """
        self._require_fits(update, most_units)
        try:
            change, done = self._ytext.receive(update)
        except UpdateAhead:
            raise
        except TooManyPieces as error:
            raise TooLarge(str(error), field="update") from None
        except ValueError as error:
            if self._ytext.broken:
                raise RuntimeError("an update broke the text") from error
            raise InvalidMessage(str(error), field="update") from None
        if done == EMPTY_UPDATE:
            return []
        self._mirror.commit(seq, change, author_mark(author))
        facts = [TextEdited(change, done)]
        if change.is_empty:
            return facts
        cure = mending(self.text)
        return facts if cure is None else [*facts, self.commit(cure, seq + 1, author)]

    def _require_fits(self, update: bytes, most_units: int) -> None:
        """Raise TooLarge when the text would be: what was applied could not be taken back."""
        # An update holds one byte at least for each unit that it inserts.
        if 2 * len(self.text) + len(update) <= most_units:
            return
        if utf16_length(self.text) + len(update) <= most_units:
            return
        copy = YText(self._ytext.state(), client_id=1)
        try:
            copy.receive(update)
            units = utf16_length(copy.text)
        except ValueError:
            return  # it will be refused for what it is
        finally:
            copy.close()
        if units > most_units:
            message = f"an essay holds at most {most_units} UTF-16 units, this would make {units}"
            raise TooLarge(message, field="update")

    def vector(self) -> bytes:
        """What this copy has, to ask a replica for the rest."""
        return self._ytext.state_vector()

    def lacking(self, vector: bytes) -> bytes:
        """What a replica with this state vector lacks. Raises ValueError when it is none."""
        return self._ytext.update_since(vector)

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
