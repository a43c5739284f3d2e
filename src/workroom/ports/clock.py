"""What Workroom needs of time: to read it, and to be called back at a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workroom.core.time import Now


class Timer(Protocol):
    """A call that has been arranged."""

    def cancel(self) -> None:
        """Forget the call; harmless when it was made already."""


class Clock(Protocol):
    """Reads both clocks and keeps appointments. Callbacks run on the event loop's thread."""

    def now(self) -> Now:
        """The present moment."""

    def call_at(self, tick: float, callback: Callable[[], None]) -> Timer:
        """Call back when the monotonic clock has reached ``tick`` (seconds)."""

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in the next turn of the loop, in the order asked for."""
