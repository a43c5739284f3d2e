"""Find out from which version a whole text was written.

A plain client says what its text is now, and not what it wrote from. One ``Reader`` for each such
connection keeps what the client can have had: the versions sent to it, and its own last text, which
is a branch of its own until the client takes a newer one. For a save it prices how much the client
would have had to do from each of them, and takes the cheapest.

Two facts narrow the choice. Versions arrive in the order in which they were sent, so once a base is
accepted, older ones are out. And after each version the transport sends a ping, whose pong comes
back in order with the client's messages: it proves which versions had arrived before the save.

A wrong guess cannot lose what others wrote and the client never had in its base: only what the base
contained can be deleted. Times are seconds, of any clock that does not go back.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass
from itertools import islice
from typing import Final

from workroom.core.text.additions import restoring, without_deletions
from workroom.core.text.change import Change
from workroom.core.text.diff import diff
from workroom.core.text.mirror import Mirror, Version
from workroom.core.text.rebase import Rebased, rebase, signed
from workroom.core.text.words import in_word

# Prices, in letters typed. They were tuned on simulated clients with random delays.
PLACE: Final = 4.0
"""Each place that changed: people work at one place, a wrong base differs at several."""
AT_CARET: Final = 0.5
"""Factor for what changed at the caret: there the client has certainly worked."""
GESTURE: Final = 12
"""Most letters that a deletion at one place counts for: selecting more takes no more time."""
FOREIGN: Final = 2.0
"""Factor for deleting what others wrote: one mostly deletes one's own."""
UNCHANGED: Final = 6.0
"""A save that changes nothing: clients save because something was typed. (Deleting one's last word
makes an older version again, and must not be taken for no change of that.)"""
SUPERSEDED: Final = 30.0
"""A version that must have been replaced on the screen before the last save, or one that cannot
have arrived yet. Not infinite: a pong proves that a message came, not that a page took it."""
LAST_SEEN: Final = 15.0
"""The newest version that had arrived before the last save, and so is not news since then. Less for
a client that is known to take versions late."""
JUST_ARRIVED: Final = 0.2
"""Less too when that version had arrived only so many seconds before the last save: some pages save
first and take it then."""
BEHIND: Final = 1.5
"""Any other version from before the last save was merged in: the client mostly has its own text."""
UNPROVEN: Final = 3.0
"""The same where no pongs tell."""
IDLE: Final = 5.0
IDLE_RATE: Final = 10.0
"""A version under a newer one that has arrived: so much per second that the newer one has lain
there, at most ``IDLE``."""

LONG_IDLE: Final = 40.0
LONG_RATE: Final = 1.0
"""The same on top, over a longer time: what has stood there for long was seen. So others' words can
be deleted in the end, although that makes an older version again."""

TAKER: Final = 40.0
TAKER_BELOW: Final = 0.2
TAKEN_WITHIN: Final = 1.0
"""The own text of a client that has been seen to take what it gets (``_stubborn`` below so much),
so many seconds after it has got a newer one: by then it has taken that."""

JOIN_WITHIN: Final = 1.5
JOIN_LETTERS: Final = 3
"""Seconds in which letters go on with a word that the same person has left unfinished, and how many
letters at once: more are a word of their own, typed on a version without the unfinished one."""
TYPED_ON: Final = 8
"""Letters put in at one place of the own text that leave no doubt about the base."""
STUBBORN_AFTER: Final = 0.3
"""Seconds that a newer version must have lain there before a save tells if the client takes it."""
STUBBORN_STEP: Final = 0.25
"""Weight of the latest observation in that moving average."""
FOREIGN_DELETION: Final = 200
"""Letters of others that a save may delete without proof that the client had them."""

KEPT_VERSIONS: Final = 128
KEPT_FOR: Final = 30.0
"""Bounds of the versions kept: how many, and how many seconds after the next one was sent."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A text that the client can have written from."""

    text: str
    authors: str
    seq: int
    """The log's number of the head to which ``bridge`` leads (or which the text was)."""
    number: int
    """Which of the versions sent it is; for the client's own text the one that it descends from."""
    sent_at: float
    bridge: Change | None = None
    """From the text to the head at ``seq``; None for a version sent, which was the head."""
    bridge_authors: Change | None = None
    root: int = -1
    """Of the client's own text: the ``seq`` of the version that it descends from."""

    @property
    def is_own(self) -> bool:
        """Whether it is the client's own last text, and not a version sent."""
        return self.bridge is not None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save comes to. Commit ``change``, if not empty, then tell ``Reader.accepted``."""

    text: str
    """What the client sent."""
    caret: int | None
    at: float
    base: Candidate
    inferred: bool
    """Whether the base was guessed: worth a mark in the history when others' text is deleted."""
    foreign: int
    """How many letters that others wrote the client deleted from the base."""
    additions_only: bool
    """Whether deletions were left out: the client must be sent the text."""
    change: Change
    """From the head to the merged text."""
    bridge: Change
    """From the client's text to the merged text."""
    bridge_authors: Change
    authors: str
    """Who wrote each letter of the client's text."""


