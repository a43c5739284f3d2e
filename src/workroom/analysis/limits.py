"""How much of a file may be decoded. A header that claims more is not even begun."""

from __future__ import annotations

from dataclasses import dataclass

from workroom.analysis.jpeg import MOST_SCANS


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """Of a picture. Decoding takes 4 bytes of memory a pixel and little beside."""

    pixels: int = 50_000_000
    """Width times height. Pillow itself refuses more than 178,956,970, whatever stands here."""
    scans: int = MOST_SCANS
    """Passes over the picture in one JPEG, each of which costs time; real ones have about ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioLimits:
    """Of a recording; counted again while it is decoded. Memory does not grow with its size."""

    seconds: float = 900
    samples: int = 400_000_000
    """Frames times channels. Stereo at 192 kHz fits for 15 minutes; time grows with it."""
