"""When the garbage collector may look for objects that nobody can reach and that hold one another.

Nearly everything here is freed as soon as nothing refers to it; the collector is for the rest. Left
to itself it runs whenever so many more objects were made than freed. Under load these are commands
on their way to the store, which it looks through in vain, again and again. So it is told when to
look: once there have been that many for a while, and at a moment when little else is going on if
there is one. While it finds nothing, it mostly passes. What it has passed, or left, stays out of
its sight until the server has grown by much: then all is looked through, after a quiet time.

Every look stops the whole process: up to 1 µs for each object that it looks through, on a busy
machine, a second for 2,000,000.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from workroom.ports.clock import Clock, Timer

EVERY: Final = 0.25
"""Seconds after which it is seen to whether the collector is wanted."""
WHILE: Final = 4
"""So many times in a row, objects must have been too many: commands come and go, growth stays."""
QUIET: Final = 0.2
"""Up to this share of its time at work, the loop's thread has time for the collector."""
CALM: Final = 40
"""So many quiet times in a row, for all to be looked through."""
FEW: Final = 0.01
PASSES: Final = 9
"""Where a look finds less than this share of what it looks through, so many of the next ones are
left out while people work."""


@dataclass(frozen=True, slots=True)
class CollectorRules:
    """How many objects may be made, and not freed, before they are looked through."""

    young: int = 20_000
    """Since the last look, when it is quiet."""
    most_young: int = 50_000
    """The same at any time: what one look may cost those who type."""
    grown: int = 200_000
    """Since all was looked through, when it has been quiet for long; or half as many as it left."""
    most_grown: int = 2_000_000
    """The same at any time; or as many as it left."""


class Collector:
    """Runs the garbage collector of this process, in place of the interpreter."""

    __slots__ = (
        "_busy",
        "_clock",
        "_grown",
        "_kept",
        "_made",
        "_passes",
        "_quiet",
        "_rules",
        "_spent",
        "_tick",
        "_timer",
    )

    def __init__(
        self, clock: Clock, busy: Callable[[], float], rules: CollectorRules | None = None
    ) -> None:
        """``busy``: the seconds for which the thread of the event loop has been at work so far."""
        self._clock = clock
        self._busy = busy
        self._rules = rules or CollectorRules()
        self._made: deque[int] = deque(maxlen=WHILE)
        """Objects made and not freed since the young were put away, at the latest times."""
        self._passes = 0
        """Looks that may be left out."""
        self._grown = 0
        """Objects put away since all were looked through, at the most."""
        self._kept = 0
        """Objects that this left."""
        self._quiet = 0
        """For how many times it has been quiet."""
        self._tick, self._spent = clock.now().tick, busy()
        self._timer: Timer | None = None

    def start(self) -> None:
        """From here on nothing is looked through but by this; what is here now stays.

        What a server is made of is hardly ever garbage, so it is not looked through for that.
        """
        gc.disable()
        self._put_all_away()
        self._arrange()

    def stop(self) -> None:
        """Leave it to the interpreter again."""
        if self._timer is not None:
            self._timer.cancel()
        gc.unfreeze()
        gc.enable()

    def _arrange(self) -> None:
        self._timer = self._clock.call_at(self._clock.now().tick + EVERY, self._see)

    def _see(self) -> None:
        self._time_quiet()
        self._made.append(gc.get_count()[0])
        if len(self._made) == WHILE:
            enough = self._rules.young if self._quiet else self._rules.most_young
            if min(self._made) >= enough:
                self._put_young_away()
        most = self._most_grown()
        if self._grown >= most:
            # Much of it has been freed since; and to count takes a fifth of the time of a look.
            self._grown = gc.get_freeze_count() - self._kept
            if self._grown >= most:
                self._look_through_all()
        self._arrange()

    def _time_quiet(self) -> None:
        tick, spent = self._clock.now().tick, self._busy()
        quiet = spent - self._spent <= QUIET * (tick - self._tick)
        self._tick, self._spent = tick, spent
        self._quiet = self._quiet + 1 if quiet else 0

    def _most_grown(self) -> float:
        if self._quiet >= CALM:
            return max(self._rules.grown, self._kept / 2)
        return max(self._rules.most_grown, self._kept)

    def _put_young_away(self) -> None:
        made, found = gc.get_count()[0], 0
        if self._passes and not self._quiet:
            self._passes -= 1
        else:
            found = gc.collect(0)
            self._passes = 0 if found > FEW * made else PASSES
        gc.freeze()
        self._grown += max(0, made - found)
        self._made.clear()

    def _look_through_all(self) -> None:
        gc.unfreeze()
        gc.collect()
        self._put_all_away()

    def _put_all_away(self) -> None:
        gc.freeze()
        self._kept, self._grown = gc.get_freeze_count(), 0
        self._made.clear()
