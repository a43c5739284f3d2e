"""The spectrum over time: how bright a recording sounds, and where something in it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workroom.analysis.sound import Sound

Floats = NDArray[np.float64]

_SECONDS: Final = 0.046
"""Of a frame, about: the power of two nearest to it is taken (2048 at 44.1 kHz)."""
_OVERLAP: Final = 4
"""Frames that each sample is in."""
_BANDS: Final = 40
_LOWEST: Final = 40.0
"""Hz, where the bands begin."""
_KNEE: Final = 1000.0
"""Levels below -60 dBFS hardly count as a beginning."""
_NOTHING: Final = 1e-10
"""Mean amplitude of digital silence at most."""


@dataclass(slots=True)
class Spectrum:
    """Takes the mix of all channels, block by block."""

    sound: Sound
    frames: int = 0
    _size: int = field(init=False)
    _window: NDArray[np.float32] = field(init=False)
    _edges: NDArray[np.intp] = field(init=False)
    _rest: NDArray[np.float32] = field(init=False)
    _total: Floats = field(init=False)
    """Sum of the magnitudes of all frames."""
    _last: Floats | None = None
    """Bands of the frame before."""
    _onsets: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._size = 2 ** round(np.log2(_SECONDS * self.sound.rate))
        window = np.hanning(self._size + 1)[:-1]
        self._window = (window * 2 / window.sum()).astype(np.float32)
        top = self._size // 2
        lowest = max(1.0, _LOWEST * self._size / self.sound.rate)
        self._edges = np.unique(np.geomspace(lowest, top, _BANDS + 1).astype(np.intp))[:-1]
        self._rest = np.zeros(0, np.float32)
        self._total = np.zeros(top + 1)

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.sound.rate * _OVERLAP / self._size

    def add(self, mix: NDArray[np.float32]) -> None:
        """Take the next samples, (n,)."""
        hop = self._size // _OVERLAP
        signal = np.concatenate([self._rest, mix])
        if len(signal) < self._size:
            self._rest = signal
            return
        frames = np.lib.stride_tricks.sliding_window_view(signal, self._size)[::hop]
        self._rest = signal[len(frames) * hop :]
        magnitudes = np.abs(np.fft.rfft(frames * self._window))
        self.frames += len(frames)
        self._total += magnitudes.sum(axis=0, dtype=np.float64)
        self._add_onsets(magnitudes)

    def _add_onsets(self, magnitudes: NDArray[np.float32]) -> None:
        """Spectral flux: by how much the bands have become louder since the frame before."""
        bands = np.log1p(_KNEE * np.add.reduceat(magnitudes, self._edges, axis=1)).astype(float)
        before = bands[:1] if self._last is None else self._last[None]
        rise = np.diff(np.concatenate([before, bands]), axis=0)
        self._last = bands[-1]
        self._onsets.append(np.maximum(rise, 0).mean(axis=1))

    def centroid(self) -> float | None:
        """Hz; the mean frequency, weighted by magnitude. None in digital silence."""
        whole = float(self._total.sum())
        if whole <= _NOTHING * max(self.frames, 1):
            return None
        frequencies = np.fft.rfftfreq(self._size, 1 / self.sound.rate)
        return float(frequencies @ self._total) / whole

    def onsets(self) -> Floats:
        """Strength of beginnings, one value a frame."""
        return np.concatenate(self._onsets) if self._onsets else np.empty(0)
