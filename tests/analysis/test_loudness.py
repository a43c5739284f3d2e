"""BS.1770 and R 128 against the printed coefficients and the EBU's own test signals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media_kit import RATE, Samples, heard, noise, sine, stereo
from workroom.analysis.loudness import high_pass, shelf, weighting
from workroom.analysis.results import AudioResult

EXACT = 0.01
"""LU; the EBU allows 0.1."""


def passages(folder: Path, *parts: tuple[float, float]) -> AudioResult:
    """Stereo tones of 1 kHz: dBFS and seconds of each passage."""
    tones = [sine(level, length, 1000) for level, length in parts]
    return heard(folder, stereo(np.concatenate(tones)))


def filtered(samples: Samples, coefficients: Sequence[Sequence[float]]) -> Samples:
    """The recursion as BS.1770 draws it, sample by sample."""
    (b0, b1, b2), (_, a1, a2) = coefficients
    out = np.zeros(len(samples) + 2)
    past = np.concatenate([np.zeros(2), samples])
    for at in range(2, len(past)):
        ahead = b0 * past[at] + b1 * past[at - 1] + b2 * past[at - 2]
        out[at] = ahead - a1 * out[at - 1] - a2 * out[at - 2]
    return out[2:]


def test_at_48_khz_the_filters_are_those_that_bs_1770_prints() -> None:
    above, below = shelf(48_000)
    assert above == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285))
    assert below == pytest.approx((1.0, -1.69065929318241, 0.73248077421585))
    above, below = high_pass(48_000)
    assert above == (1.0, -2.0, 1.0)
    assert below == pytest.approx((1.0, -1.99004745483398, 0.99007225036621))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000, 192_000])
def test_at_other_rates_the_filters_sound_the_same(rate: int) -> None:
    frequencies = np.array([20.0, 100, 500, 997, 1500])
    there, here = weighting(rate, frequencies), weighting(48_000, frequencies)
    assert 20 * np.log10(abs(there / here)) == pytest.approx(np.zeros(5), abs=0.35)


def test_filtering_by_blocks_gives_what_the_recursion_gives(tmp_path: Path) -> None:
    samples = noise(4, 0.1, 8_000)
    weighted = filtered(filtered(samples, shelf(8_000)), high_pass(8_000))
    steps = (weighted**2).reshape(-1, 800).mean(axis=1)
    moments = np.convolve(steps, np.ones(4) / 4, "valid")
    expected = -0.691 + 10 * np.log10(moments.mean())
    assert heard(tmp_path, samples, 8_000).loudness.integrated == pytest.approx(expected, abs=EXACT)


def test_a_full_scale_tone_of_997_hz_in_one_channel_has_3_01_lufs_below_0(tmp_path: Path) -> None:
    assert heard(tmp_path, sine(0)).loudness.integrated == -3.01
    assert heard(tmp_path, sine(-20)).loudness.integrated == -23.01
    assert heard(tmp_path, stereo(sine(-20))).loudness.integrated == -20.0


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_the_calibration_holds_at_every_rate(tmp_path: Path, rate: int) -> None:
    found = heard(tmp_path, sine(-20, rate=rate), rate).loudness.integrated
    assert found == pytest.approx(-23.01, abs=0.15)


@pytest.mark.parametrize(
    "parts",
    [
        [(-23, 20)],
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
)
def test_ebu_tech_3341_signals_that_must_read_minus_23(
    tmp_path: Path, parts: list[tuple[float, float]]
) -> None:
    assert passages(tmp_path, *parts).loudness.integrated == pytest.approx(-23, abs=0.1)


def test_surround_channels_weigh_more_and_the_deep_one_nothing(tmp_path: Path) -> None:
    places = [-28, -28, -24, -30, -30]  # L, R, C, Ls, Rs of EBU Tech 3341, signal 6
    tones = np.stack([sine(level, 20, 1000) for level in places], axis=1)
    assert heard(tmp_path, tones).loudness.integrated == pytest.approx(-23, abs=0.1)
    deep = np.insert(tones, 3, sine(-3, 20, 50), axis=1)
    assert heard(tmp_path, deep).loudness.integrated == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_ebu_tech_3342_signals_have_their_range(
    tmp_path: Path, parts: list[tuple[float, float]], expected: float
) -> None:
    assert passages(tmp_path, *parts).loudness.range == pytest.approx(expected, abs=1)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.floats(-30, 12))
def test_gain_raises_loudness_and_levels_by_as_much(tmp_path: Path, gain: float) -> None:
    samples = noise(4, 0.05, 16_000)
    before = heard(tmp_path, samples, 16_000)
    after = heard(tmp_path, samples * 10 ** (gain / 20), 16_000)
    for old, new in [
        (before.loudness.integrated, after.loudness.integrated),
        (before.levels.rms, after.levels.rms),
        (before.levels.sample_peak, after.levels.sample_peak),
        (before.levels.true_peak, after.levels.true_peak),
    ]:
        assert old is not None
        assert new == pytest.approx(old + gain, abs=0.011)
    assert after.loudness.range == pytest.approx(before.loudness.range, abs=0.011)


def test_silence_has_no_loudness(tmp_path: Path) -> None:
    found = heard(tmp_path, np.zeros(RATE * 5))
    assert (found.loudness.integrated, found.loudness.range) == (None, None)
    assert heard(tmp_path, sine(-80)).loudness.integrated is None


def test_what_is_shorter_than_its_window_has_no_value(tmp_path: Path) -> None:
    assert heard(tmp_path, sine(-20, 0.39)).loudness.integrated is None
    blink = heard(tmp_path, sine(-20, 0.5)).loudness
    assert blink.integrated == pytest.approx(-23, abs=0.1)
    assert blink.range is None


@pytest.mark.parametrize(
    ("divisor", "phase", "amplitude", "expected"),
    [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)],
)
def test_ebu_tech_3341_peaks_between_the_samples_are_found(
    tmp_path: Path, divisor: int, phase: float, amplitude: float, expected: float
) -> None:
    angle = 2 * np.pi * np.arange(RATE) / divisor + np.radians(phase)
    fade = np.minimum(1, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 2400)
    found = heard(tmp_path, amplitude * fade * np.sin(angle)).levels.true_peak
    assert found is not None
    assert -0.4 <= found - expected <= 0.2
