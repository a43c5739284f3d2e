"""When the whole state of a room is written down, so that its log need not be read from the start.

The state and its Yjs document are taken at the head, together, in one turn of the loop; they are
written out off the loop, and stored when the entries up to there are durable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from workroom.observe import log_failure, logger
from workroom.ports.store import Checkpoint
from workroom.service.rooms.life import AnyRoom, Draft, draft

CHECKPOINT_EVERY: Final = 256
CHECKPOINT_BYTES: Final = 2 * 2**20
"""Entries, and bytes of them, after which the whole state is written down again."""
WORTH_A_CHECKPOINT: Final = 64
"""Entries since the last one that make another worth its while when a room leaves memory."""

log = logger("checkpoints")


class Checkpoints:
    """The checkpoints of one room in memory."""

    __slots__ = ("_bytes", "_draft", "_room", "_seq", "_store", "_write_out", "_written")

    def __init__(
        self,
        room: AnyRoom,
        seq: int,
        write_out: Callable[[Draft], None],
        store: Callable[[Checkpoint], None],
    ) -> None:
        """``seq``: of the stored one. ``write_out`` leads to ``written_out``."""
        self._room = room
        self._seq = seq
        self._write_out = write_out
        self._store = store
        self._draft: Draft | None = None
        self._written: Checkpoint | None = None
        self._bytes = 0

    @property
    def busy(self) -> bool:
        """One is being made."""
        return self._draft is not None

    @property
    def unwritten(self) -> int:
        """Entries since the last checkpoint."""
        return self._room.head.seq - self._seq

    @property
    def worth_while(self) -> bool:
        """One would save work when the room is loaded again."""
        return self.unwritten >= WORTH_A_CHECKPOINT and not self._room.head.deleted

    def appended(self, size: int) -> None:
        """Entries of so many bytes are on their way to the store."""
        self._bytes += size

    def give_up(self) -> None:
        """What is being made may hold what is taken back now."""
        self._draft = self._written = None

    def close(self) -> None:
        """The room leaves memory, and what is being made of it is not awaited."""
        self.give_up()
        # What belongs to the room's host: else they would keep each other in memory.
        self._write_out = self._store = _for_nobody

    def restored(self, seq: int) -> None:
        """The room was read back, and its checkpoint is this one."""
        self._seq = seq

    def advance(self) -> None:
        """More is durable: store what was written out, or begin another."""
        if self._draft is not None:
            self._store_if_durable()
        elif self._is_due() and not self._room.head.deleted:
            self.begin()

    def _is_due(self) -> bool:
        return self.unwritten >= CHECKPOINT_EVERY or self._bytes >= CHECKPOINT_BYTES

    def begin(self) -> None:
        """Write the whole state down, as it is at the head now; that may be ahead of the store.

        Of an essay whose stored document is not that of its text, nothing is written.
        """
        self._seq, self._bytes = self._room.head.seq, 0
        try:
            self._draft = draft(self._room)
        except RuntimeError as mistake:
            log_failure(log, "checkpoint_not_written", mistake, room=str(self._room.id))
        else:
            self._write_out(self._draft)

    def written_out(self, draft: Draft, checkpoint: Checkpoint | None) -> None:
        """The checkpoint is made, or cannot be; the room may have been taken back since."""
        if draft is not self._draft:
            return
        if checkpoint is None:
            self._draft = None
        else:
            self._written = checkpoint
            self._store_if_durable()

    def _store_if_durable(self) -> None:
        checkpoint = self._written
        if checkpoint is not None and checkpoint.seq <= self._room.confirmed.seq:
            self.give_up()
            self._store(checkpoint)


def _for_nobody(_: Draft | Checkpoint) -> None:
    """The room has left memory."""
