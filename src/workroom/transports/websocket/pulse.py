"""One timer for all connections of a server, in place of two or three for each of them.

Time is counted in beats of a fixed step. A beat never stands for more than its step, so a process
that was stopped, or a loop that was busy, does not take its own absence for the clients' silence.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection
from typing import Generic, Protocol, TypeVar

from workroom.transports.websocket.failures import log_failure

_Item = TypeVar("_Item")


class Expires(Protocol):
    """Something with a deadline."""

    def expired(self) -> None:
        """The deadline is over. May come once after it was cancelled: check the state."""


class Pinged(Protocol):
    """Something that has to show now and then that it is alive."""

    def beat(self) -> None:
        """It is time for the next check. May come once after it was cancelled."""


class Wheel(Generic[_Item]):
    """Appointments by beat; every item has at most one."""

    __slots__ = ("_due", "_slots", "now")

    def __init__(self) -> None:
        self.now = 0
        self._due: dict[_Item, int] = {}
        self._slots: dict[int, set[_Item]] = {}

    def __len__(self) -> int:
        return len(self._due)

    def set(self, item: _Item, beats: int) -> None:
        """Make the appointment of ``item``, in place of the one it had."""
        self.cancel(item)
        due = self.now + max(1, beats)
        self._due[item] = due
        self._slots.setdefault(due, set()).add(item)

    def cancel(self, item: _Item) -> None:
        """Forget the appointment, if there is one."""
        due = self._due.pop(item, None)
        if due is not None:
            slot = self._slots[due]
            slot.discard(item)
            if not slot:
                del self._slots[due]

    def advance(self) -> Collection[_Item]:
        """Go on by one beat, and give those whose time has come."""
        self.now += 1
        due = self._slots.pop(self.now, None)
        if due is None:
            return ()
        for item in due:
            del self._due[item]
        return due


class Pulse:
    """Beats while anything is waiting, and keeps nothing running when nothing is.

    Runs on the loop of whoever makes the first appointment. Tests call ``tick`` instead of waiting.
    """

    __slots__ = ("_deadlines", "_expected", "_forgave", "_loop", "_pings", "_timer", "step")

    def __init__(self, step: float = 0.5) -> None:
        self.step = step
        self._pings: Wheel[Pinged] = Wheel()
        self._deadlines: Wheel[Expires] = Wheel()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expected = 0.0
        self._forgave = False

    @property
    def beat(self) -> int:
        """Beats so far."""
        return self._deadlines.now

    @property
    def waiting(self) -> int:
        """Appointments that are still to come."""
        return len(self._pings) + len(self._deadlines)

    def ping_in(self, item: Pinged, seconds: float) -> None:
        """Call ``item.beat()`` not before so many seconds."""
        self._pings.set(item, self._beats(seconds))
        self._start()

    def no_ping(self, item: Pinged) -> None:
        """Cancel ``ping_in``."""
        self._pings.cancel(item)

    def deadline_in(self, item: Expires, seconds: float) -> None:
        """Call ``item.expired()`` not before so many seconds, in place of an earlier deadline."""
        self._deadlines.set(item, self._beats(seconds))
        self._start()

    def no_deadline(self, item: Expires) -> None:
        """Cancel ``deadline_in``."""
        self._deadlines.cancel(item)

    def seconds_since(self, beat: int) -> float:
        """Seconds that count since a value of ``beat``."""
        return (self.beat - beat) * self.step

    def tick(self) -> None:
        """One beat."""
        pings, deadlines = self._pings.advance(), self._deadlines.advance()
        for pinged in pings:
            try:
                pinged.beat()
            except Exception as error:  # noqa: BLE001 -- the others have their times too
                log_failure("pulse_failed", error)
        for expires in deadlines:
            try:
                expires.expired()
            except Exception as error:  # noqa: BLE001 -- the others have their times too
                log_failure("pulse_failed", error)

    def _beats(self, seconds: float) -> int:
        # One more than the quotient: the present beat is already running.
        return math.ceil(seconds / self.step) + 1

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._arm(loop, self.step)

    def _arm(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        self._expected = loop.time() + delay
        self._timer = loop.call_later(delay, self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        late = loop.time() - self._expected
        if late > self.step and not self._forgave:
            # The loop stood still. What the clients sent meanwhile lies unread in the kernel, and
            # timers come before reads: let the loop read once before anyone is judged.
            self._forgave = True
            self._arm(loop, 0.001)
            return
        self._forgave = False
        self.tick()
        if self.waiting:
            self._arm(loop, self.step)
        else:
            self._timer = None
