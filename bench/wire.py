"""Just enough of RFC 6455 for a load generator: the client's half, cheap rather than complete."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9

_KEY: Final = "d29ya3Jvb20tYmVuY2gtMQ=="
_RECEIVE_BUFFER: Final = 1 << 20
"""So that a burst of essays fits into the kernel and no member counts as a slow reader."""

Address = tuple[str, int]
Frames = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Door:
    """How to open one WebSocket."""

    address: Address
    path: str
    subprotocol: str | None = None


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole message from a client, masked with zeros: as valid as any mask, and free to make."""
    first, length = bytes((0x80 | opcode,)), len(payload)
    if length < 126:
        head = first + bytes((0x80 | length,))
    elif length < 65536:
        head = first + b"\xfe" + length.to_bytes(2, "big")
    else:
        head = first + b"\xff" + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def pong(payload: bytes) -> bytes:
    """The answer to a ping."""
    return client_frame(payload, 0xA)


def split(data: bytes) -> tuple[Frames, bytes]:
    """The whole frames from a server (opcode and payload), and the bytes that are left."""
    frames: Frames = []
    at, end = 0, len(data)
    while end - at >= 2:
        length, start = data[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif length == 127:
            length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        if start + length > end:
            break
        frames.append((data[at] & 0x0F, data[start : start + length]))
        at = start + length
    return frames, data[at:]


def open_websocket(door: Door, timeout: float = 20.0) -> tuple[socket.socket, bytes]:
    """A blocking socket after the handshake, and what came behind it. Raises ``OSError``."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(timeout)
    sock.connect(door.address)
    sock.sendall(_opening(door))
    answer = b""
    while b"\r\n\r\n" not in answer:
        got = sock.recv(65536)
        if not got:
            break
        answer += got
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        message = f"no WebSocket at {door.address}: {answer[:300]!r}"
        raise ConnectionError(message)
    return sock, rest


def _opening(door: Door) -> bytes:
    host, port = door.address
    lines = [
        f"GET {door.path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    if door.subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {door.subprotocol}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
