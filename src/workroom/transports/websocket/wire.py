"""Small things that a socket needs: its options, its address, the frames that end or prove it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Final

from websockets.frames import Close, Frame, Opcode

from workroom.protocol.frames import ping_frame
from workroom.transports.websocket.limits import SocketLimits

_LINUX_TCP_NOTSENT_LOWAT: Final = 25
_REASON_BYTES: Final = 123
NO_FILE: Final = -1

# One frame for all: its pong tells no more than that the client lives, so it carries nothing.
HEARTBEAT: Final = ping_frame(b"")


def close_frame(code: int, reason: str) -> bytes:
    """A close frame; a reason that is too long is cut.

    Raises ``websockets.exceptions.ProtocolError`` for a code that may not be sent.
    """
    fitting = reason.encode("utf-8", "replace")[:_REASON_BYTES].decode("utf-8", "ignore")
    return close_answer(Close(code, fitting).serialize())


def close_answer(payload: bytes) -> bytes:
    """A close frame with the payload of the one that it answers."""
    return Frame(Opcode.CLOSE, payload).serialize(mask=False)


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping."""
    return Frame(Opcode.PONG, payload).serialize(mask=False)


def tune(transport: asyncio.Transport, limits: SocketLimits) -> None:
    """Set the options of the socket, as far as it has them."""
    transport.set_write_buffer_limits(high=limits.write_high_water)
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(limits.no_delay))
        sock.setsockopt(socket.IPPROTO_TCP, _LINUX_TCP_NOTSENT_LOWAT, limits.notsent_lowat)


def plain_socket(transport: asyncio.Transport) -> int:
    """The file descriptor of a socket that bytes may be written to as they are; else ``NO_FILE``.

    Not where they are encrypted first, nor on systems where a socket is no file.
    """
    sock = transport.get_extra_info("socket")
    if os.name != "posix" or sock is None or transport.get_extra_info("sslcontext") is not None:
        return NO_FILE
    return int(sock.fileno())


def address_of(transport: asyncio.Transport) -> str:
    """The IP address at the other end; empty for a Unix socket."""
    peername = transport.get_extra_info("peername")
    return str(peername[0]) if isinstance(peername, tuple) and peername else ""
