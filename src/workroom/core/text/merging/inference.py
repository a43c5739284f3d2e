"""Find out from which version a whole text was written.

A plain client says what its text is now, and not what it wrote from. One ``Reader`` for each such
connection keeps what the client can have had: the versions sent to it, and its own last text, which
is a branch of its own until the client takes a newer one. For a save it prices how much the client
would have had to do from each of them, and takes the cheapest.

What these texts are is in ``candidates``; what speaks for and against each of them is kept by
``Evidence``.

A wrong guess cannot lose what others wrote and the client never had in its base: only what the base
contained can be deleted. Times are seconds, of any clock that does not go back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workroom.core.text.alignment import Allowance
from workroom.core.text.change import Change, Hunk, Side
from workroom.core.text.diff import diff
from workroom.core.text.merging.additions import restoring, unmoved, without_deletions
from workroom.core.text.merging.candidates import Candidate, grown, regrown
from workroom.core.text.merging.evidence import MIXED, MIXES, UNMIXED, Evidence
from workroom.core.text.merging.pricing import LONG_WORD, retyped, undone, work
from workroom.core.text.merging.readings import (
    DOUBT,
    Reading,
    bound,
    likeliest,
    takes_along,
    with_oldest,
)
from workroom.core.text.merging.slips import Slip, carried, place_in_head
from workroom.core.text.merging.wholeness import spared, whole
from workroom.core.text.rebase import Rebased, countersigned, rebase, signed
from workroom.core.text.words import in_word
from workroom.core.values import value

UNCHANGED: Final = 6.0
"""A save that changes nothing: clients save because something was typed. (Deleting one's last word
makes an older version again, and must not be taken for no change of that.)"""
JOIN_WITHIN: Final = 1.5
JOIN_LETTERS: Final = 3
"""Seconds in which letters go on with a word that the same person has left unfinished, and how many
letters at once: more are a word of their own, typed on a version without the unfinished one."""
TYPED_ON: Final = 8
"""Letters put in at one place of the own text that leave no doubt about the base."""
FOREIGN_DELETION: Final = 200
"""Letters of others that a save may delete without proof that the client had them."""

READINGS: Final = 32
READINGS_AT_LEAST: Final = 3
COMPARED: Final = 500_000
SEARCHED: Final = 2_000_000
"""Bounds of the work for one save: how many versions are compared with it, how many letters these
have (but three are compared in any case), and how many letters are searched for words."""
REWRITTEN: Final = 400
"""Most operations of a change after which further versions are looked at: no version explains a
text that is another one all over, and each look is dear."""


@value
class Saved:
    """What a save comes to. Commit ``change``, if not empty, then tell ``Reader.accepted``."""

    text: str
    """What the client sent."""
    caret: int | None
    at: float
    base: Candidate
    inferred: bool
    """Whether the base was guessed: worth a mark in the history when others' text is deleted."""
    sure: bool
    """Whether no other text that the client can have had explains the save as well."""
    foreign: int
    """How many letters that others wrote the client deleted from the base."""
    additions_only: bool
    """Whether deletions were left out: the client must be sent the text."""
    mixes: bool | None
    """Whether its page puts what it has written into what it gets; None when that does not show."""
    change: Change
    """From the head to the merged text."""
    bridge: Change
    """From the client's text to the merged text."""
    bridge_authors: Change
    authors: str
    """Who wrote each letter of the client's text."""
    root: int
    """The ``seq`` of the version that the client's text goes back to; what it named, if it did."""
    slip: Slip | None
    """What of the client's text was typed after its caret had slipped."""

    def mapped(self, position: int | None) -> int | None:
        """Where a position in the client's text is in the merged text."""
        return None if position is None else self.bridge.map(position, Side.BEFORE)


