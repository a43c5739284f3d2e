"""The real clocks: the event loop's for appointments, the system's for timestamps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from workroom.core.time import Now
from workroom.ports.clock import Timer


class LoopClock:
    """Implements ``ports.clock.Clock`` on the running event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._time = loop.time

    def now(self) -> Now:
        """The present moment."""
        return Now(self._time(), time.time_ns() // 1_000_000)

    def call_at(self, tick: float, callback: Callable[[], None]) -> Timer:
        """Call back when ``loop.time()`` has reached ``tick``."""
        return self._loop.call_at(tick, callback)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in the next turn of the loop."""
        self._loop.call_soon(callback)
