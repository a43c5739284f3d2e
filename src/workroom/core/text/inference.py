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
from dataclasses import dataclass
from typing import Final, NamedTuple

from workroom.core.text.additions import restoring, without_deletions
from workroom.core.text.alignment import Allowance
from workroom.core.text.change import Change
from workroom.core.text.diff import diff
from workroom.core.text.mirror import Mirror
from workroom.core.text.pricing import deletions, least, retyped, within, work
from workroom.core.text.rebase import Rebased, rebase, signed
from workroom.core.text.words import in_word

# Prices, in letters typed, of what speaks against a base beside the work (see ``pricing``).
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

DELAY: Final = 0.5
DELAY_AT_MOST: Final = 2.0
GAPS: Final = 5
"""How long a page waits before it saves what was typed: the shortest of the last ``GAPS`` gaps
between its saves, up to so many seconds. Before that many, at most ``DELAY``."""
LATE: Final = 8.0
LATE_GUESSED: Final = 3.0
IN_TIME: Final = 0.8
"""A version that came while the page was waiting to save (the last 0.8 of that time: links vary):
pages do not put a text over what is not saved. Less while that time is a guess."""
KEYSTROKES: Final = 0.25
"""A shorter gap is that between two keys, of a page that saves each: it does not wait."""

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
DOUBT: Final = 5.0
"""Readings of a save that differ by less are as good as each other: then text is kept."""
STUBBORN_AFTER: Final = 0.3
"""Seconds that a newer version must have lain there before a save tells if the client takes it."""
STUBBORN_STEP: Final = 0.25
"""Weight of the latest observation in that moving average."""
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

    @property
    def is_own(self) -> bool:
        """Whether it is the client's own last text, and not a version sent."""
        return self.bridge is not None


