"""The room of one essay, as decisions: its text, saves of it, feedback, who types.

One save is under way at a time, and while it is, texts of others wait: nobody can tell yet whether
they contain it. After a broken connection nobody knows whether the save was stored either, and the
server may have forgotten what this client had. So it is sent again under its ``request_id``, but
written anew on the text that the server has now. If it had been stored, the server answers as it
did then; if not, it is stored now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import BaseModel

from workroom.client import events, offsets
from workroom.client.effects import Effect
from workroom.client.errors import Problem
from workroom.client.events import Feedback
from workroom.client.room import NOTHING, Phase, Request, RoomCore
from workroom.client.text import Version, merged, moved
from workroom.client.wire import ESSAYS, Ack, Dialect, Json

SAVE = "update_essay"


@dataclass(slots=True)
class Save:
    """What is remembered with a save."""

    text: str
    base: Version | None
    """What it was made from; None: from the save before it."""
    sent: str = ""
    """The text as it was sent last."""
    root: int = 0
    """The version that it named."""
    again: bool = False
    """It had been sent on an earlier connection, and may have been stored by that."""
    grown: Problem | None = None
    """Why it cannot be sent again, though it could be at first: it is only asked about."""
    stored: int | None = None
    """The number under which it is stored, while the text with that number is not here yet."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is remembered with a request about a range: the text that it is of."""

    text: str
    start: int
    end: int
    """Characters (code points)."""


