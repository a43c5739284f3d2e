"""One process of writers: raw sockets, a save each, the next one when it is confirmed.

Nothing is parsed but the frames' heads; a save is a template with two numbers put in. So a hundred
writers take a small part of what the server takes to store their saves and tell of them.
"""

from __future__ import annotations

import multiprocessing
import select
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

import orjson

from bench.machine import cpu_seconds, pin
from bench.reader import TICK
from bench.wire import PING, TEXT, Door, client_frame, open_websocket, pong, split

_ACK: Final = b'{"type":"ack"'
_READ: Final = 1 << 16
_NUMBER: Final = b"00000000"
GO, REST, END = "go", "rest", "end"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody writes, and into which essay."""

    door: Door
    essay: int
    text: str
    """Put in front of the number of the save."""


@dataclass(slots=True)
class _Writer:
    sock: socket.socket
    template: bytes
    rest: bytes
    number: int = 0
    waits: bool = False
    confirmed: int = 0

    def save(self) -> None:
        self.number += 1
        self.waits = True
        self.sock.sendall(self.template.replace(_NUMBER, b"%08d" % self.number))


class Savers:
    """The process, seen from outside."""

    def __init__(self, desks: Sequence[Desk], cores: Sequence[int]) -> None:
        """Opens all connections. Raises ``ConnectionError``."""
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, desks, cores), daemon=True)
        self._process.start()
        if (failure := self._pipe.recv()) is not None:
            raise ConnectionError(failure)

    def go(self) -> None:
        """Begin to save, or go on with it."""
        self._pipe.send(GO)

    def rest(self) -> int:
        """Stop, wait for what is on its way, and say how many saves were confirmed so far."""
        self._pipe.send(REST)
        confirmed: int = self._pipe.recv()
        return confirmed

    def cpu_seconds(self) -> float:
        """CPU time so far."""
        assert self._process.pid is not None
        return cpu_seconds(self._process.pid)

    def close(self) -> None:
        """End it."""
        self._pipe.send(END)
        self._process.join(10)


@dataclass(slots=True)
class _Room:
    """All writers, and whether they write."""

    writers: dict[int, _Writer]
    poll: select.epoll
    going: bool = False


def _run(orders: Connection, desks: Sequence[Desk], cores: Sequence[int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if cores:
        pin(0, cores)
    try:
        writers = [_opened(desk) for desk in desks]
    except OSError as error:
        orders.send(str(error))
        return
    orders.send(None)
    room = _Room({writer.sock.fileno(): writer for writer in writers}, select.epoll())
    for fd in room.writers:
        room.poll.register(fd, select.EPOLLIN)
    _serve(orders, room)


def _opened(desk: Desk) -> _Writer:
    message = {
        "action": "update_essay",
        "essay_id": desk.essay,
        "content": f"{desk.text} {_NUMBER.decode()}",
        "request_id": f"{desk.essay}-{time.monotonic_ns():x}-{_NUMBER.decode()}",
    }
    sock, rest = open_websocket(desk.door)
    return _Writer(sock, client_frame(orjson.dumps(message)), rest)


def _serve(orders: Connection, room: _Room) -> None:
    while True:
        while not orders.poll():
            ready = room.poll.poll(0 if room.going else 0.05)
            if not ready and room.going:
                time.sleep(TICK)  # as the readers do, so that nobody pays for waking us
            for fd, _ in ready:
                _hear(room, room.writers[fd])
        order = orders.recv()
        if order == END:
            return
        room.going = order == GO
        if order == GO:
            for writer in room.writers.values():
                writer.save()
            continue
        while any(writer.waits for writer in room.writers.values()):
            for fd, _ in room.poll.poll(0.05):
                _hear(room, room.writers[fd])
        orders.send(sum(writer.confirmed for writer in room.writers.values()))


def _hear(room: _Room, writer: _Writer) -> None:
    frames, writer.rest = split(writer.rest + writer.sock.recv(_READ))
    for opcode, payload in frames:
        if opcode == TEXT and payload.startswith(_ACK):
            writer.confirmed += 1
            writer.waits = False
            if room.going:
                writer.save()
        elif opcode == PING:
            writer.sock.sendall(pong(payload))
