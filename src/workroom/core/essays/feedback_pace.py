"""When people are told that edits have moved a highlight: not with every keystroke."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Final

from workroom.core.essays.feedback_map import FeedbackMap
from workroom.ids import FeedbackId

MOST_AT_ONCE: Final = 100
"""Items that are told of together; an edit before ten thousand of them takes several turns."""


class FeedbackPace:
    """Edits move highlights faster than anybody wants to hear: one notice per item and pace."""

    __slots__ = ("_pace", "_seen", "_told_at", "_waiting")

    def __init__(self, pace: float) -> None:
        """``pace``: seconds between two notices about one piece of feedback."""
        self._pace = pace
        self._seen = FeedbackMap()
        self._told_at: dict[FeedbackId, float] = {}
        self._waiting: dict[FeedbackId, float] = {}

    def told(self, feedback_id: FeedbackId, feedback: FeedbackMap, tick: float) -> None:
        """Everybody is being told of this item for another reason."""
        self._seen = feedback
        self._told_at[feedback_id] = tick
        self._waiting.pop(feedback_id, None)

    def seen(self, feedback: FeedbackMap) -> None:
        """This is how things stand; nothing moved."""
        self._seen = feedback

    def moved(self, feedback: FeedbackMap, tick: float) -> list[FeedbackId]:
        """The text changed: the items to tell of now. The others that moved wait for their turn."""
        if feedback is self._seen:
            return []
        before, self._seen = self._seen, feedback
        now: list[FeedbackId] = []
        waiting = self._waiting
        later: AbstractSet[FeedbackId] = waiting.keys()
        if min(waiting.values(), default=tick + 1) <= tick:
            later = {feedback_id for feedback_id, turn in waiting.items() if turn > tick}
        for feedback_id in feedback.altered_since(before, later):
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

    def later(self, feedback_id: FeedbackId, tick: float) -> bool:
        """Whether somebody who missed a move is to hear of it with everybody else, at its turn.

        A slow reader that was told at once would be told more often than the others.
        """
        turn = self._told_at.get(feedback_id, float("-inf")) + self._pace
        if feedback_id not in self._waiting and turn > tick:
            self._waiting[feedback_id] = turn
        return feedback_id in self._waiting

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
