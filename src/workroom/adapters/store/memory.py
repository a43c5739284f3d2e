"""The store in memory: the same promises, except that nothing outlives the process.

For trying things out and for tests, which can make it fail (``fail_with``) and hold appends back
(``hold``) to see what those who wait do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workroom.adapters.store.batch import AnswerKey, Batch, BrokenLines, Head, collect, judge
from workroom.adapters.store.memory_accounts import MemoryAccounts
from workroom.adapters.store.memory_tasks import MemoryTasks
from workroom.core.entries import Record
from workroom.core.people import Right
from workroom.core.search import Search
from workroom.errors import Unavailable
from workroom.ids import BlobKey, CanvasId, FeedbackId, RoomId, RoomKind, UserId
from workroom.ports.store import (
    MOST_SEARCHED,
    Append,
    Appended,
    AppendResult,
    Checkpoint,
    IdKind,
    ListedRoom,
    Milestone,
    NotStored,
    RoomPage,
    RoomSummary,
    StoredRoom,
)

Done = Callable[[AppendResult], None]


@dataclass(slots=True)
class _Room:
    records: list[Record] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    summary: RoomSummary = field(
        default_factory=lambda: RoomSummary("", UserId(0), 0, 0, UserId(0), {})
    )
    people: dict[UserId, Right | None] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)


class MemoryStore(MemoryAccounts, MemoryTasks):
    """``RoomStore``, ``AccountStore`` and ``TaskStore`` in memory.

    Appends are stored together in the next turn of the loop, as a group commit would.
    """

    def __init__(self, *, clock: Callable[[], int] = lambda: int(time.time())) -> None:
        super().__init__(clock)
        MemoryTasks.__init__(self)
        self._rooms: dict[RoomId, _Room] = {}
        self._heads: dict[RoomId, Head] = {}
        self._broken = BrokenLines()
        self._answers: dict[AnswerKey, bytes] = {}
        self._answered_at: dict[AnswerKey, int] = {}
        self._feedback: dict[FeedbackId, RoomId] = {}
        self._canvases: dict[CanvasId, tuple[RoomId, BlobKey]] = {}
        self._next_ids: dict[IdKind, int] = {}
        self._waiting: list[tuple[Append, Done]] = []
        self._held = False
        self._write_error: Unavailable | None = None
        self._read_error: Unavailable | None = None

    async def open(self) -> None:
        """Nothing to do; here so that every store is used alike."""

    async def close(self) -> None:
        """Store and answer what waits."""
        self.release()
        self._commit()

    # For tests

    def fail_with(self, error: Unavailable, *, reads: bool = False) -> None:
        """From now on nothing is stored, and everybody is told ``error``; readers too if asked."""
        self._write_error = error
        self._read_error = error if reads else None

    def heal(self) -> None:
        """Work again."""
        self._write_error = self._read_error = None

    def hold(self) -> None:
        """Keep appends waiting, as a slow disk does, until ``release``."""
        self._held = True

    def release(self) -> None:
        """Store what was held back in the next turn of the loop, and hold nothing any more."""
        self._held = False
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._commit)

    def _may_read(self) -> None:
        if self._read_error is not None:
            raise self._read_error

    def _may_write(self) -> None:
        if self._write_error is not None:
            raise self._write_error

    # RoomStore

    def append(self, append: Append, done: Done) -> None:
        """Store in the next turn of the loop, then call ``done``."""
        if not self._waiting and not self._held:
            asyncio.get_running_loop().call_soon(self._commit)
        self._waiting.append((append, done))

    def _commit(self) -> None:
        if self._held:
            return
        waiting, self._waiting = self._waiting, []
        if self._write_error is not None:
            results: Sequence[AppendResult] = [NotStored(self._write_error)] * len(waiting)
            self._broken.note([append for append, _ in waiting], results)
        else:
            results = self._store([append for append, _ in waiting])
        for (_, done), result in zip(waiting, results, strict=True):
            try:
                done(result)
            except Exception as error:  # noqa: BLE001 - as the loop itself does
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "A store callback failed", "exception": error}
                )

    def _store(self, appends: Sequence[Append]) -> list[AppendResult]:
        results = judge(appends, self._heads, self._answers, self._broken)
        good = [a for a, r in zip(appends, results, strict=True) if isinstance(r, Appended)]
        self._keep_batch(collect(good))
        return results

    def _keep_batch(self, batch: Batch) -> None:
        for room, (_, summary) in batch.rooms.items():
            kept = self._rooms.setdefault(room, _Room())
            kept.summary = summary or kept.summary
        for room, record in batch.records:
            self._rooms[room].records.append(record)
            self._rooms[room].people.setdefault(record.actor)
        for (room, user_id), right in batch.rights.items():
            self._rooms.setdefault(room, _Room()).people[user_id] = right
        for feedback_id, owner in batch.feedback.items():
            self._feedback.pop(feedback_id, None)
            if owner is not None:
                self._feedback[feedback_id] = owner
        for canvas_id, place in batch.canvases.items():
            self._canvases.pop(canvas_id, None)
            if place is not None:
                self._canvases[canvas_id] = place
        self._begin_tasks(batch.tasks_started)
        self._settle_tasks(batch.tasks_settled)
        for answer in batch.answers:
            self._answered_at[answer.user_id, answer.request_id] = answer.at
        for room, checkpoint in batch.checkpoints.items():
            self._rooms.setdefault(room, _Room()).checkpoint = checkpoint
        for room in batch.deleted:
            self._forget_room(room)

    def _forget_room(self, room: RoomId) -> None:
        self._rooms[room].people.clear()
        self._rooms[room].milestones.clear()
        self._feedback = {each: of for each, of in self._feedback.items() if of != room}
        self._canvases = {each: of for each, of in self._canvases.items() if of[0] != room}

    async def load(self, room: RoomId) -> StoredRoom | None:
        """The room as stored."""
        self._may_read()
        head = self._heads.get(room)
        if head is None or head.seq == 0 or head.deleted:
            return None
        kept = self._rooms[room]
        after = 0 if kept.checkpoint is None else kept.checkpoint.seq
        return StoredRoom(
            room=room,
            seq=head.seq,
            checkpoint=kept.checkpoint,
            records=tuple(kept.records[after:]),
            bars=self._bars(room),
            people={
                each: self._accounts[each].user for each in kept.people if each in self._accounts
            },
        )

    async def heads(self, rooms: Collection[RoomId]) -> Mapping[RoomId, int]:
        """Where the logs of these rooms end."""
        self._may_read()
        found = {room: self._heads[room].seq for room in rooms if room in self._heads}
        return {room: seq for room, seq in found.items() if seq > 0}

    async def records(self, room: RoomId, after: int, limit: int) -> list[Record]:
        """Entries after a number, in order; of deleted rooms too."""
        self._may_read()
        return self._rooms[room].records[after : after + limit] if room in self._rooms else []

    async def milestone(self, room: RoomId, most: int) -> Milestone | None:
        """The latest milestone up to a number."""
        self._may_read()
        kept = self._rooms[room].milestones if room in self._rooms else {}
        return kept.get(max((seq for seq in kept if seq <= most), default=0))

    async def milestone_groups(
        self, room: RoomId, above: int, below: int, limit: int
    ) -> list[Milestone]:
        """Milestones by the number of groups up to them, without their state."""
        self._may_read()
        kept = self._rooms[room].milestones if room in self._rooms else {}
        between = [one for _, one in sorted(kept.items()) if above < one.groups_total < below]
        return [replace(one, state=b"") for one in between[:limit]]

    async def keep_milestone(self, room: RoomId, milestone: Milestone) -> None:
        """Keep a milestone."""
        self._may_write()
        if room in self._rooms and not self._heads[room].deleted:
            self._rooms[room].milestones.setdefault(milestone.seq, milestone)

    async def answer(self, user_id: UserId, request_id: str) -> bytes | None:
        """The first answer to this request."""
        self._may_read()
        return self._answers.get((user_id, request_id))

    async def forget_answers(self, before: int) -> int:
        """Forget answers given before ``before``; returns how many."""
        self._may_write()
        old = [key for key, at in self._answered_at.items() if at < before]
        for key in old:
            del self._answered_at[key], self._answers[key]
        return len(old)

    async def new_ids(self, kind: IdKind, count: int) -> range:
        """Ids that were never given before."""
        self._may_write()
        first = self._next_ids.get(kind, 1)
        self._next_ids[kind] = first + count
        return range(first, first + count)

    async def reserve_id(self, kind: IdKind, number: int) -> None:
        """Never give ``number``."""
        self._may_write()
        self._next_ids[kind] = max(self._next_ids.get(kind, 1), number + 1)

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
        self._may_read()
        listed = [
            self._listed(room, head.seq, user_id)
            for room, head in self._heads.items()
            if room.kind is kind and head.seq > 0 and not head.deleted
        ]
        if user_id is not None:
            listed = [each for each in listed if each.right is not None]
        listed.sort(key=lambda each: (each.summary.updated_at, each.room.number), reverse=True)
        if search is not None:
            listed = [each for each in listed[:MOST_SEARCHED] if self._found(each, search)]
        return RoomPage(listed[offset : offset + limit], len(listed))

    def _listed(self, room: RoomId, seq: int, user_id: UserId | None) -> ListedRoom:
        kept = self._rooms[room]
        right = None if user_id is None else kept.people.get(user_id)
        return ListedRoom(room, seq, kept.summary, right)

    def _found(self, listed: ListedRoom, search: Search) -> bool:
        author = self._accounts.get(listed.summary.author)
        return search.finds(listed.summary.title, author.user.name if author else "")

    async def essay_of_feedback(self, feedback_id: FeedbackId) -> RoomId | None:
        """The essay to which a piece of feedback belongs."""
        self._may_read()
        return self._feedback.get(feedback_id)

    async def project_of_canvas(self, canvas_id: CanvasId) -> RoomId | None:
        """The project that a canvas is in."""
        self._may_read()
        place = self._canvases.get(canvas_id)
        return None if place is None else place[0]

    async def keys_in_use(self, keys: Collection[BlobKey]) -> set[BlobKey]:
        """Those of these keys that belong to a canvas."""
        self._may_read()
        return {key for _, key in self._canvases.values()} & set(keys)

    async def check(self) -> None:
        """Raises Unavailable while told to fail."""
        self._may_read()
        self._may_write()