class EssayCore(RoomCore):
    """Decides what becomes of one essay."""

    dialect: ClassVar[Dialect] = ESSAYS

    def __init__(self, room: int, prefix: str, effects: list[Effect]) -> None:
        super().__init__(room, prefix, effects)
        self.version = Version("", 0)
        """The newest text of the server, or what this client saved on top of it."""
        self.update: events.EssayUpdate | None = None
        """Who edited last, and when."""
        self.feedback: dict[int, Feedback] = {}
        self.typing: dict[int, events.Person] = {}
        """Who types now, by user id."""
        self._told: set[int] = set()
        """The feedback that the server has told of since it began to tell everything."""
        self._base = Version("", NOTHING)
        """The newest text of the server that was taken over, without what was saved since."""
        self._news: events.EssayUpdate | None = None
        """A newer text of the server that waits."""
        self._seen: Version | None = None
        """The text that the program looked at last; None: it has saved another since."""
        self._saved: Version | None = None
        """What was saved last, as the program has it."""
        self._connection = 0
        """Counts connections: versions are known to the one that they came by."""

    # ---- what the program asks for

    def shown(self) -> Version:
        """The text as the program has to see it: what it saved last, stored or not, counts."""
        pending = self._pending()
        return Version(pending[-1].note.text, self.version.seq) if pending else self.version

    def look(self) -> Version:
        """The same, and the program has it now: what it saves next, it makes from this."""
        self._seen = None if self._pending() else self.version
        return self.shown()

    def look_at(self, update: events.EssayUpdate) -> Version:
        """The same for a text that the program got as an event."""
        is_newest = (update.content, update.seq) == (self.version.text, self.version.seq)
        self._seen = self.version if is_newest else Version(update.content, update.seq)
        return self._seen

    def had(self) -> Version:
        """The text that the program had last: that it looked at, or saved."""
        if self._seen is not None:
            return self._seen
        return self.shown() if self._pending() else self._saved or self.version

    def save(self, text: str, base: Version | None) -> str:
        """Save ``text``, made from ``base``, or else from what the program had; its request id.

        Raises TypeError for what is no text.
        """
        if not isinstance(text, str):
            raise TypeError(f"expected a text, got {type(text).__name__}")
        base = base or self._seen or (None if self._pending() else self.had())
        self._seen = None
        return self.ask(SAVE, {}, Save(text, base))

    # ---- RoomCore

    def parse(self, kind: str, body: Json) -> BaseModel | None:
        """An event as its class."""
        return events.essay_event(kind, body)

    def since(self) -> int:
        """From the text on: feedback may come before a text with a lower number that was held."""
        return self._base.seq

    def reset(self) -> None:
        """What is told from here on is everything."""
        self._told = set()

    def interrupted(self) -> None:
        """Saves that were under way have to be made anew; what waited comes again."""
        self._connection += 1
        self._news = None
        self.typing = {}
        for request in self.requests:
            if isinstance(request.note, Save):
                request.note.again, request.note.grown = request.risked, None

    def caught_up(self, seq: int, *, recovered: bool) -> None:
        """The text is that of ``seq`` now, whether it was told again or not."""
        news, self._news = self._news, None
        text = self._base.text if news is None else news.content
        number = seq if news is None else max(seq, news.seq)
        self._take(Version(text, number, self._connection, number), news)
        if not recovered:
            self.feedback = {it: each for it, each in self.feedback.items() if it in self._told}
        # Whatever the server has stored of ours is in it, also where the number says less.
        if (flight := self._flight()) is not None and flight.note.stored is not None:
            self._stored(flight)

    def ready(self, request: Request) -> Json | None:
        """A save is sent on top of what this connection knows; ranges, in the text it knows."""
        if request.action == SAVE:
            return self._ready_to_save(request)
        if not isinstance(request.note, Range):
            return request.body
        return None if self._flight() is not None else self._on_text(request.body, request.note)

    def done(self, request: Request, ack: Ack) -> None:
        """A save is stored; anything else is simply done."""
        if request.action != SAVE:
            self.finish(request, ack.body)
            return
        save: Save = request.note
        save.stored = ack.seq
        newest = self.version.seq if self._news is None else self._news.seq
        if save.again and newest < ack.seq:
            # Only the server's text tells in which of its two forms the save was taken.
            self.join()
        else:
            self._stored(request)

    def failed(self, request: Request, why: Problem, chance: float) -> None:
        """A save that names a version which the server has forgotten is made on the newest one."""
        save = request.note
        if not isinstance(save, Save):
            super().failed(request, why, chance)
        elif why.code == "too_large" and save.again and save.grown is None:
            # By now it has words of others in it, and its own twice if it was stored.
            save.grown, request.sent = why, None
        elif why.code == "conflict" and save.grown is not None:
            self.finish(request, save.grown)
            self._settle()
        elif why.code in {"conflict", "not_subscribed"}:
            save.base = replace(save.base or self.version, connection=-1)
            request.sent, self.phase = None, Phase.JOINING
            self.put_off(request, why, chance, "join")
        else:
            super().failed(request, why, chance)
            self._settle()

    def took(self, event: BaseModel) -> bool:
        """Take an event over."""
        match event:
            case events.EssayUpdate():
                self._received(event)
                return False
            case events.NewFeedback(feedback=item) | events.FeedbackUpdate(feedback=item):
                return self._commented(item)
            case events.FeedbackDeleted(feedback_id=number):
                return self.feedback.pop(number, None) is not None
            case events.TypingStart(user=person):
                self.typing[person.id] = person
            case events.TypingStop(user_id=user) | events.UserLeft(user_id=user):
                self.typing.pop(user, None)
            case _:
                pass
        return True

    # ---- the text

    def _received(self, update: events.EssayUpdate) -> None:
        known = self.version.seq if self._news is None else self._news.seq
        if self.phase is Phase.LIVE and update.seq < known:
            return
        self._news = update
        self._settle()

    def _settle(self) -> None:
        """Take over the text that waits, if it has all of ours in it."""
        news = self._news
        if self.phase is not Phase.LIVE or news is None:
            return
        if (flight := self._flight()) is not None:
            save: Save = flight.note
            if save.stored is not None and save.stored <= news.seq:
                self._stored(flight)
            return
        self._news = None
        if news.seq >= self.version.seq:
            self._take(Version(news.content, news.seq, self._connection, news.seq), news)

    def _take(self, version: Version, news: events.EssayUpdate | None) -> None:
        """This is the text of the server now."""
        self.version = self._base = version
        if news is not None:
            self.update = news
            self.tell(news)

    def _pending(self) -> list[Request]:
        """Saves without an answer, in order."""
        return [each for each in self.requests if each.action == SAVE]

    def _flight(self) -> Request | None:
        """The save that is under way."""
        return next((each for each in self._pending() if each.sent), None)

    def _ready_to_save(self, request: Request) -> Json | None:
        if self._flight() is not None:
            return None
        save: Save = request.note
        if save.grown is not None:
            # No server has such a version: it refuses, unless the save was stored before.
            return {"content": "", "base_seq": NOTHING}
        base = save.base = save.base or self._saved or self.version
        save.sent, save.stored = save.text, None
        if base.connection != self._connection or save.again:
            save.sent, base = merged(base.text, save.text, self.version.text), self.version
        save.root = base.root
        return {"content": save.sent, "base_seq": base.root}

    def _stored(self, request: Request) -> None:
        """The save is over; the next one may be made from it."""
        save: Save = request.note
        seq = save.stored or 0
        if not save.again:
            self.version = Version(save.sent, seq, self._connection, save.root)
        # In the text of the server it may stand beside what others wrote.
        known = save.sent == save.text and not save.again
        self._saved = self.version if known else Version(save.text, seq)
        self.finish(request, {"seq": seq})
        self._settle()

    def _on_text(self, body: Json, place: Range) -> Json:
        text = self.version.text
        start, end = moved(place.text, text, place.start, place.end)
        offered: dict[str, Any] = dict(body.get("feedback", {}))
        offered["highlight_start"] = offsets.to_utf16(text, start)
        offered["highlight_end"] = offsets.to_utf16(text, end)
        return {**body, "feedback": offered}

    # ---- feedback

    def _commented(self, item: Any) -> bool:
        self._told.add(item.id)
        old = self.feedback.get(item.id)
        known = {} if old is None else old.model_dump()
        new = Feedback.model_validate(
            {**known, **item.model_dump(exclude_unset=True)}, strict=False
        )
        self.feedback[item.id] = new
        # Feedback that is known already may be told again after a broken connection.
        return new != old
