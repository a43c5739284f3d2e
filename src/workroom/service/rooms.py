"""One room at work: its core decides, the store remembers, the audience is told.

All of a room's commands go through here, one after the other, on the event loop's thread. Nothing
is told of a command before its entries are durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import orjson

from workroom.core.commands import AWARENESS, Command, Join, Origin
from workroom.core.effects import (
    Acknowledge,
    Admit,
    Broadcast,
    Dismiss,
    Effect,
    Outcome,
    Probe,
    Refuse,
    Send,
)
from workroom.core.entries import (
    Entry,
    made,
)
from workroom.core.revisions import CHAPTER
from workroom.core.room import Glimpse
from workroom.core.time import Now
from workroom.errors import Unavailable, WorkroomError
from workroom.ids import ConnectionId, RoomId
from workroom.observe import COMMIT_SECONDS, STORE_FAILURES, log_failure, logger
from workroom.ports.clock import Clock, Timer
from workroom.ports.store import (
    AlreadyDone,
    Answer,
    Append,
    Appended,
    AppendResult,
    Behind,
    Checkpoint,
    NotStored,
    RoomStore,
)
from workroom.service.appends import listed_of, weight
from workroom.service.fanout import Audience, Recipient
from workroom.service.life import AnyRoom, Draft, checkpoint_seq, draft, restore, summary
from workroom.service.probes import probe_frame

CHECKPOINT_EVERY: Final = 256
CHECKPOINT_BYTES: Final = 2 * 2**20
"""Entries, and bytes of them, after which the whole state is written down again."""
WORTH_A_CHECKPOINT: Final = 64
"""Entries since the last checkpoint that make another worth its while when a room leaves memory."""
MOST_WAITING: Final = 256
MOST_BYTES: Final = 8 * 2**20
"""Commands, and bytes of their entries, that may wait for the store; more are refused."""
RELOAD_AFTER: Final = 0.5
"""Seconds between two attempts to read a room back after the store failed."""

log = logger("rooms")


class Desk(Protocol):
    """Where a room hands in its answers, and finds the connections that it names."""

    def admitted(self, connection: ConnectionId, room: RoomId) -> Recipient | None:
        """A connection follows the room from here on: how to write to it. None: it has gone."""

    def acknowledged(self, origin: Origin, room: RoomId, answer: Mapping[str, Any]) -> None:
        """A command is done, and durable."""

    def refused(self, origin: Origin, room: RoomId, error: WorkroomError) -> None:
        """A command was not carried out."""

    def dismissed(self, connection: ConnectionId, room: RoomId, why: WorkroomError | None) -> None:
        """A connection no longer follows the room."""

    def reload(self, host: RoomHost) -> None:
        """Read the room back from the store, and call ``host.reloaded``."""

    def write_out(self, host: RoomHost, draft: Draft) -> None:
        """Make a checkpoint of the draft off the loop, and call ``host.written_out``."""

    def chapter_ended(self, room: RoomId) -> None:
        """The log of the room has grown by a whole chapter, durably."""


class RoomHost:
    """A room in memory on this node."""

    __slots__ = (
        "_appending",
        "_bytes",
        "_checkpoint_seq",
        "_clock",
        "_desk",
        "_draft",
        "_failure",
        "_glimpses",
        "_reloading",
        "_store",
        "_timer",
        "_timer_at",
        "_undone",
        "_unwritten_bytes",
        "_written",
        "audience",
        "idle_since",
        "room",
        "suspended",
    )

    def __init__(
        self,
        room: AnyRoom,
        desk: Desk,
        store: RoomStore,
        clock: Clock,
        checkpoint_seq: int,
    ) -> None:
        self.room = room
        self.audience = Audience(clock.call_soon)
        self.suspended = False
        """The store failed; the room knows only what it told, until it is read back."""
        self.idle_since: float | None = clock.now().tick
        self._desk = desk
        self._store = store
        self._clock = clock
        self._checkpoint_seq = checkpoint_seq
        self._draft: Draft | None = None
        self._written: Checkpoint | None = None
        self._unwritten_bytes = 0
        self._appending = 0
        self._bytes = 0
        self._undone: list[tuple[Command, Origin]] = []
        self._failure: Unavailable | None = None
        self._reloading = False
        self._glimpses: dict[ConnectionId, Glimpse[Any]] = {}
        self._timer: Timer | None = None
        self._timer_at = float("inf")
        self._arrange()

    # ---- commands ---------------------------------------------------------------------------

    def submit(self, command: Command, origin: Origin) -> None:
        """Carry out a command. The answer goes to the desk, now or when it is durable."""
        durable = not isinstance(command, AWARENESS)
        if durable and self.suspended:
            self._put_off(command, origin)
            return
        if durable and (self._appending >= MOST_WAITING or self._bytes >= MOST_BYTES):
            message = "the store is slower than what is sent to it; try again soon"
            self._desk.refused(origin, self.room.id, Unavailable(message, retry_after=1.0))
            return
        try:
            self._carry_out(command, origin)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not take the room with it
            told = self._failed("command_failed", error)
            if not any(refused is origin for refused in told):
                failure = Unavailable("the server made a mistake; it has been logged")
                self._desk.refused(origin, self.room.id, failure)

    def _carry_out(self, command: Command, origin: Origin) -> None:
        now = self._clock.now()
        outcome = self.room.handle(command, origin, now)
        if outcome.entries:
            self._append(outcome.entries, origin, now)
        elif origin.request_id is not None and not isinstance(command, AWARENESS):
            self._remember(outcome, origin, now)
        if outcome.effects:
            self._perform(outcome.effects)
        if isinstance(command, Join) and not command.quiet:
            # A state is large: let the socket say at once that it is full, before it asks again.
            self.audience.flush()
        if not outcome.entries or self._timer is None:
            self._arrange()  # else when the store has answered, in a moment

    def _remember(self, outcome: Outcome, origin: Origin, now: Now) -> None:
        """A request that changed nothing is remembered too: done later, it might change things."""
        if any(isinstance(effect, Refuse) for effect in outcome.effects):
            return
        answer = self._answer(origin, self.room.head.seq, {}, now)
        append = Append(self.room.id, self.room.head.seq, (), answer=answer)
        self._appending += 1
        self._store.append(append, self._noted)

    def _failed(self, event: str, error: Exception) -> list[Origin]:
        """A mistake of ours: log it, and start again from what is stored.

        Returns who was refused with it.
        """
        log_failure(log, event, error, room=str(self.room.id))
        failure = Unavailable("the server made a mistake; it has been logged")
        told = self._suspend(failure, None)
        self._reload_if_settled()
        return told

    def _reload_if_settled(self) -> None:
        """Read the room back, once nothing of it is on its way to the store any more."""
        if self.suspended and self._appending == 0 and not self._reloading:
            self._reloading = True
            self._desk.reload(self)

    def _put_off(self, command: Command, origin: Origin) -> None:
        """The room is being read back: retry the command then, or refuse it if the store failed."""
        if self._failure is None:
            self._undone.append((command, origin))
        else:
            self._desk.refused(origin, self.room.id, self._failure)

    def _append(self, entries: tuple[Entry, ...], origin: Origin, now: Now) -> None:
        listed = listed_of(self.room.id, entries)
        answer = self._answer(origin, entries[-1].seq, made(entries), now)
        append = listed.append(self.room.id, entries, summary(self.room), answer)
        size = weight(append)
        self._appending += 1
        self._bytes += size
        self._unwritten_bytes += size
        self._store.append(append, lambda result: self._appended(result, now.tick, size))

    def _answer(self, origin: Origin, seq: int, new: Mapping[str, int], now: Now) -> Answer | None:
        if origin.request_id is None:
            return None
        answer = {"room": str(self.room.id), "seq": seq, **new}
        return Answer(origin.user.id, origin.request_id, now.wall, orjson.dumps(answer))

    # ---- what the store says ----------------------------------------------------------------

    def _appended(self, result: AppendResult, since: float, size: int) -> None:
        self._appending -= 1
        self._bytes -= size
        match result:
            case Appended(seq=seq):
                now = self._clock.now()
                COMMIT_SECONDS.observe(now.tick - since)
                if not self.suspended:
                    self._told(seq, now)
            case AlreadyDone(answer=answer):
                self._suspend(None, answer)
            case Behind():
                self._suspend(None, None)
            case NotStored(error=error):
                STORE_FAILURES.inc()
                self._suspend(error, None)
        self._reload_if_settled()

    def _told(self, seq: int, now: Now) -> None:
        try:
            before = self.room.confirmed.seq
            self._perform(self.room.committed(seq, now))
            self._checkpoint_if_due()
            if before // CHAPTER < seq // CHAPTER:
                self._desk.chapter_ended(self.room.id)
            self._arrange()
        except Exception as error:  # noqa: BLE001 - a mistake of ours: the room starts again
            self._failed("commit_not_told", error)

    def _suspend(self, error: Unavailable | None, answer: bytes | None) -> list[Origin]:
        """Take back what is not durable. Commands are refused if the store failed, else retried."""
        self.suspended = True
        self._draft = self._written = None  # it may hold what is taken back now
        undone = self.room.rewind()
        if answer is not None and undone:
            (_, origin), *undone = undone
            self._desk.acknowledged(origin, self.room.id, orjson.loads(answer))
        self._undone += undone
        if error is not None and self._failure is None:
            self._failure = error
            log.warning("store_refused", room=str(self.room.id), reason=error.message)
        return [] if self._failure is None else self._refuse_undone(self._failure)

    def _refuse_undone(self, error: WorkroomError) -> list[Origin]:
        undone, self._undone = self._undone, []
        for _, origin in undone:
            self._desk.refused(origin, self.room.id, error)
        return [origin for _, origin in undone]

    def reloaded(self, stored: Any, new_client_id: Callable[[], int]) -> None:
        """The store can be read again: start from there, and retry what was put off.

        What is stored may be ahead of what was told (a commit whose outcome nobody knew): everybody
        is told the difference.
        """
        knows: Glimpse[Any] = self.room.glimpse()
        restore(self.room, stored, new_client_id)
        self._checkpoint_seq = checkpoint_seq(stored)
        self.suspended, self._failure, self._reloading = False, None, False
        now = self._clock.now()
        for connection in tuple(self.room.presence.connections()):
            if connection not in self._glimpses:  # a slow one is told when it has drained
                self._perform(self.room.catch_up(connection, knows, now))
        retried, self._undone = self._undone, []
        for command, origin in retried:
            self.submit(command, origin)
        self._arrange()

    def out_of_reach(self, error: Unavailable) -> None:
        """The room cannot be read back yet: nobody waits for that without an answer."""
        self.suspended = self._reloading = True
        self._failure = error
        self._refuse_undone(error)

    def vanished(self) -> None:
        """The room is no longer in the store: it was deleted elsewhere."""
        self._refuse_undone(Unavailable("this room is gone"))
        self._perform(self.room.closed(self._clock.now()))

    def _checkpoint_if_due(self) -> None:
        if self._draft is not None:
            self._store_checkpoint()
        elif self._is_due() and not self.room.head.deleted:
            self.write_checkpoint()

    def _is_due(self) -> bool:
        return self.unwritten >= CHECKPOINT_EVERY or self._unwritten_bytes >= CHECKPOINT_BYTES

    def write_checkpoint(self) -> None:
        """Begin to write the whole state down, as it is at the head now.

        The head may be ahead of the store: the state and its Yjs document are taken here, together,
        and what was made of them is stored when the entries up to there are durable.
        """
        self._draft = draft(self.room)
        self._checkpoint_seq = self._draft.seq
        self._unwritten_bytes = 0
        self._desk.write_out(self, self._draft)

    def written_out(self, draft: Draft, checkpoint: Checkpoint | None) -> None:
        """The checkpoint is made, or cannot be; the room may have been taken back since."""
        if draft is not self._draft:
            return
        if checkpoint is None:
            self._draft = None
        else:
            self._written = checkpoint
            self._store_checkpoint()

    def _store_checkpoint(self) -> None:
        """Store what was written out, once all that is in it is durable."""
        checkpoint = self._written
        if checkpoint is None or checkpoint.seq > self.room.confirmed.seq:
            return
        self._draft = self._written = None
        self._appending += 1
        append = Append(self.room.id, self.room.head.seq, (), checkpoint=checkpoint)
        self._store.append(append, self._noted)

    def _noted(self, result: AppendResult) -> None:
        """What saves time later, or guards against rare repetitions, is not missed if it failed."""
        self._appending -= 1
        if isinstance(result, NotStored | Behind):
            log.warning("note_not_stored", room=str(self.room.id))
        self._reload_if_settled()

    # ---- effects ----------------------------------------------------------------------------

    def _perform(self, effects: tuple[Effect, ...] | list[Effect]) -> None:
        audience, desk, room_id = self.audience, self._desk, self.room.id
        for effect in effects:
            match effect:
                case Broadcast():
                    audience.publish(effect.event, effect.except_user, effect.except_connections)
                case Send():
                    audience.send(effect.connection, effect.event)
                case Probe():
                    audience.probe(effect.connection, probe_frame(room_id, effect.number))
                case Acknowledge():
                    answer = {"room": str(room_id), "seq": effect.seq, **effect.details}
                    desk.acknowledged(effect.origin, room_id, answer)
                case Refuse():
                    desk.refused(effect.origin, room_id, effect.error)
                case Admit():
                    if recipient := desk.admitted(effect.connection, room_id):
                        audience.add(recipient)
                        self.idle_since = None
                case Dismiss():
                    audience.remove(effect.connection)
                    self._glimpses.pop(effect.connection, None)
                    desk.dismissed(effect.connection, room_id, effect.refusal)

    def arrived(self, connection: ConnectionId, number: int) -> None:
        """A member's answer to a probe."""
        self.room.arrived(connection, number, self._clock.now())

    # ---- slow readers -----------------------------------------------------------------------

    def slow(self, connection: ConnectionId) -> None:
        """A member reads too slowly: remember what it knows, and tell it nothing for now."""
        if self.audience.get(connection) is not None and connection not in self._glimpses:
            self.audience.slow(connection)
            self._glimpses[connection] = self.room.glimpse(connection)

    def drained(self, connection: ConnectionId) -> None:
        """The member reads again: tell it what is different from what it knows."""
        knows = self._glimpses.pop(connection, None)
        if knows is not None:
            self.audience.fast(connection)
            self._perform(self.room.catch_up(connection, knows, self._clock.now()))
            self._arrange()

    # ---- time -------------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Be called when the room next has something to do."""
        due = self.room.next_deadline()
        if due is None or due >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = self._clock.call_at(due, self._expire)

    def _expire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        try:
            self._perform(self.room.expire(self._clock.now()))
        except Exception as error:  # noqa: BLE001 - a mistake of ours: the room starts again
            self._failed("appointment_failed", error)
        self._arrange()

    @property
    def working(self) -> bool:
        """Something is on its way to or from the store."""
        return bool(self._appending or self._undone) or self._draft is not None or self.suspended

    @property
    def busy(self) -> bool:
        """Something is on its way to or from the store, or somebody is here."""
        return self.working or not self.room.idle

    def close(self) -> None:
        """The room leaves memory; everything of it is in the store."""
        if self._timer is not None:
            self._timer.cancel()
        self.room.close()

    @property
    def worth_writing(self) -> bool:
        """A checkpoint would save work when the room is loaded again."""
        return self.unwritten >= WORTH_A_CHECKPOINT and not self.room.head.deleted

    @property
    def unwritten(self) -> int:
        """Entries since the last checkpoint."""
        return self.room.head.seq - self._checkpoint_seq
