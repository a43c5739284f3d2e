"""What becomes of the appends of one transaction: pure decisions, shared by every store.

``judge`` answers each append in turn as if it were alone; ``collect`` gathers what the good ones
store, one row per thing, so that it can be written table by table.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from workroom.core.entries import Record
from workroom.core.people import Right
from workroom.core.tasks import SettledTask, Task
from workroom.errors import Unavailable
from workroom.ids import BlobKey, CanvasId, FeedbackId, RoomId, UserId
from workroom.ports.store import (
    AlreadyDone,
    Answer,
    Append,
    Appended,
    AppendResult,
    Behind,
    Checkpoint,
    NotStored,
    RoomSummary,
)

AnswerKey = tuple[UserId, str]


class Head(NamedTuple):
    """Where a room's log ends."""

    seq: int
    deleted: bool


NO_ROOM = Head(0, deleted=False)
MOST_BROKEN: Final = 10_000
"""Broken lines that are remembered: far more than can have appends on their way at one time."""


def answer_key(append: Append) -> AnswerKey | None:
    """Under which request the append's answer is remembered."""
    answer = append.answer
    return None if answer is None else (answer.user_id, answer.request_id)


class BrokenLines:
    """The lines of appends of which one was not stored: nothing behind it may be (``Append.line``).

    A store keeps one of these for as long as it is open. Written by whoever decides what is stored.
    """

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: OrderedDict[int, None] = OrderedDict()

    def __contains__(self, append: Append) -> bool:
        return append.line in self._lines

    def copy(self) -> BrokenLines:
        """To try out what would become of appends."""
        other = BrokenLines()
        other._lines = self._lines.copy()
        return other

    def break_off(self, append: Append) -> None:
        """This append was not stored."""
        if append.line and append.records:
            self._lines[append.line] = None
            if len(self._lines) > MOST_BROKEN:
                self._lines.popitem(last=False)

    def note(self, appends: Iterable[Append], results: Iterable[AppendResult]) -> None:
        """These were answered so."""
        for append, result in zip(appends, results, strict=True):
            if not isinstance(result, Appended):
                self.break_off(append)


def judge(
    appends: Sequence[Append],
    heads: dict[RoomId, Head],
    answers: dict[AnswerKey, bytes],
    broken: BrokenLines,
) -> list[AppendResult]:
    """The result of each append, in order, given what is stored; brings all three up to date.

    Nothing can follow the last entry of a deleted room: such an append is ``Behind``.
    """
    results = []
    for append in appends:
        result = _judge_one(append, heads, answers, broken)
        if not isinstance(result, Appended):
            broken.break_off(append)
        results.append(result)
    return results


def _judge_one(
    append: Append,
    heads: dict[RoomId, Head],
    answers: dict[AnswerKey, bytes],
    broken: BrokenLines,
) -> AppendResult:
    key = answer_key(append)
    if key is not None and key in answers:
        return AlreadyDone(answers[key])
    head = heads.get(append.room, NO_ROOM)
    if head.deleted or head.seq != append.expected or append in broken:
        return Behind(head.seq)
    seq = append.expected
    for record in append.records:
        seq += 1
        if record.seq != seq:
            return NotStored(Unavailable("The change could not be stored: its numbers are wrong"))
    heads[append.room] = Head(seq, append.deletes_room)
    if key is not None and append.answer is not None:
        answers[key] = append.answer.body
    return Appended(seq)


def overtaken(appends: Iterable[Append], results: Iterable[AppendResult]) -> dict[RoomId, int]:
    """The rooms in whose logs other nodes came first, and the last number that was expected.

    Not those where something before it is good, or was done before: its answer, which is due first,
    has to wait.
    """
    found: dict[RoomId, int] = {}
    others: set[RoomId] = set()
    for append, result in zip(appends, results, strict=True):
        room, expected = append.room, append.expected
        if not isinstance(result, Behind):
            others.add(room)
        elif result.head > expected and room not in others:
            found[room] = min(expected, found.get(room, expected))
    return found


def all_good(appends: Sequence[Append], broken: BrokenLines) -> list[AppendResult] | None:
    """The results when all are good if the logs end where the first append to each expects it."""
    if any(append in broken for append in appends):
        return None
    heads: dict[RoomId, Head] = {}
    for append in appends:
        if append.room not in heads:
            heads[append.room] = Head(append.expected, deleted=False)
    results = judge(appends, heads, {}, BrokenLines())
    return results if all(isinstance(result, Appended) for result in results) else None


@dataclass(slots=True)
class Batch:
    """Everything that one transaction stores."""

    expected: dict[RoomId, int] = field(default_factory=dict)
    """Where the log of each room must end for the batch to be good."""
    records: list[tuple[RoomId, Record]] = field(default_factory=list)
    rooms: dict[RoomId, tuple[int, RoomSummary | None]] = field(default_factory=dict)
    """The new head of each room, and its new summary where there is one."""
    actors: set[tuple[RoomId, UserId]] = field(default_factory=set)
    rights: dict[tuple[RoomId, UserId], Right | None] = field(default_factory=dict)
    feedback: dict[FeedbackId, RoomId | None] = field(default_factory=dict)
    """To which room each belongs now; None for what was deleted."""
    canvases: dict[CanvasId, tuple[RoomId, BlobKey] | None] = field(default_factory=dict)
    """In which room each is and under which key its bytes are kept; None for what was deleted."""
    tasks_started: list[Task] = field(default_factory=list)
    tasks_settled: list[SettledTask] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    checkpoints: dict[RoomId, Checkpoint] = field(default_factory=dict)
    deleted: set[RoomId] = field(default_factory=set)


def collect(appends: Iterable[Append]) -> Batch:
    """What these appends, all of them good, store together."""
    batch = Batch()
    for append in appends:
        _add(batch, append)
    return batch


def _add(batch: Batch, append: Append) -> None:
    room = append.room
    batch.expected.setdefault(room, append.expected)
    seq = append.expected + len(append.records)
    if seq > 0:  # a room is there as soon as its log has an entry
        _, earlier = batch.rooms.get(room, (0, None))
        batch.rooms[room] = seq, append.summary or earlier
    for record in append.records:
        batch.records.append((room, record))
        batch.actors.add((room, record.actor))
    if append.rights:
        for user_id, right in append.rights.items():
            batch.rights[room, user_id] = right
    for feedback_id in append.feedback_added:
        batch.feedback[feedback_id] = room
    for feedback_id in append.feedback_deleted:
        batch.feedback[feedback_id] = None
    for canvas_id, key in append.canvases_added.items():
        batch.canvases[canvas_id] = room, key
    for canvas_id in append.canvases_deleted:
        batch.canvases[canvas_id] = None
    batch.tasks_started += append.tasks_started
    batch.tasks_settled += append.tasks_settled
    if append.answer is not None:
        batch.answers.append(append.answer)
    if append.checkpoint is not None:
        batch.checkpoints[room] = append.checkpoint
    if append.deletes_room:
        batch.deleted.add(room)
