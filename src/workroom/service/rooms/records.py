"""The recorded form of log entries: JSON bodies, with Yjs updates beside them.

This form is final. Kinds and optional fields may be added; what is here keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from workroom.core.canvas import AudioFacts, Facts, ImageFacts, Media
from workroom.core.entries import (
    CanvasAdded,
    CanvasRemoved,
    Entry,
    EssayChanged,
    EssayCreated,
    Fact,
    FeedbackAdded,
    FeedbackChanged,
    FeedbackDeleted,
    FeedbackReopened,
    FeedbackReplied,
    FeedbackResolved,
    ProjectChanged,
    ProjectCreated,
    Record,
    ReplyChanged,
    ReplyDeleted,
    RevisionNamed,
    RightSet,
    RoomDeleted,
    TaskSettled,
    TaskStarted,
    TextEdited,
)
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right
from workroom.core.tasks import TaskState
from workroom.core.text import Change, Highlight
from workroom.ids import BlobKey, CanvasId, FeedbackId, ReplyId, TaskId, UserId

Body = dict[str, Any]


def to_record(entry: Entry) -> Record:
    """An entry as the store keeps it."""
    kind, write = _WRITERS[type(entry.fact)]
    update = entry.fact.update if isinstance(entry.fact, TextEdited) else None
    body = orjson.dumps(write(entry.fact))
    return Record(entry.seq, kind, entry.actor, entry.at, body, update)


def to_entry(record: Record) -> Entry:
    """The entry behind a record. Raises ValueError for a kind that this version does not know."""
    read = _READERS.get(record.kind)
    if read is None:
        message = f"log entry {record.seq} is of an unknown kind: {record.kind}"
        raise ValueError(message)
    return Entry(record.seq, record.actor, record.at, read(orjson.loads(record.body), record))


def _highlight(body: Mapping[str, Any]) -> Highlight | None:
    raw = body.get("highlight")
    return None if raw is None else Highlight.decode(raw)


def _feedback_added(fact: FeedbackAdded) -> Body:
    return {
        "id": fact.feedback_id,
        "type": fact.type.value,
        "comment": fact.comment,
        "highlight": None if fact.highlight is None else fact.highlight.encode(),
    }


def _feedback_changed(fact: FeedbackChanged) -> Body:
    body: Body = {"id": fact.feedback_id}
    if fact.type is not None:
        body["type"] = fact.type.value
    if fact.comment is not None:
        body["comment"] = fact.comment
    if fact.highlight is not None:
        body["highlight"] = fact.highlight.encode()
    return body


def _project_created(fact: ProjectCreated) -> Body:
    return {
        "title": fact.title,
        "description": fact.description,
        "status": fact.status,
        "metadata": fact.metadata,
    }


def _edit(fact: TextEdited) -> Body:
    body: Body = {"change": fact.change.encode()}
    if fact.inferred:
        body["inferred"] = True
    if fact.restores is not None:
        body["restores"] = fact.restores
    return body


def media_body(media: Media) -> Body:
    """A file's record as plain JSON values."""
    facts = media.facts
    body: Body = {
        "media_type": media.media_type,
        "name": media.name,
        "size": media.size,
        "key": media.key,
    }
    if isinstance(facts, ImageFacts):
        return body | {"width": facts.width, "height": facts.height, "frames": facts.frames}
    return body | {
        "duration": facts.duration,
        "sample_rate": facts.sample_rate,
        "channels": facts.channels,
    }


def media_of(body: Mapping[str, Any]) -> Media:
    """The record that ``media_body`` wrote. Raises KeyError for anything else."""
    facts: Facts
    if "width" in body:
        facts = ImageFacts(body["width"], body["height"], body["frames"])
    else:
        facts = AudioFacts(body["duration"], body["sample_rate"], body["channels"])
    return Media(body["media_type"], body["name"], body["size"], facts, BlobKey(body["key"]))


def _task_started(fact: TaskStarted) -> Body:
    return {
        "id": fact.task_id,
        "type": fact.task_type,
        "canvas": fact.canvas_id,
        "followed": fact.followed,
    }


def _task_settled(fact: TaskSettled) -> Body:
    return {
        "id": fact.task_id,
        "type": fact.task_type,
        "canvas": fact.canvas_id,
        "status": fact.status.value,
        "error": fact.error,
        "findings": dict(fact.findings),
    }


def _id(body: Body, key: str) -> int:
    value = body[key]
    if type(value) is not int or value < 1:
        message = f"{key} of a log entry must be a positive number"
        raise ValueError(message)
    return value


def _text(body: Body) -> str:
    value = body["comment"]
    if type(value) is not str:
        message = "the comment of a log entry must be a text"
        raise ValueError(message)
    return value


