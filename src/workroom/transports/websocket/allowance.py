"""How often a client may do something."""

from __future__ import annotations


class Allowance:
    """A token bucket that starts full."""

    __slots__ = ("_left", "_seen")

    def __init__(self, burst: float) -> None:
        self._left = burst
        self._seen = 0.0

    def spend(self, cost: float, *, at: float, rate: float, burst: float) -> bool:
        """Take ``cost`` at second ``at``; False when there is not so much. Refills by ``rate``."""
        left = min(burst, self._left + (at - self._seen) * rate)
        self._seen = at
        self._left = left - cost if left >= cost else left
        return left >= cost
