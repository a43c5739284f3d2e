"""A door whose peers echo. For tests and for the Autobahn test suite; never part of a server."""

from __future__ import annotations

from dataclasses import dataclass

from workroom.protocol.frames import binary_frame, text_frame
from workroom.service.door.outlet import Accept, Handshake, Outlet, Reject


class EchoPeer:
    """Sends back what it gets."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def received(self, message: bytes) -> None:
        """Echo a text message."""
        self._outlet.write(text_frame(message))

    def received_binary(self, message: bytes) -> None:
        """Echo a binary message."""
        self._outlet.write(binary_frame(message))

    def oversized(self, size: int) -> None:
        """Say how large the dropped message was."""
        self._outlet.write(text_frame(b"oversized %d" % size))

    def ponged(self, payload: bytes) -> None:
        """Nothing to do."""

    def paused(self) -> None:
        """The transport has stopped reading; there is nothing else that writes."""

    def drained(self) -> None:
        """Nothing was held back."""

    def lost(self, *, clean: bool) -> None:
        """Nothing to clean up."""


@dataclass
class EchoDoor:
    """Lets everybody in, and speaks the first subprotocol that the client offers."""

    _shut: bool = False

    def answer(self, handshake: Handshake) -> Accept | Reject:
        """Accept, until the door is shut."""
        if self._shut:
            return Reject(503, "unavailable", "The server is stopping.", retry_after=1)
        offered = handshake.subprotocols
        return Accept(offered[0] if offered else None, EchoPeer)

    def shut(self) -> None:
        """Refuse from now on."""
        self._shut = True
