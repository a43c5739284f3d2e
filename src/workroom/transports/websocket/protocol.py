"""One WebSocket, as uvicorn's ``ws=`` class: what the client says, and whether it still lives.

Outgoing frames do not pass through here: see ``Line``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from workroom.observe import CLOSES
from workroom.service.door.outlet import Accept, Door, Peer
from workroom.transports.websocket.addresses import TrustedProxies
from workroom.transports.websocket.allowance import Allowance
from workroom.transports.websocket.gate import Gate
from workroom.transports.websocket.inbound import POLICY_VIOLATION, Event, Inbound, Kind, Violation
from workroom.transports.websocket.limits import SocketLimits
from workroom.transports.websocket.line import Line, State
from workroom.transports.websocket.pulse import Pulse
from workroom.transports.websocket.wire import HEARTBEAT, address_of, close_answer, pong_frame

_SERVICE_RESTART: Final = 1012
# More frames than a well-meaning client has under way when it is told to go.
_CLOSING_FRAMES: Final = 1000
# Messages that one client is served in one turn of the loop.
_PER_TURN: Final = 16
# Bytes that a client may go on sending after its connection has failed. More than the message that
# made it fail is likely to have left: a reset in the middle of it would also take from the client
# the close frame that says why.
_LINGER_BYTES: Final = 32 << 20


class RoomProtocol(Line):
    """A connection. See ``Line`` for its life and for what the peer may rely on."""

    __slots__ = (
        "_allowance", "_asked", "_drained", "_dropped", "_heard", "_held", "_inbound", "_leaving",
        "_paused", "_since", "_told",
    )  # fmt: skip

    def __init__(self, gate: Gate, connections: set[Any]) -> None:
        super().__init__(gate, connections)
        self._inbound = Inbound(gate.limits)
        self._allowance = Allowance(gate.limits.control_burst)
        self._asked = 0  # pings of ours in a row, before anything was heard
        self._heard = False  # whether the client sent anything since the last of them
        self._paused = False
        self._held = 0  # how many reasons there are to read on later
        self._drained = 0  # bytes thrown away while lingering
        self._told = False  # whether the peer knows that it is paused
        self._leaving = False
        self._since: int | None = None  # the beat in which the unfinished message began
        self._dropped = 0  # frames dropped while closing

    # What uvicorn and the loop call

    def data_received(self, data: bytes) -> None:
        """The request head in the first call, frames in all others."""
        if self._state is State.OPEN or self._state is State.CLOSING:
            self._heard = True
            self._inbound.feed(data)
            if not self._held:
                self._pump()
        elif self._state is State.LINGERING:
            self._drained += len(data)
            if self._drained > _LINGER_BYTES:
                self.abort()
        elif self._state is State.NEW:
            answer = self._gate.answer(data, address_of(self._transport))
            self._transport.write(answer.response)
            if answer.accept is None:
                self._finish(clean=False)
            else:
                self._open(answer.accept)

    def pause_writing(self) -> None:
        """The client reads too slowly: do not let it ask for more until it has caught up."""
        self._paused = True
        if self._state is State.OPEN:
            self._asked = 0
            self._transport.pause_reading()
            self._time_message()
            # Called from within write(): a room that is going through its members must not have
            # one of them leave under its hands.
            asyncio.get_running_loop().call_soon(self._tell_paused)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        if self._told and self._peer is not None:
            self._told = False
            self._tell(self._peer.drained)
        self._read_on()

    def shutdown(self) -> None:
        """The server stops: the rooms say goodbye, and if they do not, the transport does."""
        self._gate.shut()
        if self._state is State.OPEN and not self._leaving:
            self._leaving = True
            self._gate.pulse.deadline_in(self, self._gate.limits.goodbye_seconds)

    # What the pulse calls

    def beat(self) -> None:
        """Judge the last ping and send the next one."""
        limits, pulse = self._gate.limits, self._gate.pulse
        if self._state is not State.OPEN:
            return
        wait = min(limits.ping_interval, limits.pong_timeout)
        unanswered = 0 if self._heard else self._asked
        if self._paused:
            # It is not read from, so it cannot answer. How long it may stay is its peer's affair.
            pulse.ping_in(self, limits.ping_interval)
        elif unanswered * wait >= limits.pong_timeout:
            CLOSES.labels("1006").inc()
            self.abort()
        elif self._asked and self._heard and limits.ping_interval > wait:
            self._asked = 0
            pulse.ping_in(self, limits.ping_interval - wait)
        else:
            self._asked, self._heard = unanswered + 1, False
            pulse.ping_in(self, wait)
            self.write(HEARTBEAT)

    def expired(self) -> None:
        """An ending, a goodbye or an unfinished message has taken too long."""
        if self._state is not State.OPEN:
            super().expired()
        elif self._leaving:
            CLOSES.labels(str(_SERVICE_RESTART)).inc()
            self.close(_SERVICE_RESTART, "server restarting")
        elif self._since is not None:
            self._judge_message(self._since)

    # Reading

    def _open(self, accept: Accept) -> None:
        self._state = State.OPEN
        self.write = self._write
        self._gate.pulse.ping_in(self, self._gate.first_ping())
        self._tell(self._meet, accept)

    def _meet(self, accept: Accept) -> None:
        self._peer = accept.open(self)

    def _listens(self) -> bool:
        if self._held:
            return False
        return self._state is State.CLOSING or (self._state is State.OPEN and not self._paused)

    def hold(self, seconds: float) -> None:
        """Read nothing for so long: what the client sends waits, and in the end the client does."""
        self._held += 1
        self._transport.pause_reading()
        asyncio.get_running_loop().call_later(seconds, self._release)

    def _give_way(self) -> None:
        """Let the loop serve everybody else before it goes on with this client."""
        self._held += 1
        self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._release)

    def _release(self) -> None:
        self._held -= 1
        self._read_on()

    def _pump(self) -> None:
        turns = _PER_TURN
        try:
            while self._listens() and (event := self._inbound.take()) is not None:
                self._handle(event)
                turns -= 1
                if not turns and self._listens() and self._inbound.unfinished:
                    self._give_way()
        except Violation as violation:
            if violation.size and self._peer is not None:
                self._tell(self._peer.oversized, violation.size)
            self._fail(violation.code, violation.reason)
        self._time_message()

    def _read_on(self) -> None:
        if self._listens():
            self._pump()
        if self._listens():
            self._transport.resume_reading()

    def _handle(self, event: Event) -> None:
        if event.kind is Kind.CLOSE:
            if self._state is State.OPEN:
                self._transport.write(close_answer(event.payload))
            self._finish(clean=True)
        elif self._state is State.CLOSING:
            self._dropped += 1
            if self._dropped > _CLOSING_FRAMES:
                self._linger()
            elif self._hears_out and self._peer is not None:
                self._hear_out(event, self._peer)
        elif self._peer is not None:
            self._deliver(event, self._peer)

    def _deliver(self, event: Event, peer: Peer) -> None:
        kind = event.kind
        self._heard = True
        if kind is Kind.PING:
            self._charge(1.0)
            self.write(pong_frame(event.payload))
        elif kind is Kind.PONG:
            self._charge(self._gate.limits.pong_cost)
            if event.payload:
                self._tell(peer.ponged, event.payload)
        else:
            self._stop_clock()
            if kind is Kind.TEXT:
                self._tell(peer.received, event.payload)
            elif kind is Kind.BINARY:
                self._tell(peer.received_binary, event.payload)
            else:
                self._tell(peer.oversized, event.size)

    def _hear_out(self, event: Event, peer: Peer) -> None:
        """What a client said that had not read our close frame; nothing is answered any more."""
        if event.kind is Kind.TEXT:
            self._tell(peer.received, event.payload)
        elif event.kind is Kind.BINARY:
            self._tell(peer.received_binary, event.payload)
        elif event.kind is Kind.PONG and event.payload:
            self._tell(peer.ponged, event.payload)

    # Limits in time

    def _charge(self, cost: float) -> None:
        limits, pulse = self._gate.limits, self._gate.pulse
        if not self._allowance.spend(
            cost,
            at=pulse.seconds_since(0),
            rate=limits.controls_per_second,
            burst=limits.control_burst,
        ):
            raise Violation(POLICY_VIOLATION, "too many control frames")

    def _time_message(self) -> None:
        """Start the clock of an unfinished message, or stop it."""
        if self._state is not State.OPEN or self._leaving:
            return
        if self._paused or self._held or not self._inbound.unfinished:
            self._stop_clock()
        elif self._since is None:
            self._since = self._gate.pulse.beat
            self._gate.pulse.deadline_in(self, self._gate.limits.message_seconds)

    def _stop_clock(self) -> None:
        if self._since is not None:
            self._since = None
            if not self._leaving:
                self._gate.pulse.no_deadline(self)

    def _judge_message(self, since: int) -> None:
        limits, pulse = self._gate.limits, self._gate.pulse
        earned = self._inbound.pending / limits.message_bytes_per_second
        left = limits.message_seconds + earned - pulse.seconds_since(since)
        if left > 0:
            pulse.deadline_in(self, left)
        else:
            self._fail(POLICY_VIOLATION, "message took too long")

    def _tell_paused(self) -> None:
        if self._state is not State.OPEN or not self._paused or self._told:
            return
        if self._peer is not None:
            self._told = True
            self._tell(self._peer.paused)


def websocket_factory(
    door: Door,
    limits: SocketLimits | None = None,
    *,
    pulse: Pulse | None = None,
    trusted_proxies: Sequence[str] = (),
) -> Callable[..., asyncio.Protocol]:
    """What ``uvicorn.Config(ws=...)`` is given; one for each server.

    ``trusted_proxies`` are the addresses or networks whose ``X-Forwarded-For`` is believed.
    ``pulse`` may be shared with the HTTP protocol. Raises ``ValueError`` for a bad address.
    """
    chosen = limits or SocketLimits()
    gate = Gate(door, chosen, pulse or Pulse(chosen.timer_step), TrustedProxies(trusted_proxies))

    def protocol(*, server_state: Any, **_from_uvicorn: Any) -> asyncio.Protocol:
        return RoomProtocol(gate, server_state.connections)

    return protocol
