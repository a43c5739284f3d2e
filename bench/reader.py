"""One process of the load generator: many member sockets, one epoll, frames counted and checked.

All members of a room get the same bytes, mostly in the same pieces. So a piece is parsed once, and
a member whose piece is equal to the one before is counted by that comparison: cheap, and a check
of every byte.

While it counts, a reader looks at its sockets every ``TICK`` and does not sleep on them: a server
that writes to a socket on which somebody sleeps also pays for waking the sleeper, which takes as
long as the write itself, and which no server pays for clients on other machines.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

from bench.machine import pin
from bench.wire import CLOSE, PING, TEXT, Door, open_websocket, pong, split

TICK: Final = 0.0003
"""Seconds between two looks."""
_FEW: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Connect:
    """Open sockets; they belong to the group from then on."""

    group: str
    doors: tuple[Door, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    """Count from zero the frames that begin with one of ``prefixes``; tell of each whole round."""

    group: str
    frames: int
    """Frames that every member gets in a round."""
    prefixes: tuple[bytes, ...]
    read_size: int = _FEW
    eager: bool = False
    """Sleep on the sockets all the same."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Give every member's count and last frame."""

    group: str


@dataclass(frozen=True, slots=True)
class Close:
    """Drop the sockets of a group."""

    group: str


@dataclass(frozen=True, slots=True)
class Quit:
    """End."""


Order = Connect | Arm | Tally | Close | Quit


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer to a ``Tally``, one item for each member."""

    counts: list[int]
    last: list[bytes]
    lost: int


@dataclass(slots=True)
class _Group:
    members: list[_Member] = field(default_factory=list)
    frames: int = 0
    prefixes: tuple[bytes, ...] = ()
    total: int = 0
    target: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Member:
    sock: socket.socket
    group: _Group
    rest: bytes = b""
    count: int = 0
    last: bytes = b""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a piece of bytes came to, for a member with that ``before`` left over."""

    before: bytes
    data: bytes
    count: int
    rest: bytes
    last: bytes


_NOTHING: Final = _Step(b"", b"", 0, b"", b"")


class Reader:
    """Runs in its own process; obeys orders from a pipe, and tells of each whole round."""

    def __init__(self, orders: Connection, rounds: int) -> None:
        """``rounds`` is the file descriptor on which a byte is written for every whole round."""
        self._orders = orders
        self._rounds = rounds
        self._poll = select.epoll()
        self._poll.register(orders.fileno(), select.EPOLLIN)
        self._groups: dict[str, _Group] = {}
        self._members: dict[int, _Member] = {}
        self._step = _NOTHING
        self._read_size = _FEW
        self._ticking = False
        self._running = True

    def run(self) -> None:
        """Read until told to quit."""
        orders = self._orders.fileno()
        while self._running:
            ready = self._poll.poll(0 if self._ticking else None)
            if not ready:
                time.sleep(TICK)
            for fd, _ in ready:
                if fd == orders:
                    self._obey(self._orders.recv())
                elif (member := self._members.get(fd)) is not None:
                    self._read(member)

    # ---- counting ---------------------------------------------------------------------------

    def _read(self, member: _Member) -> None:
        try:
            data = member.sock.recv(self._read_size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(member)
            return
        step = self._step
        if member.rest is not step.before or data != step.data:
            step = self._parse(member, data)
        member.rest = step.rest
        if step.count:
            self._count(member, step)

    def _count(self, member: _Member, step: _Step) -> None:
        member.count += step.count
        member.last = step.last
        group = member.group
        group.total += step.count
        if group.total >= group.target:
            group.target += group.frames * len(group.members)
            os.write(self._rounds, b"\1")

    def _parse(self, member: _Member, data: bytes) -> _Step:
        frames, rest = split(member.rest + data if member.rest else data)
        prefixes, pinged = member.group.prefixes, False
        count, last = 0, b""
        for opcode, payload in frames:
            if opcode == TEXT:
                if prefixes and payload.startswith(prefixes):
                    count, last = count + 1, payload
            elif opcode == PING:
                pinged = True
                member.sock.send(pong(payload))
            elif opcode == CLOSE:
                member.group.lost += 1
        step = _Step(member.rest, data, count, rest, last)
        if not pinged:
            self._step = step
        return step

    def _lose(self, member: _Member) -> None:
        self._drop(member)
        member.group.lost += 1

    def _drop(self, member: _Member) -> None:
        self._members.pop(member.sock.fileno(), None)
        self._poll.unregister(member.sock.fileno())
        member.sock.close()

    # ---- orders -----------------------------------------------------------------------------

    def _obey(self, order: Order) -> None:
        match order:
            case Connect():
                self._answer(self._connect(order))
            case Arm():
                self._answer(self._armed(order))
            case Tally():
                self._ticking = False
                group = self._groups.get(order.group, _Group())
                counts = [member.count for member in group.members]
                self._answer(Counted(counts, [m.last for m in group.members], group.lost))
            case Close():
                for member in self._groups.pop(order.group, _Group()).members:
                    if member.sock.fileno() in self._members:
                        self._drop(member)
                self._answer(None)
            case Quit():
                self._running = False

    def _answer(self, answer: object) -> None:
        self._orders.send(answer)

    def _connect(self, order: Connect) -> str | None:
        """None when all went well, else what went wrong."""
        group = self._groups.setdefault(order.group, _Group())
        for door in order.doors:
            try:
                sock, rest = open_websocket(door)
            except OSError as error:
                return str(error)
            sock.settimeout(0)
            member = _Member(sock, group)
            group.members.append(member)
            self._members[sock.fileno()] = member
            self._poll.register(sock.fileno(), select.EPOLLIN)
            if rest:
                member.rest = self._parse(member, rest).rest
        return None

    def _armed(self, order: Arm) -> bool:
        """Whether there is anybody to count."""
        group = self._groups.get(order.group)
        if group is None or not group.members:
            return False
        group.frames, group.prefixes = order.frames, order.prefixes
        group.total, group.target = 0, order.frames * len(group.members)
        for member in group.members:
            member.count, member.last = 0, b""
        self._step, self._read_size = _NOTHING, order.read_size
        self._ticking = not order.eager
        return True


def run_reader(orders: Connection, rounds: int, core: int | None) -> None:
    """The entry of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if core is not None:
        pin(0, [core])
    Reader(orders, rounds).run()
