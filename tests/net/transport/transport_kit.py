"""A server in a thread, and a client that can misbehave."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import uvicorn
import uvloop

from workroom.protocol.frames import binary_frame, text_frame
from workroom.service.door.outlet import Accept, Handshake, Outlet, Reject
from workroom.transports.websocket.pulse import Pulse
from workroom.transports.websocket.serving import server_config

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


PATIENCE = 30.0
"""Seconds after which something that should have come counts as missing."""


def until(condition: Callable[[], Any]) -> Any:
    """Wait until the condition holds; its last value, true or not."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.005)
    return value


@dataclass
class RecordingPeer:
    """Echoes, and remembers what it was told."""

    outlet: Outlet
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    echo: bool = True

    def received(self, message: bytes) -> None:
        self.calls.append(("text", message))
        if message == b"fail":
            raise RuntimeError("secret token in the message")
        if message.startswith(b"close "):
            self.outlet.close(int(message[6:]), "as you wish")
        if self.echo:
            self.outlet.write(text_frame(message))

    def received_binary(self, message: bytes) -> None:
        self.calls.append(("binary", message))
        if self.echo:
            self.outlet.write(binary_frame(message))

    def oversized(self, size: int) -> None:
        self.calls.append(("oversized", size))

    def ponged(self, payload: bytes) -> None:
        self.calls.append(("ponged", payload))

    def paused(self) -> None:
        self.calls.append(("paused",))

    def drained(self) -> None:
        self.calls.append(("drained",))

    def lost(self, *, clean: bool) -> None:
        self.calls.append(("lost", clean))

    def heard(self, kind: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] == kind]


class RecordingDoor:
    """Opens to all, and keeps the peers and the handshakes."""

    def __init__(self) -> None:
        self.peers: list[RecordingPeer] = []
        self.handshakes: list[Handshake] = []
        self.shuts = 0
        self.echo = True
        self.on_open: Callable[[RecordingPeer], None] = lambda _peer: None

    def answer(self, handshake: Handshake) -> Accept | Reject:
        self.handshakes.append(handshake)
        if self.shuts:
            return Reject(503, "unavailable", "The server is stopping.", retry_after=1)
        if handshake.path == "/refused":
            return Reject(429, "rate_limited", "Too många.", retry_after=7)
        if handshake.path == "/broken":
            raise RuntimeError("secret")
        if handshake.path == "/unoffered":
            return Accept("never\r\noffered", self.open)
        chosen = "workroom.v1" if "workroom.v1" in handshake.subprotocols else None
        return Accept(chosen, self.open)

    def open(self, outlet: Outlet) -> RecordingPeer:
        peer = RecordingPeer(outlet, echo=self.echo)
        self.peers.append(peer)
        self.on_open(peer)
        return peer

    def shut(self) -> None:
        self.shuts += 1


async def rest(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application: says how long the body was; ``/large`` sends 8 MiB."""
    if scope["type"] != "http":
        return
    size = 0
    more = scope["path"] != "/early"
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        size += len(event["body"])
        more = event["more_body"]
    body = b"x" * (8 << 20) if scope["path"] == "/large" else b"%d" % size
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class RunningServer:
    """uvicorn in a thread."""

    def __init__(self, door: Any, ports: int = 1, **settings: Any) -> None:
        self.door = door
        self.config = server_config(rest, door, lifespan="off", loop="none", **settings)
        self.server = uvicorn.Server(self.config)
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(ports)]
        self.ports = [sock.getsockname()[1] for sock in self._sockets]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.loop: asyncio.AbstractEventLoop | None = None

    def _run(self) -> None:
        uvloop.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.server.serve(sockets=self._sockets)

    def __enter__(self) -> Self:
        self._thread.start()
        assert until(lambda: self.server.started)
        return self

    def stop(self) -> None:
        """Stop as on SIGTERM."""
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not stop"

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.stop()

    @property
    def port(self) -> int:
        return int(self.ports[0])

    @property
    def forgot_all(self) -> bool:
        """Whether nothing is kept of the connections that have gone."""
        pulse: Pulse = self.config.http_protocol_class.pulse  # type: ignore[attr-defined]
        return not (self.open_sockets or pulse.waiting)

    @property
    def open_sockets(self) -> int:
        return len(self.server.server_state.connections)


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    return header(first, len(payload), masked=masked) + (_masked(payload) if masked else payload)


def header(first: int, length: int, *, masked: bool = True) -> bytes:
    bit = 0x80 if masked else 0
    if length < 126:
        return bytes((first, bit | length))
    if length < 65536:
        return struct.pack("!BBH", first, bit | 126, length)
    return struct.pack("!BBQ", first, bit | 127, length)


def _masked(payload: bytes) -> bytes:
    key = b"\x11\x22\x33\x44"
    if len(payload) > 4096:
        key = b"\0\0\0\0"
        return key + payload
    return key + bytes(byte ^ key[i & 3] for i, byte in enumerate(payload))


def handshake(path: str = "/", *lines: str, **replaced: str | None) -> bytes:
    """A handshake's head. ``replaced`` names headers with _ for -; None leaves them out."""
    headers: dict[str, str | None] = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    headers |= {name.replace("_", "-"): value for name, value in replaced.items()}
    fields = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *fields, *lines, "\r\n"]).encode("latin-1")


class Client:
    """A socket that speaks raw HTTP and raw frames."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(("127.0.0.1", port))
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def open(self, path: str = "/", *lines: str, **replaced: str | None) -> Response:
        self.send(handshake(path, *lines, **replaced))
        return self.response()

    def response(self) -> Response:
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in fields:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = self._exactly(int(headers.get("content-length", "0")))
        return Response(int(status.split()[1]), headers, body)

    def receive(self) -> tuple[int, bytes]:
        """The next frame."""
        first, length = self._exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return first & 15, self._exactly(length)

    def close_code(self) -> int | None:
        """Read to the close frame; None when the connection ended without one."""
        try:
            while True:
                opcode, payload = self.receive()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big") if payload else 1005
        except (EOFError, ConnectionError):
            return None

    def ended(self) -> bool:
        """Whether the server hangs up."""
        self.sock.settimeout(PATIENCE)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def connected(server: RunningServer, **more: Any) -> Iterator[tuple[Client, RecordingPeer]]:
    """A client with an open WebSocket, and the peer that the server made for it."""
    with Client(server.port, **more) as client:
        before = len(server.door.peers)
        assert client.open().status == 101
        assert until(lambda: len(server.door.peers) > before)
        yield client, server.door.peers[-1]


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
