"""The rooms that this node holds, and the way of a command into them and of its answer back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from workroom.core.commands import AWARENESS, Command, Join, Origin
from workroom.core.entries import Entry, Fact, Record
from workroom.core.events import Event
from workroom.core.limits import RoomRules
from workroom.core.people import Right, User
from workroom.core.permissions import Verb, require
from workroom.core.signals import Signal
from workroom.errors import Conflict, PermissionDenied, Unavailable, WorkroomError
from workroom.ids import ConnectionId, RoomId, RoomKind
from workroom.observe import READS, ROOMS, log_failure, logger
from workroom.ports.bus import Bus
from workroom.ports.clock import Clock, Timer
from workroom.ports.store import Append, Appended, AppendResult, Behind, NotStored, RoomStore
from workroom.protocol.dialect import Form
from workroom.service.nodes.bulletins import Scribe
from workroom.service.nodes.following import Following, Users
from workroom.service.nodes.neighbours import Neighbours
from workroom.service.rooms.appends import first_summary
from workroom.service.rooms.archive import Archive
from workroom.service.rooms.attendance import Attendance
from workroom.service.rooms.fanout import Recipient
from workroom.service.rooms.feedback_ids import FeedbackIds, needs_id
from workroom.service.rooms.hindsight import Hindsight
from workroom.service.rooms.history import History
from workroom.service.rooms.host import RELOAD_AFTER, RoomHost
from workroom.service.rooms.life import AnyRoom, Draft, checkpoint_seq, revive
from workroom.service.rooms.receipts import Receipts
from workroom.service.rooms.records import to_record
from workroom.service.rooms.replies import Replies
from workroom.service.rooms.unseen import denied, not_found

SWEEP_EVERY: Final = 10.0
"""Seconds between two looks for rooms that nobody uses."""
UNLOAD_AFTER: Final = 60.0
"""Seconds that a room stays in memory after the last use."""
MOST_HELD: Final = 64
"""Commands of one connection that wait until an earlier one of its has been looked up."""

log = logger("hub")


class Hub:
    """Every room of this node. All methods run on the event loop's thread."""

    def __init__(
        self,
        store: RoomStore,
        clock: Clock,
        rules: RoomRules,
        new_client_id: Callable[[], int],
        users: Users | None = None,
    ) -> None:
        """``users`` finds those who acted in a room through another node."""
        self.rules = rules
        self.store = store
        self.clock = clock
        self.history = History(store)
        """The past of the essays."""
        self._archive = Archive(self.history, self._spawn)
        self.attendance = Attendance(clock)
        """Who stays present over a restart."""
        self._held: dict[ConnectionId, list[tuple[RoomId, Command, Origin]]] = {}
        """What connections ask for whose last command waits for something long ago."""
        self.replies = Replies()
        self.receipts: Receipts | None = None
        """Who has heard how tasks ended; set by whoever has a table of tasks."""
        self._new_client_id = new_client_id
        self._rooms: dict[RoomId, RoomHost] = {}
        self._loading: dict[RoomId, asyncio.Task[RoomHost | None]] = {}
        self._waiting: dict[RoomId, list[tuple[Command, Origin]]] = {}
        self._feedback_ids = FeedbackIds(store, self._spawn)
        self._following = Following(self._rooms, store, users, self.reload, self._spawn)
        self._hindsight = Hindsight(self.history, self._following.come_up)
        self.neighbours: Neighbours | None = None
        """The other nodes, where there can be any (``meet``)."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sweep_timer: Timer | None = None

    # ---- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Get ready to serve. Raises Unavailable when the store is not."""
        await self._feedback_ids.refill()
        if self.neighbours is not None:
            await self.neighbours.start()
        self._arrange_sweep()

    def meet(self, node: str, bus: Bus, scribe: Scribe) -> Neighbours:
        """Be the node of this name on a bus; call it before ``start``."""
        here = self._rooms, self._following
        self.neighbours = Neighbours(node, bus, scribe, self.clock, *here, self._spawn)
        return self.neighbours

    def hosts(self) -> tuple[RoomHost, ...]:
        """Every room that is in memory."""
        return tuple(self._rooms.values())

    @property
    def at_rest(self) -> bool:
        """Nothing waits: no command for its room or its past, no entry for the store."""
        waits = self._waiting or self._held or self._loading
        return not (waits or any(host.working for host in self._rooms.values()))

    async def stop(self) -> None:
        """Let go of every room; everything of them is in the store."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        self.history.close()
        if self.neighbours is not None:
            await self.neighbours.stop()
        for host in self._rooms.values():
            host.close()
        self._rooms.clear()

    # ---- commands ---------------------------------------------------------------------------

    def submit(self, room: RoomId, command: Command, origin: Origin) -> None:
        """Carry out a command, from a connection. Answers go through ``replies``."""
        if not isinstance(command, AWARENESS) and not self.replies.begin(origin, room):
            return
        self._pass_on(room, command, origin)

    def _pass_on(self, room: RoomId, command: Command, origin: Origin) -> None:
        """Give a command to its room; in order with what the connection asked before."""
        host, held = self._rooms.get(room), self._held.get(origin.connection or ConnectionId(0))
        if held is not None:
            self._keep_for_later(held, room, command, origin)
        elif host is None or room in self._waiting:
            self._wait_for(room, command, origin)
        elif host.room.lacks(command, origin):
            self._hold(host, command, origin)
        elif not needs_id(command):
            host.idle_since = None
            self._following.named(host, command)
            host.submit(command, origin)
        elif self._feedback_ids:
            host.submit(self._feedback_ids.given_to(command), origin)
        else:
            self._wait_for(room, command, origin)

    async def execute(
        self, room: RoomId, command: Command, user: User, request_id: str | None = None
    ) -> Mapping[str, Any]:
        """Carry out a command, for REST or the command line; its answer when it is durable.

        Raises the error with which it was refused; NotFound when the user may not see the room.
        """
        origin = Origin(user, None, request_id)
        answer = self.replies.expect(origin)
        self.submit(room, command, origin)
        try:
            return await answer
        except PermissionDenied:
            host = self._rooms.get(room)
            if host is None or host.room.head.deleted or host.room.right_of(user) is None:
                raise not_found(room) from None
            raise

    async def look(self, room: RoomId, user: User, verb: Verb = Verb.VIEW) -> AnyRoom:
        """A room as everybody may know it (``confirmed``), if the user may do ``verb`` there.

        Raises NotFound when there is none or the user may not see it; PermissionDenied when they
        may see it and not do this.
        """
        host = await self._newest(room)
        if host is None or host.room.confirmed.deleted:
            raise not_found(room)
        right = host.room.right_of(user)
        if right is None:
            raise not_found(room)
        require(room.kind, verb, right)
        return host.room

    def holds(self, room: RoomId) -> bool:
        """The room is in memory, or on its way there: somebody may want to know of it."""
        return room in self._rooms or room in self._loading

    def tell(self, room: RoomId, command: Command, user: User) -> None:
        """Have a room that ``holds`` show something; nobody waits for an answer."""
        self.submit(room, command, Origin(user))

    async def peek(self, room: RoomId) -> AnyRoom | None:
        """A room as everybody may know it, whoever asks; None when there is none."""
        host = await self._newest(room)
        return None if host is None or host.room.confirmed.deleted else host.room

    async def _newest(self, room: RoomId) -> RoomHost | None:
        """A room with all that other nodes have stored of it: who wrote there may read here."""
        if self.neighbours is not None and room in self._rooms and not self.neighbours.alone:
            await self._following.come_up(room)
        return await self._host(room)

    async def create(self, room: RoomId, facts: list[Fact], author: User) -> AnyRoom:
        """Begin a room with these facts; the first creates it. Raises Unavailable, Conflict."""
        now = self.clock.now()
        entries = [Entry(n + 1, author.id, now.wall, fact) for n, fact in enumerate(facts)]
        done: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
        append = Append(
            room,
            0,
            tuple(map(to_record, entries)),
            summary=first_summary(entries),
            rights={author.id: Right.OWNER},
        )
        self.store.append(append, done.set_result)
        match await done:
            case Appended():
                return await self.look(room, author)
            case NotStored(error=error):
                raise error
            case _:
                message = f"there is a {room.kind} {room.number} already"
                raise Conflict(message, field="id")

    # ---- connections ------------------------------------------------------------------------

    def slow(self, room: RoomId, connection: ConnectionId) -> None:
        """A connection reads too slowly."""
        if host := self._rooms.get(room):
            host.slow(connection)

    def arrived(self, room: RoomId, connection: ConnectionId, probe: int) -> None:
        """A connection answered a probe of this room, if it is one."""
        host = self._rooms.get(room)
        if host is None:
            return
        if room.kind is not RoomKind.PROJECT:
            host.arrived(connection, probe)
        elif self.receipts is not None:
            self.receipts.proven(room, connection, min(probe, host.room.confirmed.seq))

    def send(self, room: RoomId, connection: ConnectionId, event: Event) -> None:
        """Tell one member of a room something, in order with what is published."""
        if host := self._rooms.get(room):
            host.audience.send(connection, event)

    def drained(self, room: RoomId, connection: ConnectionId) -> None:
        """A connection reads again."""
        if host := self._rooms.get(room):
            host.drained(connection)

    # ---- the desk of the rooms (see ``rooms.Desk``) -------------------------------------------

    def admitted(self, connection: ConnectionId, room: RoomId) -> Recipient | None:
        """A connection follows the room from here on."""
        member = self.replies.member(connection)
        if member is not None:
            member.joined(room)
            host = self._rooms.get(room)
            counts = room.kind is RoomKind.PROJECT and member.form is Form.PLAIN
            if self.receipts is not None and host is not None and counts:
                self.receipts.joined(room, connection, member.user_id, host.room.confirmed.seq)
        return member

    def acknowledged(self, origin: Origin, room: RoomId, answer: Mapping[str, Any]) -> None:
        """A command is done, and durable."""
        self.replies.acknowledged(origin, room, answer, self._frame_of(room, origin))

    def refused(self, origin: Origin, room: RoomId, error: WorkroomError) -> None:
        """A command was not carried out."""
        self.replies.refused(origin, room, error, self._frame_of(room, origin))

    def _frame_of(self, room: RoomId, origin: Origin) -> Callable[[bytes], None] | None:
        """How to write to the asker in order with what the room says; None: directly."""
        host = self._rooms.get(room)
        connection = origin.connection
        if host is None or connection is None or host.audience.get(connection) is None:
            return None
        return lambda frame: host.audience.send_frame(connection, frame)

    def dismissed(self, connection: ConnectionId, room: RoomId, why: WorkroomError | None) -> None:
        """A connection no longer follows the room."""
        if self.receipts is not None:
            self.receipts.left(room, connection)
        if member := self.replies.member(connection):
            member.left(room, why)

    def stored(self, host: RoomHost, records: tuple[Record, ...]) -> None:
        """Entries of a room are durable."""
        if self.neighbours is not None:
            self.neighbours.stored(host, records)

    def share(self, room: RoomId, signal: Signal) -> None:
        """The other nodes are to hear this of a room, whether it is in memory here or not."""
        if self.neighbours is not None:
            self.neighbours.share(room, signal)

    def fell_behind(self, host: RoomHost, known: Behind) -> None:
        """Another node appended to a room what it does not have yet."""
        self._following.fell_behind(host, known)

    def settled(self, host: RoomHost) -> None:
        """A room has nothing on its way to the store any more."""
        self._following.settled(host)

    def reload(self, host: RoomHost) -> None:
        """Read a room back from the store after it failed, however long that takes."""
        self._spawn(self._reload(host))

    def write_out(self, host: RoomHost, draft: Draft) -> None:
        """Make a checkpoint of what a room was at a moment, off the loop."""
        self._archive.write_out(host, draft)

    def chapter_ended(self, room: RoomId) -> None:
        """The log of a room has grown by a whole chapter."""
        if room.kind is RoomKind.ESSAY:
            self._archive.keep_up(room)

    # ---- what is long ago -------------------------------------------------------------------

    def _hold(self, host: RoomHost, command: Command, origin: Origin) -> None:
        """Keep back what this connection asks, until its room knows enough of its past."""
        if origin.connection is not None:
            self._held[origin.connection] = []
        self._spawn(self._look_back(host, command, origin))

    def _keep_for_later(
        self,
        held: list[tuple[RoomId, Command, Origin]],
        room: RoomId,
        command: Command,
        origin: Origin,
    ) -> None:
        if len(held) < MOST_HELD or isinstance(command, AWARENESS):
            held.append((room, command, origin))
        else:
            message = "what you asked before has to be looked up first; try again soon"
            self.refused(origin, room, Unavailable(message, retry_after=1.0))

    async def _look_back(self, host: RoomHost, command: Command, origin: Origin) -> None:
        room, failure = host.room.id, None
        try:
            command = await self._hindsight.give(host.room, command)
        except Unavailable as unavailable:
            failure = unavailable
        except Exception as mistake:  # noqa: BLE001 -- ours; whoever asked is answered
            log_failure(log, "past_not_read", mistake, room=str(room))
            failure = Unavailable.by_mistake()
        held = self._held.pop(origin.connection or ConnectionId(0), [])
        if failure is not None:
            self.refused(origin, room, failure)
        elif self._is_here(origin) or not isinstance(command, Join):
            self._wait_for(room, command, origin)
        for each in held:
            self._pass_on(*each)

    # ---- loading ----------------------------------------------------------------------------

    def _wait_for(self, room: RoomId, command: Command, origin: Origin) -> None:
        waiting = self._waiting.get(room)
        if waiting is not None:
            waiting.append((command, origin))
            return
        self._waiting[room] = [(command, origin)]
        self._spawn(self._admit_waiting(room))

    async def _admit_waiting(self, room: RoomId) -> None:
        """Load the room, then give it what waited for it, in order."""
        host, error = await self._try_to_open(room)
        no_ids = await self._try_to_get_ids(room) if host is not None else None
        host = self._rooms.get(room)  # it may have vanished meanwhile
        for command, origin in self._waiting.pop(room):
            if host is None:
                self.refused(origin, room, error or denied(room))
            elif isinstance(command, Join) and not self._is_here(origin):
                continue  # gone while the room was being loaded: nobody was told that they came
            elif needs_id(command) and no_ids is not None:
                self.refused(origin, room, no_ids)
            else:
                self._pass_on(room, command, origin)

    async def _try_to_open(self, room: RoomId) -> tuple[RoomHost | None, Unavailable | None]:
        try:
            return await self._host(room), None
        except Unavailable as unavailable:
            return None, unavailable
        except Exception as mistake:  # noqa: BLE001 -- ours; whoever waits must be answered
            log_failure(log, "room_not_loaded", mistake, room=str(room))
            failure = Unavailable(f"this {room.kind.value} cannot be opened; it has been logged")
            return None, failure

    async def _try_to_get_ids(self, room: RoomId) -> Unavailable | None:
        """Fetch as many ids as the waiting comments need; more may come while we do."""
        try:
            while (wanted := sum(needs_id(c) for c, _ in self._waiting[room])) > len(
                self._feedback_ids
            ):
                await self._feedback_ids.refill(wanted)
        except Unavailable as unavailable:
            return unavailable
        except Exception as mistake:  # noqa: BLE001 -- ours; whoever waits must be answered
            log_failure(log, "no_feedback_ids", mistake, room=str(room))
            return Unavailable("there are no ids for feedback; it has been logged")
        return None

    def _is_here(self, origin: Origin) -> bool:
        return origin.connection is None or self.replies.member(origin.connection) is not None

    async def _host(self, room: RoomId) -> RoomHost | None:
        host = self._rooms.get(room)
        if host is not None:
            return host
        task = self._loading.get(room)
        if task is None:
            task = self._loading[room] = asyncio.ensure_future(self._load(room))
            task.add_done_callback(lambda _: self._loading.pop(room, None))
        return await asyncio.shield(task)

    async def _load(self, room: RoomId) -> RoomHost | None:
        if self.neighbours is not None:
            await self.neighbours.expect(room)
        READS.labels("room").inc()
        stored = await self.store.load(room)
        if stored is None:
            if self.neighbours is not None:
                self.neighbours.closed(room)
            return None
        revived = revive(stored, self.rules, self._new_client_id)
        self.attendance.greet(revived)
        host = RoomHost(revived, self, self.store, self.clock, checkpoint_seq(stored))
        self._rooms[room] = host
        ROOMS.labels(room.kind.value).inc()
        if self.neighbours is not None:
            self.neighbours.opened(host)
        return host

    async def _reload(self, host: RoomHost) -> None:
        while not await self._reloaded(host):
            await self._pause(RELOAD_AFTER)

    async def _reloaded(self, host: RoomHost) -> bool:
        room = host.room.id
        try:
            stored = await self.store.load(room)
            if stored is None:
                host.vanished()
                self._unload(room)
            else:
                host.reloaded(stored, self._new_client_id)
                log.info("room_recovered", room=str(room))
        except Unavailable as unavailable:
            host.out_of_reach(unavailable)
            return False
        except Exception as mistake:  # noqa: BLE001 -- ours; the room is tried again
            log_failure(log, "room_not_recovered", mistake, room=str(room))
            host.out_of_reach(Unavailable.by_mistake())
            return False
        return True

    async def _pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self.clock.call_at(self.clock.now().tick + seconds, over.set)
        await over.wait()

    # ---- leaving memory ---------------------------------------------------------------------

    def _arrange_sweep(self) -> None:
        tick = self.clock.now().tick + SWEEP_EVERY
        self._sweep_timer = self.clock.call_at(tick, self._sweep)

    def _sweep(self) -> None:
        tick = self.clock.now().tick
        for room, host in list(self._rooms.items()):
            if host.busy or room in self._waiting:
                host.idle_since = None
            elif host.idle_since is None:
                host.idle_since = tick
            elif tick - host.idle_since >= UNLOAD_AFTER:
                self._retire(room, host)
        self._arrange_sweep()

    def _retire(self, room: RoomId, host: RoomHost) -> None:
        if host.checkpoints.worth_while:
            host.checkpoints.begin()
        else:
            self._unload(room)

    def _unload(self, room: RoomId) -> None:
        host = self._rooms.pop(room, None)
        if host is not None:
            host.close()
            ROOMS.labels(room.kind.value).dec()
            if self.neighbours is not None:
                self.neighbours.closed(room)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
