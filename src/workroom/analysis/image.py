"""``analyze_image``: pleasure, arousal and dominance, palette, colourfulness and contrasts.

All pixels are counted, strip by strip, and the counts are whole numbers. So the result does not
depend on the order of the pixels, and a picture that is turned or mirrored has the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workroom.analysis.colour import Floats, hue_and_chroma
from workroom.analysis.limits import ImageLimits
from workroom.analysis.mood import mood
from workroom.analysis.palette import palette
from workroom.analysis.picture import Picture, open_picture
from workroom.analysis.progress import Progress, Report
from workroom.analysis.results import (
    Contrast,
    Emotion,
    ImageResult,
    Mood,
    Temperature,
)

NOTE: Final = (
    "Relative values, computed from colour alone. They compare pictures with each other; they do "
    "not tell what a picture shows, nor what anybody feels about it."
)
SOURCES: Final = (
    (
        "Pleasure, arousal, dominance: P. Valdez and A. Mehrabian, Effects of Color on Emotions, "
        "Journal of Experimental Psychology: General 123 (1994) 394-409"
    ),
    (
        "Brightness and saturation: A. Hanbury, A 3D-Polar Coordinate Colour Representation Well "
        "Adapted to Image Analysis (SCIA 2003)"
    ),
    (
        "Colourfulness: D. Hasler and S. Suesstrunk, Measuring Colourfulness in Natural Images, "
        "Proc. SPIE 5007 (2003) 87-95"
    ),
    "Contrasts: J. Itten, The Art of Color (1961), as standard deviations",
    (
        "Warm and cold (hue of 50 degrees): L.-C. Ou, M. R. Luo, A. Woodcock and A. Wright, A "
        "Study of Colour Emotion and Colour Preference, Part I, Color Research and Application 29 "
        "(2004) 232-240"
    ),
    "Palette (Oklab): B. Ottosson, A Perceptual Color Space for Image Processing (2020)",
)

_BRIGHTNESS: Final = np.array([0.2126, 0.7152, 0.0722])
"""Weights of R, G, B (ITU-R BT.709)."""
_WARMEST: Final = 50.0
"""Degrees of hue in CIELAB."""
_COLOURED: Final = 10.0
"""Chroma from which a colour counts as warm or cold."""
_BITS: Final = 5
"""Of each channel, for the histogram. Groups are 8 levels wide, and keep their mean colour."""
_BINS: Final = 1 << (3 * _BITS)
_P_MIDDLE, _P_REACH = 0.4301, 0.4301
_A_MIDDLE, _A_REACH = 0.1338, 0.4438
"""Middle and half width of what pleasure and arousal can be at all, over all colours."""


def analyze_image(
    path: Path,
    report: Report,
    limits: ImageLimits = ImageLimits(),  # noqa: B008 - frozen
) -> ImageResult:
    """Measure the picture. Raises AnalysisError; OSError when the file cannot be opened."""
    progress = Progress(report)
    progress.tell(5, "Decoding image...")
    with open_picture(path, limits) as picture:
        progress.tell(30, "Measuring colours...")
        tally = _count(picture, progress)
    progress.tell(75, "Finding the main colours...")
    colours, counts = tally.groups()
    swatches = palette(colours, counts)
    progress.tell(90, "Comparing warm and cold...")
    temperature, warm_cold = _warmth(colours, counts)
    brightness, saturation = tally.brightness(), tally.saturation()
    result = ImageResult(
        note=NOTE,
        sources=list(SOURCES),
        format=picture.format,
        width=picture.width,
        height=picture.height,
        animated=picture.animated,
        brightness=round(brightness, 4),
        saturation=round(saturation, 4),
        emotion=_emotion(brightness, saturation),
        mood=_mood(brightness, saturation),
        palette=swatches,
        colourfulness=round(tally.colourfulness(), 2),
        temperature=temperature,
        contrast=Contrast(light_dark=round(tally.light_dark(), 4), warm_cold=round(warm_cold, 4)),
    )
    progress.tell(100, "Done")
    return result


@dataclass(slots=True)
class _Tally:
    """Sums over pixels. All are whole numbers below 2**53, so adding them loses nothing."""

    pixels: int = 0
    sums: Floats = field(default_factory=lambda: np.zeros(3))
    products: Floats = field(default_factory=lambda: np.zeros((3, 3)))
    """Of each channel with each: with them every variance of a mix of channels is known."""
    spread: int = 0
    """Of max(R, G, B) - min(R, G, B)."""
    histogram: Floats = field(default_factory=lambda: np.zeros((4, _BINS)))
    """Pixels of each group of colours, and their sums of R, G and B."""

    def add(self, strip: NDArray[np.uint8]) -> None:
        """Count the pixels of a strip, (n, 3)."""
        self.pixels += len(strip)
        red, green, blue = (np.ascontiguousarray(strip[:, it]) for it in range(3))
        highest = np.maximum(np.maximum(red, green), blue)
        lowest = np.minimum(np.minimum(red, green), blue)
        self.spread += int(np.sum(highest - lowest, dtype=np.int64))
        values = strip.astype(np.float64)
        self.sums += values.sum(axis=0)
        self.products += values.T @ values
        group = red.astype(np.int32) >> 3
        for channel in (green, blue):
            group = (group << _BITS) | (channel >> 3)
        self.histogram[0] += np.bincount(group, minlength=_BINS)
        for row, channel in enumerate((red, green, blue), 1):
            self.histogram[row] += np.bincount(group, channel, _BINS)

    def brightness(self) -> float:
        return float(_BRIGHTNESS @ self.sums) / self.pixels / 255

    def saturation(self) -> float:
        return self.spread / self.pixels / 255

    def light_dark(self) -> float:
        return self._moments(_BRIGHTNESS)[1] / 255

    def colourfulness(self) -> float:
        """After Hasler and Suesstrunk, from the opponent axes red-green and yellow-blue."""
        mean_rg, deviation_rg = self._moments(np.array([1.0, -1.0, 0.0]))
        mean_yb, deviation_yb = self._moments(np.array([0.5, 0.5, -1.0]))
        return float(np.hypot(deviation_rg, deviation_yb) + 0.3 * np.hypot(mean_rg, mean_yb))

    def groups(self) -> tuple[Floats, Floats]:
        """The colours that occur, (n, 3), and how many pixels have them, (n,)."""
        present = np.flatnonzero(self.histogram[0])
        counts = self.histogram[0, present]
        return (self.histogram[1:, present] / counts).T, counts

    def _moments(self, weights: Floats) -> tuple[float, float]:
        """Mean and standard deviation of that mix of channels, over all pixels."""
        mean = float(weights @ self.sums) / self.pixels
        square = float(weights @ self.products @ weights) / self.pixels
        return mean, float(np.sqrt(max(square - mean**2, 0.0)))


def _count(picture: Picture, progress: Progress) -> _Tally:
    tally, whole = _Tally(), picture.width * picture.height
    for strip in picture.strips():
        tally.add(strip)
        progress.part(30, 75, tally.pixels / whole, "Measuring colours...")
    return tally


def _emotion(brightness: float, saturation: float) -> Emotion:
    """Valdez and Mehrabian's regressions, on the means as they are: not standardised."""
    return Emotion(
        pleasure=round(0.69 * brightness + 0.22 * saturation, 4),
        arousal=round(-0.31 * brightness + 0.60 * saturation, 4),
        dominance=round(-0.76 * brightness + 0.32 * saturation, 4),
    )


def _mood(brightness: float, saturation: float) -> Mood:
    pleasure = 0.69 * brightness + 0.22 * saturation
    arousal = -0.31 * brightness + 0.60 * saturation
    return mood((pleasure - _P_MIDDLE) / _P_REACH, (arousal - _A_MIDDLE) / _A_REACH)


def _warmth(colours: Floats, counts: Floats) -> tuple[Temperature, float]:
    """Shares of warm, cold and neutral, and the standard deviation of warmth."""
    hue, chroma = hue_and_chroma(colours)
    warmth = np.where(chroma >= _COLOURED, np.cos(np.radians(hue - _WARMEST)), 0.0)
    whole = counts.sum()
    warm = round(float(counts[warmth > 0].sum() / whole), 4)
    cold = round(float(counts[warmth < 0].sum() / whole), 4)
    mean = float(counts @ warmth) / whole
    deviation = float(np.sqrt(max(float(counts @ warmth**2) / whole - mean**2, 0.0)))
    # Rounding both halves up must not make more than a whole.
    cold = min(cold, round(1 - warm, 4))
    neutral = round(1 - warm - cold, 4)
    return Temperature(warm=warm, cold=cold, neutral=neutral), min(deviation, 1.0)
