"""What Workroom needs of a store: an append-only log per room, and lists of rooms.

The promise: an ``append`` that is answered with ``Appended`` survives a crash of the process and of
the machine. One that is answered otherwise has left no trace. Appends to one room are answered in
the order in which they were handed over, and the log of a room is numbered 1, 2, 3 … without gaps,
also when several nodes append to it. Texts hold no NUL character.

Whoever hands over a second append before the first one is answered builds on numbers that another
node may get: see ``Append.line``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from itertools import count
from typing import Any, Final, Literal, Protocol

from workroom.core.entries import Record
from workroom.core.people import Right, User
from workroom.core.search import Search
from workroom.core.tasks import Bar, SettledTask, Task
from workroom.core.values import value
from workroom.errors import Unavailable
from workroom.ids import BlobKey, CanvasId, FeedbackId, RoomId, RoomKind, TaskId, UserId


@value
class Checkpoint:
    """The whole state of a room at ``seq``; entries up to it need not be replayed."""

    seq: int
    state: bytes


@value
class Milestone:
    """What came of one chapter of an essay's log, so that its history need not be replayed."""

    seq: int
    """The last entry of the chapter."""
    groups_total: int
    """How many groups of revisions the log has up to here."""
    groups: bytes
    """Those of this chapter: JSON."""
    state: bytes
    """The essay after the chapter, and who wrote it; empty where only the groups were read."""


@value
class StoredRoom:
    """All that is needed to bring a room to life."""

    room: RoomId
    seq: int
    """Number of the last entry."""
    checkpoint: Checkpoint | None
    records: tuple[Record, ...]
    """The entries after the checkpoint (all, when there is none), in order."""
    people: Mapping[UserId, User]
    """Everybody who acted in the room, or has a right in it."""
    bars: Mapping[TaskId, Bar] = field(default_factory=dict)
    """Of a project: how far its running tasks are."""


@value
class RoomSummary:
    """What lists show of a room without loading it. ``details`` are plain JSON values."""

    title: str
    author: UserId
    created_at: int
    updated_at: int
    updated_by: UserId
    details: Mapping[str, Any]
    """Essays: ``prompt``, ``word_limit``, ``word_count``. Projects: ``status``, ``description``."""


@value
class Answer:
    """The first answer to a ``request_id`` of a user, kept for at least 24 hours."""

    user_id: UserId
    request_id: str
    at: int
    """Milliseconds since 1970, UTC."""
    body: bytes
    """What to answer again: JSON."""


@value
class Append:
    """Entries for one room's log, with everything that has to be stored in the same transaction."""

    room: RoomId
    expected: int
    """Number of the entry before the first one here; 0 creates the room."""
    records: tuple[Record, ...]
    summary: RoomSummary | None = None
    """The new summary; None keeps the old one."""
    rights: Mapping[UserId, Right | None] | None = None
    """Rights that changed; None as a value takes it away."""
    feedback_added: tuple[FeedbackId, ...] = ()
    feedback_deleted: tuple[FeedbackId, ...] = ()
    canvases_added: Mapping[CanvasId, BlobKey] = field(default_factory=dict)
    """With the key under which the bytes of each are kept."""
    canvases_deleted: tuple[CanvasId, ...] = ()
    tasks_started: tuple[Task, ...] = ()
    tasks_settled: tuple[SettledTask, ...] = ()
    answer: Answer | None = None
    checkpoint: Checkpoint | None = None
    line: int = 0
    """Appends of one line build on each other, and no line is ever used twice (see ``new_line``).

    When one of them that has records is not ``Appended``, none behind it is: it is ``Behind``, also
    where its numbers would fit, for then they are another node's. 0: this append stands alone.
    """
    deletes_room: bool = False
    """The room's lists and rights vanish; its log stays for the record, and ``load`` is None."""


MOST_SEARCHED: Final = 10_000
"""Rooms that are looked through for a search: those that were changed last."""
_LINES: Final = count(1)


def new_line() -> int:
    """A number for ``Append.line`` that nobody in this process has had."""
    return next(_LINES)


@value
class Appended:
    """Durable. ``seq`` is the number of the last entry."""

    seq: int


