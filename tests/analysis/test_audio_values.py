from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_kit import (
    RATE,
    clicks,
    heard,
    ignore,
    noise,
    recording,
    seconds,
    sine,
    stereo,
)
from workroom.analysis.audio import analyze_audio
from workroom.analysis.results import POINTS


def test_a_tone_has_the_levels_that_its_formula_says(tmp_path: Path) -> None:
    levels = heard(tmp_path, sine(-20)).levels
    assert levels.sample_peak == pytest.approx(-20, abs=0.01)
    assert levels.rms == -23.01
    assert levels.crest == pytest.approx(3.01, abs=0.01)


def test_a_square_wave_is_as_high_as_it_is_strong(tmp_path: Path) -> None:
    square = 0.5 * np.sign(sine(0, 2, 100) + 1e-9)
    levels = heard(tmp_path, square).levels
    assert (levels.sample_peak, levels.rms, levels.crest) == (-6.02, -6.02, 0)


def test_rms_is_over_all_channels(tmp_path: Path) -> None:
    one_side = np.stack([sine(-20), np.zeros(5 * RATE)], axis=1)
    assert heard(tmp_path, one_side).levels.rms == pytest.approx(-26.02, abs=0.01)


def test_silence_has_a_share_and_nothing_else(tmp_path: Path) -> None:
    found = heard(tmp_path, np.zeros((RATE, 2)))
    assert found.silence == 1
    assert found.levels.to_json() == dict.fromkeys(("true_peak", "sample_peak", "rms", "crest"))
    assert (found.centroid, found.mood, found.tempo.bpm) == (None, None, None)
    assert set(found.waveform.low + found.waveform.high) == {0}


def test_the_share_of_silence_is_that_of_the_time(tmp_path: Path) -> None:
    samples = np.concatenate([sine(-20, 3), sine(-70, 6), sine(-20, 1)])
    assert heard(tmp_path, samples).silence == 0.6


@pytest.mark.parametrize("bpm", [45, 60, 75, 90, 100, 120, 128, 140, 150, 174, 200])
def test_clicks_have_their_tempo(tmp_path: Path, bpm: float) -> None:
    found = heard(tmp_path, clicks(bpm)).tempo
    assert found.bpm == pytest.approx(bpm, rel=0.005)
    assert found.confidence > 0.9


def test_the_tempo_does_not_depend_on_the_sample_rate(tmp_path: Path) -> None:
    for rate in (8_000, 22_050, 96_000):
        assert heard(tmp_path, clicks(100, rate=rate), rate).tempo.bpm == pytest.approx(100, abs=1)


def test_what_does_not_repeat_has_no_tempo(tmp_path: Path) -> None:
    for samples in (noise(20), sine(-20, 20), noise(4.5), clicks(120, 3)):
        assert heard(tmp_path, samples).tempo.bpm is None


def test_one_last_beginning_after_silence_has_no_tempo(tmp_path: Path) -> None:
    samples = np.zeros(15 * RATE)
    samples[-RATE:] = noise(1)
    assert heard(tmp_path, samples).tempo.bpm is None


def test_white_noise_has_its_centroid_in_the_middle(tmp_path: Path) -> None:
    assert heard(tmp_path, noise(5)).centroid == pytest.approx(RATE / 4, rel=0.01)
    slow = heard(tmp_path, noise(5, rate=8_000), 8_000)
    assert slow.centroid == pytest.approx(2_000, rel=0.01)


@pytest.mark.parametrize("hertz", [440, 997, 5_000])
def test_a_tone_has_its_centroid_at_its_frequency(tmp_path: Path, hertz: float) -> None:
    assert heard(tmp_path, sine(-20, hertz=hertz)).centroid == pytest.approx(hertz, rel=0.03)


def test_two_tones_have_their_centroid_between_them(tmp_path: Path) -> None:
    both = sine(-20, hertz=2_000) + sine(-20, hertz=6_000)
    assert heard(tmp_path, both).centroid == pytest.approx(4_000, rel=0.02)


