"""A client of an essay that tells its base, and comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workroom.truth.edits import MOST_WORDS, cut, has, insert, new_word
from workroom.truth.evidence import FEEDBACK
from workroom.truth.followers import Follower, Message, Request
from workroom.truth.history import History, digest
from workroom.truth.member import Desk
from workroom.truth.plan import Part

MOST_COMMENTS: Final = 6
"""Pieces of feedback of its own that a client keeps."""


@dataclass(slots=True)
class Comment:
    """A piece of feedback of its own."""

    id: int
    mark: str
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A text of the server."""

    text: str
    seq: int


class EssayClient(Follower):
    """It keeps one text: what the server knows to be its own."""

    def __init__(self, part: Part, desk: Desk, history: History) -> None:
        super().__init__(part, desk, history)
        self._base: Version | None = None
        self._text, self._text_seq = "", 0
        self._told = 0
        """The highest number of an event."""
        self._news: Version | None = None
        self._saved: str | None = None
        """What the save under way says."""
        self._words: list[str] = []
        self._comments: list[Comment] = []

    @property
    def path(self) -> str:
        """As for every member."""
        return f"/ws/essays/{self.part.room.number}/"

    @property
    def shown(self) -> str | None:
        """As for every member: the newest that the server told of."""
        newest = self._news or self._base
        return "" if newest is None else digest(newest.text)

    @property
    def since(self) -> int:
        """As for every follower: feedback may have come before a text with a lower number."""
        return 0 if self._base is None else self._base.seq

    @property
    def newest(self) -> int:
        """As for every follower."""
        return max(self.since, self._text_seq, self._told)

    def join(self, request_id: str, since: int) -> Message:
        """As for every follower."""
        essay_id = self.part.room.number
        join = {"action": "subscribe_essay", "essay_id": essay_id, "since": since}
        return {**join, "request_id": request_id}

    def left(self) -> None:
        """As for every member."""
        super().left()
        self._news = None

    def restarts(self) -> None:
        """As for every follower."""
        self._news = None
        self._text_seq = self._told = 0

    def caught_up(self, seq: int) -> None:
        """The text is the one of that number, and so is our own."""
        newest = self._news or self._base or Version("", seq)
        self._news = None
        self._take(Version(newest.text, max(seq, newest.seq)))

    def _take(self, version: Version) -> None:
        self._base = version
        self._text, self._text_seq = version.text, version.seq

    # ---- asking ---------------------------------------------------------------------------------

    def chosen(self) -> Mapping[str, Any] | None:
        """Write, mostly; comment, resolve a comment, take one back."""
        draw, old = self.chance.random(), self._comments[:1]
        if self.part.writes and draw < 0.75:
            return self._edit()
        if not self.part.writes and draw < 0.6:
            return None
        if len(self._comments) >= MOST_COMMENTS or (old and draw > 0.95):
            return {"uncomment": old[0].mark, "id": old[0].id}
        opened = [comment for comment in self._comments if not comment.resolved]
        if opened and draw > 0.88:
            return {"resolve": opened[0].mark, "id": opened[0].id}
        return {"comment": f"{self.new_id()}?"}

    def _edit(self) -> Mapping[str, Any]:
        words = [word for word in self._words if has(self._text, word)]
        self._words = words
        old = [words[0]] if len(words) >= MOST_WORDS else []
        if words and self.chance.random() < 0.1:
            return {"cut": [self.chance.choice(words)]}
        return {"add": [new_word(self.new_id(), self.chance)], **({"cut": old} if old else {})}

    def message(self, request: Request) -> Message:
        """As for every follower. After a broken connection it is made anew for the newest text."""
        does, ask = request.does, {"essay_id": self.part.room.number, "request_id": request.id}
        if "comment" in does:
            feedback = {"type": "general", "comment": does["comment"], **self._range(request)}
            return {"action": "add_feedback", **ask, "feedback": feedback}
        if "resolve" in does:
            return {"action": "resolve_feedback", **ask, "feedback_id": does["id"]}
        if "uncomment" in does:
            return {"action": "delete_feedback", **ask, "feedback_id": does["id"]}
        text = self._text
        for word in does.get("cut", ()):
            text = cut(text, word)
        for word in does.get("add", ()):
            text = text if has(text, word) else insert(text, word, self.chance)
        self._saved = text
        base = self._base.seq if self._base else 0
        return {"action": "update_essay", **ask, "content": text, "base_seq": base}

    def _range(self, request: Request) -> Mapping[str, Any]:
        """Some of the text; none of it when it is not sure what the server knows to be ours."""
        units = len(self._text.encode("utf-16-le", "surrogatepass")) // 2
        if request.again or not units:
            return {"highlight_start": None, "highlight_end": None}
        start = self.chance.randrange(units)
        end = min(units, start + self.chance.randint(1, 20))
        return {"highlight_start": start, "highlight_end": end}

    def done(self, request: Request, answer: Mapping[str, Any]) -> bool:
        """As for every follower."""
        does = request.does
        if "comment" in does:
            self._comments.append(Comment(answer["feedback_id"], does["comment"]))
        elif "resolve" in does:
            for comment in self._comments:
                comment.resolved = comment.resolved or comment.id == does["id"]
        elif "uncomment" in does:
            self._comments = [each for each in self._comments if each.id != does["id"]]
        else:
            return self._stored(request, answer["seq"])
        return False

    def _stored(self, request: Request, seq: int) -> bool:
        self._words += request.does.get("add", ())
        self._text, self._text_seq = self._saved or "", seq
        news, self._news = self._news, None
        if request.again:
            return True  # which of the two forms was taken, only the server's text can tell
        if news is not None and news.seq >= seq:
            self._take(news)
        return False

    # ---- hearing --------------------------------------------------------------------------------

    def told(self, kind: str, body: Mapping[str, Any]) -> None:
        """As for every follower."""
        if not self.ignoring:
            self._told = max(self._told, body.get("seq", 0))
        match kind:
            case "essay_update":
                self.read(body["content"], body["seq"])
                self._updated(Version(body["content"], body["seq"]))
            case "new_feedback" | "feedback_update":
                item = body["feedback"]
                thing = {f"{FEEDBACK}{item['id']}": [item["comment"], item["status"]]}
                news = {"new": True} if kind == "new_feedback" else {}
                self.history.note("told", seq=body["seq"], set=thing, **news)
            case "feedback_deleted":
                gone = {f"{FEEDBACK}{body['feedback_id']}": None}
                self.history.note("told", seq=body["seq"], set=gone)
            case _:
                pass

    def _updated(self, version: Version) -> None:
        if self.ignoring:
            return
        saving = self.request is not None and self._saves(self.request)
        if not self.live.is_set() or saving:
            self._news = version
        elif version.seq >= self._text_seq:
            self._take(version)

    @staticmethod
    def _saves(request: Request) -> bool:
        return "add" in request.does or "cut" in request.does
