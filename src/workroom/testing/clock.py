"""A clock that moves only when the test says so."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

from workroom.core.time import Now

_START_OF_2026 = 1_767_225_600_000


class FakeTimer:
    """A call arranged with a ``FakeClock``."""

    def __init__(self, tick: float, callback: Callable[[], None]) -> None:
        self.tick = tick
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the call; harmless when it was made already."""
        self._callback = None

    @property
    def pending(self) -> bool:
        """True until the call is made or cancelled."""
        return self._callback is not None

    def fire(self) -> None:
        """Make the call, once."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class FakeClock:
    """Implements ``ports.clock.Clock``; time stands still between calls of ``advance``.

    ``tick`` is in seconds, ``wall`` in milliseconds since 1970 (UTC). Both move together.
    """

    def __init__(self, *, tick: float = 1000.0, wall: int = _START_OF_2026) -> None:
        self._tick = tick
        self._wall_at_zero = wall - round(tick * 1000)
        self._order = count()
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._soon: deque[Callable[[], None]] = deque()

    def now(self) -> Now:
        """The present moment."""
        return Now(self._tick, self.wall)

    @property
    def tick(self) -> float:
        """The monotonic clock, in seconds."""
        return self._tick

    @property
    def wall(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        return self._wall_at_zero + round(self._tick * 1000)

    def call_at(self, tick: float, callback: Callable[[], None]) -> FakeTimer:
        """Call back during the ``advance`` that reaches ``tick``; never from within this call."""
        timer = FakeTimer(tick, callback)
        heapq.heappush(self._timers, (tick, next(self._order), timer))
        return timer

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back at the beginning of the next ``advance`` (of 0 seconds, say)."""
        self._soon.append(callback)

    def advance(self, seconds: float = 0.0) -> None:
        """Let time pass, and make the calls that fall due, each at its own moment and in order.

        Calls that are arranged meanwhile are made too when they fall due within these seconds.
        Raises ValueError for a negative time.
        """
        if seconds < 0:
            raise ValueError("time does not go back")
        end = self._tick + seconds
        self._run_soon()
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self._tick = max(self._tick, due)
            timer.fire()
            self._run_soon()
        self._tick = end

    def move_wall(self, seconds: float) -> None:
        """Set the wall clock on (or back) alone, as an operator or NTP does."""
        self._wall_at_zero += round(seconds * 1000)

    @property
    def next_due(self) -> float | None:
        """The tick of the next call arranged, or None."""
        while self._timers and not self._timers[0][2].pending:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _run_soon(self) -> None:
        while self._soon:
            self._soon.popleft()()
