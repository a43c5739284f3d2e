"""Who comes in waits their turn: those who are here must not suffer when thousands come at once.

After a restart everybody comes back within seconds. Each of them costs a check of the token, a join
and the state of a room: little, but not all of it at a time. So many are let in a second, so many
may wait, and the rest are told when to try again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from workroom.observe import ADMISSION_SECONDS, ADMISSIONS_WAITING
from workroom.ports.clock import Clock
from workroom.service.door.manners import GOLDEN, Bucket

STEP: Final = 0.01
"""Seconds between two goes at the queue."""
AT_ONCE: Final = 0.05
"""Seconds' worth of people who may come in together: also what a late go makes up for."""
LEAST_WAIT: Final = 0.5
"""Seconds for which nobody is sent away in vain."""


Enter = Callable[[], bool]
"""Lets somebody in; False when they have gone meanwhile, and the turn is the next one's."""


class Admission:
    """A queue with a pace. One per node; runs on the event loop's thread."""

    def __init__(self, clock: Clock, per_second: float, most: int) -> None:
        """``most``: how many may wait."""
        self._clock = clock
        self._most = most
        at_once = max(1.0, per_second * AT_ONCE)
        self._bucket = Bucket(per_second, at_once, at_once, clock.now().tick)
        self._queue: deque[tuple[float, Enter]] = deque()
        """Since when each of them waits, and how they come in."""
        self._sent_away = 0

    def ask(self, enter: Enter) -> float:
        """Call ``enter`` when it is their turn, at once if nobody waits.

        0.0, or when the queue is full the seconds after which to come back; ``enter`` is not called
        then.
        """
        tick = self._clock.now().tick
        if not self._queue and not self._bucket.take(tick):
            ADMISSION_SECONDS.observe(0.0)
            enter()
        elif len(self._queue) >= self._most:
            self._sent_away += 1
            spread = 1.0 + self._sent_away * GOLDEN % 1.0
            return spread * max(LEAST_WAIT, len(self._queue) / self._bucket.rate)
        else:
            self._queue.append((tick, enter))
            ADMISSIONS_WAITING.set(len(self._queue))
            if len(self._queue) == 1:
                self._arrange()
        return 0.0

    def _arrange(self) -> None:
        self._clock.call_at(self._clock.now().tick + STEP, self._go_on)

    def _go_on(self) -> None:
        tick = self._clock.now().tick
        while self._queue and not self._bucket.take(tick):
            since, enter = self._queue.popleft()
            if enter():
                ADMISSION_SECONDS.observe(tick - since)
            else:
                self._bucket.level += 1.0
        ADMISSIONS_WAITING.set(len(self._queue))
        if self._queue:
            self._arrange()
