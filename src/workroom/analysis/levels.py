"""Peaks, RMS, silence, and the waveform for drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workroom.analysis.results import POINTS, Levels, Waveform
from workroom.analysis.sound import Samples, Sound

_SILENT: Final = 1e-3
"""RMS of a silent step at most: -60 dBFS."""
_NOTHING: Final = 1e-10
"""Amplitude of digital silence at most: -200 dBFS, below the last bit of 32."""
_GRAIN: Final = 1000
"""Parts of a second whose extremes are kept until the length is known."""

_TAPS: Final = np.array(
    [
        [
            0.0017089843750,
            0.0109863281250,
            -0.0196533203125,
            0.0332031250000,
            -0.0594482421875,
            0.1373291015625,
            0.9721679687500,
            -0.1022949218750,
            0.0476074218750,
            -0.0266113281250,
            0.0148925781250,
            -0.0083007812500,
        ],
        [
            -0.0291748046875,
            0.0292968750000,
            -0.0517578125000,
            0.0891113281250,
            -0.1665039062500,
            0.4650878906250,
            0.7797851562500,
            -0.2003173828125,
            0.1015625000000,
            -0.0582275390625,
            0.0330810546875,
            -0.0189208984375,
        ],
    ],
    dtype=np.float32,
)
"""Phases 0 and 1 of BS.1770-5, Annex 2; phases 2 and 3 are the same backwards."""
_PAST: Final = 11
"""Samples that the interpolation looks back."""
_RUN: Final = 32
"""Samples whose interpolation is one row of a matrix product."""
_ROWS: Final = 32
"""Of a product: so few that the linear algebra starts no threads, which would cost more time."""


def decibels(amplitude: float) -> float | None:
    """dBFS; None for digital silence."""
    return round(20 * math.log10(amplitude), 2) if amplitude > _NOTHING else None


@dataclass(slots=True)
class LevelMeter:
    """Takes the blocks of a recording, then says what its samples measure."""

    sound: Sound
    frames: int = 0
    _squares: float = 0.0
    _silent: int = 0
    """Frames in silent steps."""
    _peak: float = 0.0
    _lows: list[Samples] = field(default_factory=list)
    _highs: list[Samples] = field(default_factory=list)

    def add(self, channels: Samples) -> None:
        """Measure the next block."""
        length = channels.shape[1]
        self.frames += length
        lows, highs = channels.min(axis=0), channels.max(axis=0)
        self._peak = max(self._peak, float(highs.max()), -float(lows.min()))
        starts = np.arange(0, length, max(1, self.sound.rate // _GRAIN))
        self._lows.append(np.minimum.reduceat(lows, starts))
        self._highs.append(np.maximum.reduceat(highs, starts))
        powers = np.einsum("cn,cn->n", channels, channels, dtype=np.float64)
        starts = np.arange(0, length, self.sound.step)
        squares = np.add.reduceat(powers, starts)
        frames = np.diff(np.append(starts, length))
        silent = squares < _SILENT**2 * frames * self.sound.channels
        self._squares += float(squares.sum())
        self._silent += int(frames[silent].sum())

    def levels(self, true_peak: float) -> Levels:
        """``true_peak`` is an amplitude, as ``TruePeakMeter`` finds it."""
        rms = math.sqrt(self._squares / (self.frames * self.sound.channels))
        peak, mean = decibels(self._peak), decibels(rms)
        return Levels(
            true_peak=decibels(max(true_peak, self._peak)),
            sample_peak=peak,
            rms=mean,
            crest=None if peak is None or mean is None else max(0.0, round(peak - mean, 2)),
        )

    def silence(self) -> float:
        """Share of the time."""
        return round(self._silent / self.frames, 4)

    def waveform(self) -> Waveform:
        """The whole recording in a fixed number of parts. Short ones repeat points."""
        lows, highs = np.concatenate(self._lows), np.concatenate(self._highs)
        starts = np.arange(POINTS) * len(lows) // POINTS
        return Waveform(
            low=_drawn(np.minimum.reduceat(lows, starts)),
            high=_drawn(np.maximum.reduceat(highs, starts)),
        )


def _drawn(values: NDArray[np.float32]) -> list[float]:
    return [round(it, 3) for it in np.clip(values, -1, 1).astype(np.float64).tolist()]


@dataclass(slots=True)
class TruePeakMeter:
    """Takes the blocks of a recording, then knows the peak between its samples as well."""

    sound: Sound
    peak: float = 0.0
    """Amplitude."""
    _past: NDArray[np.float32] = field(init=False)
    _matrix: NDArray[np.float32] = field(init=False)
    _gain: float = field(init=False)
    """How far above its loudest sample the interpolation of a run can come at all."""

    def __post_init__(self) -> None:
        self._past = np.zeros((self.sound.channels, _PAST), np.float32)
        self._matrix = _interpolation()
        self._gain = float(np.abs(self._matrix).sum(axis=0).max())

    def add(self, channels: Samples) -> None:
        """Measure the next block."""
        for number, samples in enumerate(channels):
            self._add(number, samples)

    def _add(self, number: int, samples: Samples) -> None:
        missing = np.zeros(-len(samples) % _RUN, np.float32)
        signal = np.concatenate([self._past[number], samples, missing])
        self._past[number] = signal[len(samples) : len(samples) + _PAST]
        runs = np.lib.stride_tricks.sliding_window_view(signal, _RUN + _PAST)[::_RUN]
        heights = _heights(signal)
        self.peak = max(self.peak, float(heights.max()))
        hopeful = runs[heights * self._gain > self.peak]
        for start in range(0, len(hopeful), _ROWS):
            between = hopeful[start : start + _ROWS] @ self._matrix
            self.peak = max(self.peak, float(between.max()), -float(between.min()))


def _heights(signal: Samples) -> Samples:
    """The largest amplitude in each run and its past, which lies within the run and the next."""
    padded = np.pad(signal, (0, _RUN - _PAST))
    runs: Samples = np.abs(padded).reshape(-1, _RUN).max(axis=1)
    return np.maximum(runs[:-1], runs[1:])


def _interpolation() -> NDArray[np.float32]:
    """The four phases at each of ``_RUN`` places, as one matrix (_RUN + _PAST, 4 * _RUN)."""
    phases = [_TAPS[0], _TAPS[1], _TAPS[1][::-1], _TAPS[0][::-1]]
    matrix = np.zeros((_RUN + _PAST, 4, _RUN), np.float32)
    for place in range(_RUN):
        for phase, taps in enumerate(phases):
            matrix[place : place + len(taps), phase, place] = taps[::-1]
    return matrix.reshape(_RUN + _PAST, -1)
