"""What is typed where the caret slipped to, and where it belongs.

Many pages that put a text over letters just sent leave the caret as many letters from the start as
it stood before. That is another place of this text, often within a word, and whoever was typing
goes on there before they see it. Their letters belong to the word that they were typing.
"""

from __future__ import annotations

from typing import NamedTuple

from workroom.core.text.change import Change, Hunk, Side
from workroom.core.text.merging.candidates import Candidate
from workroom.core.text.mirror import Mirror
from workroom.core.text.rebase import Rebased, signed


class Slip(NamedTuple):
    """A stretch of a client's own text that was typed after its caret had slipped."""

    start: int
    end: int
    place: int
    """Where it begins in the head that has it."""

    def holds(self, start: int, end: int) -> bool:
        """Whether a stretch of the own text lies in it, its edges included."""
        return self.start <= start and end <= self.end

    def after(self, hunk: Hunk, place: int) -> Slip:
        """The same once ``hunk``, which it holds, is at ``place`` of the head."""
        end = self.end + len(hunk.inserted) - hunk.deleted
        return Slip(self.start, end, place - (hunk.at - self.start))


def place_in_head(
    own: Candidate, slip: Slip | None, start: int, end: int, head: Mirror
) -> int | None:
    """Where a stretch of the own text begins in the head; None when it is not there, in one piece.

    ``slip``: that of the own text, if there is one.
    """
    since = head.since(own.seq)
    if since is None or own.bridge is None:
        return None
    if slip is not None and slip.holds(start, end):
        first, last = (slip.place + at - slip.start for at in (start, end))
    else:
        first, last = (own.bridge.map(at, Side.BEFORE) for at in (start, end))
    first, last = since.map(first, Side.BEFORE), since.map(last, Side.BEFORE)
    return first if last - first == end - start else None


def carried(base: Candidate, mine: Change, place: int, author: str, head: Mirror) -> Rebased:
    """What ``mine`` changes at its one place of ``base``, done at ``place`` of the head."""
    hunk = mine.only_hunk
    since, since_authors = head.since(base.seq), head.authors_since(base.seq)
    assert hunk is not None and since is not None and since_authors is not None
    if base.bridge is not None and base.bridge_authors is not None:
        since, since_authors = (
            base.bridge.compose(since),
            base.bridge_authors.compose(since_authors),
        )
    change = Change.one(since.after, place, hunk.deleted, hunk.inserted)
    back, back_authors = mine.invert(base.text), signed(mine, author).invert(base.authors)
    bridge = back.compose(since).compose(change)
    bridge_authors = back_authors.compose(since_authors).compose(signed(change, author))
    return Rebased(change, bridge, bridge_authors, ())
