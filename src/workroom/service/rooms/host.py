"""One room at work: its core decides, the store remembers, the audience is told.

All of a room's commands go through here, one after the other, on the event loop's thread. Nothing
is told of a command before its entries are durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import orjson

from workroom.core.commands import AWARENESS, Command, Join, Origin, SaveText
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
    Share,
)
from workroom.core.entries import Entry, Record, made
from workroom.core.essays.revisions import CHAPTER
from workroom.core.people import User
from workroom.core.room import Glimpse
from workroom.core.signals import Signal
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
    new_line,
)
from workroom.service.rooms.appends import append_of, weight
from workroom.service.rooms.checkpoints import Checkpoints
from workroom.service.rooms.fanout import Audience, Recipient
from workroom.service.rooms.life import AnyRoom, Draft, checkpoint_seq, restore, summary
from workroom.service.rooms.probes import probe_frame
from workroom.service.rooms.recall import Answers, Recall

MOST_WAITING: Final = 256
MOST_BYTES: Final = 8 * 2**20
"""Commands, and bytes of their entries, that may wait for the store; more are refused."""
RELOAD_AFTER: Final = 0.5
"""Seconds between two attempts to read a room back after the store failed."""

log = logger("rooms")


class Desk(Answers, Protocol):
    """Where a room hands in its answers, and finds the connections that it names."""

    def admitted(self, connection: ConnectionId, room: RoomId) -> Recipient | None:
        """A connection follows the room from here on: how to write to it. None: it has gone."""

    def dismissed(self, connection: ConnectionId, room: RoomId, why: WorkroomError | None) -> None:
        """A connection no longer follows the room."""

    def stored(self, host: RoomHost, records: tuple[Record, ...]) -> None:
        """These entries of the room are durable, and its members have been told."""

    def fell_behind(self, host: RoomHost, known: Behind) -> None:
        """Another node appended, so far at least: call ``host.retrace``, have the room follow.

        None of what the room had on its way to the store was stored.
        """

    def share(self, room: RoomId, signal: Signal) -> None:
        """The other nodes are to hear this of the room."""

    def settled(self, host: RoomHost) -> None:
        """The room can follow what other nodes appended, for the first time since it was said."""

    def reload(self, host: RoomHost) -> None:
        """Read the room back from the store, and call ``host.reloaded``."""

    def write_out(self, host: RoomHost, draft: Draft) -> None:
        """Make a checkpoint of the draft off the loop; then ``host.checkpoints.written_out``."""

    def chapter_ended(self, room: RoomId) -> None:
        """The log of the room has grown by a whole chapter, durably."""


class RoomHost:
    """A room in memory on this node."""

    __slots__ = (
        "_answered",
        "_appending",
        "_bytes",
        "_clock",
        "_desk",
        "_failure",
        "_glimpses",
        "_known",
        "_line",
        "_name",
        "_recall",
        "_reloading",
        "_store",
        "_timer",
        "_timer_at",
        "_undone",
        "audience",
        "behind",
        "checkpoints",
        "idle_since",
        "room",
        "suspended",
    )

    def __init__(
        self, room: AnyRoom, desk: Desk, store: RoomStore, clock: Clock, checkpoint_seq: int
    ) -> None:
        self.room = room
        self._name = str(room.id)  # as answers name it
        self.audience = Audience(clock.call_soon)
        self.suspended = False
        """The store failed; the room knows only what it told, until it is read back."""
        self.behind = False
        """Other nodes appended what the room does not have yet: commands wait for that."""
        self.idle_since: float | None = clock.now().tick
        self._desk = desk
        self._store = store
        self._clock = clock
        self._recall = Recall(room.id, desk, store)
        self.checkpoints = Checkpoints(
            room, checkpoint_seq, lambda draft: desk.write_out(self, draft), self._store_checkpoint
        )
        self._appending = 0
        self._bytes = 0
        self._undone: list[tuple[Command, Origin]] = []
        self._answered: list[tuple[Origin, bytes]] = []
        """Requests that were done before, and their answers: given when the room is there."""
        self._known = Behind(0)
        self._line = new_line()
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
        if durable and (self.suspended or self.behind):
            self._put_off(command, origin)
            return
        waiting = max(self._appending, self.room.unsettled)
        if durable and (waiting >= MOST_WAITING or self._bytes >= MOST_BYTES):
            self._refuse_for_now(origin)
            return
        try:
            self._carry_out(command, origin)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not take the room with it
            told = self._failed("command_failed", error)
            if not any(refused is origin for refused in told):
                self._desk.refused(origin, self.room.id, Unavailable.by_mistake())

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
        told = self._suspend(Unavailable.by_mistake(), None)
        self._reload_if_settled()
        return told

    def _reload_if_settled(self) -> None:
        """Read the room back, once nothing of it is on its way to the store any more."""
        if self.suspended and self._appending == 0 and not self._reloading:
            self._reloading = True
            if self._failure is None:
                self._desk.fell_behind(self, self._known)
            else:
                self._desk.reload(self)

    # ---- what other nodes append ------------------------------------------------------------

    def retrace(self) -> None:
        """Go on from what is confirmed, without what was taken back. Raises LookupError."""
        self._perform(self.room.retrace())
        self.suspended, self._reloading, self.behind = False, False, True

    def follow(self, entries: Sequence[Entry], people: Iterable[User]) -> None:
        """Other nodes appended these, right behind what is confirmed; nothing is pending."""
        try:
            for user in people:
                self.room.people.meet(user)
            self._perform(self.room.follow(entries, self._clock.now()))
            self._arrange()
        except Exception as error:  # noqa: BLE001 - a mistake of ours: the room starts again
            self._failed("entries_not_followed", error)

    def heard(self, node: str, signal: Signal) -> None:
        """Another node says this of the room."""
        self._perform(self.room.heard(node, signal, self._clock.now()))
        self._arrange()

    def lose_node(self, node: str) -> None:
        """Another node is dead."""
        self._perform(self.room.lose_node(node, self._clock.now()))
        self._arrange()

    def hand_over(self, node: str) -> None:
        """Another node ends, and its people will be back."""
        self.room.hand_over(node, self._clock.now())
        self._arrange()

    def go_on(self) -> None:
        """All that other nodes appended is here: carry out what was put off."""
        self.behind, self._known, self._line = False, Behind(0), new_line()
        self._give_answers()
        self._retry()

    def _retry(self) -> None:
        retried, self._undone = self._undone, []
        for command, origin in retried:
            self.submit(command, origin)
        self._arrange()

    def _put_off(self, command: Command, origin: Origin) -> None:
        """The room is being read back: retry the command then, or refuse it if the store failed."""
        if self._failure is not None:
            self._desk.refused(origin, self.room.id, self._failure)
        elif len(self._undone) >= MOST_WAITING:
            self._refuse_for_now(origin)
        else:
            self._undone.append((self._bound(command, origin), origin))

    def _bound(self, command: Command, origin: Origin) -> Command:
        """Offsets count in the text that the client has now, or in that of a save that waits."""
        saves = any(
            isinstance(earlier, SaveText) and its.connection == origin.connection
            for earlier, its in self._undone
        )
        return command if saves else self.room.bind(command, origin, self._clock.now())

    def _refuse_for_now(self, origin: Origin) -> None:
        message = "the store is slower than what is sent to it; try again soon"
        self._desk.refused(origin, self.room.id, Unavailable(message, retry_after=1.0))

    def _append(self, entries: tuple[Entry, ...], origin: Origin, now: Now) -> None:
        answer = self._answer(origin, entries[-1].seq, made(entries), now)
        append = append_of(self.room.id, entries, summary(self.room), answer, self._line)
        size = weight(append)
        self._appending += 1
        self._bytes += size
        self.checkpoints.appended(size)
        self._store.append(append, lambda result: self._appended(result, append, now.tick, size))

    def _answer(self, origin: Origin, seq: int, new: Mapping[str, int], now: Now) -> Answer | None:
        if origin.request_id is None:
            return None
        answer = {"room": self._name, "seq": seq, **new}
        return Answer(origin.user.id, origin.request_id, now.wall, orjson.dumps(answer))

    # ---- what the store says ----------------------------------------------------------------

    def _appended(self, result: AppendResult, append: Append, since: float, size: int) -> None:
        self._appending -= 1
        self._bytes -= size
        match result:
            case Appended(seq=seq):
                now = self._clock.now()
                COMMIT_SECONDS.observe(now.tick - since)
                self._desk.stored(self, append.records)
                if not self.suspended:
                    self._told(seq, now)
            case AlreadyDone(answer=answer):
                self._suspend(None, answer)
            case Behind():
                self._known = max(self._known, result, key=lambda each: each.head)
                self._suspend(None, None)
            case NotStored(error=error):
                STORE_FAILURES.inc()
                self._suspend(error, None)
        self._reload_if_settled()
        if self.behind and not self.suspended and self.room.settled:
            self._desk.settled(self)

    def _told(self, seq: int, now: Now) -> None:
        try:
            before = self.room.confirmed.seq
            self._perform(self.room.committed(seq, now))
            self.checkpoints.advance()
            if before // CHAPTER < seq // CHAPTER:
                self._desk.chapter_ended(self.room.id)
            self._arrange()
        except Exception as error:  # noqa: BLE001 - a mistake of ours: the room starts again
            self._failed("commit_not_told", error)

    def _suspend(self, error: Unavailable | None, answer: bytes | None) -> list[Origin]:
        """Take back what is not durable. Commands are refused if the store failed, else retried."""
        self.suspended = True
        self.checkpoints.give_up()
        undone = self.room.rewind()
        if answer is not None and undone:
            (_, origin), *undone = undone
            self._note_done(origin, answer)
        now = self._clock.now()
        self._undone[:0] = [(self.room.bind(each, its, now), its) for each, its in undone]
        if error is not None and self._failure is None:
            self._failure = error
            log.warning("store_refused", room=str(self.room.id), reason=error.message)
        return [] if self._failure is None else self._refuse_undone(self._failure)

    def _note_done(self, origin: Origin, answer: bytes) -> None:
        """A request was done before, perhaps by another node: first come to where that was."""
        said = orjson.loads(answer)
        if said.get("room") == str(self.room.id):
            self._known = max(self._known, Behind(said["seq"]), key=lambda each: each.head)
        self._answered.append((origin, answer))

    def _give_answers(self) -> None:
        answered, self._answered = self._answered, []
        for origin, answer in answered:
            self._desk.acknowledged(origin, self.room.id, orjson.loads(answer))

    def _refuse_undone(self, error: WorkroomError) -> list[Origin]:
        undone, self._undone = self._undone, []
        for command, origin in undone:
            self.room.give_up(command, origin)
            self._desk.refused(origin, self.room.id, error)
        return [origin for _, origin in undone]

    def reloaded(self, stored: Any, new_client_id: Callable[[], int]) -> None:
        """The store can be read again: start from there, and retry what was put off.

        What is stored may be ahead of what was told (a commit whose outcome nobody knew): everybody
        is told the difference.
        """
        knows: Glimpse[Any] = self.room.glimpse()
        restore(self.room, stored, new_client_id)
        self.checkpoints.restored(checkpoint_seq(stored))
        self.suspended = self.behind = self._reloading = False
        self._failure, self._known, self._line = None, Behind(0), new_line()
        self._give_answers()
        now = self._clock.now()
        for connection in tuple(self.room.presence.connections()):
            if connection not in self._glimpses:  # a slow one is told when it has drained
                self._perform(self.room.catch_up(connection, knows, now))
        self._desk.settled(self)
        self._retry()

    def out_of_reach(self, error: Unavailable) -> None:
        """The room cannot be read back yet: nobody waits for that without an answer."""
        self.suspended = self._reloading = True
        self._failure = error
        self._give_answers()
        self._refuse_undone(error)

    def vanished(self) -> None:
        """The room is no longer in the store: it was deleted elsewhere."""
        self._give_answers()
        self._refuse_undone(Unavailable("this room is gone"))
        self._perform(self.room.closed(self._clock.now()))

    def _store_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._appending += 1
        append = Append(self.room.id, self.room.head.seq, (), checkpoint=checkpoint)
        self._store.append(append, self._noted)

    def _noted(self, result: AppendResult) -> None:
        """What saves time later, or guards against rare repetitions, is not missed if it failed."""
        self._appending -= 1
        if isinstance(result, NotStored):
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
                    answer = {"room": self._name, "seq": effect.seq, **effect.details}
                    self._recall.acknowledged(effect.origin, answer, new=not effect.unchanged)
                case Refuse():
                    self._recall.refused(effect.origin, effect.error)
                case Admit():
                    if recipient := desk.admitted(effect.connection, room_id):
                        audience.add(recipient)
                        self.idle_since = None
                case Share():
                    desk.share(room_id, effect.signal)
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
            self._glimpses[connection] = self.room.glimpse(connection)
            self.audience.slow(connection)

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
        writing = self.checkpoints.busy or self.suspended or self.behind
        return bool(self._appending or self._undone) or writing

    @property
    def busy(self) -> bool:
        """Something is on its way to or from the store, or somebody is here."""
        return self.working or not self.room.idle

    def close(self) -> None:
        """The room leaves memory; everything of it is in the store."""
        if self._timer is not None:
            self._timer.cancel()
        self._recall.close()
        self.checkpoints.close()
        self.room.close()
