"""Feedback in an essay's room: ranges from outside, and when to tell of moves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from workroom.core.commands import ChangeFeedback, QuoteFeedback
from workroom.core.entries import FeedbackChanged
from workroom.core.feedback import Feedback
from workroom.core.text import Change, Highlight, attach, from_utf16, move, utf16_length
from workroom.errors import Conflict, InvalidMessage
from workroom.ids import FeedbackId

MOST_AT_ONCE: Final = 100
"""Items that are told of together; an edit before ten thousand of them takes several turns."""


class FeedbackPace:
    """Edits move highlights faster than anybody wants to hear: one notice per item and pace."""

    __slots__ = ("_pace", "_seen", "_told_at", "_waiting")

    def __init__(self, pace: float) -> None:
        """``pace``: seconds between two notices about one piece of feedback."""
        self._pace = pace
        self._seen: Mapping[FeedbackId, Feedback] = {}
        self._told_at: dict[FeedbackId, float] = {}
        self._waiting: dict[FeedbackId, float] = {}

    def told(
        self, feedback_id: FeedbackId, feedback: Mapping[FeedbackId, Feedback], tick: float
    ) -> None:
        """Everybody is being told of this item for another reason."""
        self._seen = feedback
        self._told_at[feedback_id] = tick
        self._waiting.pop(feedback_id, None)

    def seen(self, feedback: Mapping[FeedbackId, Feedback]) -> None:
        """This is how things stand; nothing moved."""
        self._seen = feedback

    def moved(self, feedback: Mapping[FeedbackId, Feedback], tick: float) -> list[FeedbackId]:
        """The text changed: the items to tell of now. The others that moved wait for their turn."""
        if feedback is self._seen:
            return []
        before, self._seen = self._seen, feedback
        now: list[FeedbackId] = []
        for feedback_id, item in feedback.items():
            old = before.get(feedback_id)
            if old is None or old is item or old.highlight == item.highlight:
                continue
            turn = self._told_at.get(feedback_id, float("-inf")) + self._pace
            if len(now) == MOST_AT_ONCE:
                self._waiting.setdefault(feedback_id, tick + self._pace)
            elif turn <= tick:
                self._waiting.pop(feedback_id, None)
                self._told_at[feedback_id] = tick
                now.append(feedback_id)
            else:
                self._waiting[feedback_id] = turn
        return now

    def due(self, tick: float) -> list[FeedbackId]:
        """The waiting items whose turn has come."""
        ready = (feedback_id for feedback_id, turn in self._waiting.items() if turn <= tick)
        due = list(islice(ready, MOST_AT_ONCE))
        for feedback_id in due:
            del self._waiting[feedback_id]
            self._told_at[feedback_id] = tick
        if len(due) == MOST_AT_ONCE:
            for feedback_id, turn in self._waiting.items():
                self._waiting[feedback_id] = max(turn, tick + self._pace / 4)
        return due

    def next_deadline(self) -> float | None:
        """The tick at which ``due`` has something to say."""
        return min(self._waiting.values(), default=None)

    def waiting(self) -> frozenset[FeedbackId]:
        """The items that moved and were not told of yet."""
        return frozenset(self._waiting)

    def forget(self, feedback_id: FeedbackId) -> None:
        """The item was deleted."""
        self._told_at.pop(feedback_id, None)
        self._waiting.pop(feedback_id, None)


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
    """The first place where the quote stands between its prefix and suffix.

    Raises Conflict (``quote``) when it stands nowhere.
    """
    wanted = command.prefix + command.quote + command.suffix
    at = text.find(wanted)
    if at < 0:
        message = "these words do not stand in the essay"
        raise Conflict(message, field="quote")
    start = at + len(command.prefix)
    return attach(text, start, start + len(command.quote))


def feedback_to_change(
    item: Feedback, command: ChangeFeedback, highlight: Highlight | None
) -> FeedbackChanged | None:
    """What a person's change of a piece of feedback comes to; None when it changes nothing."""
    kind = command.type if command.type != item.type else None
    comment = command.comment if command.comment != item.comment else None
    moved = highlight if highlight != item.highlight else None
    if kind is None and comment is None and moved is None:
        return None
    return FeedbackChanged(item.id, kind, comment, moved)
