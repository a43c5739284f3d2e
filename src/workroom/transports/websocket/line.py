"""The life of one socket: how it is taken over, how it ends, and what its peer hears of that.

    NEW        the request head has not come yet
    OPEN       frames go both ways
    CLOSING    our close frame is out; the client's is awaited, all else it says is dropped, or
               handed on in silence if the peer wants to hear the client out
    LINGERING  it is over; bytes are read and thrown away until the client hangs up, because a
               socket closed with unread bytes is reset, and a reset may overtake the close frame
    GONE       nothing is read or written any more

    NEW -> OPEN | GONE      OPEN -> CLOSING | LINGERING | GONE
    CLOSING -> LINGERING | GONE      LINGERING -> GONE

The last three end within ``close_timeout``.
"""

from __future__ import annotations

import asyncio
import enum
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, ParamSpec, cast

from workroom.observe import CLOSES
from workroom.service.door.outlet import Peer
from workroom.transports.websocket.failures import log_failure
from workroom.transports.websocket.gate import Gate
from workroom.transports.websocket.wire import NO_FILE, close_frame, plain_socket, tune

_INTERNAL_ERROR: Final = 1011
_Args = ParamSpec("_Args")


class State(enum.Enum):
    """See the head of this module."""

    NEW = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()
    LINGERING = enum.auto()
    GONE = enum.auto()


def _nothing(_data: bytes) -> None:
    """What ``write`` does once the connection is ending."""


class Line(asyncio.Protocol, ABC):
    """A connection without its conversation; the ``Outlet`` that its peer writes to.

    The peer is called from the loop only, never from within one of its own calls. ``lost`` is the
    last call it gets.

    What the kernel takes at once may be written past the transport, to ``fd`` itself
    (``rooms/writing``): that costs less. So everything that the transport is given while the
    connection is open goes through ``write``, which looks whether anything of it has to wait.
    """

    __slots__ = (
        "_connections", "_gate", "_hears_out", "_peer", "_socket", "_state", "_transport", "fd",
        "write",
    )  # fmt: skip

    write: Callable[[bytes], None]
    """Hands frames to the transport while the connection is open, else does nothing."""
    fd: int
    """See ``Sink``. Below zero for good when the connection begins to end, at the latest when
    ``connection_lost`` is called: right after, the number may be another socket's."""

    def __init__(self, gate: Gate, connections: set[Any]) -> None:
        self._gate = gate
        self._connections = connections
        self._state = State.NEW
        self._peer: Peer | None = None
        self._hears_out = False
        self._socket = self.fd = NO_FILE
        self.write = _nothing

    # What uvicorn and the loop call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the socket from the HTTP protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        # uvicorn does it too, but after the first call of data_received, in which the peer may
        # already write so much that the transport calls pause_writing.
        self._transport.set_protocol(self)
        tune(self._transport, self._gate.limits)
        self._socket = plain_socket(self._transport)

    def eof_received(self) -> None:
        """The client hung up. After a close frame the state is GONE already."""
        self._finish(clean=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        del exc
        self._connections.discard(self)
        self._end(State.GONE)
        self._gate.pulse.no_deadline(self)
        self._lose(clean=False)

    # What the peer calls

    def close(self, code: int, reason: str = "", *, hear_out: bool = False) -> None:
        """Send a close frame; the connection ends with the client's answer or ``close_timeout``.

        With ``hear_out`` the peer is handed what the client sent before it had the close frame.

        Raises ``websockets.exceptions.ProtocolError`` for a code that may not be sent.
        """
        if self._state is State.OPEN:
            self._hears_out = hear_out
            self._transport.write(close_frame(code, reason))
            self._end(State.CLOSING)
            # A slow reader is listened to again: nothing that it says will be answered.
            asyncio.get_running_loop().call_soon(self._read_on)

    def abort(self) -> None:
        """Drop the connection, with what it has not sent; the peer hears of it from the loop."""
        if self._state is not State.GONE:
            self._end(State.GONE)
        self._transport.abort()

    def buffered(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size()

    # What the pulse calls

    def expired(self) -> None:
        """An ending has taken too long."""
        self._transport.abort()

    @abstractmethod
    def beat(self) -> None:
        """Show that you are alive."""

    # Writing

    def _write(self, frames: bytes) -> None:
        self.fd = NO_FILE
        self._transport.write(frames)
        if not self._transport.get_write_buffer_size():
            self.fd = self._socket

    # Endings

    def _finish(self, *, clean: bool) -> None:
        """End it as soon as everything written has left."""
        self._end(State.GONE)
        self._transport.close()
        self._lose(clean=clean)

    def _fail(self, code: int, reason: str) -> None:
        """End it because somebody made a mistake (RFC 6455, section 7.1.7)."""
        if self._state is State.OPEN:
            CLOSES.labels(str(code)).inc()
            self._transport.write(close_frame(code, reason))
        self._linger()

    def _linger(self) -> None:
        self._end(State.LINGERING)
        self._lose(clean=False)
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def _end(self, state: State) -> None:
        self._state = state
        self._socket = self.fd = NO_FILE  # also for whoever still holds the old ``write``
        self.write = _nothing
        self._gate.pulse.no_ping(self)
        self._gate.pulse.deadline_in(self, self._gate.limits.close_timeout)

    # The peer

    def _tell(self, tell: Callable[_Args, None], *args: _Args.args, **more: _Args.kwargs) -> None:
        """Call the peer. Its mistakes cost this connection and no other."""
        try:
            tell(*args, **more)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 -- panics of Rust extensions are no Exception
            log_failure("peer_failed", error)
            if self._state is not State.GONE:
                self._fail(_INTERNAL_ERROR, "internal error")

    def _lose(self, *, clean: bool) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            self._tell(peer.lost, clean=clean)

    @abstractmethod
    def _read_on(self) -> None:
        """Listen to the client again."""
