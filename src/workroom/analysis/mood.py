"""The plane of pleasure and arousal, in words: a heuristic, and always marked as one."""

from __future__ import annotations

from typing import Final

from workroom.analysis.results import Mood

_MIDDLE: Final = 0.15
"""Up to this distance from the middle nothing is said either way."""


def mood(pleasure: float, arousal: float) -> Mood:
    """Name the quarter of the plane. Values beyond -1 to 1 are cut there."""
    pleasure, arousal = (round(min(max(it, -1.0), 1.0), 3) for it in (pleasure, arousal))
    if pleasure**2 + arousal**2 < _MIDDLE**2:
        return Mood(label="balanced", pleasure=pleasure, arousal=arousal)
    if pleasure >= 0:
        return Mood(label="lively" if arousal >= 0 else "calm", pleasure=pleasure, arousal=arousal)
    return Mood(label="tense" if arousal >= 0 else "subdued", pleasure=pleasure, arousal=arousal)
