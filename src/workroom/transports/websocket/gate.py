"""What all sockets of one server have in common: the door, the limits, the timer."""

from __future__ import annotations

from typing import Final, NamedTuple

from workroom.observe import REFUSALS
from workroom.service.door.outlet import Accept, Door, Handshake, Reject
from workroom.transports.websocket.addresses import TrustedProxies
from workroom.transports.websocket.failures import log_failure
from workroom.transports.websocket.handshake import (
    BadHandshake,
    accept_response,
    read_opening,
    reject_response,
)
from workroom.transports.websocket.limits import SocketLimits
from workroom.transports.websocket.pulse import Pulse

_BROKEN: Final = Reject(500, "internal_error", "The server made a mistake; it has been logged.")
# The golden ratio's odd multiples spread evenly over a circle, however many there are.
_GOLDEN: Final = 0.618033988749895


class Answer(NamedTuple):
    """What to write to the client; without ``accept`` the connection ends there."""

    response: bytes
    accept: Accept | None = None


class Gate:
    """Answers handshakes. One for all sockets of a server."""

    __slots__ = ("_door", "_opened", "_proxies", "_shut", "limits", "pulse")

    def __init__(
        self, door: Door, limits: SocketLimits, pulse: Pulse, proxies: TrustedProxies
    ) -> None:
        self.limits = limits
        self.pulse = pulse
        self._proxies = proxies
        self._door = door
        self._opened = 0
        self._shut = False

    def answer(self, head: bytes, peer: str) -> Answer:
        """Answer a request head that came from the address ``peer``. Never raises."""
        try:
            opening = read_opening(head, peer, self._proxies)
        except BadHandshake as bad:
            REFUSALS.labels("handshake", bad.code).inc()
            return Answer(bad.response)
        answer = self._ask(opening.handshake)
        if isinstance(answer, Reject):
            return Answer(reject_response(answer))
        try:
            return Answer(accept_response(opening, answer.subprotocol), answer)
        except ValueError as error:
            log_failure("door_failed", error)
            return Answer(reject_response(_BROKEN))

    def shut(self) -> None:
        """Shut the door, the first time that it is asked for."""
        if self._shut:
            return
        self._shut = True
        try:
            self._door.shut()
        except Exception as error:  # noqa: BLE001 -- the server stops all the same
            log_failure("door_failed", error)

    def first_ping(self) -> float:
        """Seconds to the first ping of a new connection: spread, as many may come at once."""
        self._opened += 1
        return self.limits.ping_interval * (0.5 + 0.5 * (self._opened * _GOLDEN % 1.0))

    def _ask(self, handshake: Handshake) -> Accept | Reject:
        try:
            return self._door.answer(handshake)
        except Exception as error:  # noqa: BLE001 -- one handshake, not the server
            log_failure("door_failed", error)
            return _BROKEN