class Reader(Evidence):
    """What the server knows about one plain connection to one essay.

    Call ``sent`` when a version is sent, ``arrived`` when a pong comes in, ``save`` for a save and
    ``accepted`` after its commit, all in the order in which things happen on the connection.
    """

    def save(
        self, text: str, caret: int | None, now: float, *, base_seq: int | None = None
    ) -> Saved:
        """Work out what the client changed, and rebase it on the head. Changes nothing here yet.

        ``text`` is clean, ``caret`` in its code points. ``base_seq`` ends the guessing when that
        version is known (see ``versions``).
        """
        return self.save_from([] if base_seq is None else self.versions(base_seq), text, caret, now)

    def save_from(self, bases: list[Candidate], text: str, caret: int | None, now: float) -> Saved:
        """``save``, when the base is one of ``bases``; none of them, to infer it."""
        if not bases and self._slip is None and (typed := self._typed_on(text, caret)) is not None:
            return self._saved_on(*typed, text, caret, now)
        return self._saved_from(bases, text, caret, now)

    def _saved_from(
        self, bases: list[Candidate], text: str, caret: int | None, now: float
    ) -> Saved:
        told = [self._followed(base) for base in self._meant(bases, text)] if bases else []
        base, mine, doubtful, sure = self._understood(told, text, caret, now)
        foreign = self._foreign(base, mine)
        unproven = foreign > FOREIGN_DELETION and not self._is_proven(base)
        refused = not told and (doubtful or unproven)
        made = unmoved(mine, base.text) if base.is_mixed else mine
        made = without_deletions(mine, base.text) if refused else made
        slip, place = (None, None) if refused else self._slips(base, mine, now)
        if place is None:
            since = self._since(base)
            deleting, made = made, spared(made, *since, base.text, self._author)
            foreign = foreign if made is deleting else self._foreign(base, made)
            merged = self._rebase(base, made, since, join=self._goes_on(mine, now))
        else:
            merged = carried(base, mine, place, self._author, self.mirror)
        bridge, bridge_authors = merged.bridge, merged.bridge_authors
        if made is not mine and not refused:
            authors = signed(made, self._author).apply(base.authors)
            there, there_authors = grown(text, made.apply(base.text), authors)
            bridge = there.compose(bridge)
            bridge_authors = there_authors.compose(bridge_authors)
        if refused:
            bridge = restoring(mine, made, base.text).compose(bridge)
            signature = signed(made, self._author)
            bridge_authors = restoring(mine, signature, base.authors).compose(bridge_authors)
        return Saved(
            text=text,
            caret=caret,
            at=now,
            base=base,
            inferred=not told,
            sure=sure,
            mixes=self._mixes(base, mine, text, told=bool(told)),
            foreign=foreign,
            additions_only=refused,
            change=merged.change,
            bridge=bridge,
            bridge_authors=bridge_authors,
            authors=countersigned(base.authors, mine, self._author),
            root=_root(base, bases),
            slip=slip,
        )

    def _saved_on(
        self, own: Candidate, mine: Change, text: str, caret: int | None, now: float
    ) -> Saved:
        """What ``_saved_from`` comes to where a little was typed on, as with nearly all saves."""
        merged = self._rebase(own, mine, self._since(own), join=self._goes_on(mine, now))
        return Saved(
            text=text,
            caret=caret,
            at=now,
            base=own,
            inferred=True,
            sure=True,
            foreign=0,
            additions_only=False,
            mixes=None,
            change=merged.change,
            bridge=merged.bridge,
            bridge_authors=merged.bridge_authors,
            authors=countersigned(own.authors, mine, self._author),
            root=own.root,
            slip=None,
        )

    def _mixes(self, base: Candidate, mine: Change, text: str, *, told: bool) -> bool | None:
        if base.is_mixed and takes_along(mine, base, self._author):
            return None
        shows = self._shows_mixing(base, text)
        # Own words in what was taken for a text without them say that the guess was wrong, no more.
        # They say nothing either where a version that has them may have been taken.
        if shows and not (base.is_mixed and (told or not self._has_own_back)):
            return None
        return shows

    def accepted(self, saved: Saved) -> None:
        """The change of ``saved`` is committed (or empty), and the mirror is at the merged text."""
        base, mirror = saved.base, self.mirror
        own = Candidate(
            saved.text,
            saved.authors,
            mirror.seq,
            base.number,
            saved.at,
            saved.bridge,
            saved.bridge_authors,
            saved.root,
        )
        self._wrote(own, saved.base, saved.change, saved.at, sure=saved.sure, mixes=saved.mixes)
        self._caret, self._slip = saved.caret, saved.slip
        self._word_open = _is_in_word(saved.text, saved.caret)

    # ---- inference ---------------------------------------------------------------------------

    def _meant(self, bases: list[Candidate], text: str) -> list[Candidate]:
        """Those that a client can mean, that has said which version its text comes from.

        A version that met its saves on the way lacks what they brought. Some pages put that into
        it: then it is there, or it was before that they do. Where nothing of their own is known, a
        text without any of it was not made of it: the same person may have written that elsewhere.
        """
        put_in = [base for base in bases if base.is_mixed]
        if not put_in:
            return bases
        shows = self._shows_mixing(put_in[0], text)
        elsewhere = shows is False and self._own is None
        merges = shows or (self._mixing >= MIXES and not elsewhere)
        return [base for base in bases if base.is_own or base.is_mixed == merges]

    def _understood(
        self, told: list[Candidate], text: str, caret: int | None, now: float
    ) -> tuple[Candidate, Change, bool, bool]:
        """The base, what was changed of it, and two doubts.

        Whether deletions are in doubt, and whether nothing else can have been the base.
        """
        if not told and (typed_on := self._typed_on(text, caret)) is not None:
            return *typed_on, False, True
        if told:
            # Of two that go by one number, it is rather the version that was sent.
            two = len(told) > 1 and not self._inherited
            named = [(DOUBT if base.is_own and two else 0.0, base) for base in told]
            reading = self._readings(named, text, caret, now)[0]
            return reading.base, reading.change, False, True
        weighed = [(self._evidence(base, now), base) for base in self._candidates()]
        readings = self._readings(weighed, text, caret, now)
        reading, doubtful = likeliest(readings)
        return *self._with_ends(reading, text, caret), doubtful, len(readings) == 1

    def _with_ends(
        self, reading: Reading, text: str, caret: int | None
    ) -> tuple[Candidate, Change]:
        """The base of a reading and its change: the whole of the passages that are deleted.

        A version that met the end of such a passage on the way lacks that.
        """
        _, _, base, change, _ = reading
        if base.bridge is None and any(hunk.deleted for hunk in change.hunks()):
            for put_in in self._mixed(base):
                whole_change = diff(put_in.text, text, caret)
                if takes_along(whole_change, put_in, self._author):
                    return put_in, whole_change
        return base, change

    def _typed_on(self, text: str, caret: int | None) -> tuple[Candidate, Change] | None:
        """The own text, when all there is to see is that a little was typed on in it.

        No version that the client had before can be nearer, and none has arrived since.
        """
        own = self._own
        if own is None or self._news or not self.mirror.reaches(own.seq):
            return None
        change = diff(own.text, text, caret)
        hunk = change.only_hunk
        if hunk is None or hunk.deleted or len(hunk.inserted) > TYPED_ON:
            return None
        if len(hunk.inserted) >= LONG_WORD and retyped(
            change, own.text, self._seen(), Allowance(SEARCHED)
        ):
            return None  # a version that it had not taken yet had that word
        return own, change

    def _readings(
        self, bases: list[tuple[float, Candidate]], text: str, caret: int | None, now: float
    ) -> list[Reading]:
        """What the client can have done, the cheapest first, and no dearer ones than in doubt.

        Beside each base stands what speaks against it, whatever the client did.
        Evidence and lengths cost nothing to look at, comparing texts does: what they alone make
        dearer than the best that was found is not compared.
        """
        seen = self._seen()
        searched, compared = Allowance(SEARCHED), Allowance(COMPARED)
        found: list[Reading] = []
        mixed = {base.number for _, base in bases if base.is_mixed}
        limit = float("inf")
        for at_least, evidence, base in sorted(
            [bound(*base, text) for base in bases], key=lambda each: each[0]
        ):
            if at_least > limit or len(found) >= READINGS:
                break
            if not compared.take(len(base.text)) and len(found) >= READINGS_AT_LEAST:
                break
            change = diff(base.text, text, caret)
            price = evidence + self._work(base, change, text, caret, now)
            if base.bridge is None and base.number in mixed:
                price += UNMIXED * self._mixing
            again = retyped(change, base.text, seen, searched) if price <= limit else 0.0
            if base.bridge is None and base.number in mixed:
                again *= 2  # what one has just written oneself, still less
            price += again
            found.append(Reading(price, base.is_own / 2 - base.seq, base, change, again > 0))
            limit = min(limit, price + DOUBT)
            if len(change.ops) > REWRITTEN:
                break
        found = sorted([each for each in found if each.price <= limit], key=lambda each: each[:2])
        return with_oldest(found)

    def _seen(self) -> list[str]:
        """The newest that the client has had: its own text, and the latest version to arrive."""
        arrived = [each.text for each in self._versions if each.number == self._arrived]
        return arrived + [own.text for own in self._own_text()]

    def _candidates(self) -> list[Candidate]:
        """What the client can have written from, and can be followed to the head.

        Its own text always can, however long ago that was. Without any, the client counts as
        having had the head.
        """
        found = [
            candidate
            for candidate in self._sent_and_mixed()
            if self.mirror.reaches(candidate.seq) and not self._was_taken(candidate)
        ]
        found += map(self._followed, self._own_text())
        return found or [Candidate(*self.mirror.head(), self._sent, float("-inf"))]

    def _followed(self, base: Candidate) -> Candidate:
        """A base that can be followed to the head."""
        return base if self.mirror.reaches(base.seq) else regrown(base, self.mirror)

    def _sent_and_mixed(self) -> Iterator[Candidate]:
        versions = self._sent_versions()
        yield from versions
        for version in [each for each in versions if each.number <= self._arrived][-MIXED:]:
            yield from self._mixed(version)

    def _work(
        self, base: Candidate, change: Change, text: str, caret: int | None, now: float
    ) -> float:
        """What the client would have had to do."""
        if change.is_empty:
            return 0.0 if base.is_own and caret in (None, self._caret) else UNCHANGED
        back = undone(change, base.text, base.undo) if base.undo is not None else 0.0
        if base.is_mixed and (made := unmoved(change, base.text)) != change:
            there = made.apply(base.text)
            caret = None if caret is None else diff(text, there).map(caret, Side.BEFORE)
            change, text = made, there
        return UNMIXED * (1 - self._mixing) * back + work(
            change,
            authors=base.authors,
            author=self._author,
            text=text,
            caret=caret,
            since_last=now - self._saved_at,
        )

    # ---- merging -----------------------------------------------------------------------------

    def _since(self, base: Candidate) -> tuple[Change, Change]:
        """What has become of a base up to the head, and the same of its authors."""
        since, authors = self.mirror.since(base.seq), self.mirror.authors_since(base.seq)
        assert since is not None and authors is not None  # else it would be no candidate
        if base.bridge is not None and base.bridge_authors is not None:
            since, authors = base.bridge.compose(since), base.bridge_authors.compose(authors)
        return since, authors

    def _rebase(
        self, base: Candidate, mine: Change, came: tuple[Change, Change], *, join: bool
    ) -> Rebased:
        since, authors = came
        return rebase(
            whole(mine, since, base.text),
            since,
            base=base.text,
            base_authors=base.authors,
            author=self._author,
            since_authors=authors,
            join=join,
        )

    def _slips(
        self, base: Candidate, mine: Change, now: float
    ) -> tuple[Slip, int] | tuple[None, None]:
        """What was typed with a caret that had slipped, and where in the head ``mine`` goes then.

        It slips when a text is put over letters just sent that does not have them yet, and who
        types goes on as far from the start as before; until the word is finished.
        """
        own, slip, hunk = self._own, self._slip, mine.only_hunk
        if own is None or hunk is None or self._caret is None or not self._word_open:
            return None, None
        start, end = hunk.at, hunk.at + hunk.deleted
        if base.is_own:
            if slip is None or not slip.holds(start, end) or not _is_of_one_word(hunk):
                return None, None
        elif (
            base.is_mixed
            or not self._crossed(base)
            or not self._goes_on(mine, now)
            or start != min(self._caret, len(base.text))
        ):
            return None, None
        else:
            start = end = self._caret
        place = place_in_head(own, slip, start, end, self.mirror)
        if place is None:
            return None, None
        whole = slip if base.is_own else None
        if whole is None or place_in_head(own, whole, *whole[:2], self.mirror) is None:
            # Of a word that somebody else has put letters into, only this much is where it was.
            whole = Slip(hunk.at, hunk.at + hunk.deleted, place)
        return whole.after(hunk, place), place

    def _goes_on(self, mine: Change, now: float) -> bool:
        """Whether the client goes on with the word that it left unfinished a moment ago."""
        hunk = mine.only_hunk
        return (
            hunk is not None
            and not hunk.deleted
            and len(hunk.inserted) <= JOIN_LETTERS
            and _is_of_one_word(hunk)
            and self._word_open
            and now - self._saved_at < JOIN_WITHIN
        )

    def _foreign(self, base: Candidate, mine: Change) -> int:
        """How many letters that others wrote a change of ``base`` deletes."""
        gone = [(at, deleted) for at, deleted, _ in mine.hunks() if deleted]
        own = [base.authors.count(self._author, at, at + deleted) for at, deleted in gone]
        return sum([deleted for _, deleted in gone]) - sum(own)


def _root(base: Candidate, named: list[Candidate]) -> int:
    """The ``seq`` of the version that a text written from ``base`` goes back to.

    Where two texts go by the number that the client named, it will name that again.
    """
    sent = [each for each in (base, *named) if each.bridge is None]
    return sent[0].seq if sent else base.root


def _is_of_one_word(hunk: Hunk) -> bool:
    """Whether what is inserted are letters of one word, which may end with it."""
    return not any(map(str.isspace, hunk.inserted.rstrip()))


def _is_in_word(text: str, caret: int | None) -> bool:
    """Whether a word may be unfinished at the caret."""
    return not caret or caret > len(text) or in_word(text[caret - 1])
