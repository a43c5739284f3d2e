"""From sRGB to spaces in which distances and hues mean something to the eye.

Arrays of colours have the shape (n, 3). sRGB runs from 0 to 255 and is taken as such, whatever
colour profile a file carries.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TO_XYZ: Final = np.array(
    [
        [0.4123907993, 0.3575843394, 0.1804807884],
        [0.2126390059, 0.7151686788, 0.0721923154],
        [0.0193308187, 0.1191947798, 0.9505321522],
    ]
)
"""Linear sRGB to CIE XYZ, IEC 61966-2-1."""
_WHITE: Final = _TO_XYZ.sum(axis=1)
"""D65, exactly what the matrix makes of (1, 1, 1), so that greys have no chroma at all."""

_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""Oklab: Ottosson (2020); also in CSS Color Module Level 4."""


def linear(srgb: Floats) -> Floats:
    """Light in linear terms, 0 to 1."""
    value = srgb / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(srgb: Floats) -> Floats:
    """Oklab: lightness 0 to 1, and two axes of hue within about -0.4 to 0.4."""
    cones: Floats = np.cbrt(linear(srgb) @ _TO_LMS.T)
    space: Floats = cones @ _TO_OKLAB.T
    return space


def hue_and_chroma(srgb: Floats) -> tuple[Floats, Floats]:
    """Hue (degrees) and chroma (0 to about 134) in CIELAB under D65."""
    ratio = linear(srgb) @ _TO_XYZ.T / _WHITE
    edge = 6 / 29
    f = np.where(ratio > edge**3, np.cbrt(ratio), ratio / (3 * edge**2) + 4 / 29)
    a, b = 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])
    return np.degrees(np.arctan2(b, a)), np.hypot(a, b)
