"""Progress as it is told: whole percents that never fall, and each thing once."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[int, str], None]
"""Called with 0-100 and a message. What it raises ends the analysis and is passed on."""


class Progress:
    """The way of one analysis from 0 to 100."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._percent = 0
        self._message = ""

    def tell(self, percent: float, message: str) -> None:
        """Report a new stage, or how far the present one has come."""
        percent = max(self._percent, min(int(percent), 100))
        if (percent, message) != (self._percent, self._message):
            self._percent, self._message = percent, message
            self._report(percent, message)

    def part(self, start: float, end: float, fraction: float, message: str) -> None:
        """Report that ``fraction`` (0-1) of the way from ``start`` to ``end`` has been gone."""
        self.tell(start + (end - start) * min(max(fraction, 0.0), 1.0), message)