@value
class Behind:
    """The log has moved on: its last entry is ``head``, not ``expected``. Nothing was stored."""

    head: int
    records: tuple[Record, ...] = field(default=(), compare=False, repr=False)
    """What comes after ``expected``, if the store keeps the log as it is while ``done`` runs.

    An append to the room that is handed over in there comes before those of every other node.
    """


@value
class AlreadyDone:
    """The user's ``request_id`` was answered before. Nothing was stored."""

    answer: bytes


@value
class NotStored:
    """The store failed: nothing was stored. Appends behind it in the same room fail as well.

    One thing it cannot promise: where the store was lost in the middle of a commit and has not come
    back within seconds, nobody knows what became of it. The error says so; ``load`` will show it.
    """

    error: Unavailable


AppendResult = Appended | Behind | AlreadyDone | NotStored


@value
class ListedRoom:
    """One row of a list of rooms. ``right`` is the asking user's; None: an admin without one."""

    room: RoomId
    seq: int
    summary: RoomSummary
    right: Right | None


@value
class RoomPage:
    """One page of a list of rooms, newest change first."""

    rooms: Sequence[ListedRoom]
    total: int


IdKind = Literal["essay", "project", "feedback", "canvas"]


class RoomStore(Protocol):
    """The log of every room.

    Every coroutine raises Unavailable when the store cannot be reached or is damaged.
    """

    async def load(self, room: RoomId) -> StoredRoom | None:
        """The room as stored; None when there is none (or it was deleted)."""

    async def records(self, room: RoomId, after: int, limit: int) -> list[Record]:
        """Up to ``limit`` entries with a number greater than ``after``, in order."""

    async def heads(self, rooms: Collection[RoomId]) -> Mapping[RoomId, int]:
        """Where the logs of these rooms end, in one question, however many they are.

        The log of a deleted room ends with its deletion; rooms that never were are left out.
        """

    async def milestone(self, room: RoomId, most: int) -> Milestone | None:
        """The latest milestone with a number of at most ``most``."""

    async def milestone_groups(
        self, room: RoomId, above: int, below: int, limit: int
    ) -> list[Milestone]:
        """Milestones with more than ``above`` and fewer than ``below`` groups up to them, in order.

        Their ``state`` is left out.
        """

    async def keep_milestone(self, room: RoomId, milestone: Milestone) -> None:
        """Keep a milestone, if there is none with its number yet and the room is not deleted."""

    def append(self, append: Append, done: Callable[[AppendResult], None]) -> None:
        """Store in the next group commit, then call ``done`` on the event loop's thread.

        Never blocks and never raises. Results of one room arrive in the order of the calls.
        """

    async def answer(self, user_id: UserId, request_id: str) -> bytes | None:
        """The first answer that was given to this request, if it is still remembered."""

    async def forget_answers(self, before: int) -> int:
        """Forget answers given before ``before`` (ms since 1970); returns how many."""

    async def new_ids(self, kind: IdKind, count: int) -> range:
        """``count`` ids that were never given before and never will be again."""

    async def reserve_id(self, kind: IdKind, number: int) -> None:
        """Make sure that ``new_ids`` never gives ``number`` (the demo's rooms have fixed ids)."""

    async def rooms(
        self,
        kind: RoomKind,
        user_id: UserId | None,
        *,
        limit: int,
        offset: int,
        search: Search | None = None,
    ) -> RoomPage:
        """Rooms in which the user has a right; every room when ``user_id`` is None.

        ``search``: only those that it finds by their title or their author's name, among the
        ``MOST_SEARCHED`` that were changed last.
        """

    async def essay_of_feedback(self, feedback_id: FeedbackId) -> RoomId | None:
        """The essay to which a piece of feedback belongs; None when there is none."""

    async def project_of_canvas(self, canvas_id: CanvasId) -> RoomId | None:
        """The project that a canvas is in; None when there is none."""

    async def keys_in_use(self, keys: Collection[BlobKey]) -> set[BlobKey]:
        """Those of these keys that belong to a canvas. Ask for a few hundred at most."""

    async def check(self) -> None:
        """Answer a trivial question, for readiness. Raises Unavailable."""
