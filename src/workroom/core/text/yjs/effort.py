"""How much work an update may be: as much as editors make, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

AT_FIRST: Final = 0.025
A_PART: Final = 0.000_025
"""Seconds of work that an update may be: at first, and more for each part of it.

2,000 pieces of an editor take 0.003 in all.
"""
A_COMPARISON: Final = 0.000_000_06
MOST_COMPARING: Final = 0.15
"""Seconds more for each comparison that is called for, and for all of them.

Where two have typed 1,500 letters each at one place, each before the one before, it takes 0.09.
"""


class TooLaborious(ValueError):
    """An update was more work than an editor makes, and was given up half way."""


class Effort:
    """Work that is done part by part, each between ``begin`` and ``end``."""

    __slots__ = ("_begin", "_left", "_slowest", "_spent")

    def __init__(self, spent: Callable[[], float], comparisons: int = 0) -> None:
        """``spent`` tells how many seconds have been worked.

        ``comparisons``: of pieces with those that others put in at the same place.
        """
        self._spent = spent
        self._left = AT_FIRST + min(MOST_COMPARING, comparisons * A_COMPARISON)
        self._slowest = [0.0, 0.0]
        self._begin = 0.0

    def begin(self) -> None:
        """A part begins."""
        self._begin = self._spent()

    def end(self) -> None:
        """It is done. Raises TooLaborious when it was too much."""
        self._slowest = sorted([*self._slowest, self._spent() - self._begin])
        # The two slowest do not count: they may have been held up by something else, as by a
        # collection of garbage. So nobody is refused for what they typed in one place or two.
        self._left += A_PART - self._slowest.pop(0)
        if self._left < 0:
            raise TooLaborious("the update is more work than an editor makes")
