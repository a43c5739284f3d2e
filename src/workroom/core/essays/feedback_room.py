"""Feedback in an essay's room: what people may do with it, and what everybody is told.

A thread is a piece of feedback with its replies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, assert_never

from workroom.core.commands import (
    AddFeedback,
    ChangeFeedback,
    ChangeReply,
    DeleteFeedback,
    DeleteReply,
    FeedbackCommand,
    Origin,
    QuoteFeedback,
    ReplyFeedback,
)
from workroom.core.entries import (
    Entry,
    Fact,
    FeedbackAdded,
    FeedbackChanged,
    FeedbackDeleted,
    FeedbackReopened,
    FeedbackReplied,
    FeedbackResolved,
    ReplyChanged,
    ReplyDeleted,
)
from workroom.core.essays.feedback_map import FeedbackMap
from workroom.core.essays.feedback_pace import FeedbackPace
from workroom.core.essays.state import EssayState
from workroom.core.essays.view import feedback_told, shown_feedback
from workroom.core.events import Event, FeedbackRemoved, FeedbackUpdated, NewFeedback
from workroom.core.feedback import Feedback, Reply
from workroom.core.limits import RoomRules
from workroom.core.people import People
from workroom.core.permissions import FEEDBACK, Deed, Verb
from workroom.core.text import Change, Highlight, attach, from_utf16, move, utf16_length
from workroom.errors import Conflict, InvalidMessage, NotFound, TooLarge
from workroom.ids import FeedbackId, UserId


class Asked(NamedTuple):
    """Who asks for something, and the room in which they do.

    Handed in with each command: were it kept, room and threads would keep each other in memory.
    """

    origin: Origin
    head: EssayState
    require: Callable[[Origin, Verb], None]
    """Refuses who may not."""
    place: Callable[[AddFeedback | ChangeFeedback, Origin], Highlight | None]
    """Finds somebody's range at the head."""

    def may(self, deed: Deed, author: UserId) -> None:
        """Refuse who may not do this to what ``author`` wrote."""
        own, others = FEEDBACK[deed]
        self.require(self.origin, own if author == self.origin.user.id else others)


class Threads:
    """The feedback on one essay. Its state is the room's; this decides and tells."""

    __slots__ = ("_pace", "_people", "_rules")

    def __init__(self, rules: RoomRules, people: People) -> None:
        self._rules = rules
        self._people = people
        self._pace = FeedbackPace(rules.feedback_pace)

    # ---- decisions --------------------------------------------------------------------------

    def decide(self, command: FeedbackCommand, asked: Asked) -> list[Fact]:
        """What a command comes to; nothing when all is so already.

        Raises PermissionDenied, NotFound (``feedback_id``, ``reply_id``), TooLarge, and for a range
        or a quote InvalidMessage and Conflict.
        """
        head = asked.head
        asked.require(asked.origin, Verb.COMMENT)
        match command:
            case AddFeedback() | QuoteFeedback():
                return [self._added(command, asked)]
            case ChangeFeedback():
                return self._changed(command, asked)
            case DeleteFeedback(feedback_id=feedback_id):
                asked.may(Deed.CHANGE, _item(head, feedback_id).author)
                return [FeedbackDeleted(feedback_id)]
            case ReplyFeedback():
                return [self._replied(command, asked)]
            case ChangeReply(feedback_id=feedback_id, reply_id=reply_id, comment=comment):
                reply = _own_reply(command, asked)
                if comment == reply.comment:
                    return []
                added = len(comment) - len(reply.comment)
                self._check_length(_item(head, feedback_id), added, "comment")
                return [ReplyChanged(feedback_id, reply_id, comment)]
            case DeleteReply(feedback_id=feedback_id, reply_id=reply_id):
                _own_reply(command, asked)
                return [ReplyDeleted(feedback_id, reply_id)]
            case _:
                assert_never(command)

    def _added(self, command: AddFeedback | QuoteFeedback, asked: Asked) -> FeedbackAdded:
        self._check_number(asked.head, "feedback")
        if isinstance(command, QuoteFeedback):
            highlight: Highlight | None = find_quote(asked.head.text, command)
        else:
            highlight = asked.place(command, asked.origin)
        return FeedbackAdded(command.feedback_id, command.type, command.comment, highlight)

    def _changed(self, command: ChangeFeedback, asked: Asked) -> list[Fact]:
        item = _item(asked.head, command.feedback_id)
        facts: list[Fact] = []
        if (command.type, command.comment, command.start) != (None, None, None):
            asked.may(Deed.CHANGE, item.author)
            if command.comment is not None:
                added = len(command.comment) - len(item.comment)
                self._check_length(item, added, "feedback.comment")
            highlight = asked.place(command, asked.origin)
            facts += _changes(item, command, highlight)
        if command.resolved is not None:
            asked.may(Deed.RESOLVE, item.author)
            if command.resolved != item.resolved:
                fact = FeedbackResolved if command.resolved else FeedbackReopened
                facts.append(fact(item.id))
        return facts

    def _replied(self, command: ReplyFeedback, asked: Asked) -> FeedbackReplied:
        item = _item(asked.head, command.feedback_id)
        asked.may(Deed.REPLY, item.author)
        if len(item.replies) >= self._rules.replies:
            message = f"a piece of feedback holds at most {self._rules.replies} replies"
            raise TooLarge(message, field="replies")
        self._check_length(item, len(command.comment), "comment")
        self._check_number(asked.head, "replies")
        return FeedbackReplied(item.id, command.comment)

    def _check_number(self, head: EssayState, field: str) -> None:
        most = self._rules.feedback_per_essay
        items = head.feedback.values()
        if len(items) + sum(len(item.replies) for item in items) >= most:
            message = f"an essay holds at most {most} pieces of feedback and replies"
            raise TooLarge(message, field=field)

    def _check_length(self, item: Feedback, added: int, field: str) -> None:
        most = self._rules.thread_length
        length = len(item.comment) + sum(len(reply.comment) for reply in item.replies)
        if added > 0 and length + added > most:
            message = f"a piece of feedback and its replies hold at most {most} characters"
            raise TooLarge(message, field=field)

    # ---- what people are told ---------------------------------------------------------------

    def seen(self, feedback: FeedbackMap) -> None:
        """This is how things stand, and everybody knows."""
        self._pace.seen(feedback)

    def told(self, entry: Entry, state: EssayState, tick: float) -> list[Event]:
        """What everybody is told of an entry about feedback; ``state`` has it."""
        events = feedback_told(state, self._people, entry)
        for event in events:
            match event:
                case NewFeedback():
                    self._pace.seen(state.feedback)
                case FeedbackRemoved(feedback_id=feedback_id):
                    self._pace.forget(feedback_id)
                case FeedbackUpdated(feedback=item):
                    self._pace.told(item.id, state.feedback, tick)
                case _:
                    pass
        return events

    def moved(self, state: EssayState, tick: float) -> list[Event]:
        """The text was edited: what everybody is told of the highlights now."""
        return self._moves(state, self._pace.moved(state.feedback, tick))

    def due(self, state: EssayState, tick: float) -> list[Event]:
        """What everybody is told of moves that waited for their turn."""
        return self._moves(state, self._pace.due(tick))

    def _moves(self, state: EssayState, ids: list[FeedbackId]) -> list[Event]:
        if not ids:
            return []
        shown = shown_feedback(state, self._people, ids, replies=False)
        return [FeedbackUpdated(state.id, state.seq, item) for item in shown.values()]

    def next_deadline(self) -> float | None:
        """The tick at which ``due`` has something to say."""
        return self._pace.next_deadline()

    def untold(self) -> frozenset[FeedbackId]:
        """What has moved, and nobody was told of yet."""
        return self._pace.waiting()

    def news(
        self,
        state: EssayState,
        old: Mapping[FeedbackId, Feedback],
        untold: Iterable[int],
        tick: float,
    ) -> list[Event]:
        """What somebody has to be told who knows ``old``, and not what was ``untold`` then."""
        missed = frozenset(untold)
        if state.feedback is old and not missed:
            return []
        events: list[Event] = [
            FeedbackRemoved(state.id, state.seq, i) for i in old if i not in state.feedback
        ]
        changed = []
        for i, item in state.feedback.items():
            before = old.get(i)
            if before == item and i not in missed:
                continue
            only_moved = before is not None and replace(before, highlight=item.highlight) == item
            if not (only_moved and self._pace.later(i, tick)):
                changed.append(i)
        for i, shown in shown_feedback(state, self._people, changed).items():
            kind = FeedbackUpdated if i in old else NewFeedback
            events.append(kind(state.id, state.seq, shown))
        return events


