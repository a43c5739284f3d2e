"""An essay's past, read from its log: at any entry, without replaying more than a chapter of it.

What came of each whole chapter is kept as a *milestone*. A milestone is nothing but its part of the
log told once, so it is made whenever one is missing, by whoever needs it, and always comes out the
same. All the work is done on one thread of its own: however much history people ask for, the event
loop has one competitor for the interpreter.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

import orjson

from workroom.core.entries import Entry, Record
from workroom.core.essays.revisions import (
    CHAPTER,
    Label,
    Moment,
    Revision,
    Teller,
    Telling,
    compact,
    grouped,
    revision_of,
    runs_of,
    spelled,
)
from workroom.errors import Unavailable
from workroom.ids import MAX_ID, EssayId, RoomId
from workroom.observe import READS
from workroom.ports.store import Milestone, RoomStore
from workroom.service.rooms.life import essay_body, essay_state_of
from workroom.service.rooms.records import to_entry

QUICKLY: Final = 3
"""How hard zlib tries: a third of the time of its usual 6, and a tenth more bytes."""

AT_ONCE: Final = 64
"""Entries read in one go: they may be as large as the largest text, and hundreds are wanted."""

_REVISION: Final = attrgetter(*[field.name for field in fields(Revision)])
"""A revision as a tuple. (``astuple`` also copies what is in it, which takes most of a chapter.)"""

T = TypeVar("T")


class History:
    """The past of every essay. Methods run on the event loop's thread.

    Every coroutine raises Unavailable when the store cannot be reached, or the log cannot be read.
    """

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="workroom-history")
        self._keeping: dict[RoomId, asyncio.Task[None]] = {}

    def close(self) -> None:
        """Do no more; what is being worked on is let go."""
        for task in self._keeping.values():
            task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something longer off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # ---- reading ----------------------------------------------------------------------------

    async def tell(self, room: RoomId, seq: int) -> Telling:
        """The essay after entry ``seq``, which there must be, and what this entry did."""
        return await self._tell(room, await self._milestone(room, seq - 1), seq)

    async def text(self, room: RoomId, seq: int) -> str:
        """The text after entry ``seq``; there is none before the first."""
        return (await self.tell(room, seq)).moment.state.text if seq else ""

    async def entries(self, room: RoomId, after: int, until: int) -> list[Entry]:
        """The entries ``after`` (exclusive) to ``until``, in order."""
        found: list[Entry] = []
        async for records in self._records(room, after, until):
            found += await self._read(room, partial(list, map(to_entry, records)))
        return found

    async def revisions(self, room: RoomId, after: int, until: int) -> list[Revision]:
        """Each of the entries ``after`` (exclusive) to ``until``, the last one first."""
        found: list[Revision] = []
        async for records in self._records(room, after, until):
            found += await self._read(room, partial(_revisions, records))
        return found[::-1]

    async def groups(
        self, room: RoomId, seq: int, *, limit: int, offset: int
    ) -> tuple[list[Revision], int]:
        """A page of the groups up to entry ``seq``, the last one first, and how many there are."""
        milestone = await self._milestone(room, seq)
        after, before = (milestone.seq, milestone.groups_total) if milestone else (0, 0)
        found = grouped((await self.revisions(room, after, seq))[::-1])
        total = before + len(found)
        low, high = max(0, total - offset - limit), max(0, total - offset)
        start = before
        if low < before:
            kept = await self._store.milestone_groups(room, low, high + CHAPTER, limit + 1)
            earlier = await self._read(room, lambda: [_groups_of(one) for one in kept])
            start = kept[0].groups_total - len(earlier[0]) if kept else before
            found = [each for groups in earlier for each in groups][: before - start] + found
        return found[low - start : high - start][::-1], total

    async def _milestone(self, room: RoomId, most: int) -> Milestone | None:
        """The end of the last whole chapter up to ``most``; made, if it is missing."""
        wanted = most - most % CHAPTER
        milestone = await self._store.milestone(room, wanted)
        if (milestone.seq if milestone else 0) < wanted:
            await self.keep_up(room)
            milestone = await self._store.milestone(room, wanted)
        return milestone

    async def _tell(self, room: RoomId, start: Milestone | None, seq: int) -> Telling:
        """Go on from a milestone until ``seq``, within the next chapter."""
        teller = await self._read(room, partial(_teller, room, start))
        async for records in self._records(room, start.seq if start else 0, seq):
            await self._read(room, partial(_hear, teller, records))
        return await self._read(room, teller.telling)

    async def _records(self, room: RoomId, after: int, until: int) -> AsyncIterator[list[Record]]:
        """The entries after ``after`` up to ``until``, never many at once: each may be large."""
        while after < until:
            READS.labels("log").inc()
            records = await self._store.records(room, after, min(AT_ONCE, until - after))
            if not records:
                message = f"the stored log of {room} ends before entry {until}"
                raise Unavailable(message)
            yield records
            after = records[-1].seq

    # ---- milestones -------------------------------------------------------------------------

    async def keep_up(self, room: RoomId) -> None:
        """Make the milestones that are missing; whoever asks meanwhile waits for the same work."""
        task = self._keeping.get(room)
        if task is None:
            task = self._keeping[room] = asyncio.ensure_future(self._keep_up(room))
            task.add_done_callback(lambda _: self._keeping.pop(room, None))
        await asyncio.shield(task)

    async def _keep_up(self, room: RoomId) -> None:
        last = await self._store.milestone(room, MAX_ID)
        while True:
            end = (last.seq if last else 0) + CHAPTER
            if not await self._store.records(room, end - 1, 1):
                return
            telling = await self._tell(room, last, end)
            made = await self._read(room, partial(_chapter, last, telling))
            await self._store.keep_milestone(room, made)
            last = made

    async def _read(self, room: RoomId, work: Callable[[], T]) -> T:
        try:
            return await self.run(work)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
            message = f"the stored log of {room} cannot be read"
            raise Unavailable(message) from error


# ---- on the thread -------------------------------------------------------------------------------


def _entries(records: Sequence[Record]) -> list[tuple[Entry, str]]:
    return [(to_entry(record), record.kind) for record in records]


def _revisions(records: Sequence[Record]) -> list[Revision]:
    return [revision_of(entry, kind) for entry, kind in _entries(records)]


def _teller(room: RoomId, start: Milestone | None) -> Teller:
    return Teller(EssayId(room.number), None if start is None else _moment(start))


def _hear(teller: Teller, records: Sequence[Record]) -> None:
    teller.add(_entries(records))


def _chapter(last: Milestone | None, telling: Telling) -> Milestone:
    """What came of a whole chapter; ``last`` is the milestone before it."""
    moment = compact(telling.moment)
    state = {
        "state": essay_body(moment.state),
        "labels": [tuple(label) for label in moment.labels],
        "runs": runs_of(moment.marks),
    }
    return Milestone(
        seq=moment.state.seq,
        groups_total=(last.groups_total if last else 0) + len(telling.groups),
        groups=_pack([_REVISION(group) for group in telling.groups]),
        state=_pack(state),
    )


def _moment(milestone: Milestone) -> Moment:
    body = _unpack(milestone.state)
    return Moment(
        essay_state_of(body["state"]),
        tuple([Label(*label) for label in body["labels"]]),
        spelled(body["runs"]),
    )


def _groups_of(milestone: Milestone) -> list[Revision]:
    """As they were packed: by position, so that later fields may only be added at the end."""
    return [Revision(*values) for values in _unpack(milestone.groups)]


def _pack(value: Any) -> bytes:
    return zlib.compress(orjson.dumps(value), QUICKLY)


def _unpack(packed: bytes) -> Any:
    return orjson.loads(zlib.decompress(packed))
