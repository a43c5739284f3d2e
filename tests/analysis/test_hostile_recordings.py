"""Whatever is uploaded, an analysis ends with a result or says in words why there is none."""

from __future__ import annotations

import struct
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile_kit import memory_of
from media_kit import RATE, ignore, noise, recording, sine, stereo
from workroom.analysis.audio import analyze_audio
from workroom.analysis.errors import (
    AnalysisError,
    DamagedMedia,
    EmptyMedia,
    MediaTooLarge,
    UnsupportedMedia,
)
from workroom.analysis.limits import AudioLimits

FORMATS = ["wav", "flac", "ogg", "mp3"]
quickly = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def refused(path: Path, limits: AudioLimits | None = None) -> AnalysisError:
    with pytest.raises(AnalysisError) as caught:
        analyze_audio(path, ignore, limits or AudioLimits())
    return caught.value


def written(folder: Path, data: bytes) -> Path:
    path = folder / "upload"
    path.write_bytes(data)
    return path


def wav(claimed: int, data: bytes, rate: int = 8_000, channels: int = 1) -> bytes:
    """16-bit samples under a header that claims ``claimed`` bytes of them."""
    frame = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, min(rate * frame, 2**32 - 1), frame, 16)
    head = b"RIFF" + struct.pack("<I", min(claimed + 36, 2**32 - 1)) + b"WAVEfmt \x10\0\0\0" + form
    return head + b"data" + struct.pack("<I", claimed) + data


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A second of each format."""
    folder = tmp_path_factory.mktemp("samples")
    return {
        it: recording(folder, stereo(noise(1)), f"it.{it}").read_bytes()
        if it != "wav"
        else recording(folder, stereo(noise(1)), "it.wav", subtype="PCM_16").read_bytes()
        for it in FORMATS
    }


def test_a_header_of_one_hour_without_any_sound_is_empty(tmp_path: Path) -> None:
    path = written(tmp_path, wav(3600 * 16_000, b""))
    error, used = memory_of("audio", path)
    assert error == "empty_media: The recording holds no sound at all"
    assert used < 40


@pytest.mark.parametrize("claimed", [0, 1, 2_000, 10**9, 2**32 - 1])
def test_a_wav_is_as_long_as_what_is_there_whatever_its_header_claims(
    tmp_path: Path, claimed: int
) -> None:
    path = written(tmp_path, wav(claimed, bytes(16_000)))
    try:
        found = analyze_audio(path, ignore)
    except EmptyMedia:
        assert claimed < 2
    else:
        assert found.seconds <= 1


def test_a_flac_that_claims_an_hour_is_not_begun(tmp_path: Path, samples: dict[str, bytes]) -> None:
    data = bytearray(samples["flac"])
    frames = RATE * 3600
    data[21:26] = bytes([data[21] & 0xF0 | frames >> 32]) + (frames & 0xFFFFFFFF).to_bytes(4, "big")
    error = refused(written(tmp_path, bytes(data)))
    assert isinstance(error, MediaTooLarge)
    assert error.message == "The recording is longer than 15 minutes"


def test_a_flac_that_does_not_say_how_long_it_is_is_measured_to_its_end(
    tmp_path: Path, samples: dict[str, bytes]
) -> None:
    data = bytearray(samples["flac"])
    data[21:26] = bytes([data[21] & 0xF0]) + bytes(4)
    whole = analyze_audio(written(tmp_path, samples["flac"]), ignore)
    assert analyze_audio(written(tmp_path, bytes(data)), ignore) == whole


def test_noise_in_eight_channels_takes_no_more_time_than_its_samples(tmp_path: Path) -> None:
    """The hardest for the true peak, and once for threads that waited for each other."""
    path = recording(tmp_path, np.stack([noise(10, seed=it) for it in range(8)], axis=1))
    analyze_audio(recording(tmp_path, sine(-20, 1), "warm.wav"), ignore)
    started = time.process_time()
    analyze_audio(path, ignore)
    assert time.process_time() - started < 10  # usually half of one


def test_a_flac_that_ends_too_early_is_damaged(tmp_path: Path, samples: dict[str, bytes]) -> None:
    data = samples["flac"]
    assert isinstance(refused(written(tmp_path, data[: len(data) // 2])), DamagedMedia)


@pytest.mark.parametrize("kind", ["wav", "ogg", "mp3"])
def test_of_the_other_formats_what_is_there_is_measured(
    tmp_path: Path, samples: dict[str, bytes], kind: str
) -> None:
    data = samples[kind]
    found = analyze_audio(written(tmp_path, data[: len(data) * 2 // 3]), ignore)
    assert 0.2 < found.seconds < 0.9


def test_nobody_gets_more_time_than_the_limit(tmp_path: Path) -> None:
    path = recording(tmp_path, np.zeros(4_000 * 901), rate=4_000, subtype="PCM_U8")
    error = refused(path)
    assert (error.code, error.field) == ("media_too_large", "seconds")
    short = recording(tmp_path, sine(-20, 2))
    assert analyze_audio(short, ignore, AudioLimits(seconds=2)).seconds == 2
    assert isinstance(refused(short, AudioLimits(seconds=1.999)), MediaTooLarge)


def test_channels_count_as_samples(tmp_path: Path) -> None:
    path = recording(tmp_path, stereo(sine(-20, 1)))
    assert analyze_audio(path, ignore, AudioLimits(samples=2 * RATE)).channels == 2
    error = refused(path, AudioLimits(samples=2 * RATE - 1))
    assert (error.code, error.field) == ("media_too_large", "samples")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_values_that_are_no_sound_are_refused(tmp_path: Path, value: float) -> None:
    tones = sine(-20, 1)
    tones[777] = value
    error = refused(recording(tmp_path, tones))
    assert isinstance(error, DamagedMedia)
    assert error.message == "The recording holds values that are no sound"


def test_no_samples_at_all_are_empty(tmp_path: Path) -> None:
    assert isinstance(refused(recording(tmp_path, np.zeros(0))), EmptyMedia)


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (1_000, 1), (2**31 - 1, 1), (8_000, 16)])
def test_rates_and_channels_that_nobody_listens_to_are_told(
    tmp_path: Path, rate: int, channels: int
) -> None:
    path = written(tmp_path, wav(3200, bytes(3200), rate, channels))
    error = refused(path)
    assert isinstance(error, UnsupportedMedia)
    assert error.field in {"sample_rate", "channels"}


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64", "VOC"])
def test_other_formats_are_not_even_tried(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it.wav"
    soundfile.write(path, sine(-20, 1), RATE, "PCM_16", format=kind)
    assert isinstance(refused(path), UnsupportedMedia)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"\0" * 100, b"<html>", b"RIFF\0\0\0\0AVI LIST", b"MThd\0\0\0\x06"]
)
def test_what_is_no_recording_is_told_so(tmp_path: Path, data: bytes) -> None:
    error = refused(written(tmp_path, data))
    assert isinstance(error, UnsupportedMedia)
    assert error.message == "This is not a WAV, FLAC, OGG or MP3 recording"


@pytest.mark.parametrize("start", [b"fLaC", b"OggS", b"ID3", b"\xff\xfb\x90\x44", b"RIFF1234WAVE"])
def test_a_right_beginning_is_not_enough(tmp_path: Path, start: bytes) -> None:
    rest = np.random.default_rng(9).bytes(20_000)
    assert refused(written(tmp_path, start + rest)).message


@pytest.mark.parametrize("kind", FORMATS)
@quickly
@given(st.data())
def test_damage_anywhere_gives_a_result_or_a_reason(
    tmp_path: Path, samples: dict[str, bytes], kind: str, data: st.DataObject
) -> None:
    hurt = bytearray(samples[kind])
    # Most places lie in the sound; headers are where harm is done.
    places = st.one_of(st.integers(0, 80), st.integers(0, len(hurt) - 1))
    for place in data.draw(st.lists(places, max_size=8)):
        hurt[place] = data.draw(st.integers(0, 255))
    hurt = hurt[: data.draw(st.integers(0, len(hurt)))]
    with suppress(AnalysisError):
        found = analyze_audio(written(tmp_path, bytes(hurt)), ignore)
        assert found.seconds <= AudioLimits().seconds


def test_fifteen_minutes_take_no_more_memory_than_one(tmp_path: Path) -> None:
    one = recording(tmp_path, noise(60, rate=16_000), "one.flac", 16_000, "PCM_16")
    many = recording(tmp_path, np.tile(noise(60, rate=16_000), 15), "it.flac", 16_000, "PCM_16")
    (_, short), (error, long) = memory_of("audio", one), memory_of("audio", many)
    assert error == ""
    assert long - short < 40
    assert long < 120


def test_a_file_that_is_not_there_is_no_fault_of_the_recording(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        analyze_audio(tmp_path / "gone.wav", ignore)
