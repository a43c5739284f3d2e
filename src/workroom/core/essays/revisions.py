"""An essay's history for people: what each entry did, what belongs together, who wrote what.

Every entry of the log is a revision; its number is the entry's. Text edits of one author that
follow each other within a minute are one *group*, and groups never reach over the end of a
*chapter*: ``CHAPTER`` entries, counted from the first. So whatever is known of the text after a
whole chapter (a ``Moment``) is enough to go on from, and what came of a chapter never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from workroom.core.commands import NameRevision
from workroom.core.entries import Entry, EssayChanged, RevisionNamed, TextEdited
from workroom.core.essays.state import EssayState, evolve, first_state
from workroom.core.limits import RoomRules
from workroom.core.text import Change, signed, to_utf16_many
from workroom.core.values import value
from workroom.errors import NotFound, TooLarge
from workroom.ids import EssayId, FeedbackId, UserId

CHAPTER: Final = 512
"""Entries of a chapter."""
TOGETHER: Final = 60_000
"""Text edits of one author that are less than this apart (ms) belong to one group."""
_RUN: Final = re.compile(r"(.)\1*+", re.DOTALL)


@value
class Revision:
    """What the entries ``first`` to ``last`` did, in short. Times are milliseconds since 1970."""

    first: int
    last: int
    actor: UserId
    began_at: int
    at: int
    kind: str
    """The kind of the entries, as the log calls it."""
    added: int = 0
    removed: int = 0
    """Characters (code points) of text that came and went."""
    inferred: bool = False
    """Others' words were deleted by a save whose base was guessed."""
    restores: int | None = None
    """The revision whose text was put back."""
    feedback_id: FeedbackId | None = None
    """The feedback that it is about."""
    fields: tuple[str, ...] = ()
    """What was set of the essay."""
    is_text: bool = False


def revision_of(entry: Entry, kind: str) -> Revision:
    """What one entry did. ``kind`` is what the log calls it."""
    fact, seq, at = entry.fact, entry.seq, entry.at
    if isinstance(fact, TextEdited):
        ops = fact.change.ops
        return Revision(
            *(seq, seq, entry.actor, at, at, kind),
            added=sum([len(op) for op in ops if isinstance(op, str)]),
            removed=sum([-op for op in ops if not isinstance(op, str) and op < 0]),
            inferred=fact.inferred,
            restores=fact.restores,
            is_text=True,
        )
    plain = Revision(seq, seq, entry.actor, at, at, kind)
    if isinstance(fact, EssayChanged):
        return replace(plain, fields=tuple(fact.fields))
    return replace(plain, feedback_id=getattr(fact, "feedback_id", None))


def grouped(revisions: Iterable[Revision]) -> list[Revision]:
    """Groups of consecutive revisions, oldest first."""
    groups: list[Revision] = []
    for revision in revisions:
        _add(groups, revision)
    return groups


def _add(groups: list[Revision], revision: Revision) -> None:
    if groups and _together(groups[-1], revision):
        groups[-1] = _joined(groups[-1], revision)
    else:
        groups.append(revision)


def _together(group: Revision, following: Revision) -> bool:
    """Whether a revision goes on with what a group did. Who puts a text back does only that."""
    return (
        group.is_text
        and following.is_text
        and group.actor == following.actor
        and following.at - group.at < TOGETHER
        and group.last % CHAPTER != 0
        and group.restores is following.restores is None
    )


def _joined(group: Revision, following: Revision) -> Revision:
    return replace(
        group,
        last=following.last,
        at=following.at,
        added=group.added + following.added,
        removed=group.removed + following.removed,
        inferred=group.inferred or following.inferred,
    )


# ---- the text and its authors at a moment ---------------------------------------------------


class Label(NamedTuple):
    """The group that letters came with."""

    first: int
    last: int
    actor: UserId
    at: int


@dataclass(frozen=True, slots=True)
class Moment:
    """An essay after one of its entries; ``marks`` says of each letter which label it has."""

    state: EssayState
    labels: tuple[Label, ...] = ()
    marks: str = ""
    """One character for each code point of the text: its number is the label's place."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the text, ``[start, end)`` in UTF-16 code units, that came with one group."""

    start: int
    end: int
    label: Label


@value
class Step:
    """One entry, between what was before it and what was after."""

    before: str
    """The text before it."""
    revision: Revision
    change: Change
    """Of the text; empty for an entry of another kind."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What came of some entries of one chapter."""

    moment: Moment
    """After the last one."""
    groups: list[Revision]
    step: Step
    """The last one."""


