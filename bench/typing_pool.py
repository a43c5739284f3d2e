"""A process full of typists, who type as fast as they are answered or at a fixed pace."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from bench.typist import Typist, mark_of
from bench.wire import Door, open_websocket

_ANSWER: Final = 30.0
"""Seconds that an answer may take at the end."""
_CALM: Final = 0.3


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one typist sits."""

    door: Door
    essay: int
    writer: int
    name: str


@dataclass(frozen=True, slots=True)
class Shift:
    """How long to type, and how many edits a second altogether; None: as fast as answered."""

    seconds: float
    rate: float | None


@dataclass(slots=True)
class Outcome:
    """What came of a shift."""

    sent: int = 0
    seconds: float = 0.0
    """From the first save to the last answer."""
    delays: list[float] = field(default_factory=list)
    unanswered: int = 0
    refused: list[bytes] = field(default_factory=list)
    damaged: int = 0
    """Typists whose paragraph stands otherwise in the server's text than they typed it."""
    missed: int = 0
    """Saves that could not even be sent in time: the load generator was too slow."""


class TypingPool:
    """All typists of this process."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._poll = select.epoll()
        self._typists: list[Typist] = []
        self._by_fd: dict[int, Typist] = {}
        self._clock = time.perf_counter
        for seat in seats:
            self._sit_down(seat)

    def work(self, shift: Shift) -> Outcome:
        """Type for so long, then wait for the answers, then compare texts."""
        outcome, started = Outcome(), self._clock()
        if shift.rate is None:
            self._closed_loop(started + shift.seconds, outcome)
        else:
            self._open_loop(started, shift.seconds, shift.rate, outcome)
        deadline = self._clock() + _ANSWER
        while any(t.waiting for t in self._typists) and self._clock() < deadline:
            self._read(0.1, outcome)
        outcome.seconds = self._clock() - started
        self._settle(outcome)
        return outcome

    def leave(self) -> None:
        """Close every socket."""
        for typist in self._typists:
            typist.sock.close()

    def _sit_down(self, seat: Seat) -> None:
        sock, rest = open_websocket(seat.door)
        name = seat.name.encode()
        typist = Typist(sock, rest, seat.essay, name, mark_of(seat.writer))
        _state(typist)
        self._typists.append(typist)
        self._by_fd[sock.fileno()] = typist
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _closed_loop(self, deadline: float, outcome: Outcome) -> None:
        now = self._clock()
        for typist in self._typists:
            typist.save(now)
        outcome.sent += len(self._typists)
        while (now := self._clock()) < deadline:
            for typist in self._read(0.1, outcome):
                typist.save(self._clock())
                outcome.sent += 1

    def _open_loop(self, started: float, seconds: float, rate: float, outcome: Outcome) -> None:
        total, at, count = round(seconds * rate), 0, len(self._typists)
        while at < total:
            due = started + at / rate
            wait = due - self._clock()
            if wait > 0:
                self._read(wait, outcome)
                continue
            outcome.missed += wait < -0.005
            self._typists[at % count].save(due)
            at += 1
            if at % 16 == 0:
                self._read(0.0, outcome)
        outcome.sent += total

    def _read(self, wait: float, outcome: Outcome) -> list[Typist]:
        """Read for at most so long; the typists who were answered."""
        # select() sleeps to the microsecond; epoll only to the millisecond.
        if not select.select([self._poll], [], [], wait)[0]:
            return []
        answered = []
        for fd, _ in self._poll.poll(0):
            typist = self._by_fd[fd]
            acknowledged = typist.read()
            if acknowledged:
                now = self._clock()
                outcome.delays += [now - since for since in acknowledged]
                answered.append(typist)
        return answered

    def _settle(self, outcome: Outcome) -> None:
        """Compare every text with the server's, and begin the next shift from it."""
        calm = self._clock() + _CALM
        while self._clock() < calm:
            self._read(0.1, outcome)
        for typist in self._typists:
            outcome.unanswered += len(typist.waiting) + typist.strangers
            outcome.refused += typist.refused[:1]
            typist.waiting.clear()
            state = _content(_state(typist))
            outcome.damaged += typist.own + b"\\n\\n" not in state + b"\\n\\n"


def _content(state: bytes) -> bytes:
    return orjson.dumps(orjson.loads(state)["content"])[1:-1]


def _state(typist: Typist) -> bytes:
    """Ask for the present text, and wait for it as any page does: pings are answered, too."""
    typist.sock.settimeout(_ANSWER)
    typist.ask(0.0)
    while typist.waiting:
        typist.read()
    typist.sock.settimeout(0)
    return typist.latest
