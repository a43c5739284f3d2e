"""Feedback on essays, one request at a time: for REST and the like.

Every change goes through the hub, as in ``library.py``. Every coroutine raises Unavailable when the
store cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from workroom.core.commands import (
    AddFeedback,
    ChangeFeedback,
    ChangeReply,
    Command,
    DeleteFeedback,
    DeleteReply,
    QuoteFeedback,
    ReplyFeedback,
)
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.view import shown_feedback
from workroom.core.events import FeedbackShown, ReplyShown
from workroom.core.people import User
from workroom.errors import NotFound
from workroom.ids import FeedbackId, ReplyId, essay_room
from workroom.service.hub import Hub
from workroom.service.slices import Slice

NO_ID_YET: Final = FeedbackId(0)
"""In a command that adds feedback: the hub gives the id."""


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
        """Change feedback: one's own, or as an owner of the essay. Whoever may comment resolves.

        Raises NotFound, PermissionDenied, InvalidMessage.
        """
        room = await self._carry_out(user, command.feedback_id, command)
        return _remark(room, command.feedback_id)

    async def delete(self, user: User, feedback_id: int) -> None:
        """Remove feedback: one's own, or as an owner of the essay.

        Raises NotFound, PermissionDenied.
        """
        await self._carry_out(user, feedback_id, DeleteFeedback(FeedbackId(feedback_id)))

    async def replies(
        self, user: User, feedback_id: int, *, limit: int, offset: int
    ) -> Slice[ReplyShown]:
        """The replies to a piece of feedback, oldest first. Raises NotFound."""
        found = _replies(await self._essay_with(user, feedback_id), feedback_id)
        return Slice(found[offset : offset + limit], len(found))

    async def reply(self, user: User, feedback_id: int, comment: str) -> ReplyShown:
        """Answer a piece of feedback. Raises NotFound, PermissionDenied, TooLarge."""
        room = await self._essay_with(user, feedback_id)
        command = ReplyFeedback(FeedbackId(feedback_id), comment)
        answer = await self._hub.execute(room.id, command, user)
        return _reply(room, feedback_id, answer["reply_id"])

    async def one_reply(self, user: User, feedback_id: int, reply_id: int) -> ReplyShown:
        """One reply. Raises NotFound."""
        return _reply(await self._essay_with(user, feedback_id), feedback_id, reply_id)

    async def change_reply(
        self, user: User, feedback_id: int, reply_id: int, comment: str
    ) -> ReplyShown:
        """Rewrite a reply: one's own, or as an owner of the essay.

        Raises NotFound, PermissionDenied, TooLarge.
        """
        command = ChangeReply(FeedbackId(feedback_id), ReplyId(reply_id), comment)
        room = await self._carry_out(user, feedback_id, command)
        return _reply(room, feedback_id, reply_id)

    async def delete_reply(self, user: User, feedback_id: int, reply_id: int) -> None:
        """Remove a reply: one's own, or as an owner of the essay.

        Raises NotFound, PermissionDenied.
        """
        command = DeleteReply(FeedbackId(feedback_id), ReplyId(reply_id))
        await self._carry_out(user, feedback_id, command)

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


def _replies(room: EssayRoom, feedback_id: int) -> Sequence[ReplyShown]:
    return _remark(room, feedback_id).shown.replies or ()


def _reply(room: EssayRoom, feedback_id: int, reply_id: int) -> ReplyShown:
    for reply in _replies(room, feedback_id):
        if reply.id == reply_id:
            return reply
    message = f"there is no reply {reply_id} to feedback {feedback_id}"
    raise NotFound(message)


def _not_found(feedback_id: int) -> NotFound:
    return NotFound(f"there is no feedback {feedback_id} that you may see")
