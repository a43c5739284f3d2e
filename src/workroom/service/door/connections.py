"""One WebSocket connection: from its token to its end.

    authenticating ──good token──▶ open ──close, expiry, revocation──▶ closed
          │                         └──shutdown──▶ leaving ──lost──────▲
          └────────bad token, too many, lost, shutdown─────────────────┘

A connection turns messages into commands and hands them to the hub; what comes back is written by
the rooms' audiences. It decides nothing about rooms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from prometheus_client import Counter

from workroom.core.commands import Join, Leave, Origin, Resynchronize
from workroom.core.events import TokenExpiring
from workroom.errors import (
    InvalidMessage,
    NotAuthenticated,
    NotSubscribed,
    PermissionDenied,
    RateLimited,
    TooLarge,
    Unavailable,
    WorkroomError,
)
from workroom.ids import ConnectionId, RoomId, RoomKind, SessionId, UserId
from workroom.observe import CLOSES, COMMANDS, REFUSALS, SLOW_READERS, logger
from workroom.ports.clock import Timer
from workroom.protocol.dialect import Ack, Dialect, Form, TokenRequest
from workroom.service.accounts.accounts import Authenticated
from workroom.service.door import endings
from workroom.service.door.endings import Stage
from workroom.service.door.lobby import Lobby
from workroom.service.door.manners import BYTES_A_MESSAGE, LABORIOUS, REST, Bucket
from workroom.service.door.outlet import Outlet
from workroom.service.rooms.probes import probe_of
from workroom.service.rooms.writing import Write

log = logger("connections")

ASK_AFTER: Final = 1.0
"""Seconds after which a replica is asked again for what the store did not take."""
_ROOM_FIELD: Final = {RoomKind.ESSAY: "essay_id", RoomKind.PROJECT: "payload.project_id"}


@cache
def _counted(dialect: str, command: str) -> Counter:
    """The counter of one kind of command; looking it up by its labels takes a lock each time."""
    return COMMANDS.labels(dialect, command)


class Connection:
    """One socket with a dialect; implements ``outlet.Peer`` and ``replies.Member``."""

    __slots__ = (
        "_bucket",
        "_gateway",
        "_home",
        "_joining",
        "_outlet",
        "_patience",
        "_rooms",
        "_slow_timer",
        "_stage",
        "_task",
        "_timer",
        "_waiting",
        "_warned",
        "dialect",
        "expires",
        "form",
        "id",
        "session",
        "user",
    )

    def __init__(
        self,
        gateway: Lobby,
        connection_id: ConnectionId,
        outlet: Outlet,
        dialect: Dialect,
        form: Form,
        home: RoomId | None,
    ) -> None:
        """``home``: the room that the path names; the connection is subscribed to it."""
        rules, tick = gateway.rules, gateway.clock.now().tick
        self.id = connection_id
        self.form = form
        self.dialect = dialect
        self.user: Any = None
        self.session: SessionId | None = None
        self.expires = 0
        self._gateway = gateway
        self._outlet = outlet
        self._home = home
        self._stage = Stage.AUTHENTICATING
        self._rooms: set[RoomId] = set()
        self._joining: set[RoomId] = set()
        """Rooms that it has asked to follow, while they are being loaded."""
        self._waiting: list[tuple[bytes, bool]] | None = None
        self._warned = False
        self._bucket = Bucket(
            rules.messages_per_second, rules.message_burst, rules.message_burst, tick
        )
        self._patience = Bucket(
            rules.mistakes_per_second, rules.mistake_burst, rules.mistake_burst, tick
        )
        self._task: asyncio.Task[None] | None = None
        self._timer: Timer | None = None
        self._slow_timer: Timer | None = None

    @property
    def left_to_say(self) -> float:
        """How many messages it could send at once now, not counting what came back since."""
        return self._bucket.level

    def inherit(self, level: float) -> None:
        """Go on where another connection of this user left off: coming back earns nothing."""
        bucket = self._bucket
        bucket.level = min(bucket.level, level)
        self._outlet.hold(max(0.0, bucket.capacity / 2 - level) / bucket.rate)

    @property
    def outlet(self) -> Outlet:
        """Writes frames."""
        return self._outlet

    @property
    def user_id(self) -> UserId:
        """The user's id, once authenticated."""
        user_id: UserId = self.user.id
        return user_id

    @property
    def dialect_name(self) -> str:
        """``essay``, ``project`` or ``yjs``."""
        return self.dialect.name

    @property
    def rooms(self) -> frozenset[RoomId]:
        """The rooms that it follows."""
        return frozenset(self._rooms)

    # ---- the token --------------------------------------------------------------------------

    def authenticate(self, token: str | None) -> None:
        """Check the token when it is its turn; called once, when the socket is open."""
        if token is None:
            self._reject(NotAuthenticated())
        elif wait := self._gateway.admission.ask(partial(self._begin, token)):
            message = "too many are coming at once; come back later"
            self._reject(RateLimited(message, retry_after=wait))

    def _begin(self, token: str) -> bool:
        if self._stage is not Stage.AUTHENTICATING:
            return False
        self._task = asyncio.ensure_future(self._authenticate(token))
        return True

    async def _authenticate(self, token: str) -> None:
        try:
            who = await self._gateway.accounts.authenticate(token)
        except WorkroomError as error:
            self._reject(error)
            return
        finally:
            self._task = None
        if self._stage is Stage.AUTHENTICATING:
            self._admitted(who)

    def _reject(self, error: WorkroomError) -> None:
        self.refuse(error)
        self.close(endings.of_rejected(error), error.code)

    def _admitted(self, who: Authenticated) -> None:
        self.user, self.session, self.expires = who.user, who.session, who.expires
        if not self._gateway.enter(self):
            limit = self._gateway.rules.connections_per_user
            self.refuse(RateLimited(f"at most {limit} connections at once for one user"))
            self.close(endings.MISBEHAVED, "too_many_connections")
            return
        self._stage = Stage.OPEN
        self._watch_expiry()
        if self._stage is not Stage.OPEN:
            return
        if self._home is not None:
            self._submit(self._home, self.dialect.arrival, None)
        waiting, self._waiting = self._waiting, None
        for message, binary in waiting or ():
            self._take(message, binary=binary)

    def _watch_expiry(self) -> None:
        """Warn before the token ends, and close when it has; the wall clock has the last word."""
        now = self._gateway.clock.now()
        left = self.expires - now.wall / 1000
        if left <= 0:
            self.refuse(NotAuthenticated())
            self.close(endings.BAD_TOKEN, "token_expired")
            return
        until_warning = left - self._gateway.rules.expiry_warning
        if self.form is Form.PLAIN or self._warned:
            wait = left
        elif until_warning > 0:
            wait = until_warning
        else:
            self._warned, wait = True, left
            self._send(self.dialect.encode(TokenExpiring(max(1, round(left))), self.form))
        self._timer = self._gateway.clock.call_at(now.tick + wait, self._watch_expiry)

    async def _refresh(self, request: TokenRequest) -> None:
        try:
            who = await self._gateway.accounts.authenticate(request.token)
            if who.user.id != self.user_id:
                message = "the new token belongs to another user"
                raise InvalidMessage(message, field="token")
        except WorkroomError as error:
            self.refuse(error, request.request_id)
            return
        finally:
            self._task = None
        if self._stage is Stage.OPEN:
            self._renewed(who, request.request_id)

    def _renewed(self, who: Authenticated, request_id: str | None) -> None:
        self._gateway.renew(self, who)
        self._warned = False
        if self._timer is not None:
            self._timer.cancel()
        self._watch_expiry()
        if request_id is not None and self.form is Form.EXTENDED:
            details = {"expires": who.expires}
            self._send(self.dialect.encode_ack(Ack(request_id, None, None, details)))

    # ---- what the transport says ------------------------------------------------------------

    def received(self, message: bytes) -> None:
        """One whole text message."""
        self._take(message, binary=False)

    def received_binary(self, message: bytes) -> None:
        """One whole binary message."""
        self._take(message, binary=True)

    def _take(self, message: bytes, *, binary: bool) -> None:
        if self._stage is Stage.AUTHENTICATING:
            self._keep(message, binary=binary)
        elif self._stage is not Stage.CLOSED:
            cost = 1 + len(message) / BYTES_A_MESSAGE
            tick = self._gateway.clock.now().tick
            wait = self._bucket.take(tick, cost)
            if wait and self.dialect.arrival.replica:
                self._bucket.overdraw(cost)
                self._outlet.hold(wait)  # it cannot take back what it sent: let it wait instead
            elif wait:
                error = RateLimited("too many messages; slow down", retry_after=round(wait, 3))
                self._mistake(error, message)
                impatient = self._patience.level < self._patience.capacity * 2 / 3
                if impatient and self._stage is Stage.OPEN:
                    self._outlet.hold(wait)
                return
            try:
                self._carry_out(message, binary=binary)
            except WorkroomError as error:
                self._mistake(error, b"" if binary else message)
            if binary:
                self._rest(self._gateway.clock.now().tick - tick)

    def _rest(self, spent: float) -> None:
        """Who keeps the server busy is read the less, so that nobody else has to wait for them."""
        if spent > LABORIOUS and self._stage is Stage.OPEN:
            self._outlet.hold(spent * REST)

    def oversized(self, size: int) -> None:
        """A message over the limit was dropped."""
        limit = self._gateway.max_message_bytes
        self._mistake(TooLarge(f"a message holds at most {limit} bytes, this has {size}"), b"")

    def ponged(self, payload: bytes) -> None:
        """The peer answered a ping: one of its rooms may have asked."""
        heard = self._stage is Stage.OPEN or self._stage is Stage.LEAVING
        if heard and (probe := probe_of(payload)) is not None:
            self._gateway.hub.arrived(probe[0], self.id, probe[1])

    def paused(self) -> None:
        """The peer reads too slowly: its rooms stop writing to it."""
        rules, clock = self._gateway.rules, self._gateway.clock
        if self._slow_timer is not None or self._stage is Stage.CLOSED:
            return
        SLOW_READERS.inc()
        tick = clock.now().tick + rules.slow_reader_seconds
        self._slow_timer = clock.call_at(tick, self._too_slow)
        for room in self._rooms:
            self._gateway.hub.slow(room, self.id)

    def drained(self) -> None:
        """The peer reads again: its rooms tell it what it missed."""
        if self._forget_slowness():
            for room in tuple(self._rooms):
                self._gateway.hub.drained(room, self.id)

    def lost(self, *, clean: bool) -> None:
        """The socket has gone."""
        self._stage = Stage.CLOSED
        self._forget_slowness()
        for timer in (self._timer, self._task):
            if timer is not None:
                timer.cancel()
        self._leave_all(clean=clean)
        self._gateway.exit(self)

    # ---- what the rooms say (see ``replies.Member``) ------------------------------------------

    def acknowledged(
        self, request_id: str, room: RoomId, answer: Mapping[str, Any], write: Write | None
    ) -> None:
        """A request is done: say so, if the client understands it."""
        if self.form is Form.EXTENDED:
            details = {k: v for k, v in answer.items() if k not in ("room", "seq")}
            here = answer.get("room") in (str(room), None)
            done_in = room if here else RoomId.parse(answer["room"])
            payload = self.dialect.encode_ack(Ack(request_id, done_in, answer["seq"], details))
            self._send(payload, write)

    def refused(
        self, request_id: str | None, room: RoomId, error: WorkroomError, write: Write | None
    ) -> None:
        """A request was not carried out."""
        asked_to_join = room in self._joining
        self._joining.discard(room)
        if self._stage is not Stage.OPEN:
            return
        self._count(error)
        self._send(self.dialect.encode_error(error, self.form, request_id), write)
        if room == self._home and asked_to_join and not self._rooms:
            denied = isinstance(error, PermissionDenied)
            self.close(endings.FORBIDDEN if denied else endings.TRY_LATER, error.code)
        elif self.dialect.arrival.replica:
            self._drifted(room, error)

    def _drifted(self, room: RoomId, error: WorkroomError) -> None:
        """The room did not take what a replica sent, and the replica cannot take it back."""
        if isinstance(error, Unavailable):
            clock = self._gateway.clock
            tick = clock.now().tick + (error.retry_after or ASK_AFTER)
            clock.call_at(tick, lambda: self._ask_again(room))
        elif not isinstance(error, PermissionDenied):
            self.close(endings.of_refused_update(error), error.code)

    def _ask_again(self, room: RoomId) -> None:
        if room in self._rooms:
            self._submit(room, Resynchronize(), None)

    def joined(self, room: RoomId) -> None:
        """The connection follows a room from here on."""
        self._joining.discard(room)
        self._rooms.add(room)
        if self._slow_timer is not None or self._stage is Stage.LEAVING:
            self._gateway.hub.slow(room, self.id)

    def left(self, room: RoomId, why: WorkroomError | None) -> None:
        """The connection no longer follows a room; ``why`` if it was put out."""
        self._rooms.discard(room)
        if why is not None and self._stage is Stage.OPEN:
            self.refuse(why)
            if room == self._home and not self._rooms:
                self.close(endings.FORBIDDEN, why.code)

    # ---- the end ----------------------------------------------------------------------------

    def expelled(self) -> None:
        """The log-in behind this connection is over."""
        if self._stage is not Stage.AUTHENTICATING:
            self.refuse(NotAuthenticated())
            self.close(endings.BAD_TOKEN, "revoked")

    def say_goodbye(self, retry_after: float) -> None:
        """The server is about to restart: tell the client, and when to come back (seconds)."""
        if self._stage is not Stage.CLOSED:
            self._send(self.dialect.encode_shutdown(self.form, retry_after))

    def leave(self) -> None:
        """Close because the server restarts.

        Nothing is written any more, but what the client sent before it could know of this counts:
        the connection stays in its rooms until the client has closed as well.
        """
        if self._stage is Stage.AUTHENTICATING:
            self.close(endings.RESTARTING, "server_restarting")
        elif self._stage is Stage.OPEN:
            self._stage = Stage.LEAVING
            CLOSES.labels(str(endings.RESTARTING)).inc()
            for room in self._rooms:
                self._gateway.hub.slow(room, self.id)
            self._outlet.close(endings.RESTARTING, "server_restarting", hear_out=True)

    def close(self, code: int, reason: str) -> None:
        """Close from our side; the rooms are left at once."""
        if self._stage is Stage.CLOSED:
            return
        self._stage = Stage.CLOSED
        CLOSES.labels(str(code)).inc()
        # Whoever is sent away by a restart will be back: they are awaited, as after a broken link.
        self._leave_all(clean=code != endings.RESTARTING)
        self._outlet.close(code, reason)

    def refuse(self, error: WorkroomError, request_id: str | None = None) -> None:
        """Tell the client of an error."""
        self._count(error)
        self._send(self.dialect.encode_error(error, self.form, request_id))

    # ---- inside -----------------------------------------------------------------------------

    def _keep(self, message: bytes, *, binary: bool) -> None:
        """Hold a message until the token is checked."""
        self._waiting = self._waiting or []
        self._waiting.append((message, binary))
        if len(self._waiting) > self._gateway.rules.waiting_messages:
            self.refuse(RateLimited("too many messages before the token was checked"))
            self.close(endings.MISBEHAVED, "rate_limited")

    def _carry_out(self, message: bytes, *, binary: bool) -> None:
        dialect = self.dialect
        request = dialect.decode_binary(message) if binary else dialect.decode(message, self.form)
        if isinstance(request, TokenRequest):
            _counted(self.dialect.name, "refresh_token").inc()
            if self._task is not None:
                text = "a token is being checked already"
                raise RateLimited(text, field="token", retry_after=1)
            self._task = asyncio.ensure_future(self._refresh(request))
            return
        room = request.room or self._home
        assert room is not None  # what has no room of its own is only sent where the path has one
        self._require_room(room, request.command)
        self._submit(room, request.command, request.request_id)

    def _require_room(self, room: RoomId, command: Any) -> None:
        if room in self._rooms or room in self._joining:
            return
        kind, follows = room.kind.value, self._rooms | self._joining
        if not isinstance(command, Join):
            raise NotSubscribed.to(kind, room.number, field=_ROOM_FIELD[room.kind])
        if len(follows) >= self.dialect.max_rooms:
            message = f"one connection may follow at most {self.dialect.max_rooms} {kind}s"
            raise TooLarge(message, field=_ROOM_FIELD[room.kind])

    def _submit(self, room: RoomId, command: Any, request_id: str | None) -> None:
        _counted(self.dialect.name, type(command).__name__).inc()
        if isinstance(command, Join) and room not in self._rooms:
            self._joining.add(room)
        self._gateway.hub.submit(room, command, Origin(self.user, self.id, request_id))

    def _mistake(self, error: WorkroomError, message: bytes) -> None:
        """Refuse a message; close when there is no end to them."""
        if self._stage is Stage.CLOSED:
            return
        request_id = None
        if self.form is Form.EXTENDED and message:
            request_id = self.dialect.request_id_of(message)
        self.refuse(error, request_id)
        if self._patience.take(self._gateway.clock.now().tick):
            log.info("closed_for_misbehaviour", dialect=self.dialect.name, code=error.code)
            self.close(endings.MISBEHAVED, error.code)

    def _leave_all(self, *, clean: bool) -> None:
        if self.user is None:
            return
        origin = Origin(self.user, self.id, None)
        for room in self._rooms | self._joining:
            self._gateway.hub.submit(room, Leave(clean=clean), origin)
        self._rooms.clear()
        self._joining.clear()

    def _too_slow(self) -> None:
        log.info("slow_reader_closed", dialect=self.dialect.name)
        self._forget_slowness()
        self.close(endings.TRY_LATER, "slow_reader")
        self._outlet.abort()

    def _forget_slowness(self) -> bool:
        timer, self._slow_timer = self._slow_timer, None
        if timer is None:
            return False
        timer.cancel()
        SLOW_READERS.dec()
        return True

    def _count(self, error: WorkroomError) -> None:
        REFUSALS.labels(self.dialect.name, error.code).inc()

    def _send(self, payload: bytes | None, write: Write | None = None) -> None:
        if payload is not None:
            (write or self._outlet.write)(self.dialect.frame(payload))
