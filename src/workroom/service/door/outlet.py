"""The seam between the sockets and the rooms.

A transport (``transports/websocket``) owns one socket: it speaks RFC 6455 and nothing else. It
hands whole messages to a ``Peer`` and offers an ``Outlet`` to write to. Everything here runs on the
event loop's thread and never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from workroom.service.rooms.writing import Sink


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the client said when it asked for a WebSocket."""

    path: str
    """Without the query, percent-decoded."""
    query: str
    """As it came; it may hold a token: never log it."""
    origin: str | None
    """The Origin header; None when absent. Several Origin headers are refused by the transport."""
    host: str | None
    subprotocols: Sequence[str]
    address: str
    """IP address of the client, for throttling and logs."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer 101. ``open`` is called at once after it is written, and gives the Peer."""

    subprotocol: str | None
    open: Callable[[Outlet], Peer]


@dataclass(frozen=True, slots=True)
class Reject:
    """Answer with this HTTP status and a ``problem+json`` body."""

    status: int
    code: str
    message: str
    retry_after: int | None = None
    """Seconds, for the Retry-After header."""


class Outlet(Sink, Protocol):
    """The writing half of one socket."""

    def close(self, code: int, reason: str = "", *, hear_out: bool = False) -> None:
        """Send a close frame, then end the connection when the peer answers or a time is over.

        With ``hear_out`` the peer is still handed what the client sent before it knew.
        """

    def hold(self, seconds: float) -> None:
        """Read nothing from this client for so long; what it sends waits in its socket."""

    def abort(self) -> None:
        """Drop the connection without a word."""

    def buffered(self) -> int:
        """Bytes written that the kernel has not taken yet."""


class Peer(Protocol):
    """One connection, as the rooms see it."""

    def received(self, message: bytes) -> None:
        """A whole text message of at most the message limit; valid UTF-8."""

    def received_binary(self, message: bytes) -> None:
        """A whole binary message of at most the message limit."""

    def oversized(self, size: int) -> None:
        """A message over the limit was dropped; ``size`` in bytes."""

    def ponged(self, payload: bytes) -> None:
        """A pong arrived, in order with the messages."""

    def paused(self) -> None:
        """The peer reads too slowly: the write buffer is over its high-water mark."""

    def drained(self) -> None:
        """The write buffer is low again."""

    def lost(self, *, clean: bool) -> None:
        """The socket has gone; ``clean`` when the peer sent a close frame. Called once."""


class Door(Protocol):
    """Who may open a WebSocket here."""

    def answer(self, handshake: Handshake) -> Accept | Reject:
        """Decide before the 101."""

    def shut(self) -> None:
        """The server is stopping: refuse every new handshake with 503, say goodbye to everybody."""
