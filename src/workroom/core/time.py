"""Time as the core sees it: handed in, never read."""

from __future__ import annotations

from typing import NamedTuple


class Now(NamedTuple):
    """One moment on both clocks.

    ``tick`` counts seconds on a monotonic clock: for deadlines, never shown.
    ``wall`` counts milliseconds since 1970 in UTC: for timestamps, never for deadlines.
    """

    tick: float
    wall: int


def earliest(*dues: float | None) -> float | None:
    """The first of these ticks; None when none of them is one."""
    first = None
    for due in dues:
        if due is not None and (first is None or due < first):
            first = due
    return first
