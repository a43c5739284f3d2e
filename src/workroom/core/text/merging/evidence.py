"""What the server knows of the texts that a client has had, and what that says of its next save.

Two facts narrow the choice of a base. Versions arrive in the order in which they were sent, so once
a base is accepted, older ones are out. And after each version the transport sends a ping, whose
pong comes back in order with the client's messages: it proves which versions had arrived before the
save. Times are seconds, of any clock that does not go back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from copy import copy
from itertools import chain
from operator import attrgetter
from typing import Any, Final, NamedTuple, Self

from workroom.core.text.change import Change
from workroom.core.text.diff import diff
from workroom.core.text.merging.candidates import Candidate, Deletion, mixed
from workroom.core.text.merging.pricing import kept
from workroom.core.text.merging.slips import Slip
from workroom.core.text.mirror import Mirror, Version

# Prices, in letters typed, of what speaks against a base beside the work (see ``pricing``).
SUPERSEDED: Final = 30.0
"""A version that must have been replaced on the screen before the last save, or one that cannot
have arrived yet. Not infinite: a pong proves that a message came, not that a page took it."""
REPLACED_WITHIN: Final = 0.5
"""Less for a version that the next one had followed only so many seconds before the last save: the
network answers pings at once, and a busy page looks at what has come later."""
LAST_SEEN: Final = 15.0
"""The newest version that had arrived before the last save, and so is not news since then. Less for
a client that is known to take versions late."""
JUST_ARRIVED: Final = 0.2
"""Less too when that version had arrived only so many seconds before the last save: some pages save
first and take it then."""
BEHIND: Final = 1.5
"""Any other version from before the last save was merged in: the client mostly has its own text."""
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
STUBBORN_AFTER: Final = 0.3
"""Seconds that a newer version must have lain there before a save tells if the client takes it."""
STUBBORN_STEP: Final = 0.25
"""Weight of the latest observation in that moving average."""

UNMIXED: Final = 24.0
"""Something taken back that the client would have put into a version itself: it rather never did
that. As much against the version as it was sent, for a client that has been seen to do it."""
MIXES_AT_FIRST: Final = 0.05
MIXES_AT_MOST: Final = 0.95
"""How likely a client does it of which nothing is known; and the most that is believed of any."""
SHOWN: Final = 40.0
NOT_SHOWN: Final = 0.3
"""What becomes of the odds when words show it that only the client itself can have kept, and when
these are gone: pages do not change their ways, but people delete what they have just typed."""
MIXES: Final = 0.5
"""From here on, a client is taken to do it where a text does not show."""

KEPT_VERSIONS: Final = 128
KEPT_LETTERS: Final = 500_000
KEPT_FOR: Final = 30.0
"""Bounds of the versions kept: how many, how many letters they have (four are kept in any case; of
older ones the number is known, and the text can be made again), and how many seconds after the next
one was sent."""

DELETIONS: Final = 16
"""How many of a client's saves that deleted something are remembered. Where an older one counts,
which is on its way for long, words are kept."""
MIXED: Final = 4
"""How many of the versions that arrived last a client may have put its own changes into."""


class Faded(NamedTuple):
    """A version sent whose text is not kept; the fields are those of ``Candidate``."""

    seq: int
    number: int
    sent_at: float


_TOLD: Final = (
    *("_own", "_taken", "_inherited", "_saved_at", "_proven_before", "_caret", "_word_open"),
    *("_slip", "_gaps", "_deleted", "_mixing", "_stubborn"),
)
"""What a save tells, and what is told by none if the save comes to nothing."""
_told = attrgetter(*_TOLD)
_INHERITED: Final = _TOLD.index("_inherited")


class _Before(NamedTuple):
    """What was known before a save: to go back to if the store does not take that."""

    seq: int
    """The head with the save in it."""
    told: tuple[Any, ...]
    faded: list[Faded]
    dropped: list[Candidate]
    """Versions that the client no longer had when it saved."""
    arrived_at: dict[int, float]
    """When those had arrived."""

    def elsewhere(self) -> Self:
        """The same for another connection of that person."""
        told = (*self.told[:_INHERITED], True, *self.told[_INHERITED + 1 :])
        return self._replace(told=told)


class Evidence:
    """What a client was sent, what has arrived there, and what it wrote last."""

    def __init__(self, mirror: Mirror, author: str) -> None:
        """``author``: the one character that stands for the client's user (see ``Mirror``)."""
        self.mirror = mirror
        """The text; another one when the room was read back from the store."""
        self._author = author
        self._faded: deque[Faded] = deque()  # older than these:
        self._versions: deque[Candidate] = deque()
        self._sent = 0
        self._arrived = -1  # the newest version that may have arrived, by its number
        self._proven = self._proven_before = -1  # that has: now, and before the last save
        self._arrived_at: dict[int, float] = {}
        self.round_trip = 0.0
        """Seconds from sending the latest version that has arrived to its pong; 0 before one."""
        self._own: Candidate | None = None
        self._taken = False  # whether the version that the own text descends from had arrived
        self._saved_at = float("-inf")
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._inherited = False  # the own text was saved through another connection
        self._deleted: deque[Deletion] = deque(maxlen=DELETIONS)
        self._mixing = MIXES_AT_FIRST  # how likely it puts saves into versions that they crossed
        self._stubborn = 0.5  # share of saves that kept the own text although a newer one was there
        self._caret: int | None = None  # where it stood at the last save
        self._slip: Slip | None = None  # what of the own text was typed after that had slipped
        self._word_open = False  # whether a word may have been unfinished there
        self._before: deque[_Before] = deque()  # the saves that are not durable yet

    @property
    def own(self) -> Candidate | None:
        """The client's own last text; None before its first save."""
        return self._own

    def sent(self, now: float, version: Version | None = None) -> int:
        """A version (the head) is sent to the client now.

        Returns how many were sent: ``arrived`` is told that number when a pong proves its arrival.
        """
        text, authors, seq = version or self.mirror.head()
        number, self._sent = self._sent, self._sent + 1
        self._versions.append(Candidate(text, authors, seq, number, now))
        fit = _that_fit(text)
        while len(self._versions) > 1:
            following = self._versions[1]
            if following.sent_at < now - KEPT_FOR and following.number <= self._arrived:
                self._faded.clear()
                self._versions.popleft()
            elif len(self._versions) > fit:
                old = self._versions.popleft()
                self._faded.append(Faded(old.seq, old.number, old.sent_at))
            else:
                break
        while len(self._faded) + len(self._versions) > KEPT_VERSIONS:
            self._faded.popleft()
        return self._sent

    def was_sent(self, seq: int) -> bool:
        """Whether version ``seq`` is among those sent, as far as they are remembered."""
        sent: Iterable[Faded | Candidate] = chain(self._faded, self._versions)
        return any(version.seq == seq for version in sent)

    def _sent_versions(self) -> list[Candidate]:
        """The versions sent, as they followed each other.

        Of those that are faded, as many as may be kept have their texts again that arrived last: a
        link that gets stuck delivers many versions, and a save from before them, at once.
        """
        if not self._faded:
            return list(self._versions)
        arrived = [each for each in self._faded if each.number <= self._arrived]
        recalled = arrived[-_that_fit(self.mirror.text) :]
        # Who came back through another connection was sent some of them there, in another order.
        seqs = sorted({each.seq for each in recalled})
        found = dict(zip(seqs, self.mirror.versions_at(seqs), strict=True))
        again = [
            Candidate(*version, each.number, each.sent_at)
            for each in recalled
            if (version := found[each.seq]) is not None
        ]
        return [*again, *self._versions]

    def arrived(self, count: int, now: float | None, *, guessed: bool = False) -> None:
        """The first ``count`` versions sent had arrived before whatever is read from now on.

        ``now`` None: they may have arrived, nobody has asked; neither is held against them.
        ``guessed``: ``now`` is only when they will have; it tells nothing of the way there.
        """
        self._arrived = max(self._arrived, min(count, self._sent) - 1)
        if now is None:
            return
        for number in range(self._proven + 1, min(count, self._sent)):
            self._proven = number
            self._arrived_at[number] = now
        sent: Iterable[Faded | Candidate] = chain(self._faded, self._versions)
        latest = [version for version in sent if version.number == count - 1]
        if latest and not guessed:  # at once: the client has said itself that it has that
            self.round_trip = now - latest[0].sent_at or self.round_trip

    def versions(self, seq: int) -> list[Candidate]:
        """What a client can mean that says it wrote from version ``seq`` of the essay.

        It took that version, and may have saved since: then it goes on with its own text. Some say
        the number that their own last save was given instead. Of who has been away for so long that
        their text is forgotten, the words that they have put into the head since are known.
        """
        own = self._own
        if own is not None and own.root == seq and not self._inherited:
            return [own]
        number = self.mirror.number_at(seq)
        taken = next((v for v in reversed(self._sent_versions()) if v.seq == number), None)
        if taken is None and (past := self.mirror.version_at(seq)) is not None:
            taken = Candidate(*past, -1, float("-inf"))
        if taken is None:
            return []
        if own is None:
            made = mixed(taken, self.mirror, self._author, ())
            return [taken] if made is None else [taken, made]
        if own.root == taken.seq:
            return [taken, own] if self._inherited else [own]
        return [taken, *self._mixed(taken), *([own] if own.seq == seq else [])]

    def shown(self, seq: int) -> Candidate | None:
        """What stands on the screen of a client that took version ``seq``; None when forgotten.

        That, with its own saves since, or with those that it met on the way if the page keeps them.
        """
        bases = self.versions(seq)
        keeps = self._mixing >= MIXES
        return next((base for base in bases if base.is_own or base.is_mixed == keeps), None)

    def fall_back(self, own: Candidate) -> None:
        """That is the client's own last text after all; where its caret stood is forgotten."""
        self._own = own
        self._caret, self._word_open = None, False

    def durable(self, seq: int) -> None:
        """All saves up to the log's entry ``seq`` count for good."""
        while self._before and self._before[0].seq <= seq:
            self._before.popleft()

    def lost(self, seq: int) -> None:
        """The saves after the log's entry ``seq`` came to nothing, and so did what they told."""
        while self._before and self._before[-1].seq > seq:
            before = self._before.pop()
            for name, value in zip(_TOLD, before.told, strict=True):
                setattr(self, name, value)
            if self._faded:  # then what is older than those fades as well
                older = [Faded(each.seq, each.number, each.sent_at) for each in before.dropped]
                self._faded.extendleft(reversed([*before.faded, *older]))
            else:
                self._faded.extend(before.faded)
                self._versions.extendleft(reversed(before.dropped))
            self._arrived_at = before.arrived_at | self._arrived_at

    def successor(self) -> Self:
        """For another connection of the same person, who goes on where this one was.

        What was under way may have arrived, or not: nothing can be held against either.
        """
        heir = copy(self)
        heir._inherited = True
        heir._before = deque([each.elsewhere() for each in self._before])
        heir._faded, heir._versions = self._faded.copy(), self._versions.copy()
        heir._arrived_at = self._arrived_at.copy()
        heir._deleted = self._deleted.copy()
        heir._gaps = self._gaps.copy()
        heir.arrived(self._sent, None)
        return heir

    def rest(self) -> None:
        """Let go of the versions sent: nothing was saved for long. The own text stays."""
        self._faded.clear()
        self._versions.clear()
        self._arrived_at.clear()
        self._before.clear()
        self._arrived = self._proven = self._proven_before = self._sent - 1

    def latest(self) -> Candidate | None:
        """The text that the client most likely looks at now; None when it was sent nothing."""
        own = self._own
        for version in reversed(self._versions):
            if own is not None and version.number <= own.number:
                break
            if version.number <= self._arrived or own is None:
                return version
        return own

    def _own_text(self) -> list[Candidate]:
        return [] if self._own is None else [self._own]

    def _mixed(self, version: Candidate) -> list[Candidate]:
        """What a client may have made of a version that crossed saves of its own on the way.

        Some pages put what they have written since into each text that they get. Such a text never
        stood anywhere but there.
        """
        if not self._crossed(version):
            return []
        made = mixed(version, self.mirror, self._author, self._deleted)
        return [] if made is None else [made]

    @property
    def _has_own_back(self) -> bool:
        """Whether a version may have arrived that has the client's own last text in it."""
        own = self._own
        return own is not None and any(
            version.number <= self._arrived and version.seq >= own.seq for version in self._versions
        )

    def _crossed(self, version: Candidate) -> bool:
        """Whether a version met a save of the client's own on the way, and so does not have it."""
        own = self._own
        return own is not None and version.number > own.number and own.sent_at >= version.sent_at

    @property
    def _news(self) -> bool:
        """Whether anything has arrived that the client had not when it saved last."""
        taken = -1 if self._own is None else self._own.number
        return self._arrived > max(self._proven_before, taken)

    def _wrote(
        self,
        own: Candidate,
        base: Candidate,
        change: Change,
        now: float,
        *,
        sure: bool,
        mixes: bool | None,
    ) -> None:
        """The client has saved ``own``, written from ``base``: older versions are out.

        ``change`` is what that came to at the head. ``sure``: it had that base, proven or not.
        ``mixes``: see ``_shows_mixing``.
        """
        before = _Before(own.seq, _told(self), [], [], {})
        self._before.append(before)
        self._notice_stubbornness(base, now)
        if mixes is not None:
            shown = self._mixing * (SHOWN if mixes else NOT_SHOWN)
            self._mixing = min(MIXES_AT_MOST, shown / (shown + 1 - self._mixing))
        self._own = own
        self._inherited = False
        gone = [(at, at + deleted) for at, deleted, _ in change.hunks() if deleted]
        if gone:
            self._deleted = deque([*self._deleted, Deletion(own.seq, gone)], DELETIONS)
        while self._faded and self._faded[0].number < base.number:
            before.faded.append(self._faded.popleft())
        while self._versions and self._versions[0].number < base.number:
            before.dropped.append(self._versions.popleft())
        for number in [number for number in self._arrived_at if number < base.number]:
            before.arrived_at[number] = self._arrived_at.pop(number)
        self._proven_before = max(self._proven, base.number)
        if not base.is_own:
            self._taken = sure or base.number <= self._proven
        if self._saved_at != float("-inf"):
            self._gaps = deque([*self._gaps, now - self._saved_at], GAPS)
        self._saved_at = now

    def _was_taken(self, candidate: Candidate) -> bool:
        """Whether the client's own text descends from this version, which had arrived before.

        A client takes a version once; what looks like that text again is the own text with
        something deleted. (Else a lone writer's deletions could be taken for an old view.)
        """
        own = self._own
        if own is None or candidate.is_own:
            return False
        return candidate.number == own.number and self._taken

    def _is_proven(self, base: Candidate) -> bool:
        """Whether there is a sign that the client had this text."""
        return base.is_own or base.number <= self._arrived

    def _evidence(self, candidate: Candidate, now: float) -> float:
        """What speaks against a candidate, whatever the client did."""
        if candidate.is_own:
            return self._not_taken(now)
        own, number = self._own, candidate.number
        price = 0.0
        seq = candidate.root if candidate.is_mixed else candidate.seq
        if own is not None and seq < own.seq:
            price += self._out_of_date(number)
        if number > self._arrived:
            return price + SUPERSEDED
        return price + self._idle(number + 1, now) + self._too_late(number, now)

    def _out_of_date(self, number: int) -> float:
        """Against a version from before the client's last save was merged in."""
        if number > self._proven_before:
            return BEHIND
        seen = (1 - self._stubborn) * min(1.0, self._lay(number) / JUST_ARRIVED)
        price = BEHIND + (LAST_SEEN - BEHIND) * seen
        if number < self._proven_before:
            replaced = min(1.0, self._lay(number + 1) / REPLACED_WITHIN)
            price += (SUPERSEDED - price) * replaced
        return price

    def _lay(self, number: int) -> float:
        """How long a version had lain there when the client saved last."""
        return max(0.0, self._saved_at - self._arrived_at.get(number, float("-inf")))

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
        number = self._proven_before + 1
        price = (1 - self._stubborn) * self._idle(number, now)
        taker = max(0.0, 1 - self._stubborn / TAKER_BELOW)
        since = now - self._arrived_at.get(number, now)
        return price + TAKER * taker * min(1.0, max(0.0, since - TAKEN_WITHIN))

    def _notice_stubbornness(self, base: Candidate, now: float) -> None:
        """Learn whether this client takes what it gets while it types, or keeps its own text."""
        arrived_at = self._arrived_at.get(self._proven_before + 1)
        if arrived_at is not None and now - arrived_at > STUBBORN_AFTER:
            self._stubborn += STUBBORN_STEP * (float(base.is_own) - self._stubborn)

    def _shows_mixing(self, base: Candidate, text: str) -> bool | None:
        """Whether a text shows that its page puts what it has written into what it gets.

        None: there is nothing that would show it.
        """
        for put_in in [base] if base.is_mixed else [] if base.is_own else self._mixed(base):
            undo = put_in.undo
            if undo is not None and any(hunk.deleted for hunk in undo.hunks()):
                return kept(diff(put_in.text, text), put_in.text, undo)
        return None


def _that_fit(text: str) -> int:
    """How many versions as long as this one are kept."""
    return min(KEPT_VERSIONS, max(4, KEPT_LETTERS // max(1, len(text))))