class Reader:
    """What the server knows about one plain connection to one essay.

    Call ``sent`` when a version is sent, ``arrived`` when a pong comes in, ``save`` for a save and
    ``accepted`` after its commit, all in the order in which things happen on the connection.
    """

    def __init__(self, mirror: Mirror, author: str, *, has_pongs: bool = True) -> None:
        self.mirror = mirror
        """The text; another one when the room was read back from the store."""
        self._author = author
        self._has_pongs = has_pongs
        self._versions: deque[Candidate] = deque()
        self._sent = 0
        self._arrived = self._arrived_before = -1  # numbers: now, and before the last save
        self._arrived_at: dict[int, float] = {}
        self._own: Candidate | None = None
        self._caret: int | None = None
        self._saved_at = float("-inf")
        self._word_open = False
        self._stubborn = 0.5  # share of saves that kept the own text although a newer one was there

    @property
    def own(self) -> Candidate | None:
        """The client's own last text; None before its first save."""
        return self._own

    @property
    def settled(self) -> bool:
        """Whether all that was sent to this client had arrived before its last save."""
        return self._arrived_before == self._sent - 1

    def sent(self, now: float, version: Version | None = None) -> int:
        """A version (the head) is sent to the client now.

        Returns how many were sent: ``arrived`` is told that number when a pong proves its arrival.
        """
        text, authors, seq = version or self.mirror.head()
        number, self._sent = self._sent, self._sent + 1
        self._versions.append(Candidate(text, authors, seq, number, now))
        while len(self._versions) > 1 and self._is_spare(self._versions[1], now):
            self._versions.popleft()
        return self._sent

    def _is_spare(self, following: Candidate, now: float) -> bool:
        """Whether the version before ``following`` can go."""
        old = following.sent_at < now - KEPT_FOR and following.number <= self._arrived
        return old or len(self._versions) > KEPT_VERSIONS

    def arrived(self, count: int, now: float | None) -> None:
        """The first ``count`` versions sent had arrived before whatever is read from now on.

        ``now`` None: they may have arrived, nobody has asked; neither is held against them.
        """
        for number in range(self._arrived + 1, min(count, self._sent)):
            self._arrived = number
            if now is not None:
                self._arrived_at[number] = now

    def versions(self, seq: int) -> list[Candidate]:
        """What a client can mean that says it wrote from version ``seq`` of the essay.

        It took that version, and may have saved since: then it goes on with its own text. Some say
        the number that their own last save was given instead.
        """
        own = self._own
        if own is not None and own.root == seq:
            return [own]
        number = self.mirror.number_at(seq)
        taken = next((v for v in reversed(self._versions) if v.seq == number), None)
        if taken is None and (past := self.mirror.version_at(seq)) is not None:
            taken = Candidate(*past, -1, float("-inf"))
        if taken is None:
            return []
        if own is None:
            return [taken]
        if own.root == taken.seq:
            return [own]
        return [taken, own] if own.seq == seq else [taken]

    def fall_back(self, own: Candidate | None) -> None:
        """The saves after ``own`` came to nothing: that is the client's own last text again."""
        self._own = own

    def successor(self) -> Reader:
        """For another connection of the same person, who goes on where this one was.

        What was under way may have arrived, or not: nothing can be held against either.
        """
        heir = copy(self)
        heir._versions = self._versions.copy()
        heir._arrived_at = self._arrived_at.copy()
        heir.arrived(self._sent, None)
        return heir

    def rest(self) -> None:
        """Let go of the versions sent: nothing was saved for long. The own text stays."""
        self._versions.clear()
        self._arrived_at.clear()
        self._arrived = self._arrived_before = self._sent - 1

    def latest(self) -> Candidate | None:
        """The text that the client most likely looks at now; None when it was sent nothing."""
        own = self._own
        for version in reversed(self._versions):
            if own is not None and version.number <= own.number:
                break
            if version.number <= self._arrived or own is None:
                return version
        return own

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
        told = [base for base in bases if self.mirror.reaches(base.seq)]
        chosen = None if told else self._typed_on(text, caret)
        base, mine = chosen or self._cheapest(
            (told, []) if told else self._candidates(), text, caret, now
        )
        foreign = self._foreign(base, mine)
        refused = foreign > FOREIGN_DELETION and not told and not self._is_proven(base)
        made = without_deletions(mine, base.text) if refused else mine
        merged = self._rebase(base, made, join=self._goes_on(mine, now))
        bridge, bridge_authors = merged.bridge, merged.bridge_authors
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
            foreign=foreign,
            additions_only=refused,
            change=merged.change,
            bridge=bridge,
            bridge_authors=bridge_authors,
            authors=signed(mine, self._author).apply(base.authors),
        )

    def accepted(self, saved: Saved) -> None:
        """The change of ``saved`` is committed (or empty), and the mirror is at the merged text."""
        base = saved.base
        self._notice_stubbornness(base, saved.at)
        self._own = Candidate(
            saved.text,
            saved.authors,
            self.mirror.seq,
            base.number,
            saved.at,
            saved.bridge,
            saved.bridge_authors,
            base.root if base.is_own else base.seq,
        )
        while self._versions and self._versions[0].number < base.number:
            self._versions.popleft()
        for number in [number for number in self._arrived_at if number < base.number]:
            del self._arrived_at[number]
        self._arrived_before = self._arrived
        self._caret = saved.caret
        self._saved_at = saved.at
        self._word_open = _is_in_word(saved.text, saved.caret)

    # ---- inference ---------------------------------------------------------------------------

    def _typed_on(self, text: str, caret: int | None) -> tuple[Candidate, Change] | None:
        """The own text, when all there is to see is that a little was typed on in it.

        No version that the client had before can be nearer, and none has arrived since.
        """
        own = self._own
        news = self._arrived if self._has_pongs else self._sent - 1
        if own is None or news > max(self._arrived_before, own.number):
            return None
        change = diff(own.text, text, caret)
        hunks = tuple(islice(change.hunks(), 2))
        if len(hunks) != 1 or hunks[0].deleted or len(hunks[0].inserted) > TYPED_ON:
            return None
        return own, change

    def _cheapest(
        self,
        groups: tuple[list[Candidate], list[Candidate]],
        text: str,
        caret: int | None,
        now: float,
    ) -> tuple[Candidate, Change]:
        """The cheapest candidate, and what the client changed of it; of equal ones the newest.

        The second group is looked at only when the first has nothing better to offer than what the
        evidence excludes. Without any candidate, the client counts as having had the head.
        """
        best: tuple[tuple[float, float], Candidate, Change] | None = None
        for group in groups:
            for candidate in group:
                change = diff(candidate.text, text, caret)
                price = self._price(candidate, change, caret, now)
                rank = (price, candidate.is_own / 2 - candidate.seq)
                if best is None or rank < best[0]:
                    best = (rank, candidate, change)
            if best is not None and best[0][0] <= SUPERSEDED:
                break
        if best is None:
            mirror = self.mirror
            head = Candidate(*mirror.head(), self._sent, now)
            return head, diff(head.text, text, caret)
        return best[1], best[2]

    def _own_text(self) -> list[Candidate]:
        return [] if self._own is None else [self._own]

    def _candidates(self) -> tuple[list[Candidate], list[Candidate]]:
        """Those that the evidence allows, and the rest; all that can be followed to the head."""
        likely: list[Candidate] = []
        others: list[Candidate] = []
        for candidate in (*self._versions, *self._own_text()):
            if not self.mirror.reaches(candidate.seq) or self._was_taken(candidate):
                continue
            proven = self._arrived_before <= candidate.number <= self._arrived
            allowed = candidate.is_own or proven or not self._has_pongs
            (likely if allowed else others).append(candidate)
        return likely, others

    def _was_taken(self, candidate: Candidate) -> bool:
        """Whether the client's own text descends from this version, which had arrived before.

        A client takes a version once; what looks like that text again is the own text with
        something deleted. (Else a lone writer's deletions could be taken for an old view.)
        """
        own = self._own
        if own is None or candidate.is_own or not self._has_pongs:
            return False
        return candidate.number == own.number <= self._arrived_before

    def _price(self, candidate: Candidate, change: Change, caret: int | None, now: float) -> float:
        """How much speaks against the candidate."""
        if change.is_empty:
            resent = candidate.is_own and caret in (None, self._caret)
            price = 0.0 if resent else UNCHANGED
        else:
            price = self._work(change, candidate.authors, caret)
        if candidate.is_own:
            return price + self._not_taken(now)
        own = self._own
        if own is not None and candidate.seq < own.seq:
            price += self._out_of_date(candidate.number)
        if self._has_pongs and candidate.number > self._arrived:
            return price + SUPERSEDED
        return price + self._idle(candidate.number + 1, now)

    def _work(self, change: Change, authors: str, caret: int | None) -> float:
        """What the client would have had to type and delete."""
        work = 0.0
        shift = 0
        for at, deleted, inserted in change.hunks():
            own = authors.count(self._author, at, at + deleted)
            gone = min(own, GESTURE) + FOREIGN * min(deleted - own, GESTURE)
            start = at + shift
            shift += len(inserted) - deleted
            at_caret = caret is not None and start <= caret <= start + len(inserted)
            work += PLACE + (len(inserted) + gone) * (AT_CARET if at_caret else 1.0)
        return work

    def _out_of_date(self, number: int) -> float:
        """Against a version from before the client's last save was merged in."""
        if not self._has_pongs:
            return UNPROVEN
        if number == self._arrived_before:
            lay = self._saved_at - self._arrived_at.get(number, float("-inf"))
            sure = (1 - self._stubborn) * min(1.0, lay / JUST_ARRIVED)
            return BEHIND + (LAST_SEEN - BEHIND) * sure
        return SUPERSEDED if number < self._arrived_before else BEHIND

    def _idle(self, number: int, now: float) -> float:
        """Against whatever version ``number`` was to replace: since when that has lain there."""
        arrived_at = self._arrived_at.get(number)
        if arrived_at is None:
            return 0.0
        since = now - arrived_at
        return min(IDLE, IDLE_RATE * since) + min(LONG_IDLE, LONG_RATE * since)

    def _not_taken(self, now: float) -> float:
        """Against the client's own text, when a newer version has arrived since."""
        number = self._arrived_before + 1
        price = (1 - self._stubborn) * self._idle(number, now)
        taker = max(0.0, 1 - self._stubborn / TAKER_BELOW)
        since = now - self._arrived_at.get(number, now)
        return price + TAKER * taker * min(1.0, max(0.0, since - TAKEN_WITHIN))

    def _notice_stubbornness(self, base: Candidate, now: float) -> None:
        """Learn whether this client takes what it gets while it types, or keeps its own text."""
        arrived_at = self._arrived_at.get(self._arrived_before + 1)
        if arrived_at is not None and now - arrived_at > STUBBORN_AFTER:
            self._stubborn += STUBBORN_STEP * (float(base.is_own) - self._stubborn)

    # ---- merging -----------------------------------------------------------------------------

    def _rebase(self, base: Candidate, mine: Change, *, join: bool) -> Rebased:
        since, authors = self.mirror.since(base.seq), self.mirror.authors_since(base.seq)
        assert since is not None and authors is not None  # else it would be no candidate
        if base.bridge is not None and base.bridge_authors is not None:
            since, authors = base.bridge.compose(since), base.bridge_authors.compose(authors)
        return rebase(
            mine,
            since,
            base=base.text,
            base_authors=base.authors,
            author=self._author,
            since_authors=authors,
            join=join,
        )

    def _goes_on(self, mine: Change, now: float) -> bool:
        """Whether the client goes on with the word that it left unfinished a moment ago."""
        hunks = list(mine.hunks())
        return (
            len(hunks) == 1
            and not hunks[0].deleted
            and len(hunks[0].inserted) <= JOIN_LETTERS
            and not any(map(str.isspace, hunks[0].inserted))
            and self._word_open
            and now - self._saved_at < JOIN_WITHIN
        )

    def _is_proven(self, base: Candidate) -> bool:
        """Whether there is a sign that the client had this text."""
        return base.is_own or not self._has_pongs or base.number <= self._arrived

    def _foreign(self, base: Candidate, mine: Change) -> int:
        """How many letters that others wrote a change of ``base`` deletes."""
        return sum(
            deleted - base.authors.count(self._author, at, at + deleted)
            for at, deleted, _ in mine.hunks()
        )


def _is_in_word(text: str, caret: int | None) -> bool:
    """Whether a word may be unfinished at the caret."""
    return not caret or caret > len(text) or in_word(text[caret - 1])
