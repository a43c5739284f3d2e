"""Who does not behave: a reader that never reads, and one that sends as fast as it can.

Both live in a process of their own on a core of their own, so that what they cost others is what
they cost the server, not what they take from the machine.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final, Self

from bench.machine import pin
from bench.wire import CLOSE, Address, Door, client_frame, open_websocket
from bench.world import Person

FLOODS: Final[dict[str, tuple[bytes, ...]]] = {
    "typing": (
        b'{"action":"typing_start","essay_id":%d}',
        b'{"action":"typing_stop","essay_id":%d}',
    ),
    "idle": (b'{"action":"typing_stop","essay_id":%d}',),
    "subscribe": (b'{"action":"subscribe_essay","essay_id":%d}',),
    "garbage": (b"{not json",),
    "early": (b'{"action":"typing_stop","essay_id":%d}',),
    "hasty": (b'{"action":"typing_stop","essay_id":%d}',),
}
"""What a flood is made of: events for everybody, nothing, answers to itself, and mistakes. All but
``early`` wait to be let in, because who sends too much before that is thrown out sooner. ``hasty``
never waits to be thrown out: it hangs up and comes back after each piece of 64 KiB."""
ASKED: Final = 60
"""States that the stuck reader asks for before it falls silent: no more than is kept for it until
its token is checked."""
_WELCOME: Final = 0.5
"""Seconds that the flooder waits for a first word of the server."""
_NARROW: Final = 4096
_PIECE: Final = 64 * 1024
_NORMAL: Final = (1000).to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Misdeeds:
    """What to do until told otherwise."""

    stuck: bool = False
    flood: bool = False


@dataclass(slots=True)
class Deeds:
    """What the flooder got done."""

    messages: float = 0.0
    """Handed to the kernel; the server has not read them all."""
    connections: int = 0
    refused: int = 0
    """Handshakes that were turned away."""
    received: int = 0
    """Bytes that the server has sent to it."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where the guests go, as whom, and what the flood is made of."""

    address: Address
    essay: int
    stuck: Person
    flooder: Person
    flood: str

    def messages(self) -> list[bytes]:
        """The frames of the flood, once."""
        texts = (text % self.essay if b"%d" in text else text for text in FLOODS[self.flood])
        return [client_frame(text) for text in texts]


class Guests:
    """The hostile process, seen from the harness. Start it before anything else: it is forked."""

    def __init__(self, core: int | None, niceness: int = 0) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_misbehave, args=(theirs, core, niceness), daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(5)

    def invite(self, invitation: Invitation) -> None:
        """Say where to go; nothing happens yet."""
        self._pipe.send(invitation)

    def begin(self, misdeeds: Misdeeds) -> None:
        """Begin; returns when the stuck reader has asked for all that it will not read."""
        self._pipe.send(misdeeds)
        failure = self._pipe.recv()
        if failure is not None:
            raise ConnectionError(failure)

    def end(self) -> Deeds:
        """Stop and leave."""
        self._pipe.send(None)
        deeds = self._pipe.recv()
        if not isinstance(deeds, Deeds):
            raise ConnectionError(deeds)
        return deeds


class _Flooder:
    """Sends without pause; when it is thrown out it comes back at once."""

    def __init__(self, invitation: Invitation) -> None:
        self._door = Door(invitation.address, invitation.flooder.path(invitation.essay))
        once = invitation.messages()
        size = sum(map(len, once))
        self._blob = b"".join(once) * (_PIECE // size)
        self._size = size / len(once)
        self._at = 0
        self._waits = invitation.flood != "early"
        self._hasty = invitation.flood == "hasty"
        self._sock: socket.socket | None = None
        self.deeds = Deeds()

    def work(self) -> None:
        """One move; returns soon, whatever the server does."""
        if self._sock is None:
            self._connect()
            return
        try:
            readable, writable, _ = select.select([self._sock], [self._sock], [], 0.05)
            if readable:
                self._take(self._sock)
            if writable and self._sock is not None:
                self._send(self._sock)
        except OSError:
            self._drop()

    def leave(self) -> None:
        """Go as a good client goes, so that the next phase does not hear of it."""
        if self._sock is not None:
            with suppress(OSError):
                self._sock.settimeout(2.0)
                self._sock.sendall(self._blob[self._at :] if self._at else b"")
                self._sock.sendall(client_frame(_NORMAL, CLOSE))
            self._drop()

    def _connect(self) -> None:
        try:
            self._sock, _ = open_websocket(self._door, timeout=2.0)
        except OSError:
            self.deeds.refused += 1
            return
        self.deeds.connections += 1
        self._at = 0
        try:
            if self._waits:
                self._sock.settimeout(_WELCOME)
                self._take(self._sock)
        except OSError:
            self._drop()
        if self._sock is not None:
            self._sock.settimeout(0)

    def _take(self, sock: socket.socket) -> None:
        got = sock.recv(1 << 18)
        self.deeds.received += len(got)
        # A close frame of the server ends a piece, and no other frame of it does begin like that.
        if not got or _ends_with_close(got):
            self._drop()

    def _send(self, sock: socket.socket) -> None:
        sent = sock.send(self._blob[self._at :] if self._at else self._blob)
        self._at = (self._at + sent) % len(self._blob)
        self.deeds.messages += sent / self._size
        if self._hasty:
            self._drop()

    def _drop(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def _ends_with_close(data: bytes) -> bool:
    """Whether the last frame is a close frame (at most 125 bytes, its first byte 0x88)."""
    at = data.rfind(b"\x88", max(0, len(data) - 127))
    return at >= 0 and at + 2 <= len(data) and len(data) - at - 2 == data[at + 1]


def _open_narrow(door: Door) -> socket.socket:
    """A WebSocket with a small window, its handshake's answer left unread but for the status."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
    sock.settimeout(5.0)
    sock.connect(door.address)
    head = (
        f"GET {door.path} HTTP/1.1\r\nHost: {door.address[0]}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: d29ya3Jvb20tYmVuY2gtMQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    sock.sendall(head.encode())
    status = sock.recv(12)
    if status != b"HTTP/1.1 101":
        raise ConnectionError(status.decode("latin-1"))
    return sock


def _stuck_reader(invitation: Invitation) -> socket.socket:
    """Subscribe, ask for the state again and again, and never read a byte of it."""
    door = Door(invitation.address, invitation.stuck.path(invitation.essay))
    ask = client_frame(b'{"action":"subscribe_essay","essay_id":%d}' % invitation.essay)
    sock = _open_narrow(door)
    sock.sendall(ask * ASKED)
    return sock


def _misbehave(pipe: Connection, core: int | None, niceness: int) -> None:
    """The entry of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if core is not None:
        pin(0, [core])
    os.nice(niceness)
    with suppress(EOFError):
        invitation = pipe.recv()
        while True:
            _phase(pipe, invitation, pipe.recv())


def _phase(pipe: Connection, invitation: Invitation, misdeeds: Misdeeds) -> None:
    stuck: Sequence[socket.socket] = ()
    flooder = _Flooder(invitation)
    try:
        stuck = [_stuck_reader(invitation)] if misdeeds.stuck else []
    except OSError as error:
        pipe.send(f"the stuck reader cannot connect: {error}")
        return
    pipe.send(None)
    while misdeeds.flood and not pipe.poll():
        flooder.work()
    pipe.recv()
    flooder.leave()
    for sock in stuck:
        sock.close()
    pipe.send(flooder.deeds)
