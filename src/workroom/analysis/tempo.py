"""Tempo: the period with which beginnings repeat, preferring what people tap to.

Autocorrelation of the onset strength under a log-normal preference for 120 beats a minute, after
D. Ellis, Beat Tracking by Dynamic Programming (2007); in windows, so that the tempo may drift.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workroom.analysis.results import Tempo

Floats = NDArray[np.float64]

_SLOWEST, _FASTEST = 40.0, 240.0
"""Beats a minute."""
_LIKED: Final = 120.0
"""Beats a minute that people tap most readily."""
_WIDTH: Final = 0.9
"""Octaves: standard deviation of that preference."""
_WINDOW: Final = 8.0
"""Seconds."""
_SHORTEST: Final = 4.0
"""Seconds of onsets below which no tempo is told."""
_CLEAR: Final = 0.2
"""Autocorrelation from which a pulse counts as one; noise of 8 s stays below."""
_AS_REGULAR: Final = 0.9
"""If half the period repeats nearly as well as the whole, the pulse is the faster one."""
_FLAT: Final = 0.01
"""Standard deviation of the onset strength below which nothing begins at all, as in a held tone."""
_NOTHING: Final = 1e-12
_NONE: Final = Tempo(bpm=None, confidence=0.0)


def tempo(onsets: Floats, rate: float) -> Tempo:
    """The pulse of ``onsets``, of which there are ``rate`` a second."""
    if len(onsets) < _SHORTEST * rate or float(onsets.std()) < _FLAT:
        return _NONE
    # Rounded off a little, so that a period between two frames shows as one.
    smooth = np.convolve(onsets, [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16], mode="same")
    likeness = _autocorrelation(smooth, round(_WINDOW * rate))
    first, last = int(60 * rate / _FASTEST), int(np.ceil(60 * rate / _SLOWEST))
    peaks = _peaks(likeness, first, min(last, len(likeness) - 2))
    if not len(peaks):
        return _NONE
    lag = _faster(likeness, _preferred(likeness, peaks, rate), peaks)
    confidence = round(float(np.clip(likeness[lag], 0, 1)), 3)
    bpm = 60 * rate / _summit(likeness, lag)
    in_range = _SLOWEST <= round(bpm, 1) <= _FASTEST
    clear = in_range and confidence >= _CLEAR
    return Tempo(bpm=round(bpm, 1) if clear else None, confidence=confidence)


def _autocorrelation(onsets: Floats, window: int) -> Floats:
    """Mean over windows that overlap by half, for each lag up to half a window; 1 at lag 0."""
    window = min(window, len(onsets))
    views = np.lib.stride_tricks.sliding_window_view(onsets, window)[:: max(1, window // 2)]
    centred = views - views.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(centred, 2 * window)) ** 2
    lags = np.arange(window // 2)
    products: Floats = np.fft.irfft(power.sum(axis=0))[: len(lags)] * window / (window - lags)
    # All that begins may lie in the end that no window covers.
    whole = max(float(products[0]), _NOTHING)
    likeness: Floats = products / whole
    return likeness


def _peaks(likeness: Floats, first: int, last: int) -> NDArray[np.intp]:
    """Lags from ``first`` to ``last`` that are likelier than their neighbours."""
    inner = likeness[first : last + 1]
    before, after = likeness[first - 1 : last], likeness[first + 1 : last + 2]
    return np.flatnonzero((inner > 0) & (inner >= before) & (inner > after)) + first


def _preferred(likeness: Floats, peaks: NDArray[np.intp], rate: float) -> int:
    octaves = np.log2(60 * rate / peaks / _LIKED)
    return int(peaks[np.argmax(likeness[peaks] * np.exp(-0.5 * (octaves / _WIDTH) ** 2))])


def _faster(likeness: Floats, lag: int, peaks: NDArray[np.intp]) -> int:
    """The peak at half the lag, if it is nearly as high."""
    half = peaks[np.abs(peaks - lag / 2) <= 1]
    if len(half) and likeness[half].max() >= _AS_REGULAR * likeness[lag]:
        return int(half[np.argmax(likeness[half])])
    return lag


def _summit(likeness: Floats, lag: int) -> float:
    """Where the parabola through a peak and its neighbours is highest."""
    before, here, after = (float(it) for it in likeness[lag - 1 : lag + 2])
    bend = before - 2 * here + after
    return lag + (0.5 * (before - after) / bend if bend < 0 else 0.0)