class Teller:
    """Goes on from the end of a chapter with entries of the next one, a few at a time."""

    def __init__(self, essay_id: EssayId, start: Moment | None) -> None:
        """``start`` None is before the first entry."""
        self._essay_id = essay_id
        self._state = start.state if start else None
        self._labels = start.labels if start else ()
        self._marks = start.marks if start else ""
        self._groups: list[Revision] = []
        self._step: Step | None = None

    def add(self, entries: Iterable[tuple[Entry, str]]) -> None:
        """The next entries, each with its kind. Raises ValueError, KeyError for a broken log."""
        for entry, kind in entries:
            self._add(entry, kind)

    def _add(self, entry: Entry, kind: str) -> None:
        state = self._state
        before = state.text if state else ""
        self._state = evolve(state, entry) if state else first_state(self._essay_id, entry)
        revision = revision_of(entry, kind)
        _add(self._groups, revision)
        if isinstance(entry.fact, TextEdited):
            change = entry.fact.change
            mark = chr(len(self._labels) + len(self._groups) - 1)
            self._marks = signed(change, mark).apply(self._marks)
        else:
            change = Change.keep(len(before))
        self._step = Step(before, revision, change)

    def telling(self) -> Telling:
        """What came of it all. Raises ValueError when there was no entry."""
        if self._state is None or self._step is None:
            message = "there is nothing to tell"
            raise ValueError(message)
        labels = tuple([Label(g.first, g.last, g.actor, g.at) for g in self._groups])
        moment = Moment(self._state, self._labels + labels, self._marks)
        return Telling(moment, self._groups, self._step)


def runs_of(marks: str) -> list[tuple[int, int]]:
    """How many letters in a row have which label: ``(count, place of the label)``."""
    return [(run.end() - run.start(), ord(run[1])) for run in _RUN.finditer(marks)]


def spelled(runs: Iterable[Sequence[int]]) -> str:
    """The marks again, from their runs."""
    return "".join([chr(place) * count for count, place in runs])


def compact(moment: Moment) -> Moment:
    """The same without labels that no letter has any more."""
    alive = sorted(map(ord, set(moment.marks)))
    places = {old: chr(new) for new, old in enumerate(alive)}
    labels = tuple([moment.labels[old] for old in alive])
    return replace(moment, labels=labels, marks=moment.marks.translate(places))


def passages(moment: Moment) -> list[Passage]:
    """Who wrote each part of the text, from its beginning to its end, without gaps."""
    runs = runs_of(moment.marks)
    ends, at = [0], 0
    for count, _ in runs:
        at += count
        ends.append(at)
    offsets = to_utf16_many(moment.state.text, ends)
    return [
        Passage(offsets[n], offsets[n + 1], moment.labels[place])
        for n, (_, place) in enumerate(runs)
    ]


class Difference(NamedTuple):
    """A place where a text became another: ``deleted`` stood where ``[start, end)`` is now.

    ``start`` and ``end`` count UTF-16 code units of the text after the change.
    """

    start: int
    end: int
    deleted: str


def differences(before: str, change: Change) -> list[Difference]:
    """What a change of ``before`` did, in terms of the text that it led to."""
    places: list[tuple[int, int, str]] = []
    shift = 0
    for at, deleted, inserted in change.hunks():
        start = at + shift
        places.append((start, start + len(inserted), before[at : at + deleted]))
        shift += len(inserted) - deleted
    ends = [end for start, stop, _ in places for end in (start, stop)]
    offsets = to_utf16_many(change.apply(before), ends)
    return [
        Difference(offsets[2 * n], offsets[2 * n + 1], gone)
        for n, (_, _, gone) in enumerate(places)
    ]


# ---- names ----------------------------------------------------------------------------------


def naming(state: EssayState, command: NameRevision, rules: RoomRules) -> RevisionNamed | None:
    """What is to be stored so that the revision has that name; None when it has it already.

    Raises NotFound when there is no such revision, TooLarge when too many have names.
    """
    if not 1 <= command.revision <= state.seq:
        message = f"there is no revision {command.revision} of this essay"
        raise NotFound(message, field="seq")
    if state.names.get(command.revision) == command.name:
        return None
    is_new = command.name is not None and command.revision not in state.names
    if is_new and len(state.names) >= rules.named_revisions:
        message = f"at most {rules.named_revisions} revisions of an essay can have names"
        raise TooLarge(message, field="name")
    return RevisionNamed(command.revision, command.name)
