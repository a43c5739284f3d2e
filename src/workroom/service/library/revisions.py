"""The history of essays, one request at a time: for REST and the like.

Reading needs the right to see the essay as it is now, restoring and naming the right to edit it.
Every change goes through the hub, as in ``library.py``. Every coroutine raises Unavailable when the
store cannot be reached, and NotFound as ``library.py`` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from workroom.core.commands import NameRevision, RestoreRevision
from workroom.core.essays.revisions import (
    Difference,
    Passage,
    Revision,
    Telling,
    differences,
    passages,
)
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.state import EssayState
from workroom.core.essays.view import shown_feedback
from workroom.core.people import People, User
from workroom.core.permissions import Verb
from workroom.core.text import diff
from workroom.errors import NotFound
from workroom.ids import essay_room
from workroom.service.hub import Hub
from workroom.service.library.remarks import Remark
from workroom.service.slices import Slice


@dataclass(frozen=True, slots=True)
class ShownRevision:
    """A revision, or a group of them, with what is not in the log's own words."""

    revision: Revision
    author: User
    names: Mapping[int, str]
    """What people called revisions in it, by number."""


@dataclass(frozen=True, slots=True)
class PastEssay:
    """An essay as it stood after a revision."""

    shown: ShownRevision
    state: EssayState
    remarks: Sequence[Remark]
    differences: Sequence[Difference]
    """What became of the text since the revision before, or since the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who wrote the text as it stood after revision ``seq``."""

    seq: int
    passages: Sequence[Passage]
    people: People


class Revisions:
    """The use cases of history."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._history = hub.history

    async def page(
        self, user: User, number: int, *, groups: bool, limit: int, offset: int
    ) -> Slice[ShownRevision]:
        """A part of an essay's revisions, or groups of them, the last one first."""
        room = await self._essay(user, number)
        seq = room.confirmed.seq
        if groups:
            found, total = await self._history.groups(room.id, seq, limit=limit, offset=offset)
        else:
            until, total = max(0, seq - offset), seq
            found = await self._history.revisions(room.id, max(0, until - limit), until)
        return Slice([_shown(each, room) for each in found], total)

    async def named(
        self, user: User, number: int, *, limit: int, offset: int
    ) -> Slice[ShownRevision]:
        """A part of the revisions that have names, the last one first."""
        room = await self._essay(user, number)
        names = sorted(room.confirmed.names, reverse=True)
        found = [
            each
            for seq in names[offset : offset + limit]
            for each in await self._history.revisions(room.id, seq - 1, seq)
        ]
        return Slice([_shown(each, room) for each in found], len(names))

    async def one(self, user: User, number: int, seq: int, since: int | None = None) -> PastEssay:
        """An essay as it stood after revision ``seq``, and what came about since ``since``.

        ``since`` None is the revision before. Raises NotFound (``seq``, ``since``) for a number
        that the essay has no revision of.
        """
        room = await self._essay(user, number)
        _require_revision(room, seq)
        if since is not None and not 0 <= since < seq:
            message = f"there is no revision {since} before revision {seq}"
            raise NotFound(message, field="since")
        before = None if since is None else await self._text(room, since)
        telling = await self._history.tell(room.id, seq)
        return await self._history.run(lambda: _past_essay(room, telling, before))

    async def restore(self, user: User, number: int, seq: int) -> None:
        """Make the text what it was after revision ``seq``: an edit, from the text as it is then.

        Raises NotFound (``seq``), PermissionDenied, TooLarge (``content``).
        """
        room = await self._essay(user, number, Verb.EDIT)
        _require_revision(room, seq)
        text = await self._text(room, seq)
        await self._hub.execute(room.id, RestoreRevision(seq, text), user)

    async def name(self, user: User, number: int, seq: int, name: str | None) -> ShownRevision:
        """Call a revision something; None takes its name away.

        Raises NotFound (``seq``), PermissionDenied, TooLarge (``name``).
        """
        room = await self._essay(user, number, Verb.EDIT)
        await self._hub.execute(room.id, NameRevision(seq, name), user)
        (revision,) = await self._history.revisions(room.id, seq - 1, seq)
        return _shown(revision, await self._essay(user, number))

    async def attribution(self, user: User, number: int, seq: int | None) -> Attribution:
        """Who wrote which part of the text after revision ``seq`` (None: the last one).

        Raises NotFound (``seq``).
        """
        room = await self._essay(user, number)
        seq = room.confirmed.seq if seq is None else seq
        _require_revision(room, seq)
        telling = await self._history.tell(room.id, seq)
        found = await self._history.run(lambda: passages(telling.moment))
        return Attribution(seq, found, room.people)

    async def _essay(self, user: User, number: int, verb: Verb = Verb.VIEW) -> EssayRoom:
        return cast("EssayRoom", await self._hub.look(essay_room(number), user, verb))

    async def _text(self, room: EssayRoom, seq: int) -> str:
        return (await self._history.tell(room.id, seq)).moment.state.text if seq else ""


def _shown(revision: Revision, room: EssayRoom) -> ShownRevision:
    names = {
        seq: name
        for seq, name in sorted(room.confirmed.names.items())
        if revision.first <= seq <= revision.last
    }
    return ShownRevision(revision, room.people[revision.actor], names)


def _past_essay(room: EssayRoom, telling: Telling, before: str | None) -> PastEssay:
    """The essay after the revision told last, compared with ``before`` or with the one before."""
    state, step = telling.moment.state, telling.step
    if before is None:
        before, change = step.before, step.change
    else:
        change = diff(before, state.text)
    items = shown_feedback(state, room.people, state.feedback).values()
    remarks = [Remark(state.id, item) for item in items]
    return PastEssay(_shown(step.revision, room), state, remarks, differences(before, change))


def _require_revision(room: EssayRoom, seq: int) -> None:
    if not 1 <= seq <= room.confirmed.seq:
        message = f"there is no revision {seq} of this essay"
        raise NotFound(message, field="seq")
