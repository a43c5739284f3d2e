"""When to come back after a connection has ended."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
"""Seconds: the ceilings of the first and of the longest wait between two attempts."""


class Advice(Enum):
    """What a close code asks for: see "How connections end" in the reference of the formats."""

    RETRY = auto()
    RENEW = auto()
    """With another token."""
    PAUSE = auto()
    """Not at once: something is wrong with what this client did."""
    STOP = auto()


_ADVICE: Final[Mapping[int, Advice]] = MappingProxyType(
    {
        1002: Advice.STOP,
        1007: Advice.STOP,
        1008: Advice.PAUSE,
        1009: Advice.STOP,
        4401: Advice.RENEW,
        4403: Advice.STOP,
    }
)


def advice(code: int) -> Advice:
    """What to do after this close code; those that are not listed, 1006 above all, mean a retry."""
    return _ADVICE.get(code, Advice.RETRY)


def backoff(away: float, chance: float) -> float:
    """Seconds until the next attempt: full jitter, up to ``away``, the seconds waited so far.

    So the waits grow with every attempt, and nobody stays away for much longer than the server did:
    doubling the limit each time would keep those who drew short waits away the longest. ``chance``
    is uniform between 0 and 1: clients that lost one server do not return as one crowd.
    """
    return chance * min(LONGEST_WAIT, max(FIRST_WAIT, away))
