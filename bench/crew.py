"""The load generator as one thing: several reader processes, and who publishes to them."""

from __future__ import annotations

import multiprocessing
import os
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final, Self

from bench.machine import cpu_seconds
from bench.reader import Arm, Close, Connect, Counted, Order, Quit, Tally, run_reader
from bench.wire import CLOSE, PING, Door, client_frame, open_websocket, pong, split

ROUND_TIMEOUT: Final = 10.0
_NORMAL: Final = (1000).to_bytes(2, "big")


class Undelivered(Exception):
    """Somebody did not get what was published. The measurement is void."""


@dataclass(frozen=True, slots=True)
class _Hand:
    process: BaseProcess
    orders: Connection


class Crew:
    """Start it before anything else: its processes are forked, and should carry nothing along."""

    def __init__(self, cores: Sequence[int | None]) -> None:
        """One reader for each of ``cores``; ``None`` is any core."""
        context = multiprocessing.get_context("fork")
        self._rounds, signals = os.pipe()
        self._hands: list[_Hand] = []
        self._armed = 0
        for core in cores:
            ours, theirs = context.Pipe()
            process = context.Process(target=run_reader, args=(theirs, signals, core), daemon=True)
            process.start()
            theirs.close()
            self._hands.append(_Hand(process, ours))
        os.close(signals)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self._hands:
            hand.orders.send(Quit())
        for hand in self._hands:
            hand.process.join(5)

    def cpu_seconds(self) -> float:
        """CPU time of all readers so far."""
        return sum(cpu_seconds(hand.process.pid) for hand in self._hands if hand.process.pid)

    def connect(self, group: str, doors: Sequence[Door]) -> None:
        """Open one socket for each door. Raises ``ConnectionError``."""
        shares = [
            Connect(group, tuple(doors[at :: len(self._hands)])) for at in range(len(self._hands))
        ]
        failures = [answer for answer in self._each(shares) if answer is not None]
        if failures:
            raise ConnectionError(failures[0])

    def arm(self, order: Arm) -> None:
        """Begin to count; see ``Arm``."""
        self._armed = sum(bool(answer) for answer in self._all(order))

    def wait(self) -> None:
        """Until every member has got one more round. Raises ``Undelivered``."""
        missing, deadline = self._armed, time.monotonic() + ROUND_TIMEOUT
        while missing:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._rounds], [], [], left)[0]:
                message = f"after {ROUND_TIMEOUT:.0f} s not everybody has got everything"
                raise Undelivered(message)
            missing -= len(os.read(self._rounds, missing))

    def tally(self, group: str) -> Counted:
        """Every member's count and last frame."""
        answers = [answer for answer in self._all(Tally(group)) if isinstance(answer, Counted)]
        return Counted(
            [count for answer in answers for count in answer.counts],
            [last for answer in answers for last in answer.last],
            sum(answer.lost for answer in answers),
        )

    def close(self, group: str) -> None:
        """Drop the sockets of a group."""
        self._all(Close(group))

    def _all(self, order: Order) -> list[object]:
        return self._each([order] * len(self._hands))

    def _each(self, orders: Sequence[Order]) -> list[object]:
        for hand, order in zip(self._hands, orders, strict=True):
            hand.orders.send(order)
        return [hand.orders.recv() for hand in self._hands]


class Publisher:
    """One socket that asks for events, and reads what it is told so that it stays alive."""

    def __init__(self, door: Door) -> None:
        self._sock, self._rest = open_websocket(door)
        self.received: list[bytes] = []
        """Text messages since the last ``drain``."""

    def send(self, payloads: Sequence[bytes]) -> None:
        """All messages in one piece."""
        self._sock.sendall(b"".join(map(client_frame, payloads)))

    def drain(self, wait: float = 0.0) -> list[bytes]:
        """Take what has come, for at least ``wait`` seconds, and answer pings."""
        self.received = []
        deadline = time.monotonic() + wait
        while select.select([self._sock], [], [], max(0.0, deadline - time.monotonic()))[0]:
            data = self._sock.recv(1 << 18)
            if not data:
                message = "the server closed the publisher's connection"
                raise ConnectionError(message)
            frames, self._rest = split(self._rest + data)
            for opcode, payload in frames:
                if opcode == PING:
                    self._sock.sendall(pong(payload))
                else:
                    self.received.append(payload)
        return self.received

    def close(self) -> None:
        """Say goodbye properly: who only vanishes stays present for a while."""
        self._sock.sendall(client_frame(_NORMAL, CLOSE))
        self._sock.settimeout(2.0)
        with suppress(OSError):
            while self._sock.recv(1 << 18):
                pass
        self._sock.close()
