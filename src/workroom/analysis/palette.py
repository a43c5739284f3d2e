"""The main colours of a picture: k-means over its histogram, without any chance in it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workroom.analysis.colour import Floats, oklab
from workroom.analysis.results import Swatch

Groups = NDArray[np.intp]
"""For each colour the number of its main colour."""

COLOURS: Final = 6
_ROUNDS: Final = 20
_ALIKE: Final = 0.05
"""Distance in Oklab below which two main colours would look like one on a page."""


def palette(colours: Floats, counts: Floats) -> list[Swatch]:
    """Up to six colours, the largest first. ``colours`` is (n, 3) sRGB, ``counts`` is (n,)."""
    space = oklab(colours)
    centres = _spread(space, counts)
    nearest = _nearest(space, centres)
    for _ in range(_ROUNDS):
        centres = _means(space, counts, nearest, len(centres))[0]
        moved = _nearest(space, centres)
        if np.array_equal(moved, nearest):
            break
        nearest = moved
    nearest = _joined(centres)[nearest]
    means, weights = _means(colours, counts, nearest, len(centres))
    shares = _shares(weights)
    order = sorted(range(len(means)), key=lambda it: (-shares[it], tuple(means[it])))
    return [Swatch(colour=_css(means[it]), share=shares[it]) for it in order if shares[it] > 0]


def _spread(space: Floats, counts: Floats) -> Floats:
    """The commonest colour, then always the one that is most missed: many pixels, far away."""
    chosen = [int(np.argmax(counts))]
    distance = np.sum((space - space[chosen[0]]) ** 2, axis=1)
    while len(chosen) < COLOURS and float(distance.max()) > _ALIKE**2:
        chosen.append(int(np.argmax(counts * distance)))
        distance = np.minimum(distance, np.sum((space - space[chosen[-1]]) ** 2, axis=1))
    return space[chosen]


def _nearest(space: Floats, centres: Floats) -> Groups:
    distances = np.stack([np.sum((space - centre) ** 2, axis=1) for centre in centres])
    nearest: Groups = distances.argmin(axis=0)
    return nearest


def _means(values: Floats, counts: Floats, nearest: Groups, k: int) -> tuple[Floats, Floats]:
    """The mean of each group, weighted by pixels, and its pixels; an empty group has mean 0."""
    weights: Floats = np.bincount(nearest, counts, k).astype(np.float64)
    sums = [np.bincount(nearest, counts * column, k) for column in values.T]
    return np.stack(sums, axis=1) / np.maximum(weights, 1)[:, None], weights


def _joined(centres: Floats) -> Groups:
    """For each centre the first one that looks like it."""
    return np.array(
        [
            next(i for i, other in enumerate(centres) if np.linalg.norm(it - other) < _ALIKE)
            for it in centres
        ]
    )


def _shares(weights: Floats) -> list[float]:
    """Shares in steps of 0.0001 that make exactly 1: the largest takes what rounding leaves."""
    steps = np.round(weights / weights.sum() * 10_000).astype(int)
    steps[int(np.argmax(weights))] += 10_000 - int(steps.sum())
    return [int(it) / 10_000 for it in steps]


def _css(colour: Floats) -> str:
    red, green, blue = (round(it) for it in colour.tolist())
    return f"#{red:02x}{green:02x}{blue:02x}"