def _item(head: EssayState, feedback_id: FeedbackId) -> Feedback:
    item = head.feedback.get(feedback_id)
    if item is None:
        message = f"there is no feedback {feedback_id} on this essay"
        raise NotFound(message, field="feedback_id")
    return item


def _own_reply(command: ChangeReply | DeleteReply, asked: Asked) -> Reply:
    item = _item(asked.head, command.feedback_id)
    reply = item.reply(command.reply_id)
    if reply is None:
        message = f"there is no reply {command.reply_id} to feedback {item.id}"
        raise NotFound(message, field="reply_id")
    asked.may(Deed.CHANGE, reply.author)
    return reply


def range_at_head(base: str, start: int, end: int, to_head: Change | None, head: str) -> Highlight:
    """A highlight at the head from UTF-16 offsets in ``base``, the text that its author saw.

    Raises InvalidMessage (``feedback.highlight_end``) when the range is not inside ``base``, and
    Conflict when ``base`` is too old to be followed to the head (``to_head`` is None).
    """
    units = utf16_length(base)
    if end > units:
        message = f"the text that you had ends at {units}, the highlight at {end}"
        raise InvalidMessage(message, field="feedback.highlight_end")
    if to_head is None:
        message = "the text has changed too much since you last had it; ask for it again"
        raise Conflict(message, field="feedback.highlight_start")
    left, right = from_utf16(base, start), from_utf16(base, end)
    moved = move(attach(base, left, right), to_head, base, head)
    # Words that are gone by now keep their quote, and come back with it; others begin anew here.
    return moved if moved.orphaned else attach(head, moved.start, moved.end)


def find_quote(text: str, command: QuoteFeedback) -> Highlight:
    """The place where the quote stands between its prefix and suffix.

    Raises Conflict (``quote``) when it stands nowhere, or in several places.
    """
    wanted = command.prefix + command.quote + command.suffix
    at = text.find(wanted)
    if at < 0:
        message = "these words do not stand in the essay"
        raise Conflict(message, field="quote")
    if text.find(wanted, at + 1) >= 0:
        message = "these words stand in several places; tell more of what stands around them"
        raise Conflict(message, field="quote")
    start = at + len(command.prefix)
    return attach(text, start, start + len(command.quote))


def _changes(
    item: Feedback, command: ChangeFeedback, highlight: Highlight | None
) -> list[FeedbackChanged]:
    """What a person's change of a piece of feedback comes to; nothing when it changes nothing."""
    kind = command.type if command.type != item.type else None
    comment = command.comment if command.comment != item.comment else None
    moved = highlight if highlight != item.highlight else None
    if kind is None and comment is None and moved is None:
        return []
    return [FeedbackChanged(item.id, kind, comment, moved)]