def _text_edited(body: Body, record: Record) -> TextEdited:
    if record.update is None:
        message = f"log entry {record.seq} has lost its update"
        raise ValueError(message)
    change = Change.decode(body["change"])
    return TextEdited(change, record.update, body.get("inferred", False), body.get("restores"))


_WRITERS: Final[Mapping[type, tuple[str, Callable[[Any], Body]]]] = {
    EssayCreated: (
        "essay_created",
        lambda f: {"title": f.title, "prompt": f.prompt, "word_limit": f.word_limit},
    ),
    EssayChanged: ("essay_changed", lambda f: dict(f.fields)),
    TextEdited: ("text_edited", _edit),
    FeedbackAdded: ("feedback_added", _feedback_added),
    FeedbackChanged: ("feedback_changed", _feedback_changed),
    FeedbackDeleted: ("feedback_deleted", lambda f: {"id": f.feedback_id}),
    FeedbackResolved: ("feedback_resolved", lambda f: {"id": f.feedback_id}),
    FeedbackReopened: ("feedback_reopened", lambda f: {"id": f.feedback_id}),
    FeedbackReplied: (
        "feedback_replied",
        lambda f: {"id": f.feedback_id, "comment": f.comment},
    ),
    ReplyChanged: (
        "reply_changed",
        lambda f: {"id": f.feedback_id, "reply": f.reply_id, "comment": f.comment},
    ),
    ReplyDeleted: ("reply_deleted", lambda f: {"id": f.feedback_id, "reply": f.reply_id}),
    RevisionNamed: ("revision_named", lambda f: {"revision": f.revision, "name": f.name}),
    RightSet: (
        "right_set",
        lambda f: {"user": f.user_id, "right": None if f.right is None else f.right.word},
    ),
    ProjectCreated: ("project_created", _project_created),
    ProjectChanged: ("project_changed", lambda f: dict(f.changes)),
    CanvasAdded: ("canvas_added", lambda f: {"id": f.canvas_id, **media_body(f.media)}),
    CanvasRemoved: ("canvas_removed", lambda f: {"id": f.canvas_id}),
    TaskStarted: ("task_started", _task_started),
    TaskSettled: ("task_settled", _task_settled),
    RoomDeleted: ("room_deleted", lambda _: {}),
}

_READERS: Final[Mapping[str, Callable[[Body, Record], Fact]]] = {
    "essay_created": lambda b, _: EssayCreated(b["title"], b["prompt"], b["word_limit"]),
    "essay_changed": lambda b, _: EssayChanged(b),
    "text_edited": _text_edited,
    "feedback_added": lambda b, _: FeedbackAdded(
        FeedbackId(b["id"]), FeedbackType(b["type"]), b["comment"], _highlight(b)
    ),
    "feedback_changed": lambda b, _: FeedbackChanged(
        FeedbackId(b["id"]),
        FeedbackType(b["type"]) if "type" in b else None,
        b.get("comment"),
        _highlight(b),
    ),
    "feedback_deleted": lambda b, _: FeedbackDeleted(FeedbackId(b["id"])),
    "feedback_resolved": lambda b, _: FeedbackResolved(FeedbackId(_id(b, "id"))),
    "feedback_reopened": lambda b, _: FeedbackReopened(FeedbackId(_id(b, "id"))),
    "feedback_replied": lambda b, _: FeedbackReplied(FeedbackId(_id(b, "id")), _text(b)),
    "reply_changed": lambda b, _: ReplyChanged(
        FeedbackId(_id(b, "id")), ReplyId(_id(b, "reply")), _text(b)
    ),
    "reply_deleted": lambda b, _: ReplyDeleted(FeedbackId(_id(b, "id")), ReplyId(_id(b, "reply"))),
    "revision_named": lambda b, _: RevisionNamed(b["revision"], b["name"]),
    "right_set": lambda b, _: RightSet(
        UserId(b["user"]), None if b["right"] is None else Right.named(b["right"])
    ),
    "project_created": lambda b, _: ProjectCreated(
        b["title"], b["description"], b["status"], b["metadata"]
    ),
    "project_changed": lambda b, _: ProjectChanged(b),
    "canvas_added": lambda b, _: CanvasAdded(CanvasId(b["id"]), media_of(b)),
    "canvas_removed": lambda b, _: CanvasRemoved(CanvasId(b["id"])),
    "task_started": lambda b, _: TaskStarted(
        TaskId(b["id"]), b["type"], CanvasId(b["canvas"]), b["followed"]
    ),
    "task_settled": lambda b, _: TaskSettled(
        TaskId(b["id"]),
        b["type"],
        CanvasId(b["canvas"]),
        TaskState(b["status"]),
        b["error"],
        b["findings"],
    ),
    "room_deleted": lambda _b, _r: RoomDeleted(),
}
