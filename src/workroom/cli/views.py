"""What happens in a room that somebody watches, in lines for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workroom.cli.failures import escaped
from workroom.client import events

if TYPE_CHECKING:
    from workroom.protocol.essay_parts import FeedbackChangeExtended, FeedbackNewExtended

    Remark = events.Feedback | FeedbackNewExtended | FeedbackChangeExtended


class Teller:
    """Turns events into lines for people. Remembers names: who has left is known by number only."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def line(self, event: events.EssayEvent | events.ProjectEvent) -> str | None:
        """A line about an event; None when it is not worth one."""
        return self._about_people(event) or _about_work(event) or _about_connection(event)

    def _about_people(self, event: Any) -> str | None:
        match event:
            case events.UserJoined(user=person):
                return self._joined(person.id, f"{person.name} ({person.role})")
            case events.MemberJoined(user_id=user, username=name):
                return self._joined(user, name)
            case events.UserLeft(user_id=user) | events.MemberLeft(user_id=user):
                return f"{self._name(user)} has left"
            case events.TypingStart(user=person):
                self._names.setdefault(person.id, escaped(person.name))
                return f"{self._name(person.id)} is typing"
            case events.TypingStop(user_id=user):
                return f"{self._name(user)} stopped typing"
            case _:
                return None

    def _joined(self, user: int, name: str) -> str:
        self._names[user] = escaped(name)
        return f"{self._names[user]} is here"

    def _name(self, user: int) -> str:
        return self._names.get(user, f"user {user}")


def _about_work(event: Any) -> str | None:
    match event:
        case events.EssayUpdate(word_count=words, updated_by=editor):
            return f"{words} words, last edited by {escaped(editor.name)}"
        case events.NewFeedback(feedback=item):
            return f"feedback {item.id}: {remark(item)}"
        case events.FeedbackUpdate(feedback=item):
            return f"feedback {item.id} has changed: {remark(item)}"
        case events.FeedbackDeleted(feedback_id=number):
            return f"feedback {number} was deleted"
        case events.ProjectUpdated(changes=changes, updated_by=by):
            fields = ", ".join(map(escaped, changes.model_dump(exclude_unset=True)))
            return f"{fields} set by user {escaped(by)}"
        case events.CanvasAdded(canvas=canvas):
            return escaped(f"{canvas.author.name} has added {canvas.name}")
        case events.CanvasRemoved(canvas_id=number):
            return f"canvas {number} was deleted"
        case _:
            return _about_tasks(event)


def _about_tasks(event: Any) -> str | None:
    match event:
        case events.TaskStarted(task_id=task, task_type=kind, canvas_id=canvas):
            return escaped(f"task {task} has begun: {kind} of canvas {canvas}")
        case events.TaskProgress(task_id=task, progress=percent, message=message):
            return escaped(f"task {task}: {percent} % {message}".rstrip())
        case events.TaskCompleted(task_id=task, result=result):
            reason = f": {result.error}" if result.error else ""
            return escaped(f"task {task} has ended, {result.status}{reason}")
        case _:
            return None


def _about_connection(event: Any) -> str | None:
    match event:
        case events.StatusChanged(status="offline", retry_in=seconds):
            return f"no connection to the server, next attempt in {seconds or 0:.1f} s"
        case events.StatusChanged(status="live" | "connecting" as status):
            return str(status)
        case events.RightsChanged(rights=rights) | events.ProjectRightsChanged(rights=rights):
            return f"your right here is now: {rights or 'none'}"
        case events.EventsDropped(count=count):
            return f"{count} events came too fast to be told"
        case _:
            return None


def remark(item: Remark) -> str:
    """A piece of feedback in one line."""
    status = "" if item.status == "open" else f", {item.status}"
    author = getattr(item, "author", None)
    by = f" {author.name}:" if author is not None else ""
    return escaped(f"[{item.type}{status}]{by} {item.comment}")


def as_json(event: events.EssayEvent | events.ProjectEvent) -> str:
    """An event for programs: its ``type``, and the keys that the reference gives it."""
    if isinstance(event, events.StatusChanged):
        body: dict[str, Any] = {"status": event.status, "retry_in": event.retry_in}
    elif isinstance(event, events.EventsDropped):
        body = {"count": event.count}
    else:
        body = event.model_dump(mode="json", exclude_unset=True)
    return json.dumps({"type": events.wire_name(event), **body}, ensure_ascii=True)
