"""What somebody who watches a room knows of it: messages in, a picture of the room out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from workroom.cli.failures import escaped

Message = Mapping[str, Any]


class View(Protocol):
    """One room, as far as it is known."""

    @property
    def title(self) -> str:
        """What it is called on the screen."""

    state: str
    """How the connection is, in a few words."""
    here: dict[int, str]

    @property
    def list_path(self) -> str | None:
        """Where REST lists what the WebSocket tells only the news of."""

    def listed(self, item: Message) -> None:
        """Take an item of that list in."""

    def hello(self) -> Message:
        """What to send when the connection is open."""

    def apply(self, message: Message) -> str | None:
        """Take a message in; returns a line about it, if it is worth one."""

    def forget_people(self) -> None:
        """The connection is gone: nobody is known to be here."""


@dataclass
class EssayView:
    """An essay that is being watched."""

    number: int
    state: str = ""
    text: str = ""
    words: int = 0
    editor: str = ""
    edited_at: str = ""
    here: dict[int, str] = field(default_factory=dict)
    typing: set[int] = field(default_factory=set)
    feedback: dict[int, Message] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is called on the screen."""
        return f"essay {self.number}"

    @property
    def list_path(self) -> str | None:
        """The feedback that is there already."""
        return f"/api/essays/{self.number}/feedback/"

    def listed(self, item: Message) -> None:
        """Take a piece of feedback in."""
        self.feedback[int(item["id"])] = item

    def hello(self) -> Message:
        """Ask for the present state."""
        return {"action": "subscribe_essay", "essay_id": self.number}

    def forget_people(self) -> None:
        """The connection is gone."""
        self.here.clear()
        self.typing.clear()

    def apply(self, message: Message) -> str | None:
        """Take a message in."""
        match message:
            case {"type": "essay_update", "content": str(text), "word_count": int(words)}:
                return self._edited(message, text, words)
            case {"type": "user_joined", "user": {"id": int(user), "name": name, "role": role}}:
                return arrived(self.here, user, escaped(f"{name} ({role})"))
            case {"type": "user_left", "user_id": int(user)}:
                self.typing.discard(user)
                return f"{self.here.pop(user, f'user {user}')} has left"
            case {"type": "typing_start", "user": {"id": int(user), "name": name}}:
                self.typing.add(user)
                self.here.setdefault(user, escaped(str(name)))
                return f"{self.here[user]} is typing"
            case {"type": "typing_stop", "user_id": int(user)}:
                self.typing.discard(user)
                return f"{self.here.get(user, f'user {user}')} stopped typing"
            case _:
                return self._about_feedback(message) or about_any(message)

    def _edited(self, message: Message, text: str, words: int) -> str:
        by = message.get("updated_by") or {}
        self.text, self.words = text, words
        self.editor, self.edited_at = escaped(str(by.get("name"))), str(message.get("timestamp"))
        return f"{words} words, last edited by {self.editor}"

    def _about_feedback(self, message: Message) -> str | None:
        match message:
            case {"type": "new_feedback" | "feedback_update" as kind, "feedback": dict(item)}:
                number = int(item["id"])
                self.feedback[number] = {**self.feedback.get(number, {}), **item}
                verb = "new" if kind == "new_feedback" else "changed"
                return f"{verb} feedback {number}: {escaped(self.comment(number))}"
            case {"type": "feedback_deleted", "feedback_id": int(number)}:
                self.feedback.pop(number, None)
                return f"feedback {number} was deleted"
            case _:
                return None

    def comment(self, number: int) -> str:
        """A piece of feedback in one line."""
        item = self.feedback[number]
        author = (item.get("author") or {}).get("name", "")
        return f"[{item.get('type')}] {author}: {item.get('comment')}"

    def marked(self, number: int) -> str | None:
        """The words under a highlight; None when it is about the whole essay."""
        item = self.feedback[number]
        start, end = item.get("highlight_start"), item.get("highlight_end")
        if start is None or end is None:
            return None
        units = self.text.encode("utf-16-le")[2 * start : 2 * end]
        return units.decode("utf-16-le", "replace")


@dataclass
class ProjectView:
    """A project that is being watched."""

    number: int
    state: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    here: dict[int, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is called on the screen."""
        return f"project {self.number}"

    @property
    def list_path(self) -> str | None:
        """Joining tells everything."""
        return None

    def listed(self, item: Message) -> None:
        """Nothing is."""

    def hello(self) -> Message:
        """Join it, which is answered with the present state."""
        return {"type": "join_project", "payload": {"project_id": self.number}}

    def forget_people(self) -> None:
        """The connection is gone, and its state will be told anew."""
        self.here.clear()
        self.fields.clear()

    def apply(self, message: Message) -> str | None:
        """Take a message in."""
        payload = message.get("payload")
        if not isinstance(payload, Mapping):
            return about_any(message)
        match message.get("type"), payload:
            case "project_updated", {"changes": dict(changes), "updated_by": by}:
                return self._changed(changes, str(by))
            case "user_joined", {"user_id": int(user), "username": name}:
                return arrived(self.here, user, escaped(str(name)))
            case "user_left", {"user_id": int(user)}:
                return f"{self.here.pop(user, f'user {user}')} has left"
            case "canvas_added", {"canvas": {"name": name, "author": {"name": who}}}:
                return escaped(f"{who} has added {name}")
            case "canvas_removed", {"canvas_id": int(number)}:
                return f"canvas {number} was deleted"
            case _:
                return about_any(message)

    def _changed(self, changes: dict[str, Any], by: str) -> str:
        from workroom.core.fields import merge_patch

        for name, value in changes.items():
            known = self.fields.get(name)
            self.fields[name] = merge_patch(known, value) if name == "metadata" else value
        return f"{', '.join(map(escaped, changes))} set by user {escaped(by)}"


def arrived(here: dict[int, str], user: int, name: str) -> str | None:
    """Somebody is here; a line if that is news."""
    news = user not in here
    here[user] = name
    return f"{name} is here" if news else None


def about_any(message: Message) -> str | None:
    """A line about an error, whichever format it came in; None for other messages."""
    body = message.get("payload", message)
    match message.get("type"), body:
        case "error" | "permission_denied" | "connection_error", {"message": text}:
            return escaped(f"refused: {text}")
        case "rights_changed", {"rights": rights}:
            return f"your right here is now: {rights or 'none'}"
        case "essay_closed" | "project_closed", _:
            return "it was deleted"
        case _:
            return None
