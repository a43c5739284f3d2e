"""Feedback on essays, one request at a time: for REST and the like.

Every change goes through the hub, as in ``library.py``. Every coroutine raises Unavailable when the
store cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, cast

from workroom.core.commands import (
    AddFeedback,
    ChangeFeedback,
    Command,
    DeleteFeedback,
    QuoteFeedback,
)
from workroom.core.essay import EssayRoom
from workroom.core.essay_view import shown_feedback
from workroom.core.events import FeedbackShown
from workroom.core.people import User
from workroom.errors import NotFound
from workroom.ids import FeedbackId, essay_room
from workroom.service.hub import Hub

NO_ID_YET: Final = FeedbackId(0)
"""In a command that adds feedback: the hub gives the id."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """A part of a list, and how long the whole list is."""

    items: Sequence[Item]
    total: int


@dataclass(frozen=True, slots=True)
class Remark:
    """A piece of feedback, and the essay that it is about."""

    essay_id: int
    shown: FeedbackShown


class Remarks:
    """The use cases of feedback."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def on_essay(self, user: User, number: int, *, limit: int, offset: int) -> Slice[Remark]:
        """The feedback on an essay, oldest first. Raises NotFound."""
        room = await self._essay(user, number)
        ids = list(room.confirmed.feedback)
        return Slice(_remarks(room, ids[offset : offset + limit]), len(ids))

    async def one(self, user: User, feedback_id: int) -> Remark:
        """One piece of feedback. Raises NotFound."""
        return _remark(await self._essay_with(user, feedback_id), feedback_id)

    async def add(self, user: User, number: int, command: AddFeedback | QuoteFeedback) -> Remark:
        """Comment on an essay; the id in the command counts for nothing.

        Raises NotFound, PermissionDenied, TooLarge, InvalidMessage for a range outside of the
        text, and Conflict (``quote``) for words that do not stand in it.
        """
        answer = await self._hub.execute(essay_room(number), command, user)
        return _remark(await self._essay(user, number), answer["feedback_id"])

    async def change(self, user: User, command: ChangeFeedback) -> Remark:
        """Change feedback: one's own, or as an owner of the essay.

        Raises NotFound, PermissionDenied, InvalidMessage.
        """
        room = await self._carry_out(user, command.feedback_id, command)
        return _remark(room, command.feedback_id)

    async def delete(self, user: User, feedback_id: int) -> None:
        """Remove feedback: one's own, or as an owner of the essay.

        Raises NotFound, PermissionDenied.
        """
        await self._carry_out(user, feedback_id, DeleteFeedback(FeedbackId(feedback_id)))

    async def _carry_out(self, user: User, feedback_id: int, command: Command) -> EssayRoom:
        room = await self._essay_with(user, feedback_id)
        await self._hub.execute(room.id, command, user)
        return room

    async def _essay(self, user: User, number: int) -> EssayRoom:
        return cast("EssayRoom", await self._hub.look(essay_room(number), user))

    async def _essay_with(self, user: User, feedback_id: int) -> EssayRoom:
        """The essay that the feedback is on. The refusal never says which essay that would be."""
        room = await self._hub.store.essay_of_feedback(FeedbackId(feedback_id))
        if room is None:
            raise _not_found(feedback_id)
        try:
            return await self._essay(user, room.number)
        except NotFound:
            raise _not_found(feedback_id) from None


def _remarks(room: EssayRoom, ids: Iterable[int]) -> list[Remark]:
    state = room.confirmed
    shown = shown_feedback(state, room.people, map(FeedbackId, ids))
    return [Remark(state.id, item) for item in shown.values()]


def _remark(room: EssayRoom, feedback_id: int) -> Remark:
    """It may be gone again by the time that it is looked at."""
    found = _remarks(room, [feedback_id])
    if not found:
        raise _not_found(feedback_id)
    return found[0]


def _not_found(feedback_id: int) -> NotFound:
    return NotFound(f"there is no feedback {feedback_id} that you may see")
