"""An essay's past, read from its log: at any entry, without replaying more than a chapter of it.

What came of each whole chapter is kept as a *milestone*. A milestone is nothing but its part of the
log told once, so it is made whenever one is missing, by whoever needs it, and always comes out the
same. All the work is done on one thread of its own: however much history people ask for, the event
loop has one competitor for the interpreter.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from functools import partial
from typing import Any, Final, TypeVar

import orjson

from workroom.core.entries import Entry, Record
from workroom.core.revisions import (
    CHAPTER,
    Label,
    Moment,
    Revision,
    Telling,
    compact,
    grouped,
    retell,
    revision_of,
    runs_of,
)
from workroom.errors import Unavailable
from workroom.ids import EssayId, RoomId
from workroom.ports.store import Milestone, RoomStore
from workroom.service.life import essay_body, essay_state_of
from workroom.service.records import to_entry

QUICKLY: Final = 3
"""How hard zlib tries: a third of the time of its usual 6, and a tenth more bytes."""

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
        milestone = await self._milestone(room, seq - 1)
        after = milestone.seq if milestone else 0
        records = await self._store.records(room, after, seq - after)
        return await self._read(room, lambda: _telling(room, milestone, records))

    async def revisions(self, room: RoomId, after: int, until: int) -> list[Revision]:
        """Each of the entries ``after`` (exclusive) to ``until``, the last one first."""
        records = await self._store.records(room, after, until - after)
        return await self._read(room, lambda: _revisions(records)[::-1])

    async def groups(
        self, room: RoomId, seq: int, *, limit: int, offset: int
    ) -> tuple[list[Revision], int]:
        """A page of the groups up to entry ``seq``, the last one first, and how many there are."""
        milestone = await self._milestone(room, seq)
        after, before = (milestone.seq, milestone.groups_total) if milestone else (0, 0)
        records = await self._store.records(room, after, seq - after)
        found = await self._read(room, lambda: grouped(_revisions(records)))
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

    # ---- milestones -------------------------------------------------------------------------

    async def keep_up(self, room: RoomId) -> None:
        """Make the milestones that are missing; whoever asks meanwhile waits for the same work."""
        task = self._keeping.get(room)
        if task is None:
            task = self._keeping[room] = asyncio.ensure_future(self._keep_up(room))
            task.add_done_callback(lambda _: self._keeping.pop(room, None))
        await asyncio.shield(task)

    async def _keep_up(self, room: RoomId) -> None:
        last = await self._store.milestone(room, 2**53)
        while True:
            records = await self._store.records(room, last.seq if last else 0, CHAPTER)
            if len(records) < CHAPTER:
                return
            made = await self._read(room, partial(_chapter, room, last, records))
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


def _telling(room: RoomId, start: Milestone | None, records: Sequence[Record]) -> Telling:
    moment = None if start is None else _moment(start)
    return retell(EssayId(room.number), moment, _entries(records))


def _chapter(room: RoomId, start: Milestone | None, records: Sequence[Record]) -> Milestone:
    """What comes of a whole chapter."""
    telling = _telling(room, start, records)
    moment = compact(telling.moment)
    state = {
        "state": essay_body(moment.state),
        "labels": [tuple(label) for label in moment.labels],
        "runs": runs_of(moment.marks),
    }
    return Milestone(
        seq=moment.state.seq,
        groups_total=(start.groups_total if start else 0) + len(telling.groups),
        groups=_pack([astuple(group) for group in telling.groups]),
        state=_pack(state),
    )


def _moment(milestone: Milestone) -> Moment:
    body = _unpack(milestone.state)
    return Moment(
        essay_state_of(body["state"]),
        tuple([Label(*label) for label in body["labels"]]),
        "".join([chr(place) * count for count, place in body["runs"]]),
    )


def _groups_of(milestone: Milestone) -> list[Revision]:
    return [Revision(*values) for values in _unpack(milestone.groups)]


def _pack(value: Any) -> bytes:
    return zlib.compress(orjson.dumps(value), QUICKLY)


def _unpack(packed: bytes) -> Any:
    return orjson.loads(zlib.decompress(packed))