class Reading(NamedTuple):
    """One way to understand a save."""

    price: float
    age: float
    """Less for a newer base."""
    base: Candidate
    change: Change
    retypes: bool
    """Whether words would have been typed again that the client has had."""


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

    Call ``sent`` when the head is sent, ``arrived`` when a pong comes in, ``save`` for a save and
    ``accepted`` after its commit, all in the order in which things happen on the connection.
    """

    def __init__(self, mirror: Mirror, author: str, *, has_pongs: bool = True) -> None:
        self._mirror = mirror
        self._author = author
        self._has_pongs = has_pongs
        self._versions: deque[Candidate] = deque()
        self._sent = 0
        self._arrived = self._arrived_before = -1  # numbers: now, and before the last save
        self._arrived_at: dict[int, float] = {}
        self._round_trip = 0.0
        self._own: Candidate | None = None
        self._caret: int | None = None
        self._saved_at = float("-inf")
        self._word_open = False
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._stubborn = 0.5  # share of saves that kept the own text although a newer one was there

    @property
    def own(self) -> Candidate | None:
        """The client's own last text; None before its first save."""
        return self._own

    @property
    def settled(self) -> bool:
        """Whether all that was sent to this client had arrived before its last save."""
        return self._arrived_before == self._sent - 1

    @property
    def round_trip(self) -> float:
        """Seconds from sending the latest version that has arrived to its pong; 0 before one."""
        return self._round_trip

    def sent(self, now: float) -> int:
        """The head is sent to the client now. The pong that proves its arrival says this number."""
        mirror = self._mirror
        number, self._sent = self._sent, self._sent + 1
        self._versions.append(Candidate(mirror.text, mirror.authors, mirror.seq, number, now))
        while len(self._versions) > 1 and self._is_spare(self._versions[1], now):
            self._versions.popleft()
        return self._sent

    def _is_spare(self, following: Candidate, now: float) -> bool:
        """Whether the version before ``following`` can go."""
        old = following.sent_at < now - KEPT_FOR and following.number <= self._arrived
        return old or len(self._versions) > KEPT_VERSIONS

    def arrived(self, count: int, now: float) -> None:
        """The first ``count`` versions sent had arrived before whatever is read from now on."""
        for number in range(self._arrived + 1, min(count, self._sent)):
            self._arrived_at[number] = now
            self._arrived = number
        latest = [version for version in self._versions if version.number == count - 1]
        if latest:
            self._round_trip = now - latest[0].sent_at

    def versions(self, seq: int) -> list[Candidate]:
        """What a client can mean by this number: the version sent with it, or its own save."""
        known = [*self._versions, *self._own_text()]
        return [candidate for candidate in known if candidate.seq == seq]

    def save(
        self, text: str, caret: int | None, now: float, *, base_seq: int | None = None
    ) -> Saved:
        """Work out what the client changed, and rebase it on the head. Changes nothing here yet.

        ``text`` is clean, ``caret`` in its code points. ``base_seq`` ends the guessing when that
        version is known.
        """
        return self.save_from([] if base_seq is None else self.versions(base_seq), text, caret, now)

    def save_from(self, bases: list[Candidate], text: str, caret: int | None, now: float) -> Saved:
        """``save``, when the base is one of ``bases``; none of them, to infer it."""
        told = [base for base in bases if self._mirror.reaches(base.seq)]
        readings = self._readings(told or self._candidates(), text, caret, now)
        reading, doubtful = (readings[0], False) if told else self._likeliest(readings)
        base, mine = reading.base, reading.change
        refused = not told and (doubtful or self._is_unproven_deletion(base, mine))
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
            self._mirror.seq,
            base.number,
            saved.at,
            saved.bridge,
            saved.bridge_authors,
        )
        while self._versions and self._versions[0].number < base.number:
            self._versions.popleft()
        for number in [number for number in self._arrived_at if number < base.number]:
            del self._arrived_at[number]
        self._arrived_before = self._arrived
        self._caret = saved.caret
        if self._saved_at != float("-inf"):
            self._gaps.append(saved.at - self._saved_at)
        self._saved_at = saved.at
        self._word_open = _is_in_word(saved.text, saved.caret)

    # ---- inference ---------------------------------------------------------------------------

    def _readings(
        self, bases: list[Candidate], text: str, caret: int | None, now: float
    ) -> list[Reading]:
        """What the client can have done, the cheapest first, and no dearer ones than in doubt.

        Evidence and lengths cost nothing to look at, comparing texts does: what they alone make
        dearer than the best that was found is not compared.
        """
        seen = self._seen()
        searched, compared = Allowance(SEARCHED), Allowance(COMPARED)
        found: list[Reading] = []
        limit = float("inf")
        for at_least, evidence, base in sorted(
            [self._bound(base, text, now) for base in bases], key=lambda each: each[0]
        ):
            if at_least > limit or len(found) >= READINGS:
                break
            if not compared.take(len(base.text)) and len(found) >= READINGS_AT_LEAST:
                break
            change = diff(base.text, text, caret)
            price = evidence + self._work(base, change, text, caret, now)
            again = retyped(change, base.text, seen, searched) if price <= limit else 0.0
            price += again
            found.append(Reading(price, base.is_own / 2 - base.seq, base, change, again > 0))
            limit = min(limit, price + (DOUBT if self._has_pongs else 0.0))
            if len(change.ops) > REWRITTEN:
                break
        return sorted([each for each in found if each.price <= limit], key=lambda each: each[:2])

    def _bound(self, base: Candidate, text: str, now: float) -> tuple[float, float, Candidate]:
        """The least that a reading can come to, what evidence there is against it, and its base."""
        evidence = self._evidence(base, now)
        work = 0.0 if base.text == text else least(len(base.text), len(text))
        return evidence + work, evidence, base

    def _likeliest(self, readings: list[Reading]) -> tuple[Reading, bool]:
        """The reading to go by, and whether its deletions are in doubt.

        The same text can be made of two versions, by deleting different things. Of readings as
        good as each other the one counts that deletes nothing but what all of them delete.
        """
        best = readings[0]
        rivals = [each for each in readings[1:] if not each.retypes]
        gone = []
        for each in (best, *rivals):
            pieces = deletions(each.change, each.base.text)
            if pieces is None:
                return best, False
            gone.append(pieces)
        for reading, mine in zip((best, *rivals), gone, strict=True):
            if all(within(mine, other) for other in gone):
                return reading, False
        return best, True

    def _seen(self) -> list[str]:
        """The newest that the client has had: its own text, and the latest version to arrive."""
        arrived = [each.text for each in self._versions if each.number == self._arrived]
        return arrived + [own.text for own in self._own_text()]

    def _own_text(self) -> list[Candidate]:
        return [] if self._own is None else [self._own]

    def _candidates(self) -> list[Candidate]:
        """What the client can have written from, and can be followed to the head.

        Without any, the client counts as having had the head.
        """
        mirror = self._mirror
        found = [
            candidate
            for candidate in (*self._versions, *self._own_text())
            if mirror.reaches(candidate.seq) and not self._was_taken(candidate)
        ]
        return found or [
            Candidate(mirror.text, mirror.authors, mirror.seq, self._sent - 1, float("-inf"))
        ]

    def _was_taken(self, candidate: Candidate) -> bool:
        """Whether the client's own text descends from this version, which had arrived before.

        A client takes a version once; what looks like that text again is the own text with
        something deleted. (Else a lone writer's deletions could be taken for an old view.)
        """
        own = self._own
        if own is None or candidate.is_own or not self._has_pongs:
            return False
        return candidate.number == own.number <= self._arrived_before

    def _work(
        self, base: Candidate, change: Change, text: str, caret: int | None, now: float
    ) -> float:
        """What the client would have had to do."""
        if change.is_empty:
            return 0.0 if base.is_own and caret in (None, self._caret) else UNCHANGED
        return work(
            change,
            authors=base.authors,
            author=self._author,
            text=text,
            caret=caret,
            since_last=now - self._saved_at,
        )

    def _evidence(self, candidate: Candidate, now: float) -> float:
        """What speaks against a candidate, whatever the client did."""
        if candidate.is_own:
            return self._not_taken(now)
        own, number = self._own, candidate.number
        price = 0.0
        if own is not None and candidate.seq < own.seq:
            price += self._out_of_date(number)
        if self._has_pongs and number > self._arrived:
            return price + SUPERSEDED
        return price + self._idle(number + 1, now) + self._too_late(number, now)

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
        since = max(0.0, now - arrived_at - self._delay())
        return min(IDLE, IDLE_RATE * since) + min(LONG_IDLE, LONG_RATE * since)

    def _delay(self) -> float:
        """How long the page waits before it saves, as far as its saves tell."""
        at_most = DELAY_AT_MOST if len(self._gaps) == GAPS else DELAY
        return min([at_most, *self._gaps])

    def _too_late(self, number: int, now: float) -> float:
        """Against a version that arrived while the page was waiting to save."""
        since, delay = now - self._arrived_at.get(number, float("-inf")), self._delay()
        if delay < KEYSTROKES or since >= IN_TIME * delay:
            return 0.0
        return LATE if len(self._gaps) == GAPS else LATE_GUESSED

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
        since, authors = self._mirror.since(base.seq), self._mirror.authors_since(base.seq)
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

    def _is_unproven_deletion(self, base: Candidate, mine: Change) -> bool:
        """Whether much of what others wrote would go without a sign that the client had it."""
        if base.is_own or not self._has_pongs or base.number <= self._arrived:
            return False
        foreign = sum(
            deleted - base.authors.count(self._author, at, at + deleted)
            for at, deleted, _ in mine.hunks()
        )
        return foreign > FOREIGN_DELETION


def _is_in_word(text: str, caret: int | None) -> bool:
    """Whether a word may be unfinished at the caret."""
    return not caret or caret > len(text) or in_word(text[caret - 1])
