"""The text of one essay on this node: the Yjs text, and its mirror for everybody else.

A whole-text save is merged in three steps: find the version it was written from (its base), work
out what the client changed relative to that base, and rebase that change over what came after (see
``text/inference.py``). What that comes to is committed here.
"""

from __future__ import annotations

from typing import Final

from workroom.core.entries import TextEdited
from workroom.core.limits import RoomRules
from workroom.core.text import (
    EMPTY_UPDATE,
    Candidate,
    Change,
    Hunk,
    Mirror,
    Past,
    TooLaborious,
    TooManyPieces,
    UpdateAhead,
    Version,
    YText,
    edges,
    meetings,
    mending,
    seams,
    utf16_length,
)
from workroom.errors import InvalidMessage, TooLarge
from workroom.ids import UserId

MOST_UPDATES: Final = 1024
"""Updates of other nodes that are kept one by one; a node that only follows takes no checkpoint."""


class EssayText:
    """The head of the text. Every change of it goes through ``commit``.

    The Yjs document is made of its past when it is first needed: who only reads does without, and
    of 100,000 letters put in anywhere it is nine tenths of what loading takes.
    """

    __slots__ = ("_made", "_mirror", "_past")

    def __init__(self, mirror: Mirror, past: Past) -> None:
        """``past`` is how the document of the text in the mirror came to be."""
        self._mirror = mirror
        self._past = past
        self._made: YText | None = None

    @classmethod
    def of(cls, ytext: YText, mirror: Mirror) -> EssayText:
        """The text of this document, and its mirror."""
        text = cls(mirror, Past(mirror.seq, ytext.state(), client_id=ytext.client_id))
        text._made = ytext
        return text

    @property
    def _ytext(self) -> YText:
        """The document. Raises RuntimeError when it is not that of the text."""
        if self._made is None:
            made = self._stored()
            if made.text != self.text:
                made.close()
                raise RuntimeError("the stored document is not that of the text")
            self._made = made
        return self._made

    def _stored(self) -> YText:
        try:
            return self._past.document()
        except ValueError as error:
            raise RuntimeError("the stored document cannot be read") from error

    def make(self) -> None:
        """Have the document ready. Raises RuntimeError when it is not that of the text."""
        self._ytext.state_vector()

    @property
    def mirror(self) -> Mirror:
        """The head as JSON clients see it, and how it came to be."""
        return self._mirror

    @property
    def text(self) -> str:
        """The head, as JSON clients see it."""
        return self._mirror.text

    @property
    def seq(self) -> int:
        """The number of the latest change."""
        return self._mirror.seq

    def head(self) -> Version:
        """The head, for somebody who is sent it now."""
        return self._mirror.head()

    def to_head(self, base: Candidate | Version) -> Change | None:
        """The change from ``base`` to the head; None when the mirror no longer reaches so far."""
        since = self._mirror.since(base.seq)
        bridge = base.bridge if isinstance(base, Candidate) else None
        return since if since is None or bridge is None else bridge.compose(since)

    def first_change_since(self, seq: int) -> int:
        """Where in the head the first place is that changed after ``seq``; 0 when forgotten."""
        since = self._mirror.since(seq)
        if since is None:
            return 0
        hunks = since.hunks()
        return hunks[0].at if hunks else len(self.text)

    def commit(self, change: Change, seq: int, author: UserId) -> TextEdited:
        """Make ``change`` at the head, and say what the log has to hold of it.

        A stored document that is not that of the text is written anew, with the change in it: what
        copies of it there are come to this text as well.
        """
        ytext = self._stored() if self._made is None else self._made
        if self._made is None and ytext.text != self.text:
            size = len(ytext.text)
            update = ytext.edit(Change.of(size, [(0, size, change.apply(self.text))]))
        else:
            update = ytext.edit(change)
        self._made = ytext
        self._note(change, update, seq, author, ytext.text)  # one string for both of them
        return TextEdited(change, update)

    def follow(self, fact: TextEdited, seq: int, author: UserId) -> None:
        """Take what another node stored as the entry ``seq``, right behind what is here.

        Raises RuntimeError when it does not come to what that node says: read the text anew then.
        """
        try:
            if self._made is not None:
                self._made.apply(fact.update)
            self._note(fact.change, fact.update, seq, author)
        except ValueError as error:
            raise RuntimeError("an entry does not fit the text") from error
        if self._made is not None and self._made.text != self._mirror.text:
            raise RuntimeError("an entry makes another text than it says")
        if len(self._past) > MOST_UPDATES:
            self._past.reached(seq, self._ytext.state())

    def take_back(self, seq: int) -> None:
        """Make the text what the entry ``seq`` left it: nothing after that was stored.

        Raises LookupError when that is too long ago.
        """
        if self._mirror.seq > seq:
            self._mirror.take_back(seq)
            self._past.take_back(seq)
            self.close()
        elif self._made is not None and self._made.broken:
            self.close()

    def _note(
        self, change: Change, update: bytes, seq: int, author: UserId, text: str | None = None
    ) -> None:
        self._mirror.commit(seq, change, author_mark(author), text)
        self._past.add(seq, update)

    def receive(
        self, update: bytes, seq: int, author: UserId, rules: RoomRules
    ) -> list[TextEdited]:
        """Take a replica's update; what the log has to hold of it, from entry ``seq`` on.

        That is nothing when all of it was known, and a second edit where it brought letters that no
        essay holds, or glued two words. Raises UpdateAhead, TooLarge and InvalidMessage; nothing
        was changed then.
        """
        self._require_fits(update, rules)
        ytext = self._ytext
        try:
            change, done = ytext.receive(update, rules.processor_time)
        except UpdateAhead:
            raise
        except (TooManyPieces, TooLaborious) as error:
            self.take_back(self.seq)
            raise TooLarge(str(error), field="update") from None
        except ValueError as error:
            self.take_back(self.seq)
            raise InvalidMessage(str(error), field="update") from None
        if done == EMPTY_UPDATE:
            return []
        before = self._mirror.head()
        self._note(change, done, seq, author, ytext.text)
        facts = [TextEdited(change, done)]
        if change.is_empty:
            return facts
        cure = self._cure(change, done, before, author_mark(author))
        return facts if cure is None else [*facts, self.commit(cure, seq + 1, author)]

    def _cure(self, change: Change, update: bytes, before: Version, author: str) -> Change | None:
        """What an editor's change calls for: blanks between words, and none but allowed letters."""
        blanks = self._blanks(change, update, before, author)
        cleaned = mending(self.text if blanks is None else blanks.apply(self.text))
        if blanks is None or cleaned is None:
            return blanks or cleaned
        return blanks.compose(cleaned)

    def _blanks(self, change: Change, update: bytes, before: Version, author: str) -> Change | None:
        """The blanks that are missing where the editor did not know what it wrote beside."""
        places = seams(change, before.text, before.authors, author)
        met = edges(change, before.text, before.authors, author)
        if met:
            places += meetings(met, self.text, self._ytext.state(), update)
        blanks = [Hunk(at, 0, " ") for at in sorted(set(places))]
        return Change.of(len(self.text), blanks) if blanks else None

    def _require_fits(self, update: bytes, rules: RoomRules) -> None:
        """Raise TooLarge when the text would be: what was applied could not be taken back."""
        most_units = rules.essay_units
        # An update holds one byte at least for each unit that it inserts.
        if 2 * len(self.text) + len(update) <= most_units:
            return
        if utf16_length(self.text) + len(update) <= most_units:
            return
        # By the same id, so that it takes whatever the document takes.
        copy = YText(self._ytext.state(), client_id=self._ytext.client_id)
        try:
            copy.receive(update, rules.processor_time)
            units = utf16_length(copy.text)
        except TooLaborious as error:
            # Measured again it may be less, and nobody would have counted what it makes.
            raise TooLarge(str(error), field="update") from None
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
        state = self._ytext.state()
        self._past.reached(self._mirror.seq, state)
        return state

    def close(self) -> None:
        """Let go of the Yjs document, which is made again when it is needed."""
        if self._made is not None:
            self._made.close()
            self._made = None


def author_mark(user_id: UserId) -> str:
    """One character that stands for a user in the mirror's record of who wrote what.

    Two users share a mark only when their ids differ by a multiple of the range; the mark decides
    ties, never rights.
    """
    return chr(0x100 + user_id % 0xD000)
