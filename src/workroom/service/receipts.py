"""Who is known to have heard how tasks ended, so that nobody who was away misses it.

Behind every ``task_completed`` of a plain connection goes a probe that names the entry behind it;
its pong proves that the client read all that was sent before. Per project, user and node the store
keeps the last entry that every connection of theirs there has proven. Whoever joins is told of the
tasks that ended after the least of these, and the node that they are on now takes the others over:
one of their connections may have broken elsewhere before it had read what another has.

So a user is told of every task at least once on each connection that may have missed it; twice when
a connection, or the server, ended after the message was read and before its pong was noted, and
when somebody has several connections. Extended clients say themselves from which entry on they
missed something (``since``), and are not counted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from workroom.core.events import TaskCompleted
from workroom.core.tasks import Task
from workroom.errors import WorkroomError
from workroom.ids import ConnectionId, ProjectId, RoomId, UserId
from workroom.observe import log_failure, logger
from workroom.ports.clock import Clock
from workroom.ports.tasks import Mark, TaskStore

OWED_FOR: Final = 24 * 3600 * 1000
"""Milliseconds: whoever was away for longer is told of the last day only."""
MOST_OWED: Final = 200
"""Tasks that somebody who was away is told of at most: the last ones."""
TRY_AGAIN: Final = 0.5
ALONE: Final = ""
"""The name of a node that has no others beside it: it keeps it when it is started again."""

Key = tuple[RoomId, UserId]
log = logger("receipts")


@dataclass(slots=True)
class _Link:
    """A connection in a project."""

    user_id: UserId
    joined: int
    """The last entry when it joined: what came before is owed, what comes after it is told live."""
    waits_for: int | None = 0
    """The entry of the last that was owed, until that is proven; 0 while we do not know it."""
    best: int = 0
    """The furthest entry that it has proven."""


@dataclass(slots=True)
class _Visit:
    """A user in a project, over all connections."""

    mark: int
    """What the store has, or is about to have."""
    proven: dict[ConnectionId, int] = field(default_factory=dict)
    floor: int | None = None
    """The least that a connection had proven which has gone since somebody last joined."""

    def reached(self) -> int:
        """What every connection has proven."""
        bounds = list(self.proven.values())
        if self.floor is not None:
            bounds.append(self.floor)
        return min(bounds, default=self.mark)


class Receipts:
    """One per node; runs on the event loop's thread."""

    def __init__(
        self,
        store: TaskStore,
        clock: Clock,
        tell: Callable[[RoomId, ConnectionId, TaskCompleted], None],
        node: str = ALONE,
    ) -> None:
        """``tell`` writes an event to one member of a room, if it is one still.

        ``node``: the name of this one among others.
        """
        self._node = node
        self._store = store
        self._clock = clock
        self._tell = tell
        self._visits: dict[Key, _Visit] = {}
        self._links: dict[tuple[RoomId, ConnectionId], _Link] = {}
        self._dirty: dict[Key, Mark] = {}
        self._flushing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def joined(self, room: RoomId, connection: ConnectionId, user_id: UserId, seq: int) -> None:
        """A connection is in a project whose last entry is ``seq``; it is told all after that."""
        link = self._links[room, connection] = _Link(user_id, seq)
        self._spawn(self._catch_up(room, connection, link))

    def left(self, room: RoomId, connection: ConnectionId) -> None:
        """A connection is no longer in a project, however that came."""
        link = self._links.pop((room, connection), None)
        visit = None if link is None else self._visits.get((room, link.user_id))
        if link is None or visit is None:
            return
        reached = visit.reached()
        proven = visit.proven.pop(connection, None)
        if not visit.proven:
            del self._visits[room, link.user_id]
            if self._node != ALONE:  # the store may have it no more: another node took it over
                self._note((room, link.user_id), reached)
        elif proven is not None:
            visit.floor = proven if visit.floor is None else min(visit.floor, proven)

    def proven(self, room: RoomId, connection: ConnectionId, seq: int) -> None:
        """A connection has read what it was told with the entry ``seq``, and all before that."""
        link = self._links.get((room, connection))
        if link is not None:
            link.best = max(link.best, seq)
            if link.waits_for == seq:
                link.waits_for = None
            self._advance(room, connection, link)

    @property
    def unwritten(self) -> int:
        """Marks that are not stored yet."""
        return len(self._dirty)

    async def close(self) -> None:
        """Store what was proven."""
        for task in self._tasks:
            task.cancel()
        if self._flushing is not None:
            self._flushing.cancel()
        if self._dirty:
            try:
                await self._store.note_told(self._node, self._dirty)
            except WorkroomError:
                log.warning("receipts_not_stored", count=len(self._dirty))

    # ---- inside -----------------------------------------------------------------------------

    async def _catch_up(self, room: RoomId, connection: ConnectionId, link: _Link) -> None:
        try:
            since = await self._begin(room, connection, link)
            owed = [] if since >= link.joined else await self._owed(room, since, link.joined)
        except WorkroomError:
            return  # the store is down: the mark stays, and they are told when they come again
        if self._links.get((room, connection)) is not link:
            return
        for task in owed:
            self._tell(room, connection, _completed(task))
        link.waits_for = owed[-1].settled_seq if owed else None
        self._advance(room, connection, link)

    async def _begin(self, room: RoomId, connection: ConnectionId, link: _Link) -> int:
        """Note that the connection is here; up to where its user was told before."""
        key = (room, link.user_id)
        marks = await self._marks(key)
        if self._links.get((room, connection)) is not link:
            return link.joined
        own = marks.pop(self._node, None)
        visit = self._visits.get(key)
        if visit is not None:  # this may be the page of a line that nobody has seen break yet
            own, visit.floor = visit.reached(), None
        known = [*marks.values(), *([] if own is None else [own])]
        since = min(known, default=link.joined)  # nothing is owed to who was never here
        if visit is None:
            visit = self._visits[key] = _Visit(since)
            if own != since or marks:
                self._note(key, since, alone=bool(marks))
        elif marks:
            visit.mark = min(visit.mark, since)
            self._note(key, visit.mark, alone=True)
        visit.proven[connection] = since
        return since

    async def _marks(self, key: Key) -> dict[str, int]:
        """What nodes have noted of a user; ours as it will soon be stored."""
        pending = self._dirty.get(key)
        room, user_id = key
        if self._node == ALONE and (pending is not None or key in self._visits):
            return {} if pending is None else {ALONE: pending.seq}
        marks = dict(await self._store.told(ProjectId(room.number), user_id))
        pending = self._dirty.get(key)
        if pending is not None:
            marks = (
                {self._node: pending.seq} if pending.alone else {**marks, self._node: pending.seq}
            )
        return marks

    async def _owed(self, room: RoomId, since: int, seq: int) -> list[Task]:
        before = self._clock.now().wall - OWED_FOR
        return await self._store.settled_between(
            ProjectId(room.number), since, seq, since=before, limit=MOST_OWED
        )

    def _advance(self, room: RoomId, connection: ConnectionId, link: _Link) -> None:
        """What a connection has proven counts once it has proven what was owed to it as well."""
        key = (room, link.user_id)
        visit = self._visits.get(key)
        if visit is None or connection not in visit.proven or link.waits_for is not None:
            return
        visit.proven[connection] = max(link.joined, link.best)
        reached = visit.reached()
        if reached > visit.mark:
            visit.mark = reached
            self._note(key, reached)

    def _note(self, key: Key, seq: int, *, alone: bool = False) -> None:
        before = self._dirty.get(key)
        self._dirty[key] = Mark(seq, alone or (before is not None and before.alone))
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        """Store marks, all that are there at a time; what comes meanwhile goes with the next."""
        try:
            while self._dirty:
                batch = dict(self._dirty)
                try:
                    await self._store.note_told(self._node, batch)
                except WorkroomError:
                    await asyncio.sleep(TRY_AGAIN)
                    continue
                for key, mark in batch.items():
                    if self._dirty.get(key) is mark:
                        del self._dirty[key]
        except Exception as error:  # noqa: BLE001 - a mistake of ours; the next proof tries again
            log_failure(log, "receipts_failed", error)
        finally:
            self._flushing = None

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _completed(task: Task) -> TaskCompleted:
    return TaskCompleted(
        task.project,
        task.settled_seq or 0,
        task.id,
        task.type,
        task.canvas_id,
        task.state,
        task.error,
        task.findings or {},
    )