def test_channels_that_cancel_each_other_have_no_centroid_but_a_loudness(tmp_path: Path) -> None:
    found = heard(tmp_path, np.stack([sine(-20), -sine(-20)], axis=1))
    assert found.centroid is None
    assert found.mood is None
    assert found.loudness.integrated == -20.0


def test_the_mood_follows_loudness_and_brightness_and_says_that_it_is_a_heuristic(
    tmp_path: Path,
) -> None:
    words = {
        "lively": noise(5, 0.2),  # loud and bright
        "calm": noise(5, 0.01),  # quiet and bright
        "tense": sine(-6, hertz=300),  # loud and dark
        "subdued": sine(-40, hertz=300),  # quiet and dark
    }
    for label, samples in words.items():
        found = heard(tmp_path, samples).mood
        assert found is not None
        assert (found.label, found.heuristic) == (label, True)
    exact = heard(tmp_path, stereo(sine(-17.5, hertz=997))).mood
    assert exact is not None
    assert exact.arousal == 0.5  # -17.5 LUFS: half way from -25 to -10


def test_the_waveform_draws_the_whole_recording(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, RATE * 4)
    waveform = heard(tmp_path, np.stack([ramp, -ramp / 2], axis=1)).waveform
    ends = np.arange(1, POINTS + 1) / POINTS
    assert waveform.high == pytest.approx(ends, abs=0.002)
    assert waveform.low == pytest.approx(-ends / 2, abs=0.002)


def test_the_waveform_of_a_blink_has_as_many_points(tmp_path: Path) -> None:
    waveform = heard(tmp_path, np.array([0.25, -0.5])).waveform
    assert waveform.high == [0.25] * POINTS
    assert waveform.low == [-0.5] * POINTS


def test_what_is_beyond_full_scale_is_measured_and_drawn_to_the_edge(tmp_path: Path) -> None:
    found = heard(tmp_path, 4 * sine(0, 1))
    assert found.levels.sample_peak == pytest.approx(12.04, abs=0.01)
    assert max(found.waveform.high) == 1


@pytest.mark.parametrize(
    ("name", "subtype", "near"),
    [
        ("it.wav", "PCM_U8", 0.1),
        ("it.wav", "PCM_16", 0.01),
        ("it.wav", "PCM_24", 0.01),
        ("it.wav", "DOUBLE", 0.01),
        ("it.flac", "PCM_16", 0.01),
        ("it.ogg", "VORBIS", 0.2),
        ("it.ogg", "OPUS", 0.4),
        ("it.mp3", None, 0.2),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_sounds_the_same(
    tmp_path: Path, name: str, subtype: str | None, near: float, channels: int
) -> None:
    samples = sine(-20) if channels == 1 else stereo(sine(-20))
    found = analyze_audio(recording(tmp_path, samples, name, subtype=subtype), ignore)
    assert found.format == name[3:].upper()
    assert (found.channels, found.sample_rate) == (channels, RATE)
    assert found.seconds == pytest.approx(5, abs=0.06)
    assert found.loudness.integrated == pytest.approx(-26.02 + 3.01 * channels, abs=near)


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    for name in ("it.png", "it.raw", "it"):
        path = recording(tmp_path, sine(-20)).rename(tmp_path / name)
        assert analyze_audio(path, ignore).format == "WAV"


def test_a_recording_of_many_blocks_is_measured_as_one(tmp_path: Path) -> None:
    found = heard(tmp_path, stereo(sine(-20, 31.234)))
    assert found.seconds == 31.234
    assert found.loudness.integrated == -20.0
    assert found.loudness.range == pytest.approx(0, abs=0.01)
    assert found.silence == 0


def test_the_same_file_gives_the_same_result(tmp_path: Path) -> None:
    samples = stereo(noise(3) * np.sin(seconds(3)))
    path = recording(tmp_path, samples)
    assert analyze_audio(path, ignore).to_json() == analyze_audio(path, ignore).to_json()
