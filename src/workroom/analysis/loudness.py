"""Loudness after ITU-R BS.1770-5 and EBU R 128, loudness range after EBU Tech 3342.

The K-weighting is two biquad filters. They are applied by FFT: their impulse response has died away
(below 1e-20) within a quarter of a second, so a block with that much of its past before it gives
what the recursion would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workroom.analysis.results import Loudness
from workroom.analysis.sound import Samples, Sound

Floats = NDArray[np.float64]

_OFFSET: Final = -0.691
"""LUFS of a mean square of 1; makes 997 Hz at 0 dBFS in one channel -3.01 LUFS."""
_ABSOLUTE_GATE: Final = -70.0
"""LUFS."""
_GATE: Final = 10.0
"""LU below the mean: quieter parts do not count for the whole."""
_RANGE_GATE: Final = 20.0
"""LU below the mean: quieter parts do not count for the range."""
_MOMENT: Final = 4
"""Steps of 0.1 s in a gating block; each begins one step after the last."""
_SHORT_TERM: Final = 30
"""Steps of 0.1 s in a short-term window."""

_SHELF: Final = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
"""Frequency (Hz), gain (dB) and Q of the head's effect; BS.1770 prints it for 48 kHz alone."""
_HIGH_PASS: Final = (38.13547087602444, 0.5003270373238773)
"""Frequency (Hz) and Q of the ear's deafness to the deepest tones."""

_SURROUND: Final = 1.41
_WEIGHTS: Final[dict[int, tuple[float, ...]]] = {
    4: (1, 1, _SURROUND, _SURROUND),
    5: (1, 1, 1, _SURROUND, _SURROUND),
    6: (1, 1, 1, 0, _SURROUND, _SURROUND),
    7: (1, 1, 1, 0, 1, _SURROUND, _SURROUND),
    8: (1, 1, 1, 0, 1, 1, _SURROUND, _SURROUND),
}
"""Of the channels in the order of WAV and FLAC, 0 for the low-frequency effects; else all 1."""
_VORBIS: Final[dict[int, tuple[float, ...]]] = {
    6: (1, 1, 1, _SURROUND, _SURROUND, 0),
    7: (1, 1, 1, _SURROUND, _SURROUND, 1, 0),
    8: (1, 1, 1, _SURROUND, _SURROUND, 1, 1, 0),
}
"""Where the order of OGG makes it another."""


def weighting(rate: int, frequencies: Floats) -> NDArray[np.complex128]:
    """Response of the K-weighting filter at ``frequencies`` (Hz), at ``rate`` frames a second."""
    z = np.exp(-2j * np.pi * frequencies / rate)
    response: NDArray[np.complex128] = np.ones_like(z)
    for above, below in (shelf(rate), high_pass(rate)):
        response = response * (above[0] + above[1] * z + above[2] * z**2)
        response = response / (below[0] + below[1] * z + below[2] * z**2)
    return response


def shelf(rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coefficients b and a of the first filter."""
    frequency, gain, q = _SHELF
    k = math.tan(math.pi * frequency / rate)
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    above = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    below = (a0, 2 * (k * k - 1), 1 - k / q + k * k)
    return tuple(it / a0 for it in above), tuple(it / a0 for it in below)


def high_pass(rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coefficients b and a of the second filter."""
    frequency, q = _HIGH_PASS
    k = math.tan(math.pi * frequency / rate)
    a0 = 1 + k / q + k * k
    return (1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)


@dataclass(slots=True)
class LoudnessMeter:
    """Takes the blocks of a recording, then says how loud it was."""

    sound: Sound
    _past: Samples = field(init=False)
    _response: NDArray[np.complex64] = field(init=False)
    _weights: Floats = field(init=False)
    _steps: list[float] = field(default_factory=list)
    """Weighted mean square of each step."""

    def __post_init__(self) -> None:
        rate, channels = self.sound.rate, self.sound.channels
        size = _smooth(self.sound.block + rate // 4)
        self._past = np.zeros((channels, size - self.sound.block), np.float32)
        response = weighting(rate, np.linspace(0, rate / 2, size // 2 + 1))
        self._response = response.astype(np.complex64)
        usual = _WEIGHTS.get(channels, (1.0,) * channels)
        ogg = self.sound.format == "OGG"
        self._weights = np.array(_VORBIS.get(channels, usual) if ogg else usual)

    def add(self, channels: Samples) -> None:
        """Hear the next block; only the last may be shorter than the others."""
        missing = np.zeros((len(channels), self.sound.block - channels.shape[1]), np.float32)
        signal = np.concatenate([self._past, channels, missing], axis=1)
        past = self._past.shape[1]
        self._past = signal[:, -past:]
        heard = np.fft.irfft(np.fft.rfft(signal) * self._response, signal.shape[1])[:, past:]
        step = self.sound.step
        whole = channels.shape[1] // step
        parts = heard[:, : whole * step].reshape(len(channels), whole, step)
        squares = np.einsum("csn,csn->cs", parts, parts, dtype=np.float64) / step
        self._steps += (self._weights @ squares).tolist()

    def result(self) -> Loudness:
        """Loudness of all that was heard."""
        steps = np.array(self._steps)
        return Loudness(integrated=integrated(steps), range=loudness_range(steps))


def integrated(steps: Floats) -> float | None:
    """LUFS of a recording from the weighted mean squares of its steps of 0.1 s."""
    moments = _loud(_sliding(steps, _MOMENT), _power(_ABSOLUTE_GATE))
    if not len(moments):
        return None
    moments = _loud(moments, float(moments.mean()) * 10 ** (-_GATE / 10))
    return round(_lufs(float(moments.mean())), 2)


def loudness_range(steps: Floats) -> float | None:
    """LU between the 10th and the 95th percentile of the short-term loudness."""
    moments = _loud(_sliding(steps, _SHORT_TERM), _power(_ABSOLUTE_GATE))
    if not len(moments):
        return None
    moments = np.sort(_loud(moments, float(moments.mean()) * 10 ** (-_RANGE_GATE / 10)))
    low, high = (float(moments[round((len(moments) - 1) * it)]) for it in (0.10, 0.95))
    return round(10 * math.log10(high / low), 2)


def _sliding(steps: Floats, length: int) -> Floats:
    """Mean of every ``length`` steps in a row."""
    if len(steps) < length:
        return np.empty(0)
    means: Floats = np.lib.stride_tricks.sliding_window_view(steps, length).mean(axis=1)
    return means


def _loud(moments: Floats, gate: float) -> Floats:
    return moments[moments > gate]


def _lufs(power: float) -> float:
    return _OFFSET + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _smooth(least: int) -> int:
    """The next length that has no prime factor above 5 and is even: the FFT is fast for those."""
    length = least + least % 2
    while not _is_smooth(length):
        length += 2
    return length


def _is_smooth(length: int) -> bool:
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    return length == 1
