"""Entries of a room as one append: with the rows that have to be stored in the same transaction."""

from __future__ import annotations

from dataclasses import replace

from workroom.core.entries import (
    CanvasAdded,
    CanvasRemoved,
    Entry,
    EssayCreated,
    FeedbackAdded,
    FeedbackDeleted,
    ProjectCreated,
    RightSet,
    RoomDeleted,
    TaskSettled,
    TaskStarted,
    TextEdited,
)
from workroom.core.people import Right
from workroom.core.projects.state import settled_by
from workroom.core.tasks import SettledTask, Task
from workroom.core.text import word_count
from workroom.ids import BlobKey, CanvasId, FeedbackId, ProjectId, RoomId, UserId
from workroom.ports.store import Answer, Append, RoomSummary
from workroom.service.rooms.records import to_record

Entries = tuple[Entry, ...]


class Listed:
    """What is kept in tables of its own, beside the log, of what happened."""

    __slots__ = (
        "added", "begun", "canvases", "canvases_gone", "deleted", "ended", "rights",
        "room_deleted",
    )  # fmt: skip

    def __init__(self) -> None:
        self.rights: dict[UserId, Right | None] = {}
        self.added: list[FeedbackId] = []
        self.deleted: list[FeedbackId] = []
        self.canvases: dict[CanvasId, BlobKey] = {}
        self.canvases_gone: list[CanvasId] = []
        self.begun: list[Task] = []
        self.ended: list[SettledTask] = []
        self.room_deleted = False

    def add(self, room: RoomId, entry: Entry) -> None:
        """Take note of one entry."""
        match entry.fact:
            case RightSet(user_id=user_id, right=right):
                self.rights[user_id] = right
            case FeedbackAdded(feedback_id=feedback_id):
                self.added.append(feedback_id)
            case FeedbackDeleted(feedback_id=feedback_id):
                self.deleted.append(feedback_id)
            case CanvasAdded(canvas_id=canvas_id, media=media):
                self.canvases[canvas_id] = media.key
            case CanvasRemoved(canvas_id=canvas_id):
                self.canvases_gone.append(canvas_id)
            case TaskStarted():
                self.begun.append(_row_of(room, entry, entry.fact))
            case TaskSettled():
                self.ended.append(settled_by(entry, entry.fact))
            case RoomDeleted():
                self.room_deleted = True

    def beside(self, append: Append) -> Append:
        """The append with all of that."""
        return replace(
            append,
            rights=self.rights or None,
            feedback_added=tuple(self.added),
            feedback_deleted=tuple(self.deleted),
            canvases_added=self.canvases,
            canvases_deleted=tuple(self.canvases_gone),
            tasks_started=tuple(self.begun),
            tasks_settled=tuple(self.ended),
            deletes_room=self.room_deleted,
        )


def append_of(
    room: RoomId, entries: Entries, summary: RoomSummary, answer: Answer | None, line: int
) -> Append:
    """All that is stored of these entries."""
    records = tuple([to_record(entry) for entry in entries])
    plain = Append(room, entries[0].seq - 1, records, summary=summary, answer=answer, line=line)
    if all(isinstance(entry.fact, TextEdited) for entry in entries):
        return plain  # nearly all of them: nothing is listed
    listed = Listed()
    for entry in entries:
        listed.add(room, entry)
    return listed.beside(plain)


def weight(append: Append) -> int:
    """Bytes of its entries."""
    return sum([len(record.body) + len(record.update or b"") for record in append.records])


def _row_of(room: RoomId, entry: Entry, fact: TaskStarted) -> Task:
    """The row of a task that was begun; it is due to be handed to the broker at once."""
    return Task(
        id=fact.task_id,
        project=ProjectId(room.number),
        canvas_id=fact.canvas_id,
        type=fact.task_type,
        requested_by=entry.actor,
        created_at=entry.at,
        followed=fact.followed,
        due_at=None if fact.followed else entry.at,
    )


def first_summary(entries: list[Entry]) -> RoomSummary:
    """What lists show of a room that begins with these entries."""
    entry, fact = entries[0], entries[0].fact
    if isinstance(fact, EssayCreated):
        text = ""
        for later in entries:
            if isinstance(later.fact, TextEdited):
                text = later.fact.change.apply(text)
        words = word_count(text)
        details = {"prompt": fact.prompt, "word_limit": fact.word_limit, "word_count": words}
        return RoomSummary(fact.title, entry.actor, entry.at, entry.at, entry.actor, details)
    if isinstance(fact, ProjectCreated):
        details = {"status": fact.status, "description": fact.description}
        return RoomSummary(fact.title, entry.actor, entry.at, entry.at, entry.actor, details)
    message = "a room begins with its creation"
    raise ValueError(message)
