"""The ports on an SQL database: what SQLite and PostgreSQL have in common, which is nearly all."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final

from workroom.adapters.store import batch_queries, list_queries, milestone_queries, queries, verify
from workroom.adapters.store.sql import Row
from workroom.adapters.store.sql_accounts import SqlAccounts
from workroom.adapters.store.sql_tasks import SqlTasks
from workroom.adapters.store.work import Done
from workroom.core.entries import Record
from workroom.core.search import Search
from workroom.ids import BlobKey, CanvasId, FeedbackId, RoomId, RoomKind, UserId
from workroom.ports.store import Append, IdKind, Milestone, RoomPage, StoredRoom

_FORGET_AT_ONCE: Final = 5_000
"""Answers deleted in one transaction: appends must not wait long behind them."""
_SEARCHED_AT_ONCE: Final = 50
"""Titles between two turns of the loop: a few milliseconds for those that are made to take long."""


class SqlStore(SqlAccounts, SqlTasks):
    """``RoomStore``, ``AccountStore`` and ``TaskStore``; see the ports for what each promises.

    ``SqliteStore`` and ``PostgresStore`` say how the database is opened and closed.
    """

    async def open(self) -> None:
        """Bring the tables up to date, making them when there are none, and start to serve.

        Raises Misconfigured when the database cannot be used, is damaged, or is of a newer
        Workroom; Unavailable when it cannot be used right now.
        """
        await self._access.open()

    async def close(self) -> None:
        """Store what was handed over, answer it, and let go of the database. Harmless twice."""
        await self._access.close()

    async def load(self, room: RoomId) -> StoredRoom | None:
        """The room as stored."""
        return await self._access.read(partial(queries.load, room=room))

    async def records(self, room: RoomId, after: int, limit: int) -> list[Record]:
        """Entries after a number, in order; of deleted rooms too."""
        return await self._access.read(
            partial(queries.records, room=room, after=after, limit=limit)
        )

    async def heads(self, rooms: Collection[RoomId]) -> Mapping[RoomId, int]:
        """Where the logs of these rooms end."""
        found = await self._access.read(partial(batch_queries.heads, wanted=rooms))
        return {room: head.seq for room, head in found.items()}

    async def milestone(self, room: RoomId, most: int) -> Milestone | None:
        """The latest milestone up to a number."""
        return await self._access.read(partial(milestone_queries.milestone, room=room, most=most))

    async def milestone_groups(
        self, room: RoomId, above: int, below: int, limit: int
    ) -> list[Milestone]:
        """Milestones by the number of groups up to them, without their state."""
        return await self._access.read(
            partial(
                milestone_queries.milestone_groups,
                room=room,
                above=above,
                below=below,
                limit=limit,
            )
        )

    async def keep_milestone(self, room: RoomId, milestone: Milestone) -> None:
        """Keep a milestone."""
        await self._access.write(
            partial(milestone_queries.keep_milestone, room=room, milestone=milestone)
        )

    def append(self, append: Append, done: Done) -> None:
        """Store in the next group commit, then call ``done`` on the event loop's thread."""
        self._access.append(append, done)

    async def answer(self, user_id: UserId, request_id: str) -> bytes | None:
        """The first answer to this request."""
        return await self._access.read(
            partial(queries.answer, user_id=user_id, request_id=request_id)
        )

    async def forget_answers(self, before: int) -> int:
        """Forget answers given before ``before``, a few at a time; returns how many."""
        forgotten = 0
        while True:
            count = await self._access.write(
                partial(queries.forget_answers, before=before, limit=_FORGET_AT_ONCE)
            )
            forgotten += count
            if count < _FORGET_AT_ONCE:
                return forgotten

    async def new_ids(self, kind: IdKind, count: int) -> range:
        """Ids that were never given before."""
        return await self._access.write(partial(queries.take_ids, name=kind, count=count))

    async def reserve_id(self, kind: IdKind, number: int) -> None:
        """Never give ``number``."""
        await self._access.write(partial(queries.reserve_id, name=kind, number=number))

    async def rooms(
        self,
        kind: RoomKind,
        user_id: UserId | None,
        *,
        limit: int,
        offset: int,
        search: Search | None = None,
    ) -> RoomPage:
        """A page of rooms, newest change first."""
        whose: dict[str, Any] = {"kind": kind, "user_id": user_id}
        if search is None:
            page = partial(list_queries.list_rooms, limit=limit, offset=offset, **whose)
            return await self._access.read(page)
        searched = await self._access.read(partial(list_queries.searched_rooms, **whose))
        found = await _found(search, searched)
        chosen = found[offset : offset + limit]
        listed = partial(list_queries.chosen_rooms, chosen=chosen, **whose)
        return RoomPage(await self._access.read(listed) if chosen else [], len(found))

    async def essay_of_feedback(self, feedback_id: FeedbackId) -> RoomId | None:
        """The essay to which a piece of feedback belongs."""
        return await self._access.read(partial(queries.essay_of_feedback, feedback_id=feedback_id))

    async def project_of_canvas(self, canvas_id: CanvasId) -> RoomId | None:
        """The project that a canvas is in."""
        return await self._access.read(partial(queries.project_of_canvas, canvas_id=canvas_id))

    async def keys_in_use(self, keys: Collection[BlobKey]) -> set[BlobKey]:
        """Those of these keys that belong to a canvas."""
        return await self._access.read(partial(queries.keys_in_use, keys=keys))

    async def check(self) -> None:
        """Raises Unavailable when a read fails, or when the last write failed and still would."""
        await self._access.read(queries.ping)
        if self._access.fault is not None:
            await self._access.write(queries.raise_fence)

    async def verify(self) -> Sequence[str]:
        """Read everything and compare; what is wrong, in words; empty when all is well.

        Takes long on a large database. Writers and readers go on meanwhile.
        """
        return await self._access.read(verify.findings)


async def _found(search: Search, searched: Sequence[Row]) -> list[int]:
    """The numbers of the rooms that a search finds among ``searched_rooms``, in their order.

    Compared here, and not by the database: each of them knows other letters to be the same.
    """
    found = []
    for start in range(0, len(searched), _SEARCHED_AT_ONCE):
        for number, title, author in searched[start : start + _SEARCHED_AT_ONCE]:
            if search.finds(title, author or ""):
                found.append(number)
        await asyncio.sleep(0)
    return found
